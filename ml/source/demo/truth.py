"""What nobody at the demo company knows: the hidden truths behind its rows, for tests that hold a model against them."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from ml.source.demo.company import Company, simulate
from ml.source.demo.customers import KINDS
from ml.source.demo.fields import customer_ids, order_ids
from ml.source.demo.products import BOTTLES, PRODUCTS, TYPES
from ml.source.demo.rhythm import GROWTH_A_YEAR
from ml.source.demo.sizes import make_plan
from ml.source.demo.weather import COMFORT_CELSIUS, PER_DEGREE, RAIN_EFFECT

EXPERIMENT_LIFT = 0.25  # what the treatment of the finished demo experiment adds to each treated customer's sales


@dataclass(frozen=True)
class Truths:
    """The hidden truths of one demo company.

    `elasticities`: (product name, customer type) -> change of log units per change of log price over inflation.
    `heat_effect`: customer type -> change of log orders of water per °C of the day's maximum above `comfort_celsius`; `rain_effect` alike
    for a rainy day. `growth_a_year`: growth of water per customer.
    `experiment_lift`: true effect of the finished demo experiment. `weather`: date, city_max_c, rainy.
    `prices`: date, product, customer_type, list_price (CLP; gross for Hogar, net for Empresa), relative (over base price at inflation).
    `customers`: customer_id, kind, gap_days, stops_a_year (hazard), joined, active (buys on the last day), stopped (will never buy again).
    `stretches`: customer_id, begin, end (first day without), NaT where beyond the last day. `orders`: order_id, customer_id, day,
    customer_type, product, bottles, unit_price (CLP a bottle), total (CLP), tour, km (NaN before kilometres were recorded).
    """

    elasticities: dict[tuple[str, str], float]
    heat_effect: dict[str, float]
    comfort_celsius: float
    rain_effect: float
    growth_a_year: float
    experiment_lift: float
    weather: pd.DataFrame
    prices: pd.DataFrame
    customers: pd.DataFrame
    stretches: pd.DataFrame
    orders: pd.DataFrame


def truths(size: str, end: date, seed: int = 7, *, start: date | None = None) -> Truths:
    """The truths of the company that `make_demo` writes for the same size, end, seed and start. Raises DemoError as it does."""
    company = simulate(make_plan(size, end, seed, start))
    weather = company.world.weather
    return Truths(
        elasticities={(p.name, kind): value for p in PRODUCTS for kind, value in zip(TYPES, p.elasticity, strict=True)},
        heat_effect=dict(PER_DEGREE),
        comfort_celsius=COMFORT_CELSIUS,
        rain_effect=RAIN_EFFECT,
        growth_a_year=GROWTH_A_YEAR,
        experiment_lift=EXPERIMENT_LIFT,
        weather=pd.DataFrame(
            {"date": _day(company, np.arange(company.plan.days)), "city_max_c": weather.city_max_c, "rainy": weather.rainy}
        ),
        prices=_prices(company),
        customers=_customers(company),
        stretches=_stretches(company),
        orders=_orders(company),
    )


def _day(company: Company, index: np.ndarray) -> pd.Series:
    """Day indexes as naive days; NaT beyond the last one."""
    days = pd.Series(np.datetime64(company.plan.start) + np.where(index < company.plan.days, index, 0)).astype("datetime64[us]")
    return days.where(index < company.plan.days)


def _prices(company: Company) -> pd.DataFrame:
    shape = company.world.prices.list_price.shape
    day, product, kind = (axis.ravel() for axis in np.indices(shape))
    return pd.DataFrame(
        {
            "date": _day(company, day),
            "product": np.array([p.name for p in PRODUCTS], dtype=object)[product],
            "customer_type": np.array(TYPES, dtype=object)[kind],
            "list_price": company.world.prices.list_price.ravel(),
            "relative": company.world.prices.relative.ravel(),
        }
    )


def _customers(company: Company) -> pd.DataFrame:
    pool, last = company.pool, company.plan.days - 1
    frame = pd.DataFrame(
        {
            "customer_id": customer_ids(np.arange(len(pool.kind))),
            "kind": [KINDS[kind].name for kind in pool.kind.tolist()],
            "gap_days": pool.gap_days,
            "stops_a_year": pool.lives.stops_a_year,
            "joined": _day(company, pool.lives.joined),
            "active": pool.lives.active(last),
            "stopped": pool.lives.stopped_for_good(last),
        }
    )
    return frame[pool.lives.joined <= last]


def _stretches(company: Company) -> pd.DataFrame:
    lives = company.pool.lives
    who, which = np.nonzero(lives.begin < company.plan.days)
    return pd.DataFrame(
        {
            "customer_id": customer_ids(who),
            "begin": _day(company, lives.begin[who, which]),
            "end": _day(company, lives.end[who, which]),
        }
    )


def _orders(company: Company) -> pd.DataFrame:
    pool, calls, baskets = company.pool, company.calls, company.baskets
    product, kind = pool.product[calls.customer], pool.business[calls.customer]
    main = np.isin(baskets.product, BOTTLES)
    return pd.DataFrame(
        {
            "order_id": order_ids(np.arange(len(calls.day))),
            "customer_id": customer_ids(calls.customer),
            "day": _day(company, calls.day),
            "customer_type": np.array(TYPES, dtype=object)[kind],
            "product": np.array([p.name for p in PRODUCTS], dtype=object)[product],
            "bottles": baskets.bottles,
            "unit_price": baskets.unit_price[main],
            "total": baskets.total,
            "tour": company.tours.tour,
            "km": company.tours.km,
        }
    )
