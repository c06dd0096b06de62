"""Reads one flat table of order lines; orders, customers and products are reduced from it inside the database."""

from typing import Any

import pandas as pd
import sqlalchemy as sa

from ml.source.catalog import Catalog, as_text, exclusion_columns, fetch, raw, resolve
from ml.source.cells import Rules
from ml.source.errors import SourceError
from ml.source.findings import EXAMPLES, Finding, Ledger
from ml.source.mapping import Mapping
from ml.source.preset_3t import no_rows, read_side_tables
from ml.source.presets import required_keys
from ml.source.raw import Raw
from ml.source.staging import Columns, Place, place_of

SUM_DECIMALS = 6  # databases add floating-point numbers in different orders; beyond this their sums are noise
_OF_CUSTOMER = {"customer_name": "name", "customer_type": "customer_type", "zone": "zone", "phone": "phone", "email": "email"}
_OF_PRODUCT = {"product_name": "name", "category": "category"}


def read_lines(connection: sa.Connection, mapping: Mapping, rules: Rules) -> Raw:
    """Their lines under our names as order_lines, orders, customers and products, not yet cleaned.

    Without an order id a customer's lines of one day are one order. Raises MappingError (table or column is not there) or SourceError
    (no row, or neither an amount nor quantity and price).
    """
    catalog, found, ledger = Catalog(connection, mapping.schema_name), Raw(), Ledger()
    table_map = mapping.tables["order_lines"]
    table = catalog.require("order_lines", table_map)
    columns, absent = resolve("order_lines", table_map, table, required_keys("lines", "order_lines"))
    found.note_absent_columns("order_lines", absent)
    if "amount" not in columns and not {"quantity", "unit_price"} <= set(columns):
        raise SourceError(f"The table {table_map.table} has neither an amount nor quantity and unit price; name them in [order_lines].")
    place = place_of(connection, columns | exclusion_columns("order_lines", table_map, table, columns), rules, ledger)
    _reduce(place, table_map.exclude, ledger, found)
    if found.frames["orders"].empty and not any(finding.code == "excluded" for finding in ledger.findings):
        raise SourceError(no_rows(table_map.table))
    found.findings += ledger.findings
    read_side_tables(catalog, mapping, found)
    return found


def _reduce(place: Place, exclude: dict[str, tuple[str, ...]], ledger: Ledger, found: Raw) -> None:
    keep = _excluded(place, exclude, ledger)
    line = _line_columns(place, keep, ledger)
    orders = fetch(place.connection, _orders(line, keep))
    sums = [name for name in ("amount", "quantity") if name in orders]
    found.frames["orders"] = orders.assign(**{name: pd.to_numeric(orders[name]).round(SUM_DECIMALS) for name in sums})
    own = [line[key].label(key) for key in ("order_id", "product_id", "quantity", "unit_price", "amount") if key in line]
    if "product_id" in line:
        found.frames["order_lines"] = fetch(place.connection, sa.select(*own).where(keep))
        found.frames["products"] = fetch(place.connection, _one_each(line, keep, "product_id", _OF_PRODUCT))
    found.frames["customers"] = fetch(place.connection, _one_each(line, keep, "customer_id", _OF_CUSTOMER))


def _excluded(place: Place, exclude: dict[str, tuple[str, ...]], ledger: Ledger) -> sa.ColumnElement[bool]:
    """The condition of the rows that stay; each excluding value is counted, a row once."""
    conditions: list[sa.ColumnElement[bool]] = []
    shown = place.columns.get("order_id", place.columns["customer_id"])
    for key, patterns in exclude.items():
        for pattern in patterns if key in place.columns else ():
            hit = _matches(place.columns[key], pattern)
            fresh = sa.and_(hit, *(sa.not_(earlier) for earlier in conditions))
            count = place.connection.execute(sa.select(sa.func.count()).where(fresh).select_from(shown.table)).scalar_one()  # type: ignore[attr-defined]
            if count:
                examples = place.connection.execute(
                    sa.select(as_text(shown)).where(fresh).distinct().order_by(as_text(shown)).limit(EXAMPLES)
                )
                texts = tuple(str(value) for value in examples.scalars())
                ledger.findings.append(Finding("excluded", "order_lines", int(count), "left_out", texts, {"column": key, "value": pattern}))
            conditions.append(hit)
    return sa.and_(sa.true(), *(sa.not_(condition) for condition in conditions))


