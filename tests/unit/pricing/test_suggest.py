import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.pricing.elasticity import Elasticity
from ml.pricing.suggest import suggest_price
from ml.store.preferences import Preferences

PREFERENCES = Preferences(price_change_limit=0.10, minimum_margin=0.10)


def known(value: float, spread: float = 0.1) -> Elasticity:
    draws = value + spread * np.linspace(-2, 2, 201)
    return Elasticity(value, draws, None, 0.05, 100)


def test_inelastic_demand_suggests_a_rise_up_to_the_limit():
    answer = suggest_price(known(-0.4), 3000.0, 1000.0, PREFERENCES)
    assert answer.reason == "raise_price"
    assert answer.price == pytest.approx(3300)
    assert answer.gain_low <= answer.gain <= answer.gain_high
    # (1.1 - 1/3) * 1.1 ** -0.4 / (2/3) - 1, by hand
    assert answer.gain == pytest.approx(0.107, abs=0.003)


def test_elastic_demand_suggests_a_cut_where_the_cost_is_known():
    answer = suggest_price(known(-3.0), 3000.0, 1000.0, PREFERENCES)
    assert answer.reason == "lower_price"
    assert answer.price == pytest.approx(2700)


def test_without_a_cost_no_cut_is_suggested_and_the_missing_guard_is_said():
    answer = suggest_price(known(-3.0), 3000.0, None, PREFERENCES)
    assert answer.reason == "keep_price"
    assert np.isnan(answer.price)
    assert answer.params["margin_guard"] is False
    assert suggest_price(known(-0.4), 3000.0, None, PREFERENCES).reason == "raise_price"


def test_a_price_under_the_minimum_margin_is_never_suggested():
    answer = suggest_price(known(-6.0), 1100.0, 990.0, PREFERENCES)
    assert answer.low >= 990 / 0.9 - 1e-9
    assert not answer.price < 990 / 0.9
    assert suggest_price(known(-3.0), 1000.0, 1000.0, PREFERENCES).reason == "margin_below_minimum"


def test_a_wide_or_positive_elasticity_suggests_nothing():
    assert suggest_price(known(-0.5, spread=1.0), 3000.0, 1000.0, PREFERENCES).reason == "elasticity_above_zero"
    assert suggest_price(known(0.8), 3000.0, 1000.0, PREFERENCES).reason == "elasticity_above_zero"


def test_a_price_near_its_best_is_kept():
    answer = suggest_price(known(-1.5), 3000.0, 1000.0, PREFERENCES)  # best at cost × e / (1 + e) = 3000
    assert answer.reason == "keep_price"


def test_no_elasticity_gives_its_reason():
    nothing = Elasticity(float("nan"), np.zeros(0), "not_enough_price_variation", 0.0, 100)
    answer = suggest_price(nothing, 3000.0, 1000.0, PREFERENCES)
    assert answer.reason == "not_enough_price_variation"
    assert np.isnan(answer.price)


@given(st.floats(-4, 1), st.floats(0.01, 1.0), st.floats(5, 1e6), st.one_of(st.none(), st.floats(0.01, 1.2)), st.floats(0.01, 0.5))
def test_a_suggestion_is_always_inside_the_guardrails(value, spread, current, cost_share, limit):
    preferences = Preferences(price_change_limit=limit)
    cost = None if cost_share is None else cost_share * current
    answer = suggest_price(known(value, spread), current, cost, preferences)
    if not np.isnan(answer.price):
        assert current * (1 - limit) * (1 - 1e-9) <= answer.price <= current * (1 + limit) * (1 + 1e-9)
        assert cost is None or (answer.price - cost) / answer.price >= preferences.minimum_margin - 1e-9
        assert cost is not None or answer.price > current
