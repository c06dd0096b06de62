"""The demand forecast of products, zones and customer types, what to order of each bottle, and what the forecast says about itself."""

from typing import Any

import pandas as pd
import sqlalchemy as sa

from ml.queries.demand import BAND, WEATHER, Total, daily_forecast
from ml.queries.service import Service
from ml.store import schema

KINDS: tuple[str, ...] = ("product", "zone", "customer_type")
OTHERS = "*"
WEEK, MONTH = 7, 30


def parts(conn: sa.Connection, service: Service, measure: str) -> pd.DataFrame:
    """The parts with days of their own: kind, entity, name (of a zone or type the entity), value (next 7 days), by kind, most first."""
    rows = _rows(conn, service, measure, KINDS, WEEK)
    told = [
        {"kind": row.entity_type, "entity": row.entity_id, "name": row.detail.get("name") or row.entity_id, "value": row.value}
        for row in rows
        if _modelled(row)
    ]
    frame = pd.DataFrame(told, columns=["kind", "entity", "name", "value"])
    order = frame["kind"].map({kind: place for place, kind in enumerate(KINDS)})
    return (
        frame.assign(order=order, last=frame["entity"] == OTHERS)
        .sort_values(["order", "last", "value"], ascending=[True, True, False])
        .drop(columns=["order", "last"])
        .reset_index(drop=True)
    )


def part_forecast(conn: sa.Connection, service: Service, measure: str, kind: str, entity: str, days: int) -> pd.DataFrame:
    """The forecast of a part by day, with the columns of `daily_forecast`; no members, no weather. Empty for a part nobody knows."""
    rows = _rows(conn, service, measure, (kind,), MONTH, entity)
    path = rows[0].detail.get("path") if rows else None
    whole = daily_forecast(conn, service, measure, days)
    if not path:
        return whole.iloc[:0]
    values = {name: pd.Series(path[name][: len(whole)], index=whole.index, dtype="float64") for name in BAND}
    unknown: dict[str, Any] = dict.fromkeys(WEATHER, float("nan"))
    return whole.assign(**values, **unknown, members=pd.Series([{} for _ in range(len(whole))], index=whole.index, dtype=object))


def part_totals(conn: sa.Connection, service: Service, measure: str, kind: str, entity: str) -> dict[int, Total]:
    """The totals ahead of a part: days (7, 30) -> Total; open days are the company's."""
    found = {}
    for window in (WEEK, MONTH):
        open_days = _rows(conn, service, measure, ("company",), window)
        for row in _rows(conn, service, measure, (kind,), window, entity):
            opened = open_days[0].detail.get("open_days") if open_days else None
            found[window] = Total(window, row.value, row.lo80, row.hi80, row.lo95, row.hi95, opened)
    return found


def part_record(conn: sa.Connection, service: Service, measure: str, kind: str, entity: str) -> dict[str, Any] | None:
    """How past weeks of a part went: weeks, error and rule (shares of what came), within; {} with too few, None where it was not kept."""
    rows = _rows(conn, service, measure, (kind,), WEEK, entity)
    return rows[0].detail.get("record") if rows else None


def orders_of_bottles(conn: sa.Connection, service: Service) -> pd.DataFrame:
    """Per bottle product and the coming week: entity, name, value, quantiles ({level: bottles}), service ({weeks, levels}), most first."""
    rows = [row for row in _rows(conn, service, "bottles", ("product",), WEEK) if row.detail.get("quantiles")]
    told = [
        {
            "entity": row.entity_id,
            "name": row.detail.get("name") or row.entity_id,
            "value": row.value,
            "quantiles": {float(level): value for level, value in row.detail["quantiles"].items()},
            "service": row.detail.get("service") or {},
        }
        for row in rows
    ]
    frame = pd.DataFrame(told, columns=["entity", "name", "value", "quantiles", "service"])
    return frame.sort_values("value", ascending=False).reset_index(drop=True)


def told(conn: sa.Connection, service: Service, what: str, measure: str) -> dict[str, Any]:
    """What the release says of itself about a measure: `what` is replay, behind or weather_effect. {} where it says nothing."""
    rows = _rows(conn, service, what, ("measure",), 1, measure)
    return dict(rows[0].detail or {}) if rows else {}


def _modelled(row: sa.Row[Any]) -> bool:
    return (row.detail or {}).get("method") in ("top_down", "min_trace")


def _rows(
    conn: sa.Connection, service: Service, measure: str, kinds: tuple[str, ...], window: int, entity: str | None = None
) -> list[sa.Row[Any]]:
    table = schema.predictions
    query = sa.select(*(table.c[name] for name in ("entity_type", "entity_id", *BAND, "detail"))).where(
        table.c.predictor == service.predictor,
        table.c.release_id == service.release_id,
        table.c.as_of == service.as_of,
        table.c.measure == measure,
        table.c.entity_type.in_(kinds),
        table.c.window_days == window,
    )
    if entity is not None:
        query = query.where(table.c.entity_id == entity)
    return list(conn.execute(query.order_by(table.c.entity_type, table.c.entity_id)))
