"""One simulated company: everything that happened from its start to its end, and the pace that gives a size its facts."""

from dataclasses import dataclass

import numpy as np

from ml.source.demo.baskets import Baskets, make_baskets
from ml.source.demo.customers import Pool, make_pool
from ml.source.demo.dirt import Dirt, make_dirt
from ml.source.demo.money import Money, make_money
from ml.source.demo.opening import make_opening
from ml.source.demo.prices import make_prices
from ml.source.demo.rhythm import Calls, World, make_calls
from ml.source.demo.sizes import Plan, make_plan
from ml.source.demo.tours import Tours, make_tours
from ml.source.demo.weather import make_weather

PACE_ROUNDS, NEAR_ENOUGH = 6, 0.005


@dataclass(frozen=True)
class Company:
    """All that happened, before anybody wrote it down wrongly."""

    plan: Plan
    pool: Pool
    world: World
    calls: Calls
    baskets: Baskets
    tours: Tours
    money: Money
    dirt: Dirt


def simulate(plan: Plan) -> Company:
    """The company of a plan. What happens on a day depends on size, seed, start and that day alone, never on the plan's end."""
    pool = make_pool(plan)
    world = World(make_opening(plan), make_weather(plan), make_prices(plan))
    pace, account_factor = _facts_of_size(plan)
    calls = make_calls(plan, pool, world, pace)
    baskets = make_baskets(plan, pool, world, calls, account_factor)
    tours = make_tours(plan, pool, calls, baskets)
    return Company(plan, pool, world, calls, baskets, tours, make_money(plan, pool, calls), make_dirt(plan, len(calls.day)))


def _facts_of_size(plan: Plan) -> tuple[float, float]:
    """The pace and the accounts' factor with which the year before the *first* end has the size's orders and revenue share."""
    size = plan.size
    if size.orders_a_year is None:
        return 1.0, 1.0
    first_end = (np.datetime64(plan.start) + size.days - 1).astype(object)
    first = make_plan(size.name, first_end, plan.seed, plan.start)
    pool = make_pool(first)
    world = World(make_opening(first), make_weather(first), make_prices(first))
    pace, best, calls = 1.0, (np.inf, 1.0), None
    for _ in range(PACE_ROUNDS):
        trial = make_calls(first, pool, world, pace)
        sales = make_dirt(first, len(trial.day)).are_sales
        orders = int((sales & (trial.day >= size.days - 365)).sum())
        if abs(orders - size.orders_a_year) < best[0]:
            best, calls = (abs(orders - size.orders_a_year), pace), trial
        if best[0] <= NEAR_ENOUGH * size.orders_a_year:
            break
        pace *= size.orders_a_year / max(1, orders)
    return best[1], _account_factor(first, pool, world, calls)


def _account_factor(first: Plan, pool: Pool, world: World, calls: Calls | None) -> float:
    share = first.size.account_revenue_share
    if share is None or calls is None:
        return 1.0
    factor = 1.0
    for _ in range(3):
        baskets = make_baskets(first, pool, world, calls, factor)
        year = calls.day >= first.days - 365
        accounts = calls.customer <= first.size.accounts
        big, rest = baskets.total[year & accounts].sum(), baskets.total[year & ~accounts].sum()
        factor *= float(share / (1 - share) * rest / big)
    return factor
