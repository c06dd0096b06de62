"""What counts as a sale, and its lines: rows that are none are left out and counted."""

import numpy as np
import pandas as pd

from ml.source.cells import Rules
from ml.source.columns import looked_up, with_columns
from ml.source.findings import Ledger
from ml.source.made_lines import without_other_products
from ml.source.zones import fold

EARLIEST = pd.Timestamp("1990-01-01")
VAT_TOLERANCE = 0.01
SAME_TOLERANCE = 0.02
_ORDER_SORT = ["order_date", "order_id", "amount", "quantity", "customer_id"]


def dated_orders(orders: pd.DataFrame, rules: Rules, ledger: Ledger) -> pd.DataFrame:
    """Orders that happened: with an id, a customer and a day that is neither in the future nor before 1990, each id once.

    Of two rows with one id the earlier stays. Also no sales are in it (a tour drives to them too).
    """
    frame = with_columns(orders, "order_id", "customer_id", "order_date", "amount", "quantity")
    frame = ledger.leave_out("orders", frame, frame["order_id"].isna(), "order_without_id", "customer_id")
    frame = ledger.leave_out("orders", frame, frame["customer_id"].isna(), "order_without_customer", "order_id")
    frame = ledger.leave_out("orders", frame, frame["order_date"].isna(), "order_without_date", "order_id")
    future = frame["order_date"] > pd.Timestamp(rules.today)
    frame = ledger.leave_out("orders", frame, future, "future_date", "order_id", after=rules.today.isoformat())
    frame = ledger.leave_out("orders", frame, frame["order_date"] < EARLIEST, "implausible_date", "order_date")
    frame = frame.sort_values(_ORDER_SORT, kind="stable")
    return ledger.leave_out("orders", frame, frame.duplicated("order_id"), "duplicate_order", "order_id").reset_index(drop=True)


def sales_only(orders: pd.DataFrame, rules: Rules, ledger: Ledger) -> pd.DataFrame:
    """Dated orders that are sales: not excluded by the mapping (internal, loans, supplier purchases) and with an amount above 0."""
    _note_unknown_values(orders, rules, ledger)
    frame = exclude_rows("orders", orders, rules, ledger, shown="order_id")
    frame = ledger.leave_out("orders", frame, frame["amount"].isna(), "amount_missing", "order_id")
    frame = ledger.leave_out("orders", frame, frame["amount"] == 0, "amount_zero", "order_id")
    frame = ledger.leave_out("orders", frame, frame["amount"] < 0, "amount_negative", "order_id")
    again = frame.duplicated(["customer_id", "order_date", "amount", *(["product_id"] if "product_id" in frame else [])])
    ledger.note("orders", frame, again, "possible_duplicate", "kept", "order_id")
    ledger.note("orders", frame, frame["quantity"] < 0, "quantity_negative", "kept", "order_id")
    if "spread" in frame:
        ledger.note("orders", frame, frame["spread"], "order_spans_days", "kept", "order_id")
    return frame.reset_index(drop=True)


def exclude_rows(table: str, frame: pd.DataFrame, rules: Rules, ledger: Ledger, *, shown: str) -> pd.DataFrame:
    """The frame without the rows that the mapping excludes, one finding per column and value; case and accents do not matter."""
    for column, patterns in rules.exclude.get(table, {}).items():
        if column not in frame:
            continue
        for pattern in patterns:
            frame = ledger.leave_out(table, frame, _matches(frame[column], pattern), "excluded", shown, column=column, value=pattern)
    return frame


