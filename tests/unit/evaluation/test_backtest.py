"""A record is out of time: fitted and asked at the cutoff, held against what came, beside the naive rule on the same rows."""

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.evaluation.backtest import CUTOFFS, cutoffs, first_day, horizon_of, judge, plan_cutoffs
from ml.predictors.base import Company, Measure
from ml.source.tables import Tables
from ml.store.predictions import Score
from tests.fakes import AS_OF, START, Orders, PerfectOrders, Shy, Silent, Unpaid, rows_of, toy_tables

TABLES = toy_tables()


def record(predictor, tables=TABLES, as_of=AS_OF, **options) -> list[Score]:
    return judge(predictor.name, Company(), tables, as_of, make=lambda _name, company: predictor(company), **options)


def pooled(scores, metric, window=1) -> Score:
    (score,) = [s for s in scores if s.metric == metric and s.cutoff is None and s.window_days == window]
    return score


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(1, 400))
def test_cutoffs_are_sundays_whose_truth_is_known_and_spaced_by_the_horizon(as_of, horizon):
    found = cutoffs(as_of, horizon)
    assert len(found) == (1 if horizon > 120 else CUTOFFS)
    assert all(day.weekday() == 6 for day in found)
    assert all(day + timedelta(days=horizon) <= as_of for day in found)
    assert all((newer - older).days >= horizon for newer, older in zip(found, found[1:], strict=False))


def test_a_month_later_most_cutoffs_are_the_same():
    first, later = (cutoffs(date(2026, month, 1), 30) for month in (10, 11))
    assert len(set(first) & set(later)) == 2


def test_the_score_is_the_error_on_the_judged_days_beside_the_naive_rule():
    scores = record(Orders)
    mae = pooled(scores, "mae")
    assert (mae.predictor, mae.measure, mae.population, mae.baseline_name) == ("orders", "orders", "all", "one more than usual")
    assert mae.count == 3 * 28
    assert mae.value == pytest.approx(0.4)
    assert mae.baseline == pytest.approx(1.0)
    assert [(s.cutoff.weekday(), s.count) for s in scores if s.metric == "mae" and s.cutoff] == [(6, 28)] * 3


def test_coverage_and_bias_stand_beside_it_and_totals_are_judged_by_their_share():
    scores = record(Orders)
    assert pooled(scores, "coverage80").value == pytest.approx(1.0)
    assert pooled(scores, "coverage80").baseline is None
    assert pooled(scores, "bias").value == pytest.approx(0.4 / 5)
    week = pooled(scores, "wape", window=7)
    assert (week.count, week.value) == (3, pytest.approx(0.4 / 5))
    assert not [s for s in scores if s.window_days == 7 and s.metric == "mae"]


def test_each_cutoff_is_fitted_once_with_nothing_known_later():
    fits = []

    class Watched(Orders):
        def _fit(self, tables: Tables, as_of: date) -> None:
            fits.append((as_of, tables["orders"]["order_date"].max().date()))
            super()._fit(tables, as_of)

    record(Watched)
    assert len(fits) == CUTOFFS
    assert all(last == cutoff for cutoff, last in fits)
    assert max(cutoff for cutoff, _ in fits) + timedelta(days=28) <= AS_OF


def test_a_question_of_the_day_is_asked_later_with_cells_held_back_to_the_cutoff():
    scores = record(Unpaid)
    paid = pooled(scores, "mae")
    assert paid.count == 3 * 30
    # What was paid after the cutoff was hidden: the answer for those days is 0, so the error is what was paid (nine days of ten, 5 orders).
    assert paid.value == pytest.approx(paid.baseline)
    assert paid.value == pytest.approx(4.5, abs=0.2)
    assert not [s for s in scores if s.measure == "rate"]


def test_too_little_history_and_too_little_data_give_an_empty_record():
    assert record(Shy) == []
    assert record(Orders, Tables({})) == []
    assert record(Orders, toy_tables(100), START + timedelta(days=99)) == []


def test_a_short_history_is_judged_on_the_cutoffs_it_has():
    cut = {s.cutoff for s in record(Orders, toy_tables(150), START + timedelta(days=149)) if s.cutoff}
    assert 1 <= len(cut) < CUTOFFS


def test_a_predictor_that_says_nothing_has_no_score():
    scores = record(Silent)
    assert scores
    assert {score.metric for score in scores} <= {"coverage80", "coverage95"}


def test_a_perfect_answer_scores_zero():
    assert pooled(record(PerfectOrders), "mae").value == 0


def test_windows_tell_the_horizon_where_the_company_decides_it():
    days = Measure("churn", "probability", ("customer",), 60, "auc")
    answer = rows_of("churn", [AS_OF], 0.5, window_days=45)
    assert horizon_of(days, answer) == 45
    assert horizon_of(days, None) == horizon_of(days, rows_of("other", [AS_OF], 0.5)) == 60
    assert horizon_of(Orders.measures[0], rows_of("orders", [AS_OF], 1.0)) == 28
    assert horizon_of(Unpaid.measures[0], None) == 30


def test_a_long_horizon_is_judged_once_and_beside_the_short_ones():
    measures = [Orders.measures[0], Measure("year", "CLP", ("customer",), 365, "gini")]
    plan = plan_cutoffs(measures, None, AS_OF, AS_OF - timedelta(days=900))
    assert sorted(measure.name for judged in plan.values() for measure in judged) == ["orders"] * 3 + ["year"]
    assert "year" not in {m.name for judged in plan_cutoffs(measures, None, AS_OF, START).values() for m in judged}
    assert plan_cutoffs(measures, None, AS_OF, None) == {}
    assert first_day(TABLES) == START


def test_parts_of_the_company_do_not_blend_into_its_record():
    class WithZones(Orders):
        def _predict(self, tables, as_of):
            answer = super()._predict(tables, as_of)
            zones = answer[answer["window_days"] == 7].assign(entity_type="zone", entity_id="Z1", value=1000.0)
            return pd.concat([answer, zones], ignore_index=True)

        def judged(self, predicted):
            return predicted[(predicted["entity_type"] == "company") & (predicted["window_days"] == 1)]

    assert pooled(record(WithZones), "wape", window=7) == pooled(record(Orders), "wape", window=7)


def test_a_backtest_says_that_only_judged_rows_count():
    asked = []
    judge("orders", Company(), TABLES, AS_OF, make=lambda _name, company: asked.append(company.only_judged) or Orders(company))
    assert asked and all(asked)
