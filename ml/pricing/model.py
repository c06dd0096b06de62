"""`fit_prices`: elasticities, usual prices and 28-day units of a company's products, as one value that pickles."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.pricing.elasticity import Elasticity, block_counts, estimate_elasticity
from ml.pricing.lines import top_products
from ml.pricing.orders import OrderHabits, order_habits
from ml.pricing.panel import Cell, make_panel
from ml.pricing.trials import combined, read_trials
from ml.pricing.units import UnitsModel, daily_units, fit_units
from ml.pricing.usual import quantity_band

Array = npt.NDArray[np.float64]
MAX_PRODUCTS = 100
DAYS_A_WEEK = 7
BEFORE_DAYS = 91
MIN_COMPARISONS = 3
WINDOW_DAYS = 28
Key = tuple[str, str]


class PriceTests(NamedTuple):
    """Price tests that are over: rows of the canonical table price_tests, and customers (customer_id, customer_type)."""

    rows: pd.DataFrame
    customers: pd.DataFrame


NO_TESTS = PriceTests(pd.DataFrame(), pd.DataFrame())


class PricingError(ValueError):
    """A price, product or order the model cannot speak about; the sentence says what came and what is accepted."""


@dataclass(frozen=True)
class CellModel:
    """One product and customer type: its elasticity, the usual unit price when it was fitted, whether prices are personal, how many
    repeated sales the price path stands on, its units of the last 28 days, and the log price of the last 13 weeks less that of now."""

    elasticity: Elasticity
    usual_price: float
    is_personal: bool
    repeated_sales: int
    units: float
    recent_log_index: Array


@dataclass(frozen=True)
class PriceModel:
    """What `fit_prices` learnt on `as_of`: products (best seller first), cells by (product, customer type), the product's own elasticity
    over its customer types, the units model and what it says of the next 28 days, last unit costs (money, only where known) and
    customers' ordering habits by type."""

    as_of: pd.Timestamp
    products: tuple[str, ...]
    cells: Mapping[Key, CellModel]
    elasticities: Mapping[str, Elasticity]
    units: UnitsModel
    product_units: Mapping[str, float]
    unit_costs: Mapping[str, float]
    habits: Mapping[str, OrderHabits]

    def cells_of(self, product_id: str) -> dict[str, CellModel]:
        """Customer type -> cell of a product. Raises PricingError for a product that is not modelled."""
        found = {kind: cell for (product, kind), cell in self.cells.items() if product == product_id}
        if not found:
            raise PricingError(f"The product {product_id!r} has no price model; {len(self.products)} products have one.")
        return found


