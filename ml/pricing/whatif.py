"""A person's question about a price or an order, answered from a fitted model."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ml.pricing.guardrails import Guardrails
from ml.pricing.lines import ANY_TYPE
from ml.pricing.model import CellModel, PriceModel, PricingError
from ml.pricing.orders import OrderHabits

FARTHEST_PRICE = 2.0
TRUSTED_CHANGE = 0.3
LATE_FACTOR = 1.5
BIG_ORDER_FACTOR = 2.0
DAYS_A_YEAR = 365


class Band(NamedTuple):
    """A value and the range that holds 80 % of the draws."""

    value: float
    low: float
    high: float


class PriceWhatIf(NamedTuple):
    """28 days at a price: units, revenue and margin (money; None without a unit cost) with their ranges, the same at today's price, the
    elasticity used, and reasons as codes: what the reader must know of the answer."""

    price: float
    current_price: float
    units: Band
    revenue: Band
    margin: Band | None
    current_units: float
    current_revenue: float
    current_margin: float | None
    elasticity: float
    reasons: list[dict[str, Any]]


class OrderSuggestion(NamedTuple):
    """An order's total (money) with its range, the share of discount recommended (0 = none) and the reasons as codes."""

    suggested_price: float
    price_range_min: float
    price_range_max: float
    discount_recommended: float
    reasons: list[dict[str, Any]]


def price_what_if(
    model: PriceModel, product_id: str, customer_type: str | None, price: float, *, current_price: float | None = None
) -> PriceWhatIf:
    """Units, revenue and margin of 28 days at `price` for a product and customer type (None = all its types).

    `current_price` is today's usual price where it is newer than the model (default: the price when it was fitted). Units are those
    foreseen at today's price × (price / today's) ^ elasticity. Raises PricingError for an unknown product or type, a price not above 0 or
    beyond a factor 2 of today's, or a product whose elasticity could not be read (the reason is named).
    """
    cells = model.cells_of(product_id)
    chosen = _chosen(cells, customer_type, product_id)
    current = current_price or _average([cell.usual_price for cell in chosen], chosen)
    _check_price(price, current)
    elasticity = model.elasticities[product_id] if customer_type is None else chosen[0].elasticity
    if elasticity.reason:
        raise PricingError(f"No effect of a price change can be read for {product_id!r}: {elasticity.reason}.")
    base = model.product_units[product_id] * _average(
        [float(kind == customer_type or customer_type is None) for kind in cells], list(cells.values())
    )
    units = _band(base * (price / current) ** elasticity.value, base * (price / current) ** elasticity.draws)
    cost = model.unit_costs.get(product_id)
    return PriceWhatIf(
        price=price,
        current_price=current,
        units=units,
        revenue=_scaled(units, price),
        margin=None if cost is None else _scaled(units, price - cost),
        current_units=base,
        current_revenue=base * current,
        current_margin=None if cost is None else base * (current - cost),
        elasticity=elasticity.value,
        reasons=_cautions(cost, price / current - 1),
    )


def suggest_for(
    model: PriceModel,
    preferences: Guardrails,
    *,
    quantity: float,
    customer_type: str | None,
    recency_days: float,
    frequency: float,
    monetary_total: float,
) -> OrderSuggestion:
    """A total for an order of the type's main product, from what such customers pay at that quantity, inside the company's limits.

    `recency_days` since the last order, `frequency` orders and `monetary_total` (money) of the last year. A discount (at most
    `price_change_limit`, never under the minimum margin) is recommended for a valued customer who is late, or for an order twice the
    usual, where the unit price is not lower there already. Raises PricingError for a quantity not above 0, a negative value, or no sales.
    """
    _check_order(quantity, recency_days, frequency, monetary_total)
    habits = model.habits.get(customer_type or ANY_TYPE) or model.habits.get(ANY_TYPE)
    if habits is None:
        raise PricingError("No order can be priced: there are no sales in the last year.")
    low, usual, high = habits.unit_price(quantity)
    limit, cost = preferences.price_change_limit, model.unit_costs.get(habits.product_id)
    floor = 0.0 if cost is None else min(cost / (1 - preferences.minimum_margin), usual)
    share, ground = _discount(habits, quantity, recency_days, frequency, monetary_total)
    wished = usual * (1 - limit * share)
    unit = max(wished, floor)
    reasons: list[dict[str, Any]] = [{"code": "usual_price_at_quantity", "params": {"unit_price": usual, "quantity": quantity}}, *ground]
    reasons += [{"code": "minimum_margin", "params": {"margin": preferences.minimum_margin}}] if unit > wished else []
    reasons += _cautions(cost, 0.0)
    bottom = min(unit, max(min(low, usual * (1 - limit)), floor))
    top = max(unit, min(high, usual * (1 + limit)))
    return OrderSuggestion(unit * quantity, bottom * quantity, top * quantity, max(1 - unit / usual, 0.0), reasons)


