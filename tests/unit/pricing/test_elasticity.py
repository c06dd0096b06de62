"""Elasticities against companies whose elasticity is known."""

import numpy as np
import pytest

from ml.pricing.elasticity import block_counts, estimate_elasticity
from ml.pricing.panel import Cell, Panel, make_panel
from ml.pricing.usual import UsualPrice
from tests.unit.pricing.conftest import AS_OF, WEEKS, promotions, sell


def estimate(lines, product="PC"):
    panel = make_panel(lines, [product], AS_OF)
    counts = block_counts(panel.weeks, np.random.default_rng(1))
    return estimate_elasticity(panel.cells[0], panel, counts)


def simulated(seed: int, panel: Panel, elasticity: float) -> Cell:
    """A market row with season, growth, over-dispersed counts, promotions and price rises."""
    rng = np.random.default_rng(seed)
    week = np.arange(panel.weeks)
    price = promotions(rng, panel.weeks) + np.where(week > rng.integers(20, 80), rng.normal(0, 0.07), 0)
    season = 0.2 * np.cos(2 * np.pi * week / 52.2 + rng.uniform(0, 6))
    mean = 30 * np.exp(elasticity * price + season + 0.2 * week / 52 + rng.normal(0, 0.1, panel.weeks))
    units = rng.negative_binomial(mean, 0.5).astype(float)
    shape = (1, panel.weeks)
    usual = UsualPrice(100.0, price, {}, False, 100, 0.0)
    return Cell("PC", "Hogar", 0, units, units.reshape(shape), np.ones(shape), price.reshape(shape), usual)


@pytest.fixture(scope="module")
def frame() -> Panel:
    return make_panel(sell(1, np.zeros(WEEKS), 0.0, customers=5), ["PC"], AS_OF)


def test_intervals_hold_the_truth_about_as_often_as_they_say(frame):
    counts = block_counts(frame.weeks, np.random.default_rng(1))
    results = [estimate_elasticity(simulated(seed, frame, -1.0), frame, counts) for seed in range(150)]
    read = [result for result in results if result.reason is None]
    inside = [low <= -1.0 <= high for low, high in (result.interval(0.90) for result in read)]
    assert len(read) > 120
    assert 0.84 <= np.mean(inside) <= 0.96
    assert np.mean([result.value for result in read]) == pytest.approx(-1.0, abs=0.15)


def test_a_known_elasticity_is_recovered_from_lines():
    paths = [promotions(np.random.default_rng(seed)) for seed in range(4)]
    results = [estimate(sell(100 + seed, path, -1.5, customers=80, rate=0.3)) for seed, path in enumerate(paths)]
    assert all(result.interval(0.95)[0] < 0 for result in results)
    assert np.mean([result.value for result in results]) == pytest.approx(-1.5, abs=0.4)


def test_no_price_change_gives_a_reason_and_no_number():
    result = estimate(sell(12, np.zeros(WEEKS), -1.5))
    assert result.reason == "not_enough_price_variation"
    assert np.isnan(result.value)
    assert np.isnan(result.interval(0.9)).all()


def test_a_quantity_discount_does_not_look_like_elasticity():
    """Large orders pay a quarter less and come in waves: revenue / quantity falls in the waves, but no price was ever changed."""
    lines = sell(13, np.zeros(WEEKS), 0.0, sizes=np.r_[np.full(20, 3), np.full(20, 11)], discount=0.25)
    week = (lines["day"] - lines["day"].min()).dt.days // 7
    lines = lines[(lines["quantity"] < 10) | (week % 20 < 10)]
    revenue = (lines["price"] * lines["quantity"]).groupby(week).sum() / lines["quantity"].groupby(week).sum()
    assert np.log(revenue).std() > 0.02
    assert estimate(lines).reason == "not_enough_price_variation"


def test_a_big_customers_low_personal_price_is_no_elasticity():
    """The cheapest customers buy ten times as much, and come and go: between customers the 'elasticity' is near -8, within none is seen."""
    factors, sizes = np.linspace(1.1, 0.8, 40), np.r_[np.full(30, 2), np.full(10, 20)]
    lines = sell(14, np.zeros(WEEKS), 0.0, factors=factors, sizes=sizes, rate=0.8)
    big = lines["customer_id"].isin([f"Hogar-{number}" for number in range(30, 40)])
    week = (lines["day"] - lines["day"].min()).dt.days // 7
    lines = lines[~big | (week % 40 < 20)]
    totals = lines.groupby("customer_id").agg(price=("price", "median"), units=("quantity", "sum"))
    assert np.polyfit(np.log(totals["price"]), np.log(totals["units"]), 1)[0] < -3
    assert estimate(lines).reason == "not_enough_price_variation"


def test_within_customer_changes_are_read_beside_confounded_personal_prices():
    factors, sizes = np.linspace(1.1, 0.8, 60), np.r_[np.full(45, 2), np.full(15, 20)]
    paths = np.zeros((60, WEEKS))
    for customer, week in enumerate(np.random.default_rng(3).integers(20, 84, 60)):
        paths[customer, week:] = np.log(0.85 if customer % 2 else 1.15)
    result = estimate(sell(15, paths, -1.0, customers=60, factors=factors, sizes=sizes, rate=0.6))
    low, high = result.interval(0.95)
    assert low <= -1.0 <= high
    assert high < 0


def test_prices_all_over_the_place_have_no_usual_price(rng):
    lines = sell(16, np.zeros(WEEKS), 0.0)
    assert estimate(lines.assign(price=lines["price"] * np.exp(rng.normal(0, 1.0, len(lines))))).reason == "no_usual_price"


def test_few_weeks_of_sales_give_a_reason(rng):
    lines = sell(17, promotions(rng), -1.0)
    assert estimate(lines[lines["day"] > lines["day"].max() - np.timedelta64(100, "D")]).reason == "not_enough_weeks_with_sales"


def test_a_price_that_only_follows_the_trend_tells_nothing():
    path = np.log(1.10) * np.floor(np.arange(WEEKS) / 2) * 2 / WEEKS
    assert estimate(sell(18, path, -1.0)).reason in {"price_moves_with_season", "interval_too_wide", "not_enough_price_variation"}


def test_the_estimate_is_repeatable(rng):
    lines = sell(19, promotions(rng), -1.0)
    first, second = estimate(lines), estimate(lines.sample(frac=1, random_state=1))
    assert first.value == pytest.approx(second.value, rel=1e-9)
    np.testing.assert_allclose(first.draws, second.draws, rtol=1e-6)


def test_a_resample_draws_as_many_weeks_as_there_are_and_in_blocks(rng):
    counts = block_counts(50, rng, draws=20, block=5)
    assert (counts.sum(axis=1) == 50).all()
    assert counts.shape == (20, 50)
    assert block_counts(0, rng).shape[1] == 0
