"""Steps between two answers at the same day: what is ordinary, and what a person should look at."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from ml.evaluation.shift import shifts
from ml.predictors.base import Measure
from tests.fakes import AS_OF, rows_of

ORDERS = Measure("orders", "orders/day", ("company",), 30, "mase")
RISK = Measure("churn", "probability", ("customer",), 30, "auc")
GROUP = Measure("segment", "index", ("customer",), 90, "eta_squared")
NEXT = Measure("next", "days", ("customer",), 30, "mae")
RNG = np.random.default_rng(2)


def days(level: float) -> pd.DataFrame:
    week = rows_of("orders", [AS_OF + timedelta(days=7)], 70 * level, 7)
    return pd.concat([rows_of("orders", [AS_OF + timedelta(days=n) for n in range(1, 31)], level), week], ignore_index=True)


def people(measure: str, values, window: int = 30) -> pd.DataFrame:
    frame = rows_of(measure, [AS_OF + timedelta(days=window)] * len(values), 0.0, window)
    return frame.assign(entity_type="customer", entity_id=[f"C{n}" for n in range(len(values))], value=values)


@pytest.mark.parametrize(("level", "kinds"), [(5.0, []), (6.0, []), (7.0, ["total"]), (3.1, ["total"]), (8.0, ["step", "total"])])
def test_the_days_of_a_series_may_move_by_a_third_in_total(level, kinds):
    assert [found.kind for found in shifts([ORDERS], days(level), days(5.0))] == kinds


def test_probabilities_groups_and_dates_have_limits_of_their_own():
    chance = RNG.uniform(0.2, 0.6, 50)
    assert shifts([RISK], people("churn", chance + 0.1), people("churn", chance)) == []
    (found,) = shifts([RISK], people("churn", chance + 0.2), people("churn", chance))
    assert (found.kind, found.size, found.limit) == ("step", pytest.approx(0.2), 0.15)
    groups = np.arange(50) % 4
    assert shifts([GROUP], people("segment", np.where(np.arange(50) < 25, 3 - groups, groups)), people("segment", groups)) == []
    assert [s.kind for s in shifts([GROUP], people("segment", 3 - groups), people("segment", groups))] == ["step"]
    assert [s.kind for s in shifts([NEXT], people("next", chance * 40), people("next", chance * 20))] == ["step"]


def test_silence_about_many_is_a_shift_and_another_horizon_is_not():
    chance = RNG.uniform(0.2, 0.6, 50)
    (found,) = shifts([RISK], people("churn", chance[:30]), people("churn", chance))
    assert (found.kind, found.size) == ("lost", pytest.approx(0.4))
    assert shifts([RISK], people("churn", chance, 45), people("churn", chance, 30)) == []


def test_nothing_to_compare_is_no_shift():
    assert shifts([ORDERS], days(5.0), days(0.0)) == []
    assert shifts([RISK], days(5.0), days(5.0)) == []
    assert shifts([Measure("orders", "orders/day", ("company",), 30, None)], days(9.0), days(5.0)) == []
