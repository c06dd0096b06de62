"""Risk, value and next order of each customer, and the segments, from the releases in service."""

from typing import Any, NamedTuple

import pandas as pd
import sqlalchemy as sa

from ml.queries import calls
from ml.queries.service import Service
from ml.store import schema

FACTS = (
    "customer_id", "name", "customer_type", "zone", "phone", "email", "contact_opt_out", "first_order", "last_order",
    "orders_total", "orders_365", "spend_total", "spend_365", "typical_gap_days", "unpaid_amount", "unpaid_since",
)  # fmt: skip
RISK = (
    "customer_id", "population", "probability", "horizon_days", "days_since_last_order", "gap_days", "reasons",
    "value_at_risk", "expected_value", "expected_orders", "value_12m", "next_date", "next_lo", "next_hi",
)  # fmt: skip
SEGMENT = ("customer_id", "segment", "cluster_id", "recency_days", "frequency", "spend")
SEGMENTS: tuple[str, ...] = ("vip", "loyal", "regular", "potential", "occasional", "at_risk")
NUMBERS = ("spend_total", "spend_365", "typical_gap_days", "unpaid_amount")


def facts(conn: sa.Connection) -> pd.DataFrame:
    """Every customer as last read: the columns of FACTS, days as datetime64."""
    rows = conn.execute(sa.select(*(schema.customer_facts.c[name] for name in FACTS))).all()
    frame = pd.DataFrame(rows, columns=list(FACTS))
    days = dict.fromkeys(("first_order", "last_order", "unpaid_since"), "datetime64[us]")
    return frame.astype(days | dict.fromkeys(NUMBERS, "float64"))


def risk(conn: sa.Connection, service: Service, *, everybody: bool = False, only: tuple[str, ...] = ()) -> pd.DataFrame:
    """One row per scored customer who may be contacted, most money at risk first: the columns of RISK, then of FACTS.

    `reasons` is a list of {"code", "params"}; `horizon_days` is H; days are datetime64; money is as recorded. `everybody` keeps those who
    asked not to be contacted or are held out: for `calls.eligible` and sums alone, never for a list. `only` names a few customers.
    """
    cells = _customer_cells(conn, service, only)
    churn = cells[cells["measure"] == "churn_probability"].set_index("entity_id")
    detail = churn["detail"].map(lambda cell: cell or {})
    frame = pd.DataFrame(
        {
            "population": [cell.get("population", "active") for cell in detail],
            "probability": churn["value"],
            "horizon_days": churn["window_days"],
            "days_since_last_order": pd.to_numeric(pd.Series([cell.get("days_since_last_order") for cell in detail], index=churn.index)),
            "gap_days": pd.to_numeric(pd.Series([cell.get("typical_gap_days") for cell in detail], index=churn.index)),
            "reasons": [cell.get("reasons") or [] for cell in detail],
        },
        index=churn.index,
    )
    for measure in ("value_at_risk", "expected_value", "expected_orders", "value_12m"):
        frame[measure] = _values(cells, measure).reindex(frame.index)
    frame = frame.join(_next_orders(cells)).rename_axis("customer_id").reset_index()
    joined = frame[list(RISK)].merge(facts(conn), on="customer_id", how="inner")
    if not everybody:
        joined = calls.reachable(conn, joined, service.day)
    return joined.sort_values(["value_at_risk", "probability"], ascending=False, na_position="last").reset_index(drop=True)


class Gate(NamedTuple):
    """How far the risk may be relied on. `usable`: past windows showed that it says more than chance and the simple rule (None: the release
    does not say), `verdict` why ({"code", "params"}), `notes` what pulled the probabilities towards the company's mean."""

    usable: bool | None
    verdict: dict[str, Any]
    notes: list[dict[str, Any]]


def gate(conn: sa.Connection, service: Service) -> Gate:
    """What the release in service says of its own record."""
    table = schema.predictions
    row = conn.execute(
        sa.select(table.c.value, table.c.detail).where(
            table.c.predictor == service.predictor,
            table.c.release_id == service.release_id,
            table.c.as_of == service.as_of,
            table.c.measure == "usable_signal",
        )
    ).first()
    if row is None or row.value is None:
        return Gate(None, {}, [])
    return Gate(row.value > 0, (row.detail or {}).get("verdict") or {}, (row.detail or {}).get("notes") or [])


