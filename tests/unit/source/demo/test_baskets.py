import numpy as np
import pytest

from ml.source.demo.baskets import MOST_BOTTLES
from ml.source.demo.company import Company
from ml.source.demo.products import BOTTLES, CUPS


def test_a_basket_is_the_sum_of_its_lines(standard: Company) -> None:
    baskets = standard.baskets
    count = len(standard.calls.day)
    assert np.array_equal(np.bincount(baskets.order, weights=baskets.units, minlength=count), baskets.quantity)
    bottles = np.isin(baskets.product, BOTTLES)
    assert np.array_equal(np.bincount(baskets.order[bottles], weights=baskets.units[bottles], minlength=count), baskets.bottles)
    assert np.bincount(baskets.order, weights=baskets.units * baskets.unit_price) == pytest.approx(baskets.total)


def test_every_order_has_bottles_that_fit_a_van_and_its_first_line_is_the_bottle(standard: Company) -> None:
    baskets = standard.baskets
    assert baskets.bottles.min() == 1
    assert baskets.bottles.max() <= MOST_BOTTLES < 55
    first = np.flatnonzero(np.r_[True, np.diff(baskets.order) > 0])
    assert np.isin(baskets.product[first], BOTTLES).all()
    assert not np.isin(np.delete(baskets.product, first), BOTTLES).any()


def test_cups_are_counted_in_units_so_that_quantity_is_not_bottles(standard: Company) -> None:
    cups = standard.baskets.units[standard.baskets.product == CUPS]
    assert len(cups) > 20
    assert cups.min() >= 100


def test_a_home_pays_about_three_thousand_gross_a_refill(standard: Company) -> None:
    main = np.isin(standard.baskets.product, BOTTLES)
    home = standard.pool.business[standard.calls.customer] == 0
    price = standard.baskets.unit_price[main]
    assert 2500 < np.median(price[home]) < 3900
    assert np.median(price[~home]) < np.median(price[home])
    assert not (price % 10).any()
