import pandas as pd
import pytest

from ml.customers.days import collapse, day_number
from ml.customers.features import Panel
from ml.customers.level import present_level
from tests.unit.customers.conftest import AS_OF, make_log


def level(log: pd.DataFrame, horizon_days: int = 30) -> float:
    return present_level(Panel(collapse(log, AS_OF), horizon_days), day_number(AS_OF))


@pytest.fixture(scope="module")
def steady() -> pd.DataFrame:
    return make_log(customers=400, leave=0.02, seed=4)


def test_fewer_orders_just_now_raise_the_odds(steady):
    lately = steady["date"] > pd.Timestamp(AS_OF) - pd.Timedelta(days=14)
    missing = steady[~lately | (steady.index % 2 == 0)]
    assert level(missing) > level(steady) + 0.1


def test_the_effect_fades_with_the_horizon(steady):
    assert level(steady, 90) == 0.0


def test_few_customers_and_a_short_history_say_nothing():
    assert level(make_log(customers=20)) == 0.0
    assert level(make_log(customers=300, days=25)) == 0.0
