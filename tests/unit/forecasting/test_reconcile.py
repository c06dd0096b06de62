import numpy as np
import pytest

from ml.forecasting.reconcile import min_trace, shares_of, top_down, weights_of

RNG = np.random.default_rng(3)
WEEKDAY = np.arange(210) % 7


def test_weights_halve_with_age():
    assert weights_of(181, 90)[[180, 90, 0]] == pytest.approx([1.0, 0.5, 0.25])


def test_shares_add_up_and_follow_recent_days():
    parts = np.column_stack([np.r_[np.full(105, 1.0), np.full(105, 9.0)], np.full(210, 9.0)])
    shares = shares_of(parts, WEEKDAY)
    assert shares.sum(axis=1) == pytest.approx(np.ones(7))
    plain = parts[:, 0].sum() / parts.sum()
    assert (shares[:, 0] > plain).all()


def test_a_zone_served_on_tuesdays_gets_its_orders_on_tuesdays():
    parts = np.column_stack([np.where(WEEKDAY == 1, 6.0, 0.0), np.full(210, 2.0)])
    shares = shares_of(parts, WEEKDAY)
    assert shares[1, 0] > 0.6
    assert shares[3, 0] < 0.2
    few = shares_of(parts[:7], WEEKDAY[:7])
    assert few[1, 0] < shares[1, 0], "one week is little evidence for a weekday of its own"


def test_without_sales_shares_are_equal():
    assert shares_of(np.zeros((30, 4)), WEEKDAY[:30]) == pytest.approx(np.full((7, 4), 0.25))


def test_top_down_parts_add_up_to_the_total():
    total = RNG.gamma(3, 4, 14)
    parts = top_down(total, shares_of(RNG.poisson(3, (210, 5)).astype(float), WEEKDAY), WEEKDAY[:14])
    assert parts.sum(axis=1) == pytest.approx(total)


def test_minimum_trace_moves_the_unsure_part_most():
    parts = np.array([[10.0, 10.0]])
    moved = min_trace(np.array([26.0]), parts, np.array([1.0, 5.0]))
    assert moved[0] == pytest.approx([11.0, 15.0])


def test_minimum_trace_is_the_generalised_least_squares_answer():
    """Against the formula of Wickramasuriya et al. (2019): S (S' W^-1 S)^-1 S' W^-1 y, with a total that is all but certain."""
    base, variances, total = np.array([4.0, 7.0, 2.0]), np.array([2.0, 1.0, 0.5]), 15.0
    summing = np.vstack([np.ones(3), np.eye(3)])
    inverse = np.diag(1 / np.r_[1e-9, variances])
    golden = np.linalg.solve(summing.T @ inverse @ summing, summing.T @ inverse @ np.r_[total, base])
    assert min_trace(np.array([total]), base[None, :], variances)[0] == pytest.approx(golden, abs=1e-6)


def test_no_part_falls_below_zero_and_all_still_add_up():
    parts = RNG.gamma(0.3, 3, (40, 6))
    total = RNG.gamma(2, 1, 40)
    moved = min_trace(total, parts, np.array([9.0, 1, 1, 1, 1, 1]))
    assert (moved >= 0).all()
    assert moved.sum(axis=1) == pytest.approx(total)
    assert min_trace(np.zeros(3), parts[:3], np.ones(6)) == pytest.approx(np.zeros((3, 6)))
    assert min_trace(np.array([6.0]), np.zeros((1, 3)), np.zeros(3))[0] == pytest.approx([2.0, 2, 2])
