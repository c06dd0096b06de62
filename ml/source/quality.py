"""Cleaning as one pure function: raw frames in, canonical frames and findings out. Nothing is left out without being counted.

For every table: rows out = rows in - the rows of `left_out` findings + the rows of `created` findings.
"""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from ml.source.cells import Rules, typed
from ml.source.columns import looked_up, with_columns
from ml.source.costs import unit_costs_of
from ml.source.findings import Finding, Ledger
from ml.source.people import clean_addresses, clean_customers, clean_products, one_zone_spelling, zone_of_customers, zone_of_orders
from ml.source.sales import clean_lines, dated_orders, drop_repeated_lines, exclude_rows, sales_only
from ml.source.tables import SPECS, conform
from ml.source.tours import tours_of

Frames = dict[str, pd.DataFrame]
COSTS_FROM = ("purchases", "purchase_lines", "supplier_prices")


class Cleaned(NamedTuple):
    """Canonical frames (every table that has rows, and orders always) and what was found on the way."""

    frames: Frames
    findings: list[Finding]


def clean(raw: Mapping[str, pd.DataFrame], rules: Rules, *, unique_lines: bool = False) -> Cleaned:
    """Canonical frames out of frames under our names with values as they came.

    `raw` must have `orders`; the other tables may be absent. `unique_lines`: (order, product) is unique at the source, so that an exact
    repeat of a line is an error. No input is changed. Cleaning what is clean changes nothing.
    """
    ledger = Ledger()
    came = {name: typed(name, frame, rules, ledger) for name, frame in raw.items() if len(frame) or name == "orders"}
    came = one_zone_spelling(came, rules, ledger)
    dated = dated_orders(came["orders"], rules, ledger)
    staying = _without_excluded(came, rules, ledger)
    sales = _sales(dated, came, staying, rules, ledger)
    all_lines = _all_lines(staying, ledger, unique_lines)
    lines = clean_lines(all_lines, came["orders"], sales, rules, ledger)
    frames = _around_sales(staying, sales, lines, rules, ledger) | {
        "tours": pd.DataFrame(),
        "weather": _keyed(staying, "weather", ["date", "zone"], "date", rules, ledger),
        "events": _keyed(staying, "events", ["start", "kind", "name"], "start", rules, ledger),
        "unit_costs": _costs(staying, rules, ledger),
    }
    frames["tours"] = _tours(staying, dated, all_lines, frames["products"], ledger)
    known = _with_known_at(frames)
    kept = {name: conform(SPECS[name], frame) for name, frame in known.items() if len(frame) or name == "orders"}
    return Cleaned(kept, ledger.findings)


def _around_sales(came: Frames, sales: pd.DataFrame, lines: pd.DataFrame, rules: Rules, ledger: Ledger) -> Frames:
    """Orders, lines and whom and what they point to, with a zone for each order and customer."""
    empty = pd.DataFrame()
    customers = clean_customers(came.get("customers", empty), sales, rules, ledger)
    addresses = clean_addresses(came.get("addresses", empty), ledger)
    _note_unknown_addresses(sales, addresses, ledger)
    customers = customers.assign(zone=zone_of_customers(customers, addresses))
    return {
        "orders": sales.assign(zone=zone_of_orders(sales, addresses, customers)),
        "order_lines": lines,
        "customers": customers,
        "addresses": addresses,
        "products": clean_products(came.get("products", empty), lines, rules, ledger),
    }


def _without_excluded(came: Frames, rules: Rules, ledger: Ledger) -> Frames:
    """Tables beside the orders without the rows that the mapping excludes (orders and purchases have their own place for that)."""
    beside = [name for name in came if name not in ("orders", "purchases")]
    return came | {name: exclude_rows(name, came[name], rules, ledger, shown=str(came[name].columns[0])) for name in beside}


def _sales(dated: pd.DataFrame, came: Frames, staying: Frames, rules: Rules, ledger: Ledger) -> pd.DataFrame:
    sales = sales_only(dated, rules, ledger)
    if "customers" not in came:
        return sales
    gone = set(came["customers"]["customer_id"].dropna()) - set(staying["customers"]["customer_id"].dropna())
    theirs = sales["customer_id"].isin(gone)
    return ledger.leave_out("orders", sales, theirs, "order_of_excluded_customer", "order_id").reset_index(drop=True)


