import numpy as np
import pytest

from ml.customers.days import collapse, day_number
from ml.customers.features import Panel
from ml.customers.purchase import OrderValue, PurchaseProcess
from ml.customers.value import Value, fit_spend, purchase_history, recent_spend_level

PROCESS, AMOUNTS = PurchaseProcess(1.0, 20.0, 0.5, 5.0), OrderValue(5.0, 4.0, 1.0, 8000.0)


@pytest.fixture(scope="module")
def panel(log) -> Panel:
    return Panel(collapse(log, "2024-12-31"), 30)


def test_certain_churn_expects_nothing_and_a_certain_buyer_one_order_at_least(panel):
    snapshot = panel.snapshot(day_number("2024-10-01"))
    value = Value(PROCESS, AMOUNTS, None)
    assert value.expected_value(snapshot, np.ones(len(snapshot))).sum() == 0
    assert value.expected_orders(snapshot, np.zeros(len(snapshot))).min() >= 1


def test_spend_of_past_buyers_adds_up_and_ranks(panel):
    past = [panel.snapshot(day_number(day)) for day in ("2024-07-01", "2024-09-01")]
    outcomes = [panel.outcome(snapshot) for snapshot in past]
    regression = fit_spend(past, outcomes)
    said = np.concatenate([regression.spend(s)[~o.churned] for s, o in zip(past, outcomes, strict=True)])
    true = np.concatenate([o.spend[~o.churned] for o in outcomes])
    assert said.sum() == pytest.approx(true.sum(), rel=1e-6)
    assert np.corrcoef(np.log(said), np.log(true))[0, 1] > 0.6


def test_too_few_buyers_have_no_regression(panel):
    snapshot = panel.snapshot(day_number("2024-09-01")).take(np.arange(10))
    assert fit_spend([snapshot], [panel.outcome(snapshot)]) is None


def test_twelve_months_are_worth_more_than_a_window_and_follow_the_blend(panel):
    snapshot = panel.snapshot(day_number("2024-10-01"))
    value = Value(PROCESS, AMOUNTS, None)
    repeats, last, age = purchase_history(snapshot)
    own = PROCESS.silence(repeats, last, age, 30)
    year = value.twelve_months(snapshot, own)
    assert (year >= value.expected_value(snapshot, own) * 0.99).all()
    assert (value.twelve_months(snapshot, np.minimum(own + 0.3, 1)) < year + 1e-9).all()


def test_recent_spend_is_the_mean_of_the_last_two_windows(panel, log):
    snapshot = panel.snapshot(day_number("2024-10-01"))
    window = log[(log["date"] <= "2024-10-01") & (log["date"] > "2024-08-02")]
    expected = window.groupby("customer_id")["amount"].sum().reindex(panel.log.ids[snapshot.customer]).fillna(0) / 2
    np.testing.assert_allclose(recent_spend_level(snapshot), expected, rtol=1e-5)