def _matches(column: sa.ColumnElement[Any], pattern: str) -> sa.ColumnElement[bool]:
    """Equal to a value or beginning with a prefix ("C*"), as written or in capitals or small letters; false where empty."""
    text, wanted = as_text(column), pattern.removesuffix("*")
    part = sa.func.substr(text, 1, len(wanted)) if pattern.endswith("*") else text
    return sa.func.coalesce(part, "").in_(sorted({wanted, wanted.lower(), wanted.upper()}))


def _line_columns(place: Place, keep: sa.ColumnElement[bool], ledger: Ledger) -> Columns:
    """The line's expressions under our keys: its order id (found or made), its day as ISO text, its amount."""
    line: Columns = {key: raw(column) for key, column in place.columns.items()}
    line["customer_id"] = as_text(place.columns["customer_id"])
    line["date"] = sa.func.substr(as_text(place.columns["date"]), 1, 10)
    if "product_id" in line:
        line["product_id"] = as_text(place.columns["product_id"])
    if {"quantity", "unit_price"} <= set(line):
        product = place.columns["quantity"] * place.columns["unit_price"]
        line["amount"] = raw(sa.func.coalesce(place.columns["amount"], product) if "amount" in line else product)
    line["order_id"] = _order_key(place, line, keep, ledger)
    return line


def _order_key(place: Place, line: Columns, keep: sa.ColumnElement[bool], ledger: Ledger) -> sa.ColumnElement[str]:
    customer_day = line["customer_id"].concat("/").concat(line["date"])
    if "order_id" not in place.columns:
        ledger.findings.append(Finding("orders_from_days", "orders", 0, "noted"))
        return customer_day
    own: sa.ColumnElement[str] = sa.func.nullif(sa.func.trim(as_text(place.columns["order_id"])), "")
    shared = sa.select(own).where(keep).group_by(own).having(sa.func.min(line["customer_id"]) != sa.func.max(line["customer_id"]))
    count = int(place.connection.execute(sa.select(sa.func.count()).select_from(shared.subquery())).scalar_one())
    if count:
        ledger.findings.append(Finding("order_id_shared", "orders", count, "corrected"))
        own = own.concat("/").concat(sa.func.coalesce(line["customer_id"], ""))
    return sa.func.coalesce(own, customer_day)


def _orders(line: Columns, keep: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """One row per order: customer, first day, sums of amount and quantity; `spread` where its lines have different days."""
    chosen = [
        line["order_id"].label("order_id"),
        sa.func.min(line["customer_id"]).label("customer_id"),
        sa.func.min(line["date"]).label("order_date"),
        raw(sa.func.sum(line["amount"])).label("amount"),
    ]
    if "quantity" in line:
        chosen.append(raw(sa.func.sum(line["quantity"])).label("quantity"))
    if "zone" in line:
        chosen.append(sa.func.max(as_text(line["zone"])).label("zone"))
    spread = sa.case((sa.func.min(line["date"]) != sa.func.max(line["date"]), 1), else_=0)
    return sa.select(*chosen, spread.label("spread")).where(keep).group_by(line["order_id"])


def _one_each(line: Columns, keep: sa.ColumnElement[bool], key: str, details: dict[str, str]) -> sa.Select[Any]:
    """One row per customer or product with the details that the lines carry (the last in the alphabet where they differ)."""
    chosen = [sa.func.max(as_text(line[theirs])).label(ours) for theirs, ours in details.items() if theirs in line]
    wanted: list[sa.ColumnElement[Any]] = [line[key].label(key), *chosen]
    return sa.select(*wanted).where(keep, line[key].is_not(None)).group_by(line[key])