def _all_lines(came: Frames, ledger: Ledger, unique: bool) -> pd.DataFrame:
    lines = with_columns(came.get("order_lines", pd.DataFrame()), "order_id", "product_id", "quantity", "unit_price", "amount")
    return drop_repeated_lines(lines, ledger) if unique else lines


def _tours(came: Frames, dated: pd.DataFrame, lines: pd.DataFrame, products: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    if "tour_km" not in dated:
        return came.get("tours", pd.DataFrame())
    made = lines["made"] if "made" in lines else pd.Series(False, index=lines.index)
    own = lines.loc[~made, "order_id"]
    return tours_of(dated, lines.loc[~(made & lines["order_id"].isin(own))], products, ledger)


def _costs(came: Frames, rules: Rules, ledger: Ledger) -> pd.DataFrame:
    if "unit_costs" in came:
        return came["unit_costs"]
    empty = pd.DataFrame()
    if not any(name in came for name in COSTS_FROM):
        return empty
    purchases, lines, prices = (came.get(name, empty) for name in COSTS_FROM)
    return unit_costs_of(purchases, lines, prices, rules, ledger)


def _keyed(came: Frames, name: str, keys: list[str], day: str, rules: Rules, ledger: Ledger) -> pd.DataFrame:
    """A dated side table: rows with a day (for weather not after today unless it is a forecast), each key once, in order."""
    if name not in came or day not in came[name]:
        return pd.DataFrame()
    frame = came[name]
    frame = ledger.leave_out(name, frame, frame[day].isna(), "row_without_date", day)
    if name == "weather":
        observed = frame["issued_at"].isna() if "issued_at" in frame else pd.Series(True, index=frame.index)
        future = observed & (frame[day] > pd.Timestamp(rules.today))
        frame = ledger.leave_out(name, frame, future, "future_date", day, after=rules.today.isoformat())
        keys = [*keys, "issued_at"]
    present = [key for key in keys if key in frame]
    frame = frame.sort_values(present, kind="stable")
    return ledger.leave_out(name, frame, frame.duplicated(present), "duplicate_row", day).reset_index(drop=True)


def _note_unknown_addresses(sales: pd.DataFrame, addresses: pd.DataFrame, ledger: Ledger) -> None:
    if "address_id" in sales and len(addresses):
        strange = sales["address_id"].notna() & ~sales["address_id"].isin(addresses["address_id"])
        ledger.note("orders", sales, strange, "address_unknown", "kept", "address_id")


def _with_known_at(frames: Frames) -> Frames:
    """Each frame with the day its rows became known, as TableSpec.known_at says; never known = missing."""
    orders, lines = frames["orders"], frames["order_lines"]
    first_order = orders.groupby("customer_id")["order_date"].min()
    line_day = looked_up(lines["order_id"], orders.set_index("order_id")["order_date"])
    first_sold = line_day.groupby(lines["product_id"]).min()
    weather = frames["weather"]
    days = {
        "orders": orders["order_date"],
        "order_lines": line_day,
        "customers": looked_up(frames["customers"]["customer_id"], first_order),
        "addresses": looked_up(frames["addresses"]["customer_id"], first_order),
        "products": looked_up(frames["products"]["product_id"], first_sold),
        "tours": frames["tours"].get("date"),
        "weather": _weather_day(weather),
        "events": _first_present(frames["events"], "announced_at", "start"),
        "unit_costs": frames["unit_costs"].get("date"),
    }
    return {name: frame.assign(known_at=days[name]) if len(frame) else frame for name, frame in frames.items()}


def _weather_day(weather: pd.DataFrame) -> pd.Series | None:
    if weather.empty:
        return None
    observed = weather["date"] + pd.Timedelta(days=1)
    return weather["issued_at"].fillna(observed) if "issued_at" in weather else observed


def _first_present(frame: pd.DataFrame, *names: str) -> pd.Series | None:
    """An event that nobody announced is known on the day it starts."""
    present = [frame[name] for name in names if name in frame]
    if not present:
        return None
    first, *others = present
    for other in others:
        first = first.fillna(other)
    return first
