import numpy as np
import pytest

from ml.customers.days import collapse, day_number
from ml.customers.features import Panel
from ml.customers.members import Examples, examples, fit_members, training_cutoffs


def test_every_window_has_ended_and_every_cutoff_has_a_past():
    cutoffs = training_cutoffs(0, 282, 90)
    assert len(cutoffs) == 6
    assert cutoffs[0] == 282 - 90
    assert min(cutoffs) >= 45
    assert sorted(cutoffs, reverse=True) == cutoffs


def test_the_same_season_of_last_year_is_among_them():
    assert 2000 - 365 in training_cutoffs(0, 2000, 30)
    assert 300 - 365 not in training_cutoffs(0, 300, 30)


def test_a_horizon_longer_than_the_history_leaves_none():
    assert training_cutoffs(0, 100, 365) == []


def test_examples_are_active_customers_with_their_outcome(log):
    past = examples(Panel(collapse(log, "2024-12-31"), 30), day_number("2024-12-31"))
    assert all(snapshot.active.all() for snapshot in past.snapshots)
    assert all(snapshot.cutoff + 30 <= day_number("2024-12-31") for snapshot in past.snapshots)
    assert [len(churned) for churned in past.churned] == [len(snapshot) for snapshot in past.snapshots]


@pytest.mark.parametrize("keep", ["all", "none"])
def test_members_without_examples_are_missing(log, keep):
    panel = Panel(collapse(log, "2024-12-31"), 30)
    now = panel.snapshot(day_number("2024-12-31"))
    past = examples(panel, day_number("2024-12-31")) if keep == "all" else Examples([], [])
    odds = fit_members(now, past, seed=1).log_odds(now)
    assert np.isnan(odds).all(axis=0).tolist() == [False, keep == "none", keep == "none"]
    assert np.isfinite(odds[:, 0]).all()
