"""Inputs that changed are found, and the chance of small data is not taken for a change."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from ml.evaluation.drift import WORST, compare, drifted, psi
from tests.fakes import AS_OF, toy_tables

RNG = np.random.default_rng(9)


def test_the_index_is_the_textbooks_when_chance_is_small():
    before, now = np.array([1e6, 1e6]), np.array([0.8e6, 1.2e6])
    expected = (0.4 - 0.5) * np.log(0.4 / 0.5) + (0.6 - 0.5) * np.log(0.6 / 0.5)
    assert psi(before, now) == pytest.approx(expected, abs=1e-5)
    assert psi([5, 5], [0, 0]) == 0.0
    assert psi([0, 5], [0, 5]) == 0.0


def test_chance_alone_is_taken_off_and_seldom_counts_as_moved():
    levels, indices = [], []
    for _ in range(200):
        learnt, recent = pd.Series(RNG.gamma(2, 3, 250)), pd.Series(RNG.gamma(2, 3, 40))
        found = compare("orders_per_day", "count", learnt, recent, tests=12)
        levels.append(found.level)
        indices.append(found.psi)
    assert levels.count("same") >= 198
    assert np.median(indices) < 0.05


@pytest.mark.parametrize(("factor", "level"), [(1.0, "same"), (2.5, "moved_much")])
def test_a_change_of_size_is_found_with_its_medians(factor, level):
    learnt, recent = pd.Series(RNG.gamma(2, 3, 1400)), pd.Series(factor * RNG.gamma(2, 3, 220))
    found = compare("order_amount", "amount", learnt, recent, tests=12)
    assert found.level == level
    assert (found.before, found.now) == (learnt.median(), recent.median())


def test_a_category_that_came_up_is_named_with_its_shares():
    learnt = pd.Series(["A"] * 600 + ["B"] * 400)
    recent = pd.Series(["A"] * 60 + ["B"] * 40 + ["C"] * 100)
    found = compare("order_zone", "category", learnt, recent, tests=12)
    assert (found.level, found.ks) == ("moved_much", None)
    assert (found.before, found.now) == ("C|0.0000", "C|0.5000")


def test_the_toy_company_drifts_in_its_amounts_only():
    """Amounts rise by 1 a day and nothing else changes: the newest eight weeks all lie above what was learnt."""
    found = drifted(toy_tables(), AS_OF - timedelta(days=60), AS_OF)
    assert 4 <= len(found) <= WORST
    assert (found[0].feature, found[0].level) == ("order_amount", "moved_much")
    assert all(feature.level == "same" for feature in found if feature.feature in ("orders_per_day", "order_zone", "days_between_orders"))
    assert [feature.psi for feature in found] == sorted((feature.psi for feature in found), reverse=True)


def test_too_little_says_nothing():
    assert drifted(toy_tables(days=12), AS_OF, AS_OF) == []
