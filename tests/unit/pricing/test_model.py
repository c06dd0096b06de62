import io
from datetime import timedelta

import joblib
import numpy as np
import pandas as pd
import pytest

from ml.pricing.model import PricingError, current_prices, fit_prices, last_unit_costs
from tests.unit.pricing.conftest import AS_OF, WEEKS, promotions, sell

COSTS = pd.DataFrame(
    {
        "product_id": ["PC", "PC", "PC"],
        "date": pd.to_datetime(["2026-01-01", "2026-06-01", "2026-07-01"]),
        "unit_cost": [900.0, 1000.0, 0.0],
    }
)


@pytest.fixture(scope="module")
def lines():
    path = promotions(np.random.default_rng(1))
    homes = sell(21, path, -1.2, customers=40)
    offices = sell(22, np.zeros(WEEKS), 0.0, customers=15, kind="Empresa", factors=np.linspace(0.7, 0.9, 15))
    return pd.concat([homes, offices], ignore_index=True)


@pytest.fixture(scope="module")
def model(lines):
    return fit_prices(lines, COSTS, AS_OF, rng=np.random.default_rng(5))


def test_cells_are_product_and_customer_type_with_reasons_of_their_own(model):
    assert set(model.cells) == {("PC", "Hogar"), ("PC", "Empresa")}
    assert model.cells[("PC", "Empresa")].elasticity.reason == "not_enough_price_variation"
    assert model.cells[("PC", "Empresa")].is_personal
    assert not model.cells[("PC", "Hogar")].is_personal


def test_the_products_elasticity_is_made_of_the_cells_that_have_one(model):
    assert model.elasticities["PC"].value == pytest.approx(model.cells[("PC", "Hogar")].elasticity.value)


def test_it_is_repeatable_and_pickles(lines, model):
    again = fit_prices(lines.sample(frac=1, random_state=3), COSTS, AS_OF, rng=np.random.default_rng(5))
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    buffer.seek(0)
    for other in (again, joblib.load(buffer)):
        assert other.products == model.products
        np.testing.assert_allclose(other.elasticities["PC"].draws, model.elasticities["PC"].draws, rtol=1e-6)


def test_an_unknown_product_is_an_error_that_says_so(model):
    with pytest.raises(PricingError, match="'juice' has no price model; 1 products have one"):
        model.cells_of("juice")


def test_the_last_positive_cost_counts():
    assert last_unit_costs(COSTS) == {"PC": 1000.0}
    assert last_unit_costs(COSTS.iloc[:0]) == {}


def test_todays_price_follows_a_change_after_the_fit_and_not_the_mix_of_customers(lines, model):
    later = AS_OF + timedelta(days=28)
    shift = pd.Timedelta(days=28)
    newer = lines[lines["day"] > pd.Timestamp(AS_OF) - shift]
    usual = model.cells[("PC", "Hogar")].usual_price
    raised = newer.assign(day=newer["day"] + shift, price=newer["price"].mask(newer["customer_type"] == "Hogar", 1.05 * usual))
    cheap_only = raised[(raised["customer_type"] == "Hogar") | (raised["customer_id"].str.endswith(("-0", "-1", "-2", "-3")))]
    prices = current_prices(model, pd.concat([lines, cheap_only]), later)
    assert prices[("PC", "Hogar")] / model.cells[("PC", "Hogar")].usual_price == pytest.approx(1.05, abs=0.01)
    assert prices[("PC", "Empresa")] == pytest.approx(model.cells[("PC", "Empresa")].usual_price, rel=1e-3)


def test_on_the_day_of_the_fit_todays_prices_are_the_fitted_ones(lines, model):
    assert current_prices(model, lines, AS_OF) == {key: cell.usual_price for key, cell in model.cells.items()}
