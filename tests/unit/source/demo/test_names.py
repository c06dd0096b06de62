import numpy as np
import pytest

from ml.source.demo.customers import KINDS
from ml.source.demo.names import BUSINESS, business, email, person, phone


def test_names_read_like_names() -> None:
    assert person(np.array([0.0, 0.0, 0.99])) == "María José González Orellana"
    assert business("school", np.array([0.0, 0.0])) == "Colegio San Ignacio"


@pytest.mark.parametrize("number", [0, 7, 4999])
def test_addresses_belong_to_nobody_and_phones_are_chilean_mobiles(number: int) -> None:
    address = email("María José Ñáñez", number)
    assert address.isascii()
    assert address.endswith("@example.com")
    digits = phone(number).replace(" ", "")
    assert digits.startswith("+569")
    assert len(digits) == 12


def test_every_kind_of_business_has_names() -> None:
    assert set(BUSINESS) == {kind.name for kind in KINDS} - {"home"}
