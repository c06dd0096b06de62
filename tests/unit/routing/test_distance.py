import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.routing.distance import depot_of, haversine_km
from ml.store.preferences import Preferences

LATITUDE, LONGITUDE = st.floats(-90, 90), st.floats(-180, 180)


def test_known_great_circles():
    """A quarter and a half of the meridian: the IUGG mean radius 6371.0088 km × π / 2 and × π."""
    assert haversine_km(0, 0, 90, 0) == pytest.approx(10007.557, abs=0.01)
    assert haversine_km(0, 0, 0, 180) == pytest.approx(20015.115, abs=0.01)


@given(LATITUDE, LONGITUDE, LATITUDE, LONGITUDE)
def test_a_distance_is_symmetric_and_between_nothing_and_half_the_globe(lat1, lon1, lat2, lon2):
    there, back = haversine_km(lat1, lon1, lat2, lon2), haversine_km(lat2, lon2, lat1, lon1)
    assert there == pytest.approx(back, abs=1e-6)
    assert 0 <= there <= 20015.2


def test_a_missing_coordinate_has_no_distance():
    assert np.isnan(haversine_km(np.nan, 0, 0, 0))


def test_the_chosen_depot_is_used_where_deliveries_are_near():
    assert depot_of(Preferences(), [-33.4, -33.5], [-70.6, -70.7]) == (-33.4489, -70.6693)
    assert depot_of(Preferences()) == (-33.4489, -70.6693)


def test_a_depot_of_another_country_gives_way_to_the_middle_of_the_deliveries():
    assert depot_of(Preferences(), [51.4, 51.5, 51.6], [-0.1, -0.2, -0.3]) == (51.5, -0.2)
