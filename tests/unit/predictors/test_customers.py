import json
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from ml.predictors.base import PREDICTION_COLUMNS, Company, NotEnoughData, PredictorError
from ml.predictors.customers import Customers
from ml.source.tables import SPECS, Tables, conform
from ml.store.preferences import Preferences
from tests.unit.customers.conftest import make_log

END = date(2024, 12, 31)
CUTOFF = END - timedelta(days=30)
COMPANY = Company(preferences=Preferences(churn_horizon_days=30))


def tables_of(log: pd.DataFrame) -> Tables:
    orders = conform(SPECS["orders"], log.rename(columns={"date": "order_date"}))
    return Tables({"orders": orders.assign(known_at=orders["order_date"])})


@pytest.fixture(scope="module")
def tables() -> Tables:
    return tables_of(make_log(customers=200, leave=0.05))


@pytest.fixture(scope="module")
def fitted(tables) -> Customers:
    return Customers(COMPANY).fit(tables, CUTOFF)


@pytest.fixture(scope="module")
def answer(fitted, tables) -> pd.DataFrame:
    return fitted.predict(tables, CUTOFF)


def test_every_customer_gets_every_measure(answer, tables):
    seen = tables.known(CUTOFF)["orders"]["customer_id"].nunique()
    assert tuple(answer.columns) == PREDICTION_COLUMNS
    counts = answer[answer["entity_type"] == "customer"].groupby("measure").size()
    customer_measures = [measure.name for measure in Customers.measures if measure.entities == ("customer",)]
    assert counts.to_dict() == dict.fromkeys(customer_measures, seen)
    json.dumps(answer["detail"].tolist(), allow_nan=False)


def test_windows_end_a_horizon_after_the_day(answer):
    days = (answer["target_date"] - pd.Timestamp(CUTOFF)).dt.days
    customers = answer["entity_type"] == "customer"
    assert (days == answer["window_days"])[customers].all()
    assert set(answer.loc[answer["measure"] == "churn_probability", "window_days"]) == {30}
    assert set(answer.loc[answer["measure"] == "value_12m", "window_days"]) == {365}


def test_the_next_order_stands_in_days_and_as_dates(answer):
    rows = answer[answer["measure"] == "next_order_date"]
    for _, row in rows.iterrows():
        assert pd.Timestamp(row["detail"]["date"]) == pd.Timestamp(CUTOFF) + pd.Timedelta(days=row["value"])
        assert pd.Timestamp(row["detail"]["lo"]) == pd.Timestamp(CUTOFF) + pd.Timedelta(days=row["lo80"])
    assert (rows["lo80"] >= 1).all()
    assert (rows["hi80"] <= 30).all()


def test_only_active_customers_are_judged(fitted, answer):
    judged = fitted.judged(answer)
    assert 0 < len(judged) < len(answer)
    assert {cell["population"] for cell in judged["detail"]} == {"active"}


def test_the_truth_is_what_followed(fitted, answer, tables):
    truth = fitted.actual(tables, answer, END)
    later = tables["orders"]
    later = later[later["order_date"] > pd.Timestamp(CUTOFF)]
    spend, first = later.groupby("customer_id")["amount"].sum(), later.groupby("customer_id")["order_date"].min()
    for name, row in answer.set_index("entity_id")[lambda frame: frame["measure"] == "churn_probability"].iterrows():
        known = truth[(answer["entity_id"] == name)]
        by_measure = dict(zip(answer.loc[known.index, "measure"], known, strict=True))
        assert by_measure["churn_probability"] == float(name not in spend.index)
        assert by_measure["expected_value"] == pytest.approx(spend.get(name, 0.0))
        if name in first.index:
            assert by_measure["next_order_date"] == (first[name] - pd.Timestamp(CUTOFF)).days
        assert np.isnan(by_measure["value_12m"])
        assert row["window_days"] == 30


def test_nothing_is_known_before_the_window_ends(fitted, answer, tables):
    assert fitted.actual(tables, answer, END - timedelta(days=1)).isna().all()


def test_the_baseline_answers_the_judged_measures(fitted, answer, tables):
    naive = fitted.baseline(tables, CUTOFF)
    judged = {measure.name for measure in fitted.measures if measure.metric}
    assert set(naive["measure"]) == judged
    keys = ["measure", "entity_id", "target_date", "window_days"]
    assert len(naive.merge(answer[keys], on=keys)) == len(naive)


def test_churn_is_ranked_better_than_by_days_since_the_last_order(fitted, answer, tables):
    from ml.evaluation.metrics import METRICS

    rows = fitted.judged(answer[answer["measure"] == "churn_probability"])
    truth = fitted.actual(tables, rows, END)
    naive = fitted.judged(fitted.baseline(tables, CUTOFF)).query("measure == 'churn_probability'")
    other = fitted.actual(tables, naive, END)
    assert METRICS["auc"].score(rows.assign(actual=truth)) > METRICS["auc"].score(naive.assign(actual=other))


def test_the_signal_of_the_company_stands_in_one_row(answer, fitted):
    row = answer[answer["measure"] == "usable_signal"].iloc[0]
    assert row["value"] == float(fitted.model_.usable)
    assert row["detail"]["verdict"]["code"] == fitted.model_.record.verdict["code"]


def test_the_horizon_is_proposed_where_nobody_chose_one(tables):
    fitted = Customers(Company()).fit(tables, CUTOFF)
    assert fitted.model_.horizon_days in (30, 45, 60)


@pytest.mark.parametrize(("log", "sentence"), [
    (make_log(customers=4), "at least 5 customers with a sale; the orders up to 2024-12-31 have 4"),
    (make_log(customers=4).assign(amount=-1.0), "is a sale dated 2024-12-31 or earlier"),
])  # fmt: skip
def test_too_little_is_said_in_a_sentence(log, sentence):
    with pytest.raises(NotEnoughData, match=sentence):
        Customers(COMPANY).fit(tables_of(log), END)


def test_unfitted_is_refused(tables):
    with pytest.raises(PredictorError, match="asked before it was fitted"):
        Customers(COMPANY).predict(tables, CUTOFF)