def _discount(
    habits: OrderHabits, quantity: float, recency_days: float, frequency: float, monetary_total: float
) -> tuple[float, list[dict[str, Any]]]:
    """The share of the allowed discount (0, 0.5 or 1) and its ground."""
    gap = DAYS_A_YEAR / frequency if frequency > 0 else habits.usual_gap_days
    if recency_days > LATE_FACTOR * gap and monetary_total >= habits.usual_spend:
        share = 1.0 if monetary_total >= habits.high_spend else 0.5
        return share, [{"code": "valued_customer_late", "params": {"days": recency_days, "usual_gap_days": gap}}]
    cheaper = habits.unit_price(quantity)[1] < habits.unit_price(habits.usual_units)[1]
    if quantity >= BIG_ORDER_FACTOR * habits.usual_units and not cheaper:
        return 0.5, [{"code": "large_order", "params": {"quantity": quantity, "usual": habits.usual_units}}]
    return 0.0, []


def _cautions(unit_cost: float | None, change: float) -> list[dict[str, Any]]:
    """What the reader must know: no unit cost is known, or the price is far from any that was tried."""
    reasons: list[dict[str, Any]] = [] if unit_cost is not None else [{"code": "no_unit_cost", "params": {}}]
    if abs(change) > TRUSTED_CHANGE:
        reasons.append({"code": "far_from_known_prices", "params": {"change": change}})
    return reasons


def _average(values: list[float], cells: list[CellModel]) -> float:
    return float(np.average(values, weights=[max(cell.units, 1e-9) for cell in cells]))


def _chosen(cells: dict[str, CellModel], customer_type: str | None, product_id: str) -> list[CellModel]:
    if customer_type is None:
        return list(cells.values())
    if customer_type not in cells:
        raise PricingError(f"The product {product_id!r} has no price model for {customer_type!r}; it has {sorted(cells)}.")
    return [cells[customer_type]]


def _check_price(price: float, current: float) -> None:
    if not (np.isfinite(price) and price > 0):
        raise PricingError(f"The price {price} is no amount above 0.")
    if not current / FARTHEST_PRICE <= price <= current * FARTHEST_PRICE:
        raise PricingError(f"The price {price:g} is beyond half to twice today's usual price {current:g}; nothing is known that far out.")


def _check_order(quantity: float, recency_days: float, frequency: float, monetary_total: float) -> None:
    if not (np.isfinite(quantity) and quantity > 0):
        raise PricingError(f"The quantity {quantity} is no number above 0.")
    given = {"recency_days": recency_days, "frequency": frequency, "monetary_total": monetary_total}
    for name, value in given.items():
        if not (np.isfinite(value) and value >= 0):
            raise PricingError(f"The value of {name} was {value}; it must be a number of 0 or more.")


def _band(value: float, draws: npt.NDArray[np.float64]) -> Band:
    low, high = np.quantile(draws, (0.1, 0.9))
    return Band(float(value), float(min(low, value)), float(max(high, value)))


def _scaled(units: Band, factor: float) -> Band:
    ends = sorted((units.low * factor, units.high * factor))
    return Band(units.value * factor, *ends)
