"""Who orders on which day. Each customer's thirst adds up, faster on hot days, in season and at low prices, until it orders."""

from dataclasses import dataclass

import numpy as np

from ml.source.demo.customers import KINDS, Pool
from ml.source.demo.lives import FADE_SPEED
from ml.source.demo.opening import WEEKDAY_SHARES, Opening
from ml.source.demo.prices import Prices
from ml.source.demo.products import BUSINESS, HOME, TYPES
from ml.source.demo.sizes import Plan
from ml.source.demo.streams import Days, Flags, Floats, stream
from ml.source.demo.weather import Weather

GROWTH_A_YEAR = 0.06  # more water per customer, beside the new customers
FAVOURITE_WEEKDAY = 0.7  # how much likelier a customer orders on its favourite weekday
QUANTITY_PART = (0.0, 0.5)  # part of the price's effect that shows in the quantity, not in the frequency: homes, businesses


@dataclass(frozen=True)
class World:
    """What all customers share on each day."""

    opening: Opening
    weather: Weather
    prices: Prices


@dataclass(frozen=True)
class Calls:
    """Orders in the order they came: day index, customer number, and whether it is the customer's first."""

    day: Days
    customer: Days
    first: Flags


def make_calls(plan: Plan, pool: Pool, world: World, pace: float = 1.0) -> Calls:
    """All orders from start to end. `pace` multiplies how often everybody orders.

    Each customer has a random threshold of mean 1; the daily sum of its rate (1 / gap at usual conditions) triggers an order when it
    passes it: a renewal process in operational time, with log-normal gaps.
    """
    draws = stream(plan.seed, "rhythm")
    at_first = stream(plan.seed, "rhythm at first").random((len(pool.kind), 2))
    threshold = np.exp(pool.irregularity * (at_first[:, 0] - 0.5) * 2)
    level = at_first[:, 1] * threshold
    common = _common_speed(plan, world, pace)
    taste = _weekday_taste(pool)
    seen, bought = pool.lives.active(-1), pool.lives.begin[:, 0] < 0
    days, customers, firsts = [], [], []
    for day in np.flatnonzero(world.opening.weight).tolist():
        active = pool.lives.active(day)
        speed = common[day][pool.kind] / pool.gap_days * taste[:, plan.weekday[day]] * _price_speed(day, pool, world.prices)
        speed[pool.lives.fading(day)] *= FADE_SPEED
        level[active] += speed[active]
        orders = active & (level >= threshold)
        if world.opening.weekday_open[day]:
            orders |= active & ~seen
            seen = active
        who = np.flatnonzero(orders)
        level[who] = 0.0
        spread = pool.irregularity[who]
        threshold[who] = np.exp(spread * draws.standard_normal(len(who)) - spread**2 / 2)
        days.append(np.full(len(who), day))
        customers.append(who)
        firsts.append(~bought[who])
        bought[who] = True
    return Calls(np.concatenate(days), np.concatenate(customers), np.concatenate(firsts))


def growth(days: Floats | Days) -> Floats:
    """Factor on the water of a customer, by day index."""
    return np.power(1 + GROWTH_A_YEAR, np.asarray(days, dtype=np.float64) / 365.25)


def _common_speed(plan: Plan, world: World, pace: float) -> Floats:
    """Days × kinds: opening, season, weather and growth."""
    seasons = np.array([kind.months for kind in KINDS])[:, plan.month].T
    thirst = np.stack([world.weather.thirst(TYPES[HOME if kind == 0 else BUSINESS]) for kind in range(len(KINDS))], axis=1)
    shared = pace * world.opening.weight * growth(np.arange(plan.days))
    return shared[:, None] * seasons * thirst


def _weekday_taste(pool: Pool) -> Floats:
    """Customers × weekdays: the favourite weekday counts more, a week as a whole the same."""
    taste = np.ones((len(pool.weekday), 7))
    taste[np.arange(len(pool.weekday)), pool.weekday] += FAVOURITE_WEEKDAY
    return taste / (1 + FAVOURITE_WEEKDAY * np.array(WEEKDAY_SHARES)[pool.weekday])[:, None]


def _price_speed(day: int, pool: Pool, prices: Prices) -> Floats:
    part = 1.0 - np.array(QUANTITY_PART)[pool.business]
    return price_effect(np.full(len(pool.kind), day), np.arange(len(pool.kind)), pool, prices, pool.price_factor(day)) ** part


def price_effect(day: Days, customer: Days, pool: Pool, prices: Prices, factor: Floats) -> Floats:
    """Factor on the bottles bought at the price of that day, for pairs of day and customer; `factor` is the personal one that day."""
    product, business = pool.product[customer], pool.business[customer]
    relative = prices.relative[day, product, business] * factor / pool.factor[customer, 0]
    return relative ** prices.elasticity[product, business]
