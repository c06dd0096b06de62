"""Phone numbers as they stand in the company's data become links, or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.contact import chat, dial, international


@pytest.mark.parametrize(
    ("phone", "country", "number"),
    [
        ("+56 9 1234 5678", "CL", "56912345678"),
        ("9 1234 5678", "CL", "56912345678"),
        ("56912345678", "CL", "56912345678"),
        ("022 345 6789", "CL", "56223456789"),
        ("+44 20 7946 0000", "CL", "442079460000"),
        ("1234", "CL", None),
        ("sin fono", "CL", None),
        (None, "CL", None),
        ("9" * 30, "CL", None),
    ],
)
def test_numbers(phone, country, number):
    assert international(phone, country) == number


def test_links():
    assert dial("9 1234 5678", "CL") == "tel:+56912345678"
    assert chat("9 1234 5678", "CL", "¿Le llevamos agua?") == "https://wa.me/56912345678?text=%C2%BFLe%20llevamos%20agua%3F"
    assert dial("x", "CL") is None and chat("x", "CL", "y") is None


@given(st.text(max_size=30))
def test_a_link_holds_digits_only(text):
    link = dial(text, "CL")
    assert link is None or link.removeprefix("tel:+").isdigit()
