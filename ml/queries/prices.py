"""Prices of the release in service: what a change does, what is suggested and why, and the units that are expected."""

from typing import Any

import pandas as pd
import sqlalchemy as sa

from ml.queries.service import Service
from ml.store import schema

BAND = ("value", "lo80", "hi80", "lo95", "hi95")
NUMBERS = ("current_price", "low", "high", "unit_cost", "gain", "gain_low", "gain_high")


def answers(conn: sa.Connection, service: Service) -> pd.DataFrame:
    """One row per product and per customer type that pays its own price, best seller first.

    Columns: key, product_id, customer_type (None = all), name, elasticity with lo80, hi80, lo95, hi95 (per cent per per cent; NaN where
    none can be read), unread (the reason code then, else None), suggested (money, NaN = none), reason (its code), current_price, low, high
    (the limits of the company), unit_cost, gain, gain_low, gain_high (shares; NaN where not known), is_personal, tests (what each price
    test found: value, lo80, hi80 … as the predictor tells them; empty without any), history (value, lo80, hi80 without them, or None).
    """
    elasticity, suggested = (_rows(conn, service, measure) for measure in ("elasticity", "suggested_price"))
    said = {row["entity_id"]: row for row in suggested}
    names = product_names(conn)
    rows = [_answer(row, said.get(row["entity_id"], {}), names) for row in elasticity]
    columns = [
        "key",
        "product_id",
        "customer_type",
        "name",
        "elasticity",
        *BAND[1:],
        "unread",
        "suggested",
        "reason",
        *NUMBERS,
        "is_personal",
        "tests",
        "history",
    ]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype(dict.fromkeys(("elasticity", *BAND[1:], "suggested", *NUMBERS), "float64"))


def units(conn: sa.Connection, service: Service) -> pd.DataFrame:
    """The units expected of each product in the next 28 days: product_id, value, lo80, hi80, last (units of the last 28; NaN unknown)."""
    rows = _rows(conn, service, "units_28d")
    told = [{"product_id": row["entity_id"], **{n: row[n] for n in BAND[:3]}, "last": row["detail"].get("last_28_days")} for row in rows]
    frame = pd.DataFrame(told, columns=["product_id", *BAND[:3], "last"])
    return frame.astype(dict.fromkeys((*BAND[:3], "last"), "float64"))


def product_names(conn: sa.Connection) -> dict[str, str]:
    """Product id -> its name, of the products that customers usually buy and the data names."""
    table = schema.customer_products
    query = sa.select(table.c.product_id, sa.func.max(table.c.name)).where(table.c.name.is_not(None)).group_by(table.c.product_id)
    return {str(product): str(name) for product, name in conn.execute(query)}


def _rows(conn: sa.Connection, service: Service, measure: str) -> list[dict[str, Any]]:
    table = schema.predictions
    query = (
        sa.select(table.c.entity_id, *(table.c[name] for name in BAND), table.c.detail)
        .where(
            table.c.predictor == service.predictor,
            table.c.release_id == service.release_id,
            table.c.as_of == service.as_of,
            table.c.measure == measure,
        )
        .order_by(table.c.id)
    )
    return [dict(row) for row in conn.execute(query).mappings()]


def _answer(read: dict[str, Any], said: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    detail, told = read["detail"], said.get("detail") or {}
    product = str(detail.get("product_id", read["entity_id"]))
    return {
        "key": read["entity_id"],
        "product_id": product,
        "customer_type": detail.get("customer_type"),
        "name": names.get(product, product),
        "elasticity": read["value"],
        **{name: read[name] for name in BAND[1:]},
        "unread": (detail.get("reason") or {}).get("code"),
        "suggested": said.get("value"),
        "reason": (told.get("reason") or {}).get("code"),
        **{name: told.get(name, detail.get(name)) for name in NUMBERS},
        "is_personal": bool(detail.get("personal_prices")),
        "tests": detail.get("tests") or [],
        "history": detail.get("history"),
    }
