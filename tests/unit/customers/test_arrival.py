"""A chance within a week lies between nothing and the chance within the horizon, and all of them add up to the expected number."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.customers.arrival import chance_within, share_within

H = 28


def share(days: int, low: float, middle: float, high: float) -> float:
    return float(share_within(days, np.array([H]), tuple(np.array([end]) for end in (low, middle, high)))[0])


def test_a_share_grows_with_the_days_to_all():
    found = [share(days, 2, 7, 20) for days in range(0, 40)]
    assert found == sorted(found)
    assert (found[0], found[2], found[7], found[20], found[28], found[39]) == pytest.approx((0, 0.1, 0.5, 0.9, 1, 1))


def test_dates_that_fall_together_or_are_unknown():
    assert share(7, 7, 7, 7) == pytest.approx(0.9)
    assert share(1, 1, 1, 28) == pytest.approx(0.5)
    assert share(7, 28, 28, 28) == pytest.approx(0.1 * 7 / 28)
    assert np.isnan(share(7, np.nan, 7, 20))


def test_the_sooner_is_likelier_and_the_sum_is_what_is_expected():
    dates = (np.array([2.0, 5.0, 9.0]), np.array([7.0, 12.0, 20.0]), np.array([20.0, 25.0, 27.0]))
    orders = np.array([3.0, 1.5, 0.8])
    found = chance_within(7, np.full(3, H), np.array([0.95, 0.9, 0.9]), dates, orders)
    assert found[0] > found[1] > found[2]
    assert found.sum() == pytest.approx((1 - np.exp(-orders * 7 / H)).sum(), abs=1e-6)


def test_a_customer_without_dates_is_unknown_and_moves_no_other():
    dates = tuple(np.array([end, np.nan]) for end in (2.0, 7.0, 20.0))
    both = chance_within(7, np.full(2, H), np.array([0.9, 0.9]), dates, np.array([2.0, 50.0]))
    alone = chance_within(7, np.full(1, H), np.array([0.9]), tuple(end[:1] for end in dates), np.array([2.0]))
    assert both[0] == alone[0]
    assert np.isnan(both[1])


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 40), st.integers(1, H), st.integers(1, H), st.integers(1, H)), max_size=20),
    st.integers(1, H),
)
def test_every_chance_lies_within_that_of_the_horizon(rows, days):
    table = np.array([(p, orders, *sorted(ends)) for p, orders, *ends in rows], dtype=float).reshape(len(rows), 5)
    found = chance_within(days, np.full(len(rows), H), table[:, 0], tuple(table[:, 2:].T), table[:, 1])
    assert ((found >= 0) & (found <= table[:, 0] + 1e-12)).all()
