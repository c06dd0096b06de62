"""A price to try: inside the guardrails, and only where the data says that it pays."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.pricing.elasticity import Elasticity
from ml.pricing.guardrails import Guardrails

Array = npt.NDArray[np.float64]
GRID = 41
MUST_PAY_IN = 0.9
MIN_GAIN = 0.005
MIN_CHANGE = 0.01


@dataclass(frozen=True)
class Suggestion:
    """A price (money), or none and why. `price` is NaN where nothing is suggested; `low` and `high` are the guardrails; `gain` is the
    expected change of margin (of revenue where no cost is known) as a share, with the range that holds 80 % of the draws."""

    price: float
    current: float
    low: float
    high: float
    reason: str
    params: dict[str, Any]
    unit_cost: float | None
    gain: float = float("nan")
    gain_low: float = float("nan")
    gain_high: float = float("nan")


def suggest_price(elasticity: Elasticity, current: float, unit_cost: float | None, preferences: Guardrails) -> Suggestion:
    """The price with the best expected margin within `price_change_limit` of today's and above the minimum margin.

    Reasons where none is suggested: the elasticity's own, "elasticity_above_zero" (sales that rise with the price are no ground to act
    on), "keep_price" (nothing pays in 9 of 10 draws by half a per cent) and "margin_below_minimum" (no price inside the limit reaches it).
    Without a unit cost nobody can say that a cut pays, so only a rise that raises revenue is suggested, and `params` says so.
    """
    limit = preferences.price_change_limit
    low, high = current * (1 - limit), current * (1 + limit)
    if unit_cost is not None:
        low = max(low, unit_cost / (1 - preferences.minimum_margin))
    params: dict[str, Any] = {"margin_guard": unit_cost is not None, "limit": limit}

    def answer(reason: str, price: float = float("nan"), gains: Array | None = None) -> Suggestion:
        spread = {} if gains is None else _spread(gains)
        return Suggestion(price, current, min(low, high), high, reason, params, unit_cost, **spread)

    if elasticity.reason:
        return answer(elasticity.reason)
    if low > high:
        return answer("margin_below_minimum")
    if float(np.mean(elasticity.draws < 0)) < MUST_PAY_IN:
        return answer("elasticity_above_zero")
    prices = np.linspace(low if unit_cost is not None else current, high, GRID)
    gains = _gains(prices / current, elasticity.draws, (unit_cost or 0.0) / current)
    pays = ((gains > 0).mean(axis=0) >= MUST_PAY_IN) & (gains.mean(axis=0) >= MIN_GAIN) & (np.abs(prices / current - 1) >= MIN_CHANGE)
    if not pays.any():
        return answer("keep_price")
    best = int(np.where(pays, gains.mean(axis=0), -np.inf).argmax())
    price = _round(float(prices[best]), max(low, float(prices[0])), high)
    return answer("raise_price" if price > current else "lower_price", price, gains[:, best])


def _gains(ratio: Array, draws: Array, cost: float) -> Array:
    """Change of margin (draws × prices) as a share of today's; today's price is 1 and `cost` a share of it."""
    today = max(1.0 - cost, 0.01)
    return (ratio[None, :] - cost) * ratio[None, :] ** draws[:, None] / today - 1


def _spread(gains: Array) -> dict[str, float]:
    low, high = np.quantile(gains, (0.1, 0.9))
    return {"gain": float(gains.mean()), "gain_low": float(low), "gain_high": float(high)}


def _round(price: float, low: float, high: float) -> float:
    """The price on three significant figures where that stays inside the guardrails."""
    digits = 2 - int(np.floor(np.log10(price)))
    rounded = round(price, digits)
    return rounded if low <= rounded <= high else price
