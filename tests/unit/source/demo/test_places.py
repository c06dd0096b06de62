import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.source.demo.places import COMMUNES, DEPOT, haversine_km, misspell


def test_twenty_communes_lie_within_santiago() -> None:
    assert len(COMMUNES) == len({c.name for c in COMMUNES}) == 20
    far = [haversine_km(np.array(DEPOT[0]), np.array(DEPOT[1]), np.array(c.latitude), np.array(c.longitude)) for c in COMMUNES]
    assert max(far) < 22


def test_haversine_of_a_degree_of_latitude() -> None:
    # a degree of a great circle of the mean earth radius 6371.0088 km (IUGG) is 111.195 km
    assert haversine_km(np.array(-33.0), np.array(-70.0), np.array(-34.0), np.array(-70.0)) == pytest.approx(111.195, abs=0.001)


def _bare(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text.strip().lower()) if not unicodedata.combining(c))


@given(st.sampled_from([c.name for c in COMMUNES]), st.floats(0, 1, exclude_max=True))
def test_a_misspelling_differs_from_the_name_by_little(name: str, uniform: float) -> None:
    written = misspell(name, uniform)
    assert written != name
    assert abs(len(_bare(written)) - len(_bare(name))) <= 1
