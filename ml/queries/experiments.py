"""What the Experiments screen and its routes read: the list, one experiment, whom a test may be made of, what a plan can find."""

from datetime import date
from typing import Any

import pandas as pd
import sqlalchemy as sa

from ml.experiments import reading
from ml.experiments.health import Light
from ml.experiments.planner import plan_test
from ml.store import experiments as store
from ml.store import schema
from ml.store.experiments import Kept

LIST = ("experiment_id", "kind", "name", "state", "start", "end", "days_left", "customers", "light", "verdict")
SEPARATOR = "|"
WORST: tuple[Light, ...] = ("alarm", "warning", "unknown", "good")


def listed(conn: sa.Connection, today: date) -> pd.DataFrame:
    """Every experiment, the latest first, with LIST: the worst light of its health, and its verdict as a code."""
    rows = []
    for kept in store.list_all(conn):
        told = reading.evaluate(conn, kept)
        lights = {one["light"] for one in told["health"].values()}
        light = next(sign for sign in WORST if sign in lights)
        count = told["control"]["customers"] + told["treatment"]["customers"]
        left = max((kept.end - max(today, kept.start)).days + 1, 0) if kept.state != "completed" else 0
        verdict = (kept.decision or {}).get("choice") or told["decision"]["verdict"]
        rows.append((kept.experiment_id, kept.type, kept.name, kept.state, kept.start, kept.end, left, count, light, verdict))
    return pd.DataFrame(rows, columns=list(LIST))


def one(conn: sa.Connection, experiment_id: str) -> tuple[Kept, dict[str, Any], list[dict[str, Any]]]:
    """An experiment, all there is to say about it, and its timeline. Raises ExperimentRefused when there is none."""
    kept = store.get(conn, experiment_id)
    return kept, reading.evaluate(conn, kept), store.events_of(conn, experiment_id)


def assignments(conn: sa.Connection, experiment_id: str) -> pd.DataFrame:
    """Who got what, with the customer's name: `reading.assignment_rows` and name, customer_id."""
    frame = reading.assignment_rows(conn, experiment_id)
    names = store.people(conn).set_index("customer_id")["name"]
    return frame.assign(name=frame["unit_id"].map(names), customer_id=frame["unit_id"])


def candidates(conn: sa.Connection) -> pd.DataFrame:
    """Customers a test may be made of, who may be contacted and are in no open test: customer_id, zone, customer_type."""
    people = store.people(conn)
    people = people[~people["contact_opt_out"].astype(bool)]
    busy = store.overlapping(conn, people["customer_id"].tolist(), date.min, date.max)
    return people[~people["customer_id"].isin(busy)][["customer_id", "zone", "customer_type"]].reset_index(drop=True)


def stock_units(conn: sa.Connection) -> pd.DataFrame:
    """What a stock test may be made of: product_id, product, zone, unit_id ("product|zone") of what customers of a zone buy, most first."""
    bought, people = schema.customer_products.c, schema.customer_facts.c
    query = (
        sa.select(bought.product_id, sa.func.max(bought.name), people.zone, sa.func.sum(bought.amount))
        .join(schema.customer_facts, people.customer_id == bought.customer_id)
        .where(people.zone.is_not(None))
        .group_by(bought.product_id, people.zone)
    )
    frame = pd.DataFrame(conn.execute(query).all(), columns=["product_id", "product", "zone", "amount"])
    frame = frame.assign(product=frame["product"].fillna(frame["product_id"]), unit_id=frame["product_id"] + SEPARATOR + frame["zone"])
    return frame.sort_values(["amount", "unit_id"], ascending=[False, True])[["product_id", "product", "zone", "unit_id"]]


def planned(conn: sa.Connection, unit_ids: tuple[str, ...], kind: str, days: int, smallest_effect: float) -> dict[str, Any]:
    """What a test of these customers can find; see `planner.plan_test`."""
    return plan_test(conn, unit_ids, kind=kind, days=days, smallest_effect=smallest_effect)


def active(conn: sa.Connection, today: date) -> dict[str, Any]:
    """The experiments that run on a day, for programs: {experiments: [{experiment_id, name, type, start_date, end_date, customers}]}."""
    counts = store.counts(conn)
    running = [kept for kept in store.list_all(conn, ("active",)) if kept.start <= today <= kept.end]
    return {
        "experiments": [
            {
                "experiment_id": kept.experiment_id,
                "name": kept.name,
                "type": kept.type,
                "start_date": kept.start.isoformat(),
                "end_date": kept.end.isoformat(),
                "customers": sum(counts.get(kept.experiment_id, {}).values()),
            }
            for kept in running
        ]
    }
