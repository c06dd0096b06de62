"""The choice of customers as frames make it: every prediction read with its detail, joined, chosen and ordered by pandas. What the lists in
SQL are compared with. Ties go by customer_id."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from ml.customers.arrival import chance_within
from ml.queries import calls, customers, next_orders
from ml.store import schema
from ml.store.alerts import CLOSED, LIVE, WITHDRAWN
from ml.store.schema_alerts import alerts

POPULATIONS = {"at_risk": "active", "win_back": "dormant"}


def risk(conn, service, *, everybody: bool = False) -> pd.DataFrame:
    return _risk(conn.engine, service, everybody).copy()


@cache
def _risk(engine, service, everybody: bool) -> pd.DataFrame:
    """Made once: the store of these tests does not change."""
    with engine.connect() as conn:
        return _scored(conn, service, everybody=everybody)


def cells(conn, service) -> pd.DataFrame:
    table = schema.predictions
    columns = ["entity_id", "measure", "value", "window_days", "detail"]
    query = sa.select(*(table.c[name] for name in columns)).where(
        table.c.predictor == service.predictor,
        table.c.release_id == service.release_id,
        table.c.as_of == service.as_of,
        table.c.entity_type == "customer",
    )
    return pd.DataFrame(conn.execute(query).all(), columns=columns).astype({"value": "float64"})


def _scored(conn, service, *, everybody: bool) -> pd.DataFrame:
    read = cells(conn, service)
    churn = read[read["measure"] == "churn_probability"].set_index("entity_id")
    detail = churn["detail"].map(lambda cell: cell or {})
    told: dict[str, Any] = {name: [cell.get(name) for cell in detail] for name in ("days_since_last_order", "typical_gap_days")}
    frame = pd.DataFrame(
        {
            "population": [cell.get("population", "active") for cell in detail],
            "probability": churn["value"],
            "horizon_days": churn["window_days"],
            "days_since_last_order": pd.Series(told["days_since_last_order"], index=churn.index, dtype="float64"),
            "gap_days": pd.Series(told["typical_gap_days"], index=churn.index, dtype="float64"),
            "reasons": [cell.get("reasons") or [] for cell in detail],
        }
    )
    for measure in ("value_at_risk", "expected_value", "expected_orders", "value_12m"):
        frame[measure] = read[read["measure"] == measure].set_index("entity_id")["value"].reindex(frame.index)
    orders = read[read["measure"] == "next_order_date"].set_index("entity_id")["detail"].reindex(frame.index)
    for name in ("date", "lo", "hi"):
        days = [cell.get(name) if isinstance(cell, dict) else None for cell in orders]
        frame[f"next_{name}"] = pd.to_datetime(pd.Series(days, index=frame.index)).astype("datetime64[us]")
    frame = frame.rename_axis("customer_id").reset_index().merge(customers.facts(conn), on="customer_id", how="inner")
    if not everybody:
        frame = frame[~frame["customer_id"].isin(calls.kept_from_contact(conn, service.day))]
    return ordered(frame, "-value_at_risk", "-probability", "customer_id")


def ordered(frame: pd.DataFrame, *order: str) -> pd.DataFrame:
    """The rows by these columns, "-" for the largest first, what is missing last; ties as they were."""
    names = [name.removeprefix("-") for name in order]
    ways = [not name.startswith("-") for name in order]
    for name, way in reversed(list(zip(names, ways, strict=True))):
        frame = frame.sort_values(name, ascending=way, na_position="last", kind="stable")
    return frame.reset_index(drop=True)


def with_profit(frame: pd.DataFrame, chosen) -> pd.DataFrame:
    windows = (chosen.kept_days / frame["horizon_days"]).clip(lower=1)
    return frame.assign(expected_profit=frame["value_at_risk"] * windows * chosen.gross_margin * chosen.save_rate - chosen.call_cost)


def with_work(conn, frame: pd.DataFrame) -> pd.DataFrame:
    newest = sa.select(sa.func.max(alerts.c.id)).where(alerts.c.state != WITHDRAWN).group_by(alerts.c.customer_id)
    columns = ["customer_id", "id", "state", "as_of", "owner", "due_on"]
    rows = conn.execute(sa.select(*(alerts.c[name] for name in columns)).where(alerts.c.id.in_(newest))).all()
    told = pd.DataFrame(rows, columns=["customer_id", "alert_id", "state", "alert_as_of", "owner", "due_on"])
    told = told.astype({"alert_as_of": "datetime64[us]", "due_on": "datetime64[us]"})
    joined = frame.merge(told, on="customer_id", how="left")
    of_now = joined["state"].isin(LIVE) | (joined["alert_as_of"] >= joined["last_order"])
    work = joined["state"].map({"contacted": "contacted", "snoozed": "snoozed", **dict.fromkeys(CLOSED, "closed")})
    joined["work"] = work.where(of_now).fillna("todo").astype("str")
    for name in ("alert_id", "owner", "due_on"):
        joined[name] = joined[name].where(of_now)
    return joined


def watched(conn, asked) -> pd.DataFrame:
    everybody = risk(conn, asked.service)
    group = everybody[everybody["population"] == POPULATIONS[asked.tab]]
    told = with_work(conn, with_profit(group, asked.chosen))
    return told[told["work"] == asked.stage]


def picked(conn, asked) -> pd.DataFrame:
    """The list that was asked for, as the screen showed it."""
    frame = watched(conn, asked)
    if asked.tab == "win_back":
        return ordered(frame[frame["days_since_last_order"] >= int(asked.which)], "-spend_before_silence")
    if asked.which == "rhythm":
        late = latest_first(frame)
        return late[late["lateness"] > 1]
    if asked.which == "profit":
        return frame[frame["expected_profit"] > 0].head(asked.chosen.alert_limit)
    return frame[frame["probability"] >= asked.chosen.churn_threshold] if asked.which == "probability" else frame


def latest_first(frame: pd.DataFrame) -> pd.DataFrame:
    late = frame.assign(lateness=frame["days_since_last_order"] / frame["gap_days"].clip(lower=1))
    return ordered(late, "-lateness", "-spend_365")


def eligible(conn, service, chosen) -> pd.DataFrame:
    frame = risk(conn, service, everybody=True)
    active = with_profit(frame[(frame["population"] == "active") & ~frame["contact_opt_out"]], chosen)
    if chosen.alert_rule == "profit":
        active = active[active["expected_profit"] > 0]
    elif chosen.alert_rule == "probability":
        active = active[active["probability"] >= chosen.churn_threshold]
    return active.head(chosen.alert_limit)


def members(conn, service) -> pd.DataFrame:
    read = cells(conn, service)
    detail = read["detail"].map(lambda cell: cell or {})
    frame = pd.DataFrame(
        {
            "customer_id": read["entity_id"],
            "segment": [cell.get("name", "potential") for cell in detail],
            "cluster_id": read["value"].astype("int64"),
            **{name: [float(cell.get(name, np.nan)) for cell in detail] for name in ("recency_days", "frequency", "spend")},
        }
    )
    return ordered(frame.merge(customers.facts(conn), on="customer_id", how="left"), "-spend", "customer_id")


def coming(conn, service, segments) -> pd.DataFrame:
    frame = risk(conn, service)
    start = np.datetime64(service.day, "D")
    ends = (frame[f"next_{name}"].to_numpy(dtype="datetime64[D]") for name in ("lo", "date", "hi"))
    low, middle, high = (np.where(np.isnat(days), np.nan, (days - start).astype(float)) for days in ends)
    probability, orders = 1 - frame["probability"].to_numpy(), frame["expected_orders"].fillna(0.0).to_numpy()
    chance = chance_within(next_orders.WEEK, frame["horizon_days"].to_numpy(), probability, (low, middle, high), orders)
    value = frame["expected_value"] / frame["expected_orders"].where(frame["expected_orders"] > 0)
    value = value.fillna(frame["spend_365"] / frame["orders_365"].where(frame["orders_365"] > 0))
    value = value.fillna(frame["spend_total"] / frame["orders_total"].where(frame["orders_total"] > 0))
    late = frame["days_since_last_order"] / frame["gap_days"].clip(lower=1)
    known = next_orders.lateness(conn, service)
    found = frame.assign(chance=chance, order_value=value, expected_money=chance * value, lateness=late)
    found["state"] = next_orders.states(found, known.too_late if known else None)
    found["segment"] = found["customer_id"].map(members(conn, segments).set_index("customer_id")["segment"])
    return ordered(found, "-expected_money", "-chance")
