from datetime import date

import numpy as np

from ml.source.demo.prices import base_prices, make_prices
from ml.source.demo.products import PC, PET, PRODUCTS
from ml.source.demo.sizes import make_plan


def test_prices_begin_at_the_base_and_follow_inflation_loosely() -> None:
    plan = make_plan("large", date(2026, 11, 21), 7)
    prices = make_prices(plan)
    assert prices.list_price.shape == (1095, len(PRODUCTS), 2)
    assert np.median(prices.list_price[:7] / base_prices()) == 1.0
    assert prices.relative.min() > 0.6 and prices.relative.max() < 1.45
    assert 0.9 < np.median(prices.relative[-90:]) < 1.1


def test_every_bottle_price_changes_often_enough_to_learn_from() -> None:
    for seed in (1, 2, 7):
        prices = make_prices(make_plan("standard", date(2026, 11, 21), seed))
        for product in (PC, PET):
            changes = (np.diff(prices.list_price[:, product], axis=0) != 0).sum(axis=0)
            assert (changes >= 4).all()
            assert (np.log(prices.relative[:, product]).std(axis=0) > 0.03).all()


def test_bottle_prices_are_round_pesos_and_elasticities_negative() -> None:
    prices = make_prices(make_plan("tiny", date(2026, 3, 1), 7))
    assert not (prices.list_price[:, [PC, PET]] % 10).any()
    assert (prices.list_price > 0).all()
    assert (prices.elasticity < 0).all()
