"""What came of what was said: by month and release, beside the naive rule and the promise, and an alarm after two bad months."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from ml.evaluation.reality import Month, is_worse_than_promised, judge_months, with_naive
from ml.predictors.base import Company, Measure
from ml.store.predictions import Score
from tests.fakes import AS_OF, Orders, rows_of, toy_tables

ORDERS = Measure("orders", "orders/day", ("company",), 28, "mae", "rule")
RISK = Measure("churn", "probability", ("customer",), 30, "auc", "rule")
RNG = np.random.default_rng(6)


def said(error: float, months=(9, 10), *, release: str = "r1", naive_error: float = 2.0) -> pd.DataFrame:
    """Every day of the months, foretold on seven days before, off by about `error`."""
    frames = []
    for month in months:
        for lead in range(1, 8):
            days = [date(2026, month, day) for day in range(1, 31)]
            frame = rows_of("orders", days, 0.0)
            truth = np.full(30, 20.0)
            value = truth + RNG.choice([-1, 1], 30) * error * RNG.uniform(0.8, 1.2, 30)
            detail = [{"naive": 20.0 + naive_error}] * 30
            as_of = [day - timedelta(days=lead) for day in days]
            frames.append(frame.assign(value=value, actual=truth, detail=detail, as_of=as_of, release_id=release, lo80=15.0, hi80=25.0))
    return pd.concat(frames, ignore_index=True)


def promise(value: float) -> dict[str, list[Score]]:
    return {"r1": [Score("p", "orders", "mae", None, 1, "all", 90, value, 2.0, "rule")]}


def deciding(months: list[Month]) -> list[Month]:
    return [month for month in months if month.metric == "mae"]


def test_each_month_of_a_release_has_its_error_beside_rule_and_promise():
    found = judge_months("p", [ORDERS], said(1.0), promise(1.1))
    assert {month.metric for month in found} >= {"mae", "wape", "bias", "coverage80"}
    first, second = deciding(found)
    assert (first.month, second.month, first.count) == (date(2026, 9, 1), date(2026, 10, 1), 210)
    assert first.value == pytest.approx(1.0, rel=0.1)
    assert (first.baseline, first.promised) == (pytest.approx(2.0), 1.1)
    assert next(month for month in found if month.metric == "coverage80").value == 1.0


@pytest.mark.parametrize(("error", "is_worse"), [(1.0, False), (1.1, False), (1.5, True)])
def test_two_whole_months_worse_than_promised_raise_the_alarm(error, is_worse):
    months = deciding(judge_months("p", [ORDERS], said(error), promise(1.0)))
    assert is_worse_than_promised(months, date(2026, 11, 3)) is is_worse
    assert not is_worse_than_promised(months, date(2026, 10, 30))
    assert not is_worse_than_promised(months[:1], date(2026, 11, 3))


def test_two_bad_months_with_a_gap_between_are_not_two_in_a_row():
    months = deciding(judge_months("p", [ORDERS], said(1.5, months=(8, 10)), promise(1.0)))
    assert not is_worse_than_promised(months, date(2026, 11, 3))


def test_without_a_promise_or_a_naive_value_nothing_is_claimed():
    (month, _) = deciding(judge_months("p", [ORDERS], said(1.0), {}))
    assert (month.promised, month.probability_worse) == (None, None)
    assert judge_months("p", [ORDERS], said(1.0).assign(detail=[{}] * 420), promise(1.0)) == []
    assert judge_months("p", [ORDERS], pd.DataFrame(), {}) == []


def test_of_overlapping_windows_the_last_answer_of_each_week_counts():
    frames = []
    for day in range(14):
        as_of = date(2026, 9, 7) + timedelta(days=day)  # two weeks from a Monday
        frame = rows_of("churn", [as_of + timedelta(days=30)] * 60, 0.4, 30).assign(entity_type="customer", as_of=as_of, release_id="r1")
        left = (RNG.random(60) < 0.4).astype(float)
        frames.append(frame.assign(entity_id=[f"C{n}" for n in range(60)], actual=left, detail=[{"naive": 0.5}] * 60))
    found = judge_months("p", [RISK], pd.concat(frames, ignore_index=True), {})
    assert {month.metric for month in found} == {"auc", "brier", "ece"}
    assert {month.count for month in found} == {120}


def test_the_naive_answer_goes_into_the_detail_of_judged_rows():
    tables = toy_tables()
    predictor = Orders(Company()).fit(tables, AS_OF)
    answer = with_naive(predictor, predictor.predict(tables, AS_OF), predictor.baseline(tables, AS_OF))
    assert [cell["naive"] for cell in answer["detail"]] == [6.0] * 40 + [42.0]
    assert answer["detail"][0]["basis"] == "mean"
