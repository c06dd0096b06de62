"""Risk, value and next order of each customer, and the segments, from the releases in service."""

from typing import Any, NamedTuple

import pandas as pd
import sqlalchemy as sa

from ml.queries import calls
from ml.queries.listing import Listing
from ml.queries.service import Service
from ml.store import schema
from ml.store.schema_customers import customer_scores, customer_segments

FACTS = (
    "customer_id", "name", "customer_type", "zone", "phone", "email", "contact_opt_out", "first_order", "last_order",
    "orders_total", "orders_365", "spend_total", "spend_365", "spend_before_silence", "typical_gap_days", "unpaid_amount", "unpaid_since",
)  # fmt: skip
SCORES = (
    "customer_id", "population", "probability", "horizon_days", "days_since_last_order", "gap_days", "value_at_risk", "expected_value",
    "expected_orders", "value_12m", "next_days", "next_lo_days", "next_hi_days",
)  # fmt: skip
NEXT = ("next_days", "next_lo_days", "next_hi_days")
STAKE = ("-value_at_risk", "-probability", "customer_id")
SEGMENT = ("customer_id", "segment", "cluster_id", "recency_days", "frequency", "spend")
SEGMENTS: tuple[str, ...] = ("vip", "loyal", "regular", "potential", "occasional", "at_risk")
NUMBERS = ("spend_total", "spend_365", "spend_before_silence", "typical_gap_days", "unpaid_amount")


def facts(conn: sa.Connection) -> pd.DataFrame:
    """Every customer as last read: the columns of FACTS, days as datetime64."""
    rows = conn.execute(sa.select(*(schema.customer_facts.c[name] for name in FACTS))).all()
    frame = pd.DataFrame(rows, columns=list(FACTS))
    days = dict.fromkeys(("first_order", "last_order", "unpaid_since"), "datetime64[us]")
    return frame.astype(days | dict.fromkeys(NUMBERS, "float64"))


def listed(conn: sa.Connection, service: Service, *, everybody: bool = False, only: tuple[str, ...] = ()) -> Listing:
    """The scored customers who may be contacted, most money at risk first: the columns of SCORES, then of FACTS.

    `everybody` keeps those who asked not to be contacted or are held out: for `calls.eligible` and sums alone, never for a list. `only`
    names a few customers.
    """
    scores, known = customer_scores.c, schema.customer_facts.c
    columns = {name: scores[name] for name in SCORES} | {name: known[name] for name in FACTS[1:]}
    source = customer_scores.join(schema.customer_facts, known.customer_id == scores.customer_id)
    rows = Listing(source, columns, STAKE, (scores.release_id == service.release_id, scores.as_of == service.as_of))
    if not everybody:
        rows = rows.where(scores.customer_id.not_in(calls.kept_from(conn, service.day)))
    return rows.where(scores.customer_id.in_(only)) if only else rows


def told(conn: sa.Connection, service: Service, rows: Listing, start: int = 0, most: int | None = None) -> pd.DataFrame:
    """At most `most` rows of a list of `listed` from `start` on, with what lies beside it: `reasons`, a list of {"code", "params"}, and
    the days next_date, next_lo and next_hi. Days are datetime64; money is as recorded."""
    frame = rows.frame(conn, start, most)
    begin = pd.Timestamp(service.day)
    days = {name.removesuffix("_days"): begin + pd.to_timedelta(frame[name], unit="D") for name in NEXT}
    days["next_date"] = days.pop("next")
    why = _reasons(conn, service, None if most is None else frame["customer_id"].tolist())
    read = {name: values.astype("datetime64[us]") for name, values in days.items()}
    reasons = pd.Series([why.get(key, []) for key in frame["customer_id"]], index=frame.index, dtype=object)
    return frame.drop(columns=list(NEXT)).assign(reasons=reasons, **read)


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


def members(service: Service) -> Listing:
    """The customers in a segment, largest spend first: the columns of SEGMENT, then of FACTS where they are known."""
    groups, known = customer_segments.c, schema.customer_facts.c
    columns = {name: groups[name] for name in SEGMENT}
    mine = (groups.release_id == service.release_id, groups.as_of == service.as_of)
    rows = Listing(customer_segments, columns, ("-spend", "customer_id"), mine)
    facts = {name: known[name] for name in FACTS[1:]}
    return rows.beside(schema.customer_facts, known.customer_id == groups.customer_id, **facts)


def with_segment(rows: Listing, segments: Service | None) -> Listing:
    """The rows of `listed` with the customer's `segment`; None where there is none."""
    if segments is None or segments.as_of is None:
        return rows.adding(segment=sa.null())
    groups = customer_segments.c
    mine = (groups.release_id == segments.release_id) & (groups.as_of == segments.as_of) & (groups.customer_id == rows.c.customer_id)
    return rows.beside(customer_segments, mine, segment=groups.segment)


def in_segment(conn: sa.Connection, service: Service, segment: str) -> list[str]:
    """The ids of the customers in a segment, whether they may be contacted or not."""
    rows = members(service)
    return rows.where(rows.c.segment == segment).frame(conn, names=("customer_id",))["customer_id"].tolist()


def names(conn: sa.Connection, only: tuple[str, ...] = ()) -> dict[str, str | None]:
    """The name of each customer, or of a few."""
    known = schema.customer_facts.c
    query = sa.select(known.customer_id, known.name)
    return {row.customer_id: row.name for row in conn.execute(query.where(known.customer_id.in_(only)) if only else query)}


def segments(conn: sa.Connection, service: Service) -> pd.DataFrame:
    """One row per segment in the order of SEGMENTS: segment, cluster_id, customers, share, recency_days, frequency, spend, total_spend.

    Recency, frequency and spend are means per customer; `share` is of all customers and `spend_share` of all spend, 0 to 1.
    """
    rows = members(service)
    means = {name: sa.func.avg(rows.c[name]) for name in ("recency_days", "frequency", "spend")}
    counts = {"cluster_id": sa.func.min(rows.c.cluster_id), "customers": sa.func.count()}
    grouped = rows.groups(conn, "segment", **counts, **means, total_spend=sa.func.sum(rows.c.spend))
    everything = float(grouped["total_spend"].sum()) or float("nan")
    order = {name: place for place, name in enumerate(SEGMENTS)}
    everybody = max(int(grouped["customers"].sum()), 1)
    grouped = grouped.assign(share=grouped["customers"] / everybody, spend_share=grouped["total_spend"] / everything)
    return grouped.sort_values("segment", key=lambda names: names.map(order).fillna(len(order))).reset_index(drop=True)


def _reasons(conn: sa.Connection, service: Service, only: list[str] | None) -> dict[str, list[dict[str, Any]]]:
    """What speaks for each customer's risk, as the release says; of all, or of the few of a page."""
    table = schema.predictions
    query = sa.select(table.c.entity_id, table.c.detail).where(
        table.c.release_id == service.release_id,
        table.c.predictor == service.predictor,
        table.c.measure == "churn_probability",
        table.c.as_of == service.as_of,
        table.c.entity_type == "customer",
    )
    rows = conn.execute(query if only is None else query.where(table.c.entity_id.in_(only)))
    return {row.entity_id: (row.detail or {}).get("reasons") or [] for row in rows}
