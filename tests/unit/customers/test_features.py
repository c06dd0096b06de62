import numpy as np
import pandas as pd
import pytest

from ml.customers.days import collapse, day_number
from ml.customers.features import FEATURES, Panel

FIRST = pd.Timestamp("2024-01-01")


def panel_of(days: dict[str, list[int]], horizon: int = 20, until: int = 400) -> Panel:
    rows = [(who, FIRST + pd.Timedelta(days=day), 10.0 + place) for who, all_days in days.items() for place, day in enumerate(all_days)]
    log = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    return Panel(collapse(log, FIRST + pd.Timedelta(days=until)), horizon)


def at(panel: Panel, day: int):
    return panel.snapshot(day_number(FIRST) + day)


def test_rhythm_of_one_customer():
    snapshot = at(panel_of({"a": [0, 10, 30, 60]}), 75)
    expected = {
        "days_since_last_order": 15, "age_days": 75, "orders": 4, "mean_gap": 20, "last_gap": 30, "recent_gap": 20, "longest_gap": 30,
        "smooth_gap": 0.7 * (0.7 * 10 + 0.3 * 20) + 0.3 * 30, "gap_spread": np.std([10, 20, 30]), "silence_to_mean_gap": 0.75,
        "silence_to_longest_gap": 0.5, "orders_h": 1, "orders_2h": 1, "orders_4h": 4, "spend_4h": 46, "orders_previous_h": 0,
        "mean_amount": 11.5, "last_amount": 13, "first_amount": 10, "total_spend": 46,
    }  # fmt: skip
    for name, value in expected.items():
        assert snapshot[name][0] == pytest.approx(value, rel=1e-5), name


def test_one_order_leaves_gaps_unknown():
    snapshot = at(panel_of({"a": [0]}), 5)
    assert np.isnan([snapshot[name][0] for name in ("mean_gap", "smooth_gap", "last_gap", "silence_to_mean_gap", "log_gap_spread")]).all()
    assert snapshot["orders"][0] == 1


def test_the_usual_weekday_is_counted_in_days_ahead():
    snapshot = at(panel_of({"a": [0, 7, 14, 23]}), 25)  # three times the first day's weekday; day 28 is the next
    assert snapshot["days_to_usual_weekday"][0] == 3
    assert snapshot["weekday_share"][0] == pytest.approx(0.75)


def test_last_year_is_unknown_to_newer_customers():
    snapshot = at(panel_of({"new": [300], "old": [0, 15, 330]}), 370)
    assert np.isnan(snapshot["orders_last_year"][0])
    assert snapshot["orders_last_year"][1] == 1


def test_active_is_silent_for_at_most_two_horizons():
    assert at(panel_of({"a": [0], "b": [1]}), 41).active.tolist() == [False, True]


def test_the_outcome_counts_the_window_only():
    panel = panel_of({"a": [0, 10, 11, 30, 31], "b": [0]})
    snapshot = at(panel, 10)
    outcome = panel.outcome(snapshot)
    assert outcome.orders.tolist() == [2, 0]
    assert outcome.spend.tolist() == [12 + 13, 0]
    assert outcome.days_to_next[0] == 1
    assert np.isnan(outcome.days_to_next[1])
    assert outcome.churned.tolist() == [False, True]


def test_nothing_after_the_cutoff_is_seen(log):
    """The whole log, and the log cut at the day, give the same features."""
    day = day_number("2024-10-01")
    whole = Panel(collapse(log, "2024-12-31"), 30)
    cut = Panel(collapse(log, "2024-10-01"), 30)
    one, other = whole.snapshot(day), cut.snapshot(day)
    assert whole.log.ids[one.customer].tolist() == cut.log.ids[other.customer].tolist()
    np.testing.assert_array_equal(one.values, other.values)


def test_every_feature_is_told_apart(log):
    snapshot = Panel(collapse(log, "2024-12-31"), 30).snapshot(day_number("2024-12-31"))
    assert len(set(FEATURES)) == len(FEATURES) == snapshot.values.shape[1]
    known = snapshot.values[:, ~np.isnan(snapshot.values).all(axis=0)]
    assert np.isfinite(known[~np.isnan(known)]).all()
