"""The two doors, and every kind of bad order log behind them."""

import io

import joblib
import numpy as np
import pandas as pd
import pytest

from ml.customers import CustomerDataError, CustomerModel, fit_customers, score_customers
from ml.customers.model import SCORE_COLUMNS
from ml.customers.reasons import CODES
from tests.unit.customers.conftest import AS_OF, make_log

H = 30


@pytest.fixture(scope="module")
def model(log) -> CustomerModel:
    return fit_customers(log, AS_OF, H)


@pytest.fixture(scope="module")
def scores(model, log) -> pd.DataFrame:
    return model.score(log, AS_OF)


def check(scores: pd.DataFrame, customers: int, as_of: str = AS_OF, horizon: int = H) -> None:
    """What every answer must keep, whatever the log."""
    assert tuple(scores.columns) == SCORE_COLUMNS
    assert len(scores) == scores["customer_id"].nunique() == customers
    assert scores["churn_probability"].between(0, 1).all()
    for name in ("expected_orders", "expected_value", "value_at_risk", "value_12m"):
        assert (np.isfinite(scores[name]) & (scores[name] >= 0)).all(), name
    days = scores[["next_order_lo", "next_order_date", "next_order_hi"]].apply(lambda d: (d - pd.Timestamp(as_of)).dt.days)
    assert (days["next_order_lo"] >= 1).all()
    assert (days["next_order_hi"] <= max(horizon, 1)).all()
    assert (days["next_order_lo"] <= days["next_order_date"]).all()
    assert (days["next_order_date"] <= days["next_order_hi"]).all()
    assert scores["population"].isin(["active", "dormant"]).all()
    assert scores["segment"].notna().all()
    assert scores["reasons"].map(len).le(3).all()
    assert {reason["code"] for cell in scores["reasons"] for reason in cell} <= set(CODES)


def test_one_row_per_customer(scores, log):
    check(scores, log["customer_id"].nunique())


def test_who_is_late_for_the_own_rhythm_scores_higher(scores):
    late = scores["days_since_last_order"] / scores["typical_gap_days"]
    assert scores.loc[late > 3, "churn_probability"].mean() > scores.loc[late < 0.8, "churn_probability"].mean() + 0.3


def test_active_means_an_order_within_two_horizons(scores):
    assert ((scores["days_since_last_order"] <= 2 * H) == (scores["population"] == "active")).all()


def test_value_at_risk_is_probability_times_recent_spend(scores, log):
    recent = log[log["date"] > pd.Timestamp(AS_OF) - pd.Timedelta(days=2 * H)].groupby("customer_id")["amount"].sum() / 2
    expected = scores["churn_probability"] * recent.reindex(scores["customer_id"]).fillna(0).to_numpy()
    np.testing.assert_allclose(scores["value_at_risk"], expected, rtol=1e-5)


def test_the_two_doors_agree_and_repeat(scores, log):
    pd.testing.assert_frame_equal(score_customers(log, AS_OF, H), scores)


def test_a_pickled_model_gives_the_same_scores(model, scores, log):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    pd.testing.assert_frame_equal(joblib.load(file).score(log, AS_OF), scores)


def test_a_fitted_model_scores_a_later_day(model):
    longer = make_log(days=430, end="2025-01-30")
    check(model.score(longer, "2025-01-30"), longer["customer_id"].nunique(), "2025-01-30")


def test_what_is_no_sale_or_not_known_yet_changes_nothing(scores, log):
    """Rows in another order, a column named order_date, orders after as_of, refunds, and a customer with refunds only."""
    future = log.tail(200).assign(date=pd.Timestamp(AS_OF) + pd.Timedelta(days=1), amount=1e9, customer_id="new")
    refunds = log.assign(amount=-log["amount"], date=pd.Timestamp(AS_OF))
    only_refunds = pd.DataFrame({"customer_id": ["r"], "date": [pd.Timestamp(AS_OF)], "amount": [-5.0], "order_id": ["x"]})
    dirty = pd.concat([log, future, refunds, only_refunds]).sample(frac=1, random_state=3).rename(columns={"date": "order_date"})
    pd.testing.assert_frame_equal(score_customers(dirty, AS_OF, H), scores)


def test_two_orders_of_one_day_are_one(model, scores, log):
    halves = pd.concat([log.assign(amount=log["amount"] / 2), log.assign(amount=log["amount"] / 2, order_id=log["order_id"] + "b")])
    pd.testing.assert_frame_equal(model.score(halves, AS_OF), scores, rtol=1e-6)


