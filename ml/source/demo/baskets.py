"""What each order holds: bottles of the customer's product, now and then something beside them, and what it costs."""

from dataclasses import dataclass

import numpy as np

from ml.source.demo.customers import Pool
from ml.source.demo.products import BOTTLES, BUSINESS, CUPS, EMPTY_BOTTLE, HOME, PRODUCTS, USB_DISPENSER
from ml.source.demo.rhythm import QUANTITY_PART, Calls, World, growth, price_effect
from ml.source.demo.sizes import Plan
from ml.source.demo.streams import Days, Floats, normal, stream

MOST_BOTTLES = 45
QUANTITY_SPREAD = 0.22
OLD_FORM_CUPS = 0.05  # how often cups came with an order before order lines existed, against today
NEW_BOTTLES, NEW_DISPENSER = 0.75, 0.25  # probability that a first order brings empty bottles, a USB dispenser


@dataclass(frozen=True)
class Baskets:
    """Per order: `bottles`, `quantity` (all units), `total` in CLP (gross for homes, net for businesses). Per line, ordered by order:
    `order` (index into the orders), `product`, `units`, `unit_price` in CLP on the order's basis."""

    bottles: Days
    quantity: Days
    total: Days
    order: Days
    product: Days
    units: Days
    unit_price: Floats


def make_baskets(plan: Plan, pool: Pool, world: World, calls: Calls, account_factor: float = 1.0) -> Baskets:
    """The baskets of all orders. `account_factor` multiplies the bottles of the biggest accounts."""
    draws = stream(plan.seed, "baskets").random((len(calls.day), 4 + 2 * len(PRODUCTS)))
    factor = _personal_factor(pool, calls)
    bottles = _bottles(plan, pool, world, calls, draws, factor, account_factor)
    units = _extras(plan, pool, world, calls, draws)
    units = _with_first_order(units, calls, pool.business[calls.customer], bottles, draws)
    rows = np.arange(len(calls.day))
    units[rows, pool.product[calls.customer]] = bottles
    price = _unit_prices(pool, world, calls, factor)
    order, product = np.nonzero(units)
    main_first = np.lexsort((product, ~np.isin(product, BOTTLES), order))
    order, product = order[main_first], product[main_first]
    line_units, line_price = units[order, product], price[order, product]
    total = np.bincount(order, weights=np.round(line_units * line_price), minlength=len(rows)).astype(np.int64)
    return Baskets(bottles, units.sum(axis=1), total, order, product, line_units, line_price)


def _personal_factor(pool: Pool, calls: Calls) -> Floats:
    which = (pool.renewal[calls.customer] <= calls.day[:, None]).sum(axis=1) - 1
    return pool.factor[calls.customer, which]


def _bottles(plan: Plan, pool: Pool, world: World, calls: Calls, draws: Floats, factor: Floats, account_factor: float) -> Days:
    usual = np.where((calls.customer >= 1) & (calls.customer <= plan.size.accounts), account_factor, 1.0) * pool.bottles[calls.customer]
    part = np.array(QUANTITY_PART)[pool.business[calls.customer]]
    response = price_effect(calls.day, calls.customer, pool, world.prices, factor) ** part
    noise = np.exp(QUANTITY_SPREAD * normal(draws[:, 0], draws[:, 1]))
    return np.floor(usual * response * noise + draws[:, 2]).astype(np.int64).clip(1, MOST_BOTTLES)


def _extras(plan: Plan, pool: Pool, world: World, calls: Calls, draws: Floats) -> Days:
    """Orders × products: units now and then bought beside the bottles. Before order lines existed the form had little room for cups."""
    business = pool.business[calls.customer]
    units = np.zeros((len(calls.day), len(PRODUCTS)), dtype=np.int64)
    cups_rarely = np.where(calls.day < plan.lines_since, OLD_FORM_CUPS, 1.0)
    for index, product in enumerate(PRODUCTS):
        if index in BOTTLES:
            continue
        response = world.prices.relative[calls.day, index, business] ** world.prices.elasticity[index, business]
        chance, size = draws[:, 4 + 2 * index], draws[:, 5 + 2 * index]
        often = np.array(product.per_order)[business] * response * growth(calls.day) * (cups_rarely if index == CUPS else 1.0)
        packs = 1 + np.floor(4 * size**2) * ((business == BUSINESS) & (product.units > 1))
        units[:, index] = np.where(chance < often, product.units * packs, 0)
    return units


def _with_first_order(units: Days, calls: Calls, business: Days, bottles: Days, draws: Floats) -> Days:
    """The units, and with a first order mostly the empty bottles to be refilled and, for some homes, a dispenser."""
    units = units.copy()
    brings = calls.first & (draws[:, 5 + 2 * EMPTY_BOTTLE] < NEW_BOTTLES)
    units[brings, EMPTY_BOTTLE] = bottles[brings]
    units[calls.first & (business == HOME) & (draws[:, 5 + 2 * USB_DISPENSER] < NEW_DISPENSER), USB_DISPENSER] = 1
    return units


def _unit_prices(pool: Pool, world: World, calls: Calls, factor: Floats) -> Floats:
    """Orders × products: CLP a unit on the order's basis; the personal factor holds for bottles only."""
    price = world.prices.list_price[calls.day, :, pool.business[calls.customer]].copy()
    price[:, list(BOTTLES)] = np.round(price[:, list(BOTTLES)] * factor[:, None] / 10) * 10
    return price