def fit_prices(
    lines: pd.DataFrame,
    unit_costs: pd.DataFrame,
    as_of: date,
    holidays: Collection[date] = (),
    *,
    rng: np.random.Generator,
    tests: PriceTests = NO_TESTS,
) -> PriceModel:
    """Learn from `sales_lines` and unit costs (product_id, date, unit_cost) known on `as_of`: the 100 best sellers still sold.

    `holidays` should reach 28 days beyond `as_of`. Cells with fewer than 20 lines are not modelled. `tests` are price tests that are over
    (rows of price_tests) and the customers with their types: their elasticities are combined with the history's.
    """
    products = top_products(lines, pd.Timestamp(as_of), MAX_PRODUCTS)
    panel = make_panel(lines, products, as_of, holidays)
    resampled = block_counts(panel.weeks, rng)
    recent = max(panel.weeks - WINDOW_DAYS // DAYS_A_WEEK, 0)
    trials = read_trials(tests.rows, lines, tests.customers, products) if len(tests.rows) else {}
    cells = {}
    for cell in panel.cells:
        key = (cell.product_id, cell.customer_type)
        elasticity = combined(estimate_elasticity(cell, panel, resampled), trials.get(key, []), rng)
        cells[key] = _cell_model(cell, elasticity, recent)
    priced = {product for product, _ in cells}
    products = [product for product in products if product in priced]
    daily = daily_units(lines, products, as_of)
    units = fit_units(lines, MAX_PRODUCTS, as_of, holidays)
    total = units.predict(daily, as_of, holidays)["value"]
    return PriceModel(
        as_of=pd.Timestamp(as_of),
        products=tuple(products),
        cells=cells,
        elasticities={product: _of_product([cell.elasticity for key, cell in cells.items() if key[0] == product]) for product in products},
        units=units,
        product_units={product: float(total[product]) for product in products},
        unit_costs=last_unit_costs(unit_costs),
        habits=order_habits(lines, as_of),
    )


def _cell_model(cell: Cell, elasticity: Elasticity, recent: int) -> CellModel:
    """A cell with its elasticity; `recent` is the first of its last four weeks."""
    price = cell.price
    return CellModel(
        elasticity, price.now, price.is_personal, price.repeated_sales, float(cell.units[recent:].sum()), _recent(price.common)
    )


def current_prices(model: PriceModel, lines: pd.DataFrame, as_of: date) -> dict[Key, float]:
    """(product, customer type) -> today's usual unit price (money), from `sales_lines`.

    It is the fitted price times the median change, since the fit, of what the same buyer (at a list price: anybody) pays for the same
    quantity: the last 28 days against the 91 before the fit, brought to the day of the fit by the fitted price path. Cells with too few
    such comparisons (one, at personal prices three) keep the fitted price.
    """
    fitted = {key: cell.usual_price for key, cell in model.cells.items()}
    today = pd.Timestamp(as_of)
    start = max(model.as_of, today - pd.Timedelta(days=WINDOW_DAYS))
    known = lines[(lines["day"] > model.as_of - pd.Timedelta(days=BEFORE_DAYS)) & lines["product_id"].isin(set(model.products))]
    personal = {key for key, cell in model.cells.items() if cell.is_personal}
    keys = pd.Series(list(zip(known["product_id"], known["customer_type"], strict=True)), index=known.index, dtype=object)
    chains = pd.DataFrame(
        {
            "product": known["product_id"],
            "kind": known["customer_type"],
            "buyer": known["customer_id"].where(keys.isin(personal), ""),
            "band": quantity_band(known["quantity"]),
            "log_price": np.log(known["price"].astype(float)),
        }
    )
    columns = ["product", "kind", "buyer", "band"]
    past = known["day"] <= model.as_of
    weeks_ago = ((model.as_of - known["day"][past]).dt.days // DAYS_A_WEEK).to_numpy()
    path = {key: cell.recent_log_index for key, cell in model.cells.items()}
    moved_since = [path[key][-1 - ago] if key in path else 0.0 for key, ago in zip(keys[past], weeks_ago, strict=True)]
    before = chains[past].assign(log_price=chains["log_price"][past] - moved_since).groupby(columns)["log_price"].median()
    after = chains[(known["day"] > start) & (known["day"] <= today)].groupby(columns)["log_price"].median()
    moved = (after - before).dropna().groupby(["product", "kind"]).agg(["median", "size"])
    needed = [MIN_COMPARISONS if key in personal else 1 for key in moved.index]
    moved = moved[moved["size"] >= needed].rename(columns={"median": "change"})
    changes = dict(zip(moved.index, moved["change"].astype(float), strict=True))
    return {key: price * float(np.exp(changes.get(key, 0.0))) for key, price in fitted.items()}


def _recent(common: Array) -> Array:
    weeks = BEFORE_DAYS // DAYS_A_WEEK
    return np.concatenate([np.full(max(weeks - len(common), 0), common[0]), common[-weeks:]]) - common[-1]


def last_unit_costs(unit_costs: pd.DataFrame) -> dict[str, float]:
    """Product -> its last positive purchase cost (money) of the rows given (product_id, date, unit_cost)."""
    known = unit_costs[unit_costs["unit_cost"] > 0].sort_values("date", kind="stable")
    return {str(product): float(cost) for product, cost in known.groupby("product_id")["unit_cost"].last().items()}


def _of_product(elasticities: list[Elasticity]) -> Elasticity:
    """The product's elasticity over its customer types, with its tests and its history without them where there are tests."""
    trials = tuple(trial for one in elasticities for trial in one.trials)
    whole = _over_types(elasticities)
    history = _over_types([one.history or one for one in elasticities]) if trials else None
    return replace(whole, history=history, trials=trials)


def _over_types(elasticities: list[Elasticity]) -> Elasticity:
    """The product's elasticity: cells weighted by the inverse variance of their draws (draws of all cells share their resampled weeks)."""
    read = [one for one in elasticities if one.reason is None]
    if not read:
        return max(elasticities, key=lambda one: one.weeks)
    weights = np.array([1 / max(float(one.draws.var()), 1e-9) for one in read])
    weights /= weights.sum()
    draws = np.sum([weight * one.draws for weight, one in zip(weights, read, strict=True)], axis=0)
    value = float(np.sum([weight * one.value for weight, one in zip(weights, read, strict=True)]))
    return Elasticity(value, draws, None, max(one.price_spread for one in read), max(one.weeks for one in read))
