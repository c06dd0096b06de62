import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.pricing.usual import quantity_band, usual_price
from tests.unit.pricing.conftest import WEEKS, promotions, sell, week_days


def with_week(lines):
    weeks = {day: number for number, day in enumerate(week_days())}
    return lines.assign(week=lines["day"].map(weeks).astype(int))


def test_a_list_price_and_its_promotions_are_found_week_by_week(rng):
    path = promotions(rng)
    price = usual_price(with_week(sell(1, path, -1.0)), WEEKS)
    assert not price.is_personal
    np.testing.assert_allclose(price.common - price.common[0], path - path[0], atol=0.02)
    assert price.now == pytest.approx(3000 * np.exp(path[-1]), rel=0.01)


def test_a_price_that_never_moves_is_a_flat_line():
    price = usual_price(with_week(sell(2, np.zeros(WEEKS), -1.0)), WEEKS)
    assert np.abs(np.diff(price.common)).max() == 0
    assert price.within_week_spread == pytest.approx(0, abs=1e-12)


def test_a_quantity_discount_is_no_price_change():
    sizes = np.r_[np.full(20, 4), np.full(20, 11)]
    lines = with_week(sell(3, np.zeros(WEEKS), 0.0, sizes=sizes, discount=0.25))
    assert lines["price"].nunique() > 1
    price = usual_price(lines, WEEKS)
    assert np.ptp(price.common) < 0.005
    assert all(np.ptp(path) < 0.02 for path in price.own.values())


def test_personal_prices_give_one_path_and_only_lasting_own_moves():
    factors = np.linspace(0.7, 1.1, 40)
    paths = np.zeros((40, WEEKS))
    paths[5, 60:] = np.log(0.9)
    lines = with_week(sell(4, paths, 0.0, factors=factors, rate=0.8))
    lines.loc[lines[lines["customer_id"] == "Hogar-7"].index[10], "price"] *= 0.5  # one odd bill
    price = usual_price(lines, WEEKS)
    assert price.is_personal
    assert np.ptp(price.common) < 0.005
    assert set(price.own) == {"Hogar-5"}
    assert price.log_price("Hogar-5")[-1] - price.log_price("Hogar-5")[0] == pytest.approx(np.log(0.9), abs=0.03)
    np.testing.assert_array_equal(price.log_price("Hogar-6"), price.common)


def test_who_buys_does_not_move_the_index():
    """Dear customers in the first half, cheap ones in the second: the mean price falls, nobody's price does."""
    factors = np.r_[np.full(20, 1.1), np.full(20, 0.8)]
    lines = with_week(sell(5, np.zeros(WEEKS), 0.0, factors=factors))
    first = lines["customer_id"].isin([f"Hogar-{number}" for number in range(20)])
    lines = lines[(first & (lines["week"] < 60)) | (~first & (lines["week"] >= 45))]
    price = usual_price(lines, WEEKS)
    assert np.ptp(price.common) < 0.005
    assert price.own == {}


@given(st.lists(st.floats(0.1, 1e6), min_size=1, max_size=20))
def test_equal_quantities_share_a_band_and_bands_do_not_fall(quantities):
    bands = quantity_band(np.sort(quantities))
    assert (quantity_band(np.sort(quantities)) == bands).all()


def test_whole_quantities_up_to_24_stand_alone_and_larger_ones_within_a_quarter():
    bands = quantity_band(np.arange(1, 25))
    assert len(set(bands)) == 24
    assert quantity_band([100.0])[0] == quantity_band([105.0])[0]
    assert quantity_band([100.0])[0] != quantity_band([200.0])[0]


def test_one_sale_only_still_has_a_price():
    lines = pd.DataFrame({"customer_id": ["a"], "week": [3], "quantity": [1.0], "price": [500.0]})
    price = usual_price(lines, 10)
    assert price.now == pytest.approx(500)
    assert price.repeated_sales == 0
