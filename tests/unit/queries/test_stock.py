"""Bottles at a level, the risk of fewer and how many would be missing: beside the true distribution, and beside plain counting."""

import numpy as np
import pytest
from scipy import stats

from ml.predictors.demand.rows import QUANTILES
from ml.queries.stock import any_short, fewer, past_weeks, quantile_at, risk_of, short_of


def week(mean: float, dispersion: float):
    return stats.nbinom(mean / (dispersion - 1), 1 / dispersion)


@pytest.mark.parametrize(("mean", "dispersion"), [(120.0, 4.0), (30.0, 2.0), (6.0, 1.5)])
def test_risk_and_missing_bottles_are_those_of_the_distribution(mean, dispersion):
    truth = week(mean, dispersion)
    kept = {level: float(truth.ppf(level)) for level in QUANTILES}
    needed = np.arange(int(truth.ppf(1 - 1e-9)) + 1)
    for level in (0.3, 0.5, 0.8, 0.9, 0.95):
        bottles = truth.ppf(level)
        assert risk_of(kept, bottles) == pytest.approx(truth.sf(bottles), abs=0.06 if mean > 10 else 0.12)
        missing = float((truth.pmf(needed) * np.maximum(needed - bottles, 0)).sum())
        assert short_of(kept, bottles) == pytest.approx(missing, abs=0.02 * mean)
    assert quantile_at(kept, 0.9) == truth.ppf(0.9)


def test_less_is_more_risk_and_more_missing_and_never_half_a_bottle():
    kept = {level: float(week(80.0, 3.0).ppf(level)) for level in QUANTILES}
    orders = [fewer(100, less) for less in (0.0, 0.1, 0.25, 0.5)]
    assert orders == [100, 90, 75, 50]
    assert fewer(7, 0.1) == 6
    risks, missing = [risk_of(kept, one) for one in orders], [short_of(kept, one) for one in orders]
    assert risks == sorted(risks) and missing == sorted(missing) and risks[0] < 0.1 < 0.9 < risks[-1]


def test_quantiles_of_an_earlier_release_reach_from_the_middle_up_and_still_answer():
    kept = {0.5: 80.0, 0.8: 90.0, 0.9: 95.0, 0.99: 110.0}
    assert risk_of(kept, 60.0) == 0.5 and risk_of(kept, 200.0) == pytest.approx(0.01)
    assert short_of(kept, 200.0) == 0.0


def test_several_products_run_short_more_often_than_each():
    assert any_short([0.1, 0.2]) == pytest.approx(0.28)
    assert any_short([]) == 0.0


def test_the_past_is_counted_over_the_weeks_in_which_every_product_lasted():
    pc = {"needed": [10, 12, 8, 11], "ordered": {"0.9": [12, 12, 12, 12]}}
    pet = {"needed": [3, 2, 6, 2], "ordered": {"0.9": [4, 4, 4, 4]}}
    alone, both = past_weeks([pc], 0.9, 0.0), past_weeks([pc, pet], 0.9, 0.0)
    assert alone == (4, 1.0, pytest.approx(7 / 4), 0.0)
    assert both == (4, 0.75, pytest.approx(12 / 4), pytest.approx(2 / 4))
    less = past_weeks([pc], 0.9, 0.1)
    assert less == (4, 0.5, pytest.approx(2 / 4), pytest.approx(3 / 4)), "10 instead of 12 a week"
    assert past_weeks([pc], 0.8, 0.0) is None
    assert past_weeks([pc, {}], 0.9, 0.0) is None and past_weeks([], 0.9, 0.0) is None
