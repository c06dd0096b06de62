"""Deliveries: their cost by zone, the tours of the last days beside what they took, and where the last day's went."""

from datetime import timedelta

import pandas as pd
import sqlalchemy as sa

from ml.queries.service import Service
from ml.routing.physics import actual_cost
from ml.store import schema
from ml.store.values import load_preferences

TOUR_DAYS = 30
ZONE = ["zone", "cost", "basis", "orders", "quantity", "latitude", "longitude", "distance_km", "hours"]
TOUR = ["tour_id", "day", "cost", "lo80", "hi80", "actual", "basis", "stops"]


def zones(conn: sa.Connection, service: Service | None) -> pd.DataFrame:
    """What a delivery to the middle of each zone costs, the zone with most orders first: the columns of ZONE.

    Empty without places or a service.
    """
    if service is None:
        return pd.DataFrame(columns=ZONE)
    table = schema.predictions
    query = sa.select(table.c.entity_id, table.c.value, table.c.detail).where(*_of(service), table.c.measure == "delivery_cost")
    rows = [{"zone": row.entity_id, "cost": row.value, **row.detail} for row in conn.execute(query)]
    frame = pd.DataFrame(rows, columns=ZONE).sort_values(["orders", "zone"], ascending=[False, True], ignore_index=True)
    return frame.astype(dict.fromkeys(("cost", "quantity", "latitude", "longitude", "distance_km", "hours"), "float64"))


def tours(conn: sa.Connection, service: Service | None) -> pd.DataFrame:
    """The tours of the last 30 days, newest first: the columns of TOUR. `actual` is NaN where neither cost nor kilometres are known.

    What a tour took is its recorded cost, else its driven kilometres and hours at the company's rates of today. Empty without a service.
    """
    if service is None:
        return pd.DataFrame(columns=TOUR)
    table = schema.predictions
    query = (
        sa.select(table.c.entity_id, table.c.target_date, table.c.value, table.c.lo80, table.c.hi80, table.c.detail)
        .where(*_of(service), table.c.measure == "tour_cost", table.c.target_date > service.day - timedelta(days=TOUR_DAYS))
        .order_by(table.c.target_date.desc(), table.c.entity_id)
    )
    took = _took(conn)
    rows = [
        (
            row.entity_id,
            row.target_date,
            row.value,
            row.lo80,
            row.hi80,
            took.get(row.entity_id),
            row.detail.get("basis"),
            row.detail.get("stops"),
        )
        for row in conn.execute(query)
    ]
    numbers = dict.fromkeys(("cost", "lo80", "hi80", "actual", "stops"), "float64")
    return pd.DataFrame(rows, columns=TOUR).astype({"day": "datetime64[us]"} | numbers)


def points(conn: sa.Connection) -> pd.DataFrame:
    """Where the deliveries of the last day with known places went: day, zone, quantity, latitude, longitude. Empty without coordinates."""
    table = schema.delivery_points
    columns = ["day", "zone", "quantity", "latitude", "longitude"]
    rows = conn.execute(sa.select(*(table.c[name] for name in columns)).order_by(table.c.order_id)).all()
    return pd.DataFrame(rows, columns=columns).astype({"day": "datetime64[us]", "quantity": "float64"})


def customer_types(conn: sa.Connection) -> tuple[str, ...]:
    """The types of customer that the data knows."""
    column = schema.customer_facts.c.customer_type
    return tuple(conn.execute(sa.select(column).where(column.is_not(None)).distinct().order_by(column)).scalars())


def _took(conn: sa.Connection) -> dict[str, float]:
    table = schema.tour_facts
    rows = conn.execute(sa.select(table)).all()
    frame = pd.DataFrame(rows, columns=table.c.keys()).astype(dict.fromkeys(("stops", "driven_km", "hours", "cost"), "float64"))
    known = actual_cost(frame, load_preferences(conn))
    return {tour: float(cost) for tour, cost in zip(frame["tour_id"], known, strict=True) if cost == cost}


def _of(service: Service) -> tuple[sa.ColumnElement[bool], ...]:
    table = schema.predictions
    return (table.c.predictor == service.predictor, table.c.release_id == service.release_id, table.c.as_of == service.as_of)