def clean_lines(lines: pd.DataFrame, orders: pd.DataFrame, sales: pd.DataFrame, rules: Rules, ledger: Ledger) -> pd.DataFrame:
    """Lines of sales, in the order of the sales; price and amount fill each other; VAT on the same footing as the order's amount.

    `orders` are all orders as they came (tells a line of an order that was left out from one without any order).
    """
    frame = with_columns(lines, "order_id", "product_id", "quantity", "unit_price", "amount")
    own = frame.loc[~frame["made"], "order_id"] if "made" in frame else frame["order_id"]
    if "made" in frame:
        frame = ledger.leave_out("order_lines", frame, frame["made"] & frame["order_id"].isin(own), "line_superseded", "order_id")
    position = pd.Series(np.arange(len(sales)), index=sales["order_id"])
    place = looked_up(frame["order_id"], position)
    seen = frame["order_id"].isin(orders["order_id"])
    frame = frame.assign(place=place)
    frame = ledger.leave_out("order_lines", frame, place.isna() & seen, "line_of_left_out_order", "order_id")
    frame = ledger.leave_out("order_lines", frame, frame["place"].isna(), "line_without_order", "order_id")
    frame = ledger.leave_out("order_lines", frame, frame["product_id"].isna(), "line_without_product", "order_id")
    frame = _filled(frame)
    ledger.note("order_lines", frame, frame["amount"].isna(), "line_without_amount", "kept", "order_id")
    code = pd.Series(pd.factorize(frame["product_id"], sort=True)[0], index=frame.index)
    frame = frame.assign(code=code).sort_values(["place", "code", "unit_price", "quantity", "amount"], kind="stable")
    lines = _on_order_basis(frame.drop(columns="code"), sales, rules, ledger).drop(columns="place")
    return without_other_products(lines, sales, ledger).reset_index(drop=True)


def drop_repeated_lines(lines: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Lines without exact repeats; only where the source says that (order, product) is unique."""
    keys = ["order_id", "product_id", "quantity", "unit_price", "amount"]
    return ledger.leave_out("order_lines", lines, lines.duplicated(keys), "duplicate_line", "order_id")


def _matches(values: pd.Series, pattern: str) -> pd.Series:
    prefix = pattern.endswith("*")
    wanted = fold(pattern.rstrip("*"))
    present = values.dropna().astype(str)
    hits = [value for value in present.unique() if (fold(value).startswith(wanted) if prefix else fold(value) == wanted)]
    return values.astype("str").isin(hits)


def _note_unknown_values(orders: pd.DataFrame, rules: Rules, ledger: Ledger) -> None:
    for column, values in rules.known.get("orders", {}).items():
        if column in orders:
            folded = {fold(value) for value in values}
            strange = [value for value in orders[column].dropna().unique() if fold(str(value)) not in folded]
            ledger.note("orders", orders, orders[column].isin(strange), "unknown_value", "kept", column, column=column)


def _filled(lines: pd.DataFrame) -> pd.DataFrame:
    amount = lines["amount"].fillna(lines["quantity"] * lines["unit_price"])
    price = lines["unit_price"].fillna(amount / lines["quantity"].where(lines["quantity"] > 0))
    return lines.assign(amount=amount, unit_price=price)


def _on_order_basis(lines: pd.DataFrame, sales: pd.DataFrame, rules: Rules, ledger: Ledger) -> pd.DataFrame:
    """Lines whose sum differs from their order by exactly the VAT are put on the order's footing; other differences are reported."""
    place = lines["place"].astype("int64")
    recorded = sales["amount"].to_numpy()
    amount_factor = _vat_factor(lines["amount"], place, recorded, rules.vat_rate)
    price_factor = _vat_factor(lines["quantity"] * lines["unit_price"], place, recorded, rules.vat_rate)
    changed = (amount_factor != 1) | (price_factor != 1)
    ledger.note("order_lines", lines, changed, "vat_aligned", "corrected", "order_id", rate=rules.vat_rate)
    lines = lines.assign(amount=lines["amount"] * amount_factor, unit_price=lines["unit_price"] * price_factor)
    total = lines["amount"].groupby(place).sum().reindex(np.arange(len(sales)))
    off = (total.to_numpy() - recorded) / recorded
    differs = pd.Series(np.abs(off) > SAME_TOLERANCE, index=sales.index)
    ledger.note("order_lines", sales, differs, "lines_differ_from_order", "kept", "order_id")
    return lines


def _vat_factor(values: pd.Series, place: pd.Series, recorded: np.ndarray, rate: float) -> np.ndarray:
    """Per line 1 + rate, 1 / (1 + rate) or 1: what brings the order's sum of `values` to its recorded amount, if VAT explains it."""
    sums = values.groupby(place).sum(min_count=1).reindex(np.arange(len(recorded))).to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = recorded / sums
    factor = np.ones(len(recorded))
    if rate > 2 * VAT_TOLERANCE:
        factor[np.abs(ratio / (1 + rate) - 1) < VAT_TOLERANCE] = 1 + rate
        factor[np.abs(ratio * (1 + rate) - 1) < VAT_TOLERANCE] = 1 / (1 + rate)
    return factor[place.to_numpy()]
