"""How list prices move: reviews back to inflation a couple of times a year, and short promotions.

Elasticities act on the price over inflation.
"""

from dataclasses import dataclass

import numpy as np

from ml.source.demo.products import BUSINESS, HOME, PRODUCTS, TYPES
from ml.source.demo.sizes import Plan
from ml.source.demo.streams import Floats, normal, stream

INFLATION_A_YEAR = 0.05
REVIEW_A_MONTH = 0.17
REVIEW_SPREAD = 0.07
PROMOTION_A_MONTH = (0.14, 0.07)  # homes, businesses
ROUND_TO_CLP = 10.0


@dataclass(frozen=True)
class Prices:
    """`list_price` in CLP and `relative` = list price over the base price at inflation, both days × products × customer types."""

    list_price: Floats
    relative: Floats

    @property
    def elasticity(self) -> Floats:
        """Hidden own-price elasticities, products × customer types."""
        return np.array([product.elasticity for product in PRODUCTS])


def base_prices() -> Floats:
    """Base prices in CLP, products × customer types (gross for homes, net for businesses)."""
    return np.array([[product.home_price, product.business_price] for product in PRODUCTS])


def make_prices(plan: Plan) -> Prices:
    """The list prices of every day of the plan."""
    months = (plan.calendar.astype("datetime64[M]") - plan.calendar[0].astype("datetime64[M]")).astype(np.int64)
    shape = (int(months[-1]) + 1, len(PRODUCTS), len(TYPES), 6)
    draws = stream(plan.seed, "prices").random(shape)
    inflation = (1 + INFLATION_A_YEAR) ** (np.arange(plan.days) / 365.25)
    level = _reviewed(plan, months, draws, inflation)
    promoted = level * _promotions(plan, months, draws)
    base = base_prices()
    unit = np.where(base < 100, 1.0, ROUND_TO_CLP)
    prices = np.maximum(unit, np.round(base * promoted / unit) * unit)
    return Prices(prices, prices / (base * inflation[:, None, None]))


def _reviewed(plan: Plan, months: np.ndarray, draws: Floats, inflation: Floats) -> Floats:
    """Days × products × types: 1 at first; from a review on, inflation of that day times a deviation."""
    day_of_month = (plan.calendar - plan.calendar.astype("datetime64[M]")).astype(np.int64)
    reviews = draws[..., 0] < REVIEW_A_MONTH
    review_day = (draws[..., 1] * 27).astype(np.int64)
    deviation = np.exp(REVIEW_SPREAD * normal(draws[..., 2], draws[..., 3]))
    level = np.ones((plan.days, len(PRODUCTS), len(TYPES)))
    for day in range(1, plan.days):
        month = months[day]
        due = reviews[month] & (review_day[month] == day_of_month[day])
        level[day] = np.where(due, inflation[day] * deviation[month], level[day - 1])
    return level


def _promotions(plan: Plan, months: np.ndarray, draws: Floats) -> Floats:
    """Days × products × types: 1, and 0.80–0.90 for 12 to 24 days of a promotion that begins on the first of a month."""
    day_of_month = (plan.calendar - plan.calendar.astype("datetime64[M]")).astype(np.int64)
    share = np.array(PROMOTION_A_MONTH)[[HOME, BUSINESS]]
    length = np.where(draws[..., 4] < share, 12 + (12 * draws[..., 5]).astype(np.int64), 0)
    depth = 0.90 - 0.10 * (draws[..., 5] * 7 % 1)
    return np.where(day_of_month[:, None, None] < length[months], depth[months], 1.0)
