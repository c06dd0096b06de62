import numpy as np
import pandas as pd
import pytest

from ml.customers.rhythm import CHOICES, propose_horizon

FIRST = pd.Timestamp("2022-01-01")


def every(gap: int, customers: int = 20, days: int = 900) -> pd.DataFrame:
    day = np.tile(np.arange(0, days, gap), customers)
    who = np.repeat(np.arange(customers), len(np.arange(0, days, gap)))
    return pd.DataFrame({"customer_id": who, "date": FIRST + pd.to_timedelta(day, unit="D"), "amount": 1.0})


@pytest.mark.parametrize(("gap", "horizon"), [(7, 14), (28, 30), (50, 60), (85, 90), (150, 180)])
def test_the_horizon_is_the_next_choice_above_the_usual_gap(gap, horizon):
    assert propose_horizon(every(gap), "2024-06-18") == horizon


def test_a_short_history_holds_the_horizon_down():
    assert propose_horizon(every(50, days=160), "2022-06-10") == 30


def test_without_repeats_two_months_are_proposed():
    orders = pd.DataFrame({"customer_id": range(10), "date": FIRST, "amount": 1.0})
    assert propose_horizon(orders, "2024-01-01") == 60


def test_one_frequent_customer_does_not_decide():
    log = pd.concat([every(28), every(1, customers=1).assign(customer_id=99)])
    assert propose_horizon(log, "2024-06-18") == 30
    assert set(CHOICES) >= {30}
