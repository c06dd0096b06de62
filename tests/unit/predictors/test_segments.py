from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from ml.predictors.base import PREDICTION_COLUMNS, Company, NotEnoughData, PredictorError
from ml.predictors.segments import JUDGED_DAYS, Segments
from ml.store.preferences import Preferences
from tests.unit.customers.conftest import make_log
from tests.unit.predictors.test_customers import tables_of

END = date(2024, 12, 31)
CUTOFF = END - timedelta(days=JUDGED_DAYS)


@pytest.fixture(scope="module")
def tables():
    return tables_of(make_log(customers=200, days=600))


@pytest.fixture(scope="module")
def fitted(tables):
    return Segments(Company()).fit(tables, CUTOFF)


@pytest.fixture(scope="module")
def answer(fitted, tables):
    return members(fitted.predict(tables, CUTOFF))


def members(answer: pd.DataFrame) -> pd.DataFrame:
    """The rows of customers."""
    return answer[answer["entity_type"] == "customer"]


def test_the_company_row_says_where_the_groups_lie_and_what_other_numbers_explain(fitted, tables):
    rows = fitted.predict(tables, CUTOFF)
    (detail,) = rows.loc[rows["entity_type"] == "company", "detail"]
    assert detail["names"] == list(fitted.model_.names) and np.array(detail["centroids"]).shape == (4, 3)
    assert {"1", "4"} <= set(detail["explained"]) and abs(detail["explained"]["1"]) < 0.2
    assert detail["explained"]["4"] > detail["explained"]["1"] + 0.05


def test_an_administrators_number_of_groups_counts_from_the_next_training(tables):
    chosen = Company(preferences=Preferences(segment_count=3))
    assert len(Segments(chosen).fit(tables, CUTOFF).model_.names) == 3


def test_every_customer_stands_in_a_named_segment(answer, tables):
    assert tuple(answer.columns) == PREDICTION_COLUMNS
    assert set(answer["entity_id"]) == set(tables.known(CUTOFF)["orders"]["customer_id"])
    names = {(row["value"], row["detail"]["name"]) for _, row in answer.iterrows()}
    assert len(names) == 4
    assert {name for _, name in names} == {"vip", "loyal", "potential", "at_risk"}


def test_detail_is_the_rolling_year_of_the_customer(answer, tables):
    orders = tables.known(CUTOFF)["orders"]
    window = orders[orders["order_date"] > pd.Timestamp(CUTOFF) - pd.Timedelta(days=365)]
    spend = window.groupby("customer_id")["amount"].sum()
    said = pd.Series([cell["spend"] for cell in answer["detail"]], index=answer["entity_id"])
    np.testing.assert_allclose(said[spend.index], spend, rtol=1e-4)


def test_customers_without_an_order_in_the_year_are_at_risk_and_not_judged(fitted, answer):
    silent = answer[[cell["frequency"] == 0 for cell in answer["detail"]]]
    assert len(silent)
    assert {cell["name"] for cell in silent["detail"]} == {"at_risk"}
    assert not set(silent["entity_id"]) & set(fitted.judged(answer)["entity_id"])


def test_groups_explain_more_of_the_spend_to_come_than_the_baseline(fitted, answer, tables):
    from ml.evaluation.metrics import METRICS

    def explained(rows: pd.DataFrame) -> float:
        judged = fitted.judged(rows)
        return METRICS["eta_squared"].score(judged.assign(actual=fitted.actual(tables, judged, END)))

    assert explained(answer) > explained(fitted.baseline(tables, CUTOFF))


def test_a_release_scores_a_later_day_with_its_own_centroids(fitted, tables):
    later = members(fitted.predict(tables, END))
    assert {cell["name"] for cell in later["detail"]} <= set(fitted.model_.names)


def test_a_retrain_on_nearly_the_same_data_keeps_nine_of_ten(fitted, answer, tables):
    orders = tables["orders"]
    kept = orders[np.random.default_rng(1).random(len(orders)) > 0.05]
    other = Segments(Company()).fit(tables_of(kept.drop(columns="known_at")), CUTOFF).predict(tables, CUTOFF)
    other = members(other)
    both = answer.merge(other, on="entity_id")
    same = [one["name"] == two["name"] for one, two in zip(both["detail_x"], both["detail_y"], strict=True)]
    assert np.mean(same) >= 0.9


def test_too_little_is_said_in_a_sentence():
    with pytest.raises(NotEnoughData, match="at least 5 customers with a sale in the last 365 days; there are 3"):
        Segments(Company()).fit(tables_of(make_log(customers=3)), END)


def test_unfitted_is_refused(tables):
    with pytest.raises(PredictorError, match="asked before it was fitted"):
        Segments(Company()).predict(tables, CUTOFF)
