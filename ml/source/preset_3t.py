"""Reads a database in the `3t` form: one row per order, lines where the order has them, else one line from the order itself."""

from typing import Any

import pandas as pd
import sqlalchemy as sa

from ml.source.catalog import Catalog, as_text, exclusion_columns, fetch, fetch_if_allowed, labelled, raw, resolve
from ml.source.errors import SourceError
from ml.source.findings import Finding
from ml.source.mapping import Mapping, TableMap
from ml.source.presets import required_keys
from ml.source.raw import Raw

SIDE_TABLES = ("customers", "addresses", "products", "weather", "events", "purchases", "purchase_lines", "supplier_prices")


def read_3t(connection: sa.Connection, mapping: Mapping) -> Raw:
    """Their rows under our names, not yet cleaned. Only `orders` must exist; everything else that is absent becomes a finding.

    Raises MappingError (orders or a named column is not there) or SourceError (orders gives no row).
    """
    catalog, found = Catalog(connection, mapping.schema_name), Raw()
    order_map = mapping.tables["orders"]
    orders = catalog.require("orders", order_map)
    columns, absent = resolve("orders", order_map, orders, required_keys("3t", "orders"))
    found.note_absent_columns("orders", absent)
    found.frames["orders"] = fetch(connection, sa.select(*labelled(columns | exclusion_columns("orders", order_map, orders, columns))))
    if found.frames["orders"].empty:
        raise SourceError(no_rows(order_map.table))
    _read_lines(catalog, mapping, columns, found)
    read_side_tables(catalog, mapping, found)
    return found


def no_rows(table: str) -> str:
    """The sentence for a table that exists and gives nothing."""
    return (
        f"The table {table} gives no row: it is empty, or hidden by row-level security;"
        " put orders in, or give the user of INSIGHTS_SOURCE the right to read them."
    )


def read_side_tables(catalog: Catalog, mapping: Mapping, found: Raw) -> None:
    """Read customers, addresses, products and the rest where they exist; an absent, refused or empty one is a finding."""
    for name in SIDE_TABLES:
        table_map = mapping.tables.get(name)
        if table_map is None:
            continue
        frame = _read_table(catalog, mapping, name, table_map, found)
        if frame is not None:
            found.frames[name] = frame


def _read_table(catalog: Catalog, mapping: Mapping, name: str, table_map: TableMap, found: Raw) -> pd.DataFrame | None:
    table = catalog.require(name, table_map) if "table" in table_map.written else catalog.find(table_map.table)
    if table is None:
        found.note(Finding("table_absent", name, 0, "noted", params={"table": table_map.table}))
        return None
    required = required_keys(mapping.preset, name)
    if "table" not in table_map.written and (lacking := [key for key in required if table_map.columns[key] not in table.c]):
        found.note(Finding("table_unusable", name, 0, "noted", params={"table": table_map.table, "columns": lacking}))
        return None
    columns, absent = resolve(name, table_map, table, required)
    found.note_absent_columns(name, absent)
    excluded = exclusion_columns(name, table_map, table, columns)
    frame = fetch_if_allowed(catalog.connection, sa.select(*labelled(columns | excluded)))
    if frame is None:
        found.note(Finding("table_refused", name, 0, "noted", params={"table": table_map.table}))
    elif frame.empty:
        found.note(Finding("table_empty", name, 0, "noted", params={"table": table_map.table}))
    return frame


def _read_lines(catalog: Catalog, mapping: Mapping, order: dict[str, sa.Column[Any]], found: Raw) -> None:
    """order_lines = the order's own lines, else one line made of the order (its first product, whole quantity and amount)."""
    line_map = mapping.tables["order_lines"]
    table = catalog.require("order_lines", line_map) if "table" in line_map.written else catalog.find(line_map.table)
    linked: sa.ColumnElement[bool] = sa.true()
    if table is None:
        found.note(Finding("table_absent", "order_lines", 0, "noted", params={"table": line_map.table}))
        own = pd.DataFrame()
    else:
        columns, absent = resolve("order_lines", line_map, table, required_keys("3t", "order_lines"))
        found.note_absent_columns("order_lines", absent)
        own = fetch(catalog.connection, sa.select(*labelled(columns), sa.literal(0).label("made")))
        linked = as_text(order["order_id"]).not_in(sa.select(as_text(columns["order_id"])).where(columns["order_id"].is_not(None)))
        if own.empty:
            found.note(Finding("table_empty", "order_lines", 0, "noted", params={"table": line_map.table}))
    made = _lines_of_orders(catalog.connection, order, linked)
    if len(made):
        found.note(Finding("lines_from_orders", "order_lines", len(made), "noted"))
    parts = [part for part in (own, made) if len(part)]
    if parts:
        found.frames["order_lines"] = pd.concat([part.astype(object) for part in parts], ignore_index=True)


def _lines_of_orders(connection: sa.Connection, order: dict[str, sa.Column[Any]], condition: sa.ColumnElement[bool]) -> pd.DataFrame:
    if "product_id" not in order:
        return pd.DataFrame()
    keys = [key for key in ("order_id", "product_id", "quantity", "amount") if key in order]
    chosen = sa.select(*(raw(order[key]).label(key) for key in keys), sa.literal(1).label("made"))
    return fetch(connection, chosen.where(condition, order["product_id"].is_not(None)))
