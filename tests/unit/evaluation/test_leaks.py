"""Skill that the model's own probabilities rule out, and a fit that only the answer itself can give, raise an alarm."""

import numpy as np
import pandas as pd
import pytest

from ml.evaluation.leaks import alarms, implied_auc, r_squared
from ml.evaluation.metrics import auc
from ml.predictors.base import Measure

RISK = Measure("churn", "probability", ("customer",), 30, "auc")
COST = Measure("tour_cost", "CLP", ("tour",), 0, "mae")
GROUP = Measure("segment", "index", ("customer",), 90, "eta_squared")
RNG = np.random.default_rng(11)


def rows(actual, value, baseline, formula=None) -> pd.DataFrame:
    detail = [{} if formula is None else {"formula": said} for said in (formula if formula is not None else actual)]
    return pd.DataFrame({"actual": actual, "value": value, "baseline": baseline, "detail": detail})


def test_the_implied_auc_is_the_mean_auc_of_outcomes_drawn_from_the_probabilities():
    chance = RNG.beta(1, 3, 400).round(2)
    drawn = [auc((RNG.random(400) < chance).astype(float), chance) for _ in range(300)]
    assert implied_auc(chance) == pytest.approx(np.mean(drawn), abs=0.005)
    assert implied_auc(np.full(30, 0.3)) == pytest.approx(0.5)
    assert np.isnan(implied_auc([1.0, 1.0]))


def test_honest_probabilities_raise_no_alarm_and_leaking_ones_do():
    chance = RNG.beta(1, 3, 800)
    left = (RNG.random(800) < chance).astype(float)
    assert alarms(RISK, rows(left, chance, 0.25)) == []
    leaking = 0.25 + 0.1 * left + 0.05 * RNG.random(800)
    found = alarms(RISK, rows(left, leaking, 0.25))
    assert found[0].code == "leak_ranking"
    assert found[0].params["auc"] > found[0].params["implied"] + 0.10


def test_few_rows_reach_a_better_order_by_luck_and_raise_no_alarm():
    chance = np.linspace(0.2, 0.5, 120)
    left = (chance + RNG.normal(0, 0.13, 120) > 0.38).astype(float)
    assert implied_auc(chance) + 0.10 < auc(left, chance) < implied_auc(chance) + 0.22
    assert alarms(RISK, rows(left, chance, 0.35)) == []


@pytest.mark.parametrize(("noise", "formula_noise", "codes"), [(0.05, 0.5, ["leak_fit"]), (0.05, 0.1, []), (0.5, 0.9, [])])
def test_a_fit_is_suspicious_when_nearly_perfect_and_far_above_the_formula(noise, formula_noise, codes):
    cost = RNG.normal(100, 10, 300)
    said, formula = cost + RNG.normal(0, 10 * noise, 300), cost + RNG.normal(0, 10 * formula_noise, 300)
    assert [alarm.code for alarm in alarms(COST, rows(cost, said, cost.mean(), formula))] == codes


def test_without_a_formula_the_simple_rule_is_the_physics():
    cost = RNG.normal(100, 10, 300)
    said = cost + RNG.normal(0, 0.8, 300)
    assert [alarm.code for alarm in alarms(COST, rows(cost, said, cost.mean()))] == ["leak_fit"]
    assert alarms(COST, rows(cost, said, cost + RNG.normal(0, 1, 300))) == []


def test_an_error_far_below_the_rule_is_too_good_and_few_rows_say_nothing():
    cost = RNG.normal(100, 10, 100)
    codes = [alarm.code for alarm in alarms(COST, rows(cost, cost + 0.01, cost + 10))]
    assert "too_good" in codes
    assert alarms(COST, rows(cost[:19], cost[:19], cost[:19] + 10)) == []
    assert alarms(GROUP, rows(cost, cost.round(), cost + 10)) == []


def test_r_squared_needs_something_that_varies():
    assert r_squared([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]) == 1.0
    assert np.isnan(r_squared([2.0, 2.0], [1.0, 3.0]))
