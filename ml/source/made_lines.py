"""Quantities of lines that were made of an order: the order counts all products together, its line names only the first."""

import numpy as np
import pandas as pd

from ml.source.findings import Ledger

LINES_FOR_A_USUAL_PRICE = 10
MIXED_BELOW = 0.5


def without_other_products(lines: pd.DataFrame, sales: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Made lines whose price per piece is below half of what the product usually costs this customer get the quantity their amount buys.

    55 bottles and 1,000 cups stand in the order as 1,055: at a bottle's price the amount says 55 and a few. The usual price is the median
    of the customer's own lines of the product, else of everybody's (at least LINES_FOR_A_USUAL_PRICE); without one nothing is changed.
    """
    if "made" not in lines or not lines["made"].any():
        return lines
    customer = lines["order_id"].map(sales.set_index("order_id")["customer_id"])
    usual = _usual_price(lines, customer)
    mixed = lines["made"] & (lines["quantity"] > 1) & (lines["unit_price"] < MIXED_BELOW * usual)
    ledger.note("order_lines", lines, mixed, "quantity_of_all_products", "corrected", "order_id")
    bought = np.maximum((lines["amount"] / usual).round(), 1.0)
    quantity = lines["quantity"].mask(mixed, bought)
    return lines.assign(quantity=quantity, unit_price=lines["unit_price"].mask(mixed, lines["amount"] / quantity))


def _usual_price(lines: pd.DataFrame, customer: pd.Series) -> pd.Series:
    own = lines[~lines["made"] & (lines["unit_price"] > 0)]
    grouped = own.groupby("product_id")["unit_price"]
    everybody = grouped.median().where(grouped.size() >= LINES_FOR_A_USUAL_PRICE)
    theirs = own.groupby([customer[own.index], own["product_id"]])["unit_price"].median()
    keys = pd.MultiIndex.from_arrays([customer, lines["product_id"]])
    personal = pd.Series(theirs.reindex(keys).to_numpy(), index=lines.index)
    return personal.fillna(lines["product_id"].map(everybody))
