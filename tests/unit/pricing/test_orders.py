import numpy as np
import pytest

from ml.pricing.orders import order_habits
from tests.unit.pricing.conftest import AS_OF, WEEKS, sell


def test_the_unit_price_falls_where_customers_pay_less_for_more():
    sizes = np.r_[np.full(20, 3), np.full(20, 14)]
    habits = order_habits(sell(1, np.zeros(WEEKS), 0.0, sizes=sizes, discount=0.2), AS_OF)["Hogar"]
    assert habits.unit_price(2)[1] == pytest.approx(3000)
    assert habits.unit_price(16)[1] == pytest.approx(2400)
    assert habits.unit_price(10_000) == habits.unit_price(habits.price_by_quantity[-1][0])


def test_gap_units_and_spend_are_of_the_last_year_and_everybody_is_there_too():
    lines = sell(2, np.zeros(WEEKS), 0.0, rate=0.5)
    habits = order_habits(lines, AS_OF)
    assert set(habits) == {"Hogar", "all"}
    assert habits["all"].product_id == "PC"
    assert 7 <= habits["Hogar"].usual_gap_days <= 21
    assert habits["Hogar"].usual_spend <= habits["Hogar"].high_spend


def test_no_sales_give_no_habits():
    assert order_habits(sell(2, np.zeros(WEEKS), 0.0).iloc[:0], AS_OF) == {}