def has_signal(conn: sa.Connection, service: Service) -> bool | None:
    """Whether past windows showed that the risk says more than chance and the simple rule; None where the release does not say."""
    return gate(conn, service).usable


def opted_out(conn: sa.Connection) -> int:
    """How many customers asked not to be contacted: they appear in no list."""
    table = schema.customer_facts
    return conn.execute(sa.select(sa.func.count()).where(table.c.contact_opt_out)).scalar() or 0


def segment_members(conn: sa.Connection, service: Service) -> pd.DataFrame:
    """One row per customer in a segment, largest spend first: the columns of SEGMENT, then of FACTS."""
    cells = _customer_cells(conn, service)
    detail = cells["detail"].map(lambda cell: cell or {})
    frame = pd.DataFrame(
        {
            "customer_id": cells["entity_id"],
            "segment": [cell.get("name", "potential") for cell in detail],
            "cluster_id": cells["value"].astype("int64"),
            "recency_days": [float(cell.get("recency_days", float("nan"))) for cell in detail],
            "frequency": [float(cell.get("frequency", float("nan"))) for cell in detail],
            "spend": [float(cell.get("spend", float("nan"))) for cell in detail],
        },
        columns=list(SEGMENT),
    )
    return frame.merge(facts(conn), on="customer_id", how="left").sort_values("spend", ascending=False).reset_index(drop=True)


def segments(conn: sa.Connection, service: Service) -> pd.DataFrame:
    """The `segment_summary` of everybody in a segment."""
    return segment_summary(segment_members(conn, service))


def segment_summary(members: pd.DataFrame) -> pd.DataFrame:
    """One row per segment in the order of SEGMENTS: segment, cluster_id, customers, share, recency_days, frequency, spend, total_spend.

    Recency, frequency and spend are means per customer; `share` is of all customers and `spend_share` of all spend, 0 to 1.
    """
    grouped = members.groupby("segment", as_index=False).agg(
        cluster_id=("cluster_id", "first"),
        customers=("customer_id", "count"),
        recency_days=("recency_days", "mean"),
        frequency=("frequency", "mean"),
        spend=("spend", "mean"),
        total_spend=("spend", "sum"),
    )
    everything = float(grouped["total_spend"].sum()) or float("nan")
    order = {name: place for place, name in enumerate(SEGMENTS)}
    grouped = grouped.assign(share=grouped["customers"] / max(len(members), 1), spend_share=grouped["total_spend"] / everything)
    return grouped.sort_values("segment", key=lambda names: names.map(order).fillna(len(order))).reset_index(drop=True)


def _customer_cells(conn: sa.Connection, service: Service, only: tuple[str, ...] = ()) -> pd.DataFrame:
    table = schema.predictions
    columns = ["entity_id", "measure", "value", "lo80", "hi80", "window_days", "detail"]
    query = sa.select(*(table.c[name] for name in columns)).where(
        table.c.predictor == service.predictor,
        table.c.release_id == service.release_id,
        table.c.as_of == service.as_of,
        table.c.entity_type == "customer",
    )
    rows = conn.execute(query.where(table.c.entity_id.in_(only)) if only else query).all()
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(("value", "lo80", "hi80"), "float64"))


def _values(cells: pd.DataFrame, measure: str) -> pd.Series:
    rows = cells[cells["measure"] == measure]
    return rows.set_index("entity_id")["value"]


def _next_orders(cells: pd.DataFrame) -> pd.DataFrame:
    rows = cells[cells["measure"] == "next_order_date"].set_index("entity_id")
    detail = rows["detail"].map(lambda cell: cell or {})
    return pd.DataFrame({f"next_{name}": _days(detail, name) for name in ("date", "lo", "hi")}, index=rows.index)


def _days(detail: "pd.Series[Any]", name: str) -> pd.Series:
    return pd.to_datetime(detail.map(lambda cell: cell.get(name)), errors="coerce").astype("datetime64[us]")
