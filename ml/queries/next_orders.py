"""Who will order in the coming week, by probability and money, against each customer's own rhythm."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import sqlalchemy as sa

from ml.customers.arrival import chance_within
from ml.queries import calls, customers
from ml.queries.advice import LATE
from ml.queries.service import Service
from ml.store import schema

WEEK = 7
STATES: tuple[str, ...] = ("due", "overdue", "early", "too_late", "unknown")
COMING: tuple[str, ...] = ("due", "overdue", "early", "unknown")
CHOSEN_BY = ("customer_id", "population", "days_since_last_order", "gap_days", "spend_365", "zone", "customer_type")
READ = (
    *CHOSEN_BY, "probability", "horizon_days", "expected_value", "expected_orders", "next_days", "next_lo_days", "next_hi_days",
    "orders_365", "orders_total", "spend_total",
)  # fmt: skip
MOST_NAMED = 1_000  # ids that a query names one by one


@dataclass(frozen=True)
class Lateness:
    """How late is too late. `curve` has multiple, share, lo95, hi95, customers; `too_late` is the first multiple of the own pause at which
    fewer than half came back within `within_days` more, None where that never shows."""

    within_days: int
    too_late: float | None
    curve: pd.DataFrame


def lateness(conn: sa.Connection, service: Service) -> Lateness | None:
    """The curve learnt from this company's own customers; None where there are too few of them."""
    table = schema.predictions
    row = conn.execute(
        sa.select(table.c.value, table.c.window_days, table.c.detail).where(
            table.c.release_id == service.release_id,
            table.c.predictor == service.predictor,
            table.c.measure == "too_late",
            table.c.as_of == service.as_of,
            table.c.entity_type == "company",
        )
    ).first()
    points = (row.detail or {}).get("curve") if row else None
    return Lateness(row.window_days, row.value, pd.DataFrame(points)) if row and points else None


def coming(conn: sa.Connection, service: Service, segments: Service | None) -> pd.DataFrame:
    """One row per customer who may be contacted, most expected money first (the latest by the own rhythm first where the risk has no
    usable signal): the columns of CHOSEN_BY, `segment` (None without), and

    `chance` of an order in the next WEEK days, `order_value` (money per expected order), `expected_money` = chance × value, `state`
    (one of STATES), `lateness` = days silent by the own usual pause. What a list says beyond these `told` adds to the rows of a page.

    Early: the own pause ends after the week; due: within it; overdue: it has passed; too late: silent for longer than it takes until
    fewer than half come back, or twice the horizon; unknown: too few orders for a pause of its own.
    """
    everybody = customers.with_segment(calls.with_lateness(customers.listed(conn, service)), segments)
    frame = everybody.frame(conn, names=(*READ, "lateness", "segment"))
    low, middle, high = (frame[name].to_numpy() for name in ("next_lo_days", "next_days", "next_hi_days"))
    horizon, probability = frame["horizon_days"].to_numpy(), 1 - frame["probability"].to_numpy()
    orders = frame["expected_orders"].fillna(0.0).to_numpy()
    chance = chance_within(WEEK, horizon, probability, (low, middle, high), orders)
    value = _order_value(frame)
    known = lateness(conn, service)
    found = frame[[*CHOSEN_BY, "segment", "lateness"]].assign(chance=chance, order_value=value, expected_money=chance * value)
    found["state"] = states(found, known.too_late if known else None)
    if customers.has_signal(conn, service) is False:
        return found.sort_values(["lateness", "spend_365"], ascending=False, na_position="last").reset_index(drop=True)
    return found.sort_values(["expected_money", "chance"], ascending=False, na_position="last").reset_index(drop=True)


def likely(conn: sa.Connection, service: Service, segments: Service | None, threshold: float) -> pd.DataFrame:
    """The rows of `coming` to count on this week: whose chance is at least `threshold`, the likeliest first; where the risk has no usable
    signal, and so the chance has none, whose own pause ends this week or has passed, the latest first. With what `told` says of them."""
    frame = coming(conn, service, segments)
    if customers.has_signal(conn, service) is False:
        return told(conn, service, frame[frame["state"].isin(("due", "overdue"))])
    return told(conn, service, frame[frame["chance"] >= threshold].sort_values(["chance", "expected_money"], ascending=False))


def told(conn: sa.Connection, service: Service, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `coming` with what else `customers.told` says of these customers: names, phones, reasons, days of the next order."""
    listed, few = customers.listed(conn, service), len(rows) <= MOST_NAMED
    asked = listed.where(listed.c.customer_id.in_(rows["customer_id"].tolist())) if few else listed
    known = customers.told(conn, service, asked, most=len(rows) if few else None)
    return rows.merge(known.drop(columns=[name for name in CHOSEN_BY if name != "customer_id"]), on="customer_id", how="inner")


def states(frame: pd.DataFrame, too_late: float | None) -> pd.Series:
    """The state of each row (days_since_last_order, gap_days, lateness, population) as `coming` explains it."""
    late = frame["population"] == "dormant"
    if too_late is not None:
        late |= frame["lateness"] >= too_late
    conditions = [late, frame["gap_days"].isna(), frame["lateness"] > LATE, frame["gap_days"] - frame["days_since_last_order"] <= WEEK]
    named = np.select([condition.to_numpy(dtype=bool) for condition in conditions], ["too_late", "unknown", "overdue", "due"], "early")
    return pd.Series(named, index=frame.index, dtype="str")


def chosen(frame: pd.DataFrame, state: str, filters: Mapping[str, str | None]) -> pd.DataFrame:
    """The rows of a state ("all": of COMING) whose columns have the values of `filters`; None leaves a column alone."""
    kept = frame["state"].isin(COMING) if state == "all" else frame["state"] == state
    for column, value in filters.items():
        if value is not None:
            kept &= frame[column] == value
    return frame[kept]


def _order_value(frame: pd.DataFrame) -> pd.Series:
    """Money per order: as expected, else the mean of the last year, else of all time."""
    expected = frame["expected_value"] / frame["expected_orders"].where(frame["expected_orders"] > 0)
    year = frame["spend_365"] / frame["orders_365"].where(frame["orders_365"] > 0)
    return expected.fillna(year).fillna(frame["spend_total"] / frame["orders_total"].where(frame["orders_total"] > 0))