def test_a_log_of_refunds_only_is_refused():
    orders = pd.DataFrame({"customer_id": ["a", "b"], "date": ["2024-01-01"] * 2, "amount": [-1.0, 0.0]})
    with pytest.raises(CustomerDataError, match="None of the 2 orders is a sale dated 2024-12-31 or earlier"):
        score_customers(orders, AS_OF, H)


def test_a_missing_column_is_named():
    with pytest.raises(CustomerDataError, match=r"no column \['amount'\]"):
        score_customers(pd.DataFrame({"customer_id": ["a"], "date": ["2024-01-01"]}), AS_OF, H)


def test_a_senseless_horizon_is_refused(log):
    with pytest.raises(CustomerDataError, match="The horizon was 0 days"):
        score_customers(log, AS_OF, 0)


def test_a_customer_with_one_order(model, scores, log):
    one = pd.DataFrame({"customer_id": ["single"], "date": [pd.Timestamp(AS_OF) - pd.Timedelta(days=10)], "amount": [9000.0]})
    answer = model.score(pd.concat([log, one]), AS_OF)
    check(answer, len(scores) + 1)
    assert np.isnan(answer.set_index("customer_id").loc["single", "typical_gap_days"])


def test_five_customers():
    log = make_log(customers=5)
    model = fit_customers(log, AS_OF, H)
    check(model.score(log, AS_OF), 5)
    assert [note["code"] for note in model.notes] == ["few_active_customers"]
    assert not model.usable


def test_one_customer_with_one_order():
    orders = pd.DataFrame({"customer_id": ["a"], "date": [pd.Timestamp(AS_OF)], "amount": [1.0]})
    check(score_customers(orders, AS_OF, H), 1)


@pytest.mark.parametrize("last_day", [400, 330])
def test_nobody_churned_and_everybody_churned(last_day):
    """Weekly orders of everybody up to the end, and up to the middle of the last windows."""
    days = pd.Timestamp(AS_OF) - pd.Timedelta(days=400) + pd.to_timedelta(np.arange(0, last_day, 7), unit="D")
    orders = pd.concat([pd.DataFrame({"customer_id": f"c{n}", "date": days, "amount": 100.0 + n}) for n in range(40)])
    model = fit_customers(orders, AS_OF, H)
    check(model.score(orders, AS_OF), 40)
    assert not model.usable


def test_everybody_churned_in_every_window():
    orders = pd.DataFrame({"customer_id": [f"c{n}" for n in range(90)], "date": pd.Timestamp("2024-01-01"), "amount": 5.0})
    orders["date"] += pd.to_timedelta(np.arange(90) * 3, unit="D")
    model = fit_customers(orders, AS_OF, H)
    scores = model.score(orders, AS_OF)
    check(scores, 90)
    assert scores["churn_probability"].min() > 0.7
    assert model.record.verdict["code"] == "everybody_churned"


def test_amounts_all_equal(log):
    check(score_customers(log.assign(amount=1000.0), AS_OF, H), log["customer_id"].nunique())


def test_an_id_as_number_and_as_text_is_one_customer():
    log = make_log(customers=40)
    numbers = log["customer_id"].str[1:].astype(int)
    mixed = log.assign(customer_id=[number if place % 2 else f" {number}" for place, number in enumerate(numbers)])
    answer = score_customers(mixed, AS_OF, H)
    check(answer, 40)
    assert set(answer["customer_id"]) == set(numbers.astype(str))


def test_numeric_ids_come_back_as_numbers():
    log = make_log(customers=40)
    numbers = log["customer_id"].str[1:].astype(int)
    assert score_customers(log.assign(customer_id=numbers), AS_OF, H)["customer_id"].dtype == numbers.dtype


def test_a_horizon_longer_than_the_history():
    log = make_log(customers=60, days=100)
    model = fit_customers(log, AS_OF, 365)
    check(model.score(log, AS_OF), 60, horizon=365)
    assert "short_history" in [note["code"] for note in model.notes]
    assert model.record.verdict["code"] == "history_too_short"


def test_a_log_without_signal_is_not_usable():
    """Everybody orders by the same coin every day: nothing tells who will be silent."""
    rng = np.random.default_rng(5)
    coin = rng.random((300, 400)) < 1 / 40
    who, day = np.nonzero(coin)
    orders = pd.DataFrame({"customer_id": who, "date": pd.Timestamp("2023-11-27") + pd.to_timedelta(day, unit="D"), "amount": 10.0})
    model = fit_customers(orders, AS_OF, H)
    assert not model.usable
    assert model.record.verdict["code"] in ("no_usable_signal", "no_gain_over_baseline")
    assert model.record.auc_hi < 0.6


def test_a_log_with_signal_is_usable(model):
    assert model.usable
    assert model.record.auc_lo > 0.6
    assert model.record.population == "active"
    assert model.record.windows == 3
