"""What a product cost on a day: supplier purchases, and the supplier's price history where there was no purchase."""

import pandas as pd

from ml.source.cells import Rules
from ml.source.columns import looked_up, with_columns
from ml.source.findings import Ledger
from ml.source.sales import exclude_rows


def unit_costs_of(
    purchases: pd.DataFrame, purchase_lines: pd.DataFrame, supplier_prices: pd.DataFrame, rules: Rules, ledger: Ledger
) -> pd.DataFrame:
    """product_id, date, unit_cost (money per unit, as recorded): the quantity-weighted mean of a day's purchases, else the listed price."""
    bought = _bought(purchases, purchase_lines, rules, ledger)
    listed = _usable("supplier_prices", with_columns(supplier_prices, "product_id", "date", "unit_cost"), rules, ledger)
    both = pd.concat([_daily_mean(bought), _daily_mean(listed.assign(quantity=1.0))], ignore_index=True)
    return both.drop_duplicates(["product_id", "date"]).sort_values(["product_id", "date"]).reset_index(drop=True)


def _bought(purchases: pd.DataFrame, purchase_lines: pd.DataFrame, rules: Rules, ledger: Ledger) -> pd.DataFrame:
    heads = with_columns(purchases, "purchase_id", "date")
    heads = ledger.leave_out("purchases", heads, heads["purchase_id"].isna(), "purchase_without_id", "date")
    heads = exclude_rows("purchases", heads, rules, ledger, shown="purchase_id")
    heads = ledger.leave_out("purchases", heads, heads.duplicated("purchase_id"), "duplicate_purchase", "purchase_id")
    day = heads["date"].fillna(heads["completed_at"]) if "completed_at" in heads else heads["date"]
    lines = with_columns(purchase_lines, "purchase_id", "product_id", "quantity", "unit_cost")
    lines = lines.assign(date=looked_up(lines["purchase_id"], day.set_axis(heads["purchase_id"])))
    return _usable("purchase_lines", lines, rules, ledger)


def _usable(table: str, rows: pd.DataFrame, rules: Rules, ledger: Ledger) -> pd.DataFrame:
    whole = rows["product_id"].notna() & rows["date"].notna() & (rows["unit_cost"] > 0)
    rows = ledger.leave_out(table, rows, ~whole, "cost_incomplete", "product_id")
    future = rows["date"] > pd.Timestamp(rules.today)
    return ledger.leave_out(table, rows, future, "future_date", "product_id", after=rules.today.isoformat())


def _daily_mean(rows: pd.DataFrame) -> pd.DataFrame:
    weight = rows["quantity"].where(rows["quantity"] > 0).fillna(1.0)
    sums = (
        rows.assign(weight=weight, cost=rows["unit_cost"] * weight)
        .groupby(["product_id", "date"], as_index=False)[["weight", "cost"]]
        .sum()
    )
    return pd.DataFrame({"product_id": sums["product_id"], "date": sums["date"], "unit_cost": sums["cost"] / sums["weight"]})
