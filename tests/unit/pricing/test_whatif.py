import numpy as np
import pandas as pd
import pytest

from ml.pricing.model import PricingError, fit_prices
from ml.pricing.whatif import price_what_if, suggest_for
from ml.store.preferences import Preferences
from tests.unit.pricing.conftest import AS_OF, WEEKS, promotions, sell

ORDER = {"quantity": 2.0, "customer_type": "Hogar", "recency_days": 10.0, "frequency": 25.0, "monetary_total": 100_000.0}


def fitted(costs=(1000.0,)):
    path = promotions(np.random.default_rng(2))
    homes = sell(31, path, -1.2, customers=60)
    offices = sell(32, np.zeros(WEEKS), 0.0, customers=15, kind="Empresa", factors=np.linspace(0.7, 0.9, 15))
    unit_costs = pd.DataFrame({"product_id": ["PC"] * len(costs), "date": pd.Timestamp("2026-01-01"), "unit_cost": list(costs)})
    return fit_prices(pd.concat([homes, offices], ignore_index=True), unit_costs, AS_OF, rng=np.random.default_rng(5))


@pytest.fixture(scope="module")
def model():
    return fitted()


def test_todays_price_changes_nothing(model):
    today = model.cells[("PC", "Hogar")].usual_price
    answer = price_what_if(model, "PC", "Hogar", today)
    assert answer.units.value == pytest.approx(answer.current_units)
    assert answer.revenue.value == pytest.approx(answer.current_revenue)
    assert answer.margin is not None
    assert answer.margin.value == pytest.approx(answer.current_margin)


def test_a_higher_price_sells_less_within_its_band(model):
    answer = price_what_if(model, "PC", "Hogar", 3500.0)
    assert answer.units.low <= answer.units.value <= answer.units.high
    assert answer.units.value == pytest.approx(answer.current_units * (3500 / answer.current_price) ** answer.elasticity)
    assert answer.revenue.value == pytest.approx(answer.units.value * 3500)
    assert answer.margin.value == pytest.approx(answer.units.value * 2500)


def test_the_types_units_add_up_to_the_products(model):
    parts = sum(model.cells[("PC", kind)].units for kind in ("Hogar", "Empresa"))
    hogar = price_what_if(model, "PC", "Hogar", 3200.0)
    assert hogar.current_units == pytest.approx(model.product_units["PC"] * model.cells[("PC", "Hogar")].units / parts)
    assert price_what_if(model, "PC", None, 3200.0).current_units == pytest.approx(model.product_units["PC"])


def test_a_newer_current_price_is_the_start(model):
    assert price_what_if(model, "PC", "Hogar", 3300.0, current_price=3300.0).units.value == pytest.approx(
        price_what_if(model, "PC", "Hogar", 3300.0, current_price=3300.0).current_units
    )


@pytest.mark.parametrize("price", [0.0, -5.0, float("nan"), float("inf"), 1.0, 1e9])
def test_an_impossible_price_is_refused_with_a_sentence(model, price):
    with pytest.raises(PricingError, match="The price .* is"):
        price_what_if(model, "PC", "Hogar", price)


def test_unknown_type_or_no_elasticity_is_refused_with_the_reason(model):
    with pytest.raises(PricingError, match="no price model for 'Colegio'; it has"):
        price_what_if(model, "PC", "Colegio", 3000.0)
    with pytest.raises(PricingError, match="not_enough_price_variation"):
        price_what_if(model, "PC", "Empresa", 2500.0)


def test_without_a_cost_there_is_no_margin_and_it_says_so():
    answer = price_what_if(fitted(costs=()), "PC", "Hogar", 3200.0)
    assert answer.margin is None
    assert {"code": "no_unit_cost", "params": {}} in answer.reasons


def test_far_from_known_prices_is_said(model):
    assert "far_from_known_prices" in {reason["code"] for reason in price_what_if(model, "PC", "Hogar", 4500.0).reasons}


def test_an_ordinary_order_is_its_usual_price(model):
    answer = suggest_for(model, Preferences(), **ORDER)
    assert answer.discount_recommended == 0
    assert answer.suggested_price == pytest.approx(2 * model.habits["Hogar"].unit_price(2)[1])
    assert answer.price_range_min <= answer.suggested_price <= answer.price_range_max
    assert answer.reasons[0]["code"] == "usual_price_at_quantity"


def test_a_late_and_valued_customer_gets_a_discount_within_the_limit(model):
    answer = suggest_for(model, Preferences(price_change_limit=0.08), **(ORDER | {"recency_days": 60.0, "monetary_total": 5e6}))
    assert answer.discount_recommended == pytest.approx(0.08)
    assert "valued_customer_late" in {reason["code"] for reason in answer.reasons}
    small = suggest_for(model, Preferences(), **(ORDER | {"recency_days": 60.0, "monetary_total": 0.0}))
    assert small.discount_recommended == 0


def test_the_minimum_margin_limits_a_discount():
    model = fitted(costs=(2600.0,))
    order = ORDER | {"recency_days": 60.0, "monetary_total": 5e6}
    answer = suggest_for(model, Preferences(price_change_limit=0.3), **order)
    assert answer.suggested_price / 2 >= 2600 / 0.9 - 1e-6
    assert "minimum_margin" in {reason["code"] for reason in answer.reasons}


def test_an_order_of_an_unknown_type_is_priced_like_everybodys(model):
    assert suggest_for(model, Preferences(), **(ORDER | {"customer_type": "Colegio"})).suggested_price > 0


@pytest.mark.parametrize(
    "wrong", [{"quantity": 0.0}, {"quantity": float("nan")}, {"recency_days": -1.0}, {"frequency": -1.0}, {"monetary_total": float("inf")}]
)
def test_an_impossible_order_is_refused_with_a_sentence(model, wrong):
    with pytest.raises(PricingError, match="number"):
        suggest_for(model, Preferences(), **(ORDER | wrong))
