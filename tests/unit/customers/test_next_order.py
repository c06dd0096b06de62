import numpy as np
import pytest

from ml.customers.days import collapse, day_number
from ml.customers.features import Panel, Snapshot
from ml.customers.next_order import COVERAGE, NextOrder, Rhythm, closed_weekdays, conformal_correction, fit_next_order
from tests.unit.customers.conftest import make_log

H = 30


def buyers(log, day: str) -> tuple[Snapshot, np.ndarray]:
    panel = Panel(collapse(log, "2024-12-31"), H)
    snapshot = panel.snapshot(day_number(day))
    outcome = panel.outcome(snapshot)
    rows = np.flatnonzero(~outcome.churned)
    return snapshot.take(rows), outcome.days_to_next[rows]


@pytest.mark.parametrize("customers", [150, 1300])
def test_the_interval_covers_customers_to_come(customers):
    """Few by the closed form, many by trees."""
    log = make_log(customers=customers, seed=8)
    panel = Panel(collapse(log, "2024-12-31"), H)
    past = [panel.snapshot(day_number(day)) for day in ("2024-07-01", "2024-08-01", "2024-09-01", "2024-10-01")]
    past = [snapshot.take(np.flatnonzero(snapshot.active)) for snapshot in past]
    model = fit_next_order(past, [panel.outcome(snapshot) for snapshot in past], seed=1)
    assert (model.trees is None) == (customers == 150)
    snapshot, truth = buyers(log, "2024-11-15")
    low, middle, high = model.days(snapshot).T
    assert 0.7 <= np.mean((low <= truth) & (truth <= high)) <= 0.92
    constant = np.abs(np.median(truth) - truth).mean()
    assert np.abs(middle - truth).mean() < constant


def test_days_are_whole_in_order_and_ahead():
    snapshot, _ = buyers(make_log(customers=40), "2024-11-15")
    days = NextOrder(Rhythm(3.0, 0.5), None, correction=50.0).days(snapshot)
    assert days.dtype.kind == "i"
    assert (days[:, 0] == 1).all()
    assert (days[:, 2] == H).all()
    assert ((days[:, 1] >= 1) & (days[:, 1] <= H)).all()


def test_a_silence_beyond_any_rhythm_gives_finite_days():
    snapshot, _ = buyers(make_log(customers=40), "2024-11-15")
    values = snapshot.values.copy()
    values[:, 0] = 5000.0
    days = Rhythm(1.0, 0.2).quantiles(Snapshot(snapshot.cutoff, H, snapshot.customer, values))
    assert np.isfinite(days).all()
    assert (np.diff(days, axis=1) >= 0).all()


def test_the_correction_makes_the_share_right():
    rng = np.random.default_rng(1)
    truth = rng.uniform(0, 30, 1000)
    narrow = np.column_stack([np.full(1000, 10.0), np.full(1000, 15.0), np.full(1000, 20.0)])
    grown = conformal_correction(narrow, truth)
    assert np.mean((truth >= 10 - grown) & (truth <= 20 + grown)) == pytest.approx(COVERAGE, abs=0.01)
    assert conformal_correction(np.empty((0, 3)), np.empty(0)) == 0.0
    wide = np.column_stack([np.zeros(1000), np.full(1000, 15.0), np.full(1000, 30.0)])
    assert conformal_correction(wide, truth) < 0


def test_no_date_falls_on_a_weekday_without_orders():
    log = make_log(customers=80)
    open_days = log[log["date"].dt.day_of_week < 5]
    closed = closed_weekdays(collapse(open_days, "2024-12-31").day)
    assert closed == {day_number("2024-12-28") % 7, day_number("2024-12-29") % 7}
    snapshot, _ = buyers(log, "2024-11-15")
    days = NextOrder(Rhythm(3.0, 0.5), None, correction=1.0, closed=closed).days(snapshot)
    assert not set((snapshot.cutoff + days[:, 1]) % 7) & closed
    assert ((days[:, 0] >= 1) & (days[:, 0] <= days[:, 1]) & (days[:, 1] <= days[:, 2]) & (days[:, 2] <= H)).all()


def test_few_orders_close_no_weekday():
    assert closed_weekdays(np.array([4, 11, 18])) == frozenset()
