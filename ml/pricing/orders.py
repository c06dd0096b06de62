"""How customers of a type order: unit price by quantity, usual order, gap and spend. For the what-if about one order."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from ml.pricing.lines import ANY_TYPE

WINDOW_DAYS = 365
MIN_LINES_PER_BAND = 8
BANDS = 6


@dataclass(frozen=True)
class OrderHabits:
    """Of one customer type over the last year: the product bought most, its unit price at ever larger quantities (upper edge, low,
    usual, high: the 10, 50 and 90 % points), the usual order's units, days between orders and a customer's spend of the year (median,
    and the point three quarters stay under)."""

    product_id: str
    price_by_quantity: tuple[tuple[float, float, float, float], ...]
    usual_units: float
    usual_gap_days: float
    usual_spend: float
    high_spend: float

    def unit_price(self, quantity: float) -> tuple[float, float, float]:
        """Low, usual and high unit price at a quantity; above the largest one seen, the price of the largest."""
        for edge, low, usual, high in self.price_by_quantity:
            if quantity <= edge:
                return low, usual, high
        return self.price_by_quantity[-1][1:]


def order_habits(lines: pd.DataFrame, as_of: date) -> dict[str, OrderHabits]:
    """Customer type -> habits of the last year of `sales_lines`, and "all" for everybody. Empty without sales."""
    year = lines[lines["day"] > pd.Timestamp(as_of) - pd.Timedelta(days=WINDOW_DAYS)]
    if year.empty:
        return {}
    kinds = {str(kind): group for kind, group in year.groupby("customer_type")}
    return {kind: _habits(group) for kind, group in (kinds | {ANY_TYPE: year}).items()}


def _habits(lines: pd.DataFrame) -> OrderHabits:
    product = lines.groupby("product_id").size().sort_values(ascending=False, kind="stable").index[0]
    own = lines[lines["product_id"] == product]
    visits = lines[["customer_id", "day"]].drop_duplicates().sort_values(["customer_id", "day"])
    gaps = visits.groupby("customer_id")["day"].diff().dt.days.dropna()
    spend = (lines["quantity"] * lines["price"]).groupby(lines["customer_id"]).sum()
    return OrderHabits(
        product_id=str(product),
        price_by_quantity=_price_by_quantity(own),
        usual_units=float(own["quantity"].median()),
        usual_gap_days=float(gaps.median()) if len(gaps) else float(WINDOW_DAYS),
        usual_spend=float(spend.median()),
        high_spend=float(spend.quantile(0.75)),
    )


def _price_by_quantity(lines: pd.DataFrame) -> tuple[tuple[float, float, float, float], ...]:
    edges = sorted(set(lines["quantity"].quantile(np.linspace(0, 1, BANDS + 1)[1:])))
    low, rows = -np.inf, []
    for edge in edges:
        prices = lines["price"][(lines["quantity"] > low) & (lines["quantity"] <= edge)]
        if len(prices) >= MIN_LINES_PER_BAND or edge == edges[-1]:
            rows.append((float(edge), float(prices.quantile(0.1)), float(prices.quantile(0.5)), float(prices.quantile(0.9))))
            low = edge
    return tuple(rows)
