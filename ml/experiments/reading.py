"""All there is to say about one experiment at this moment, as one JSON-ready mapping: for the API, the screen and the report."""

from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from ml.experiments import analysis, decision, health, looks
from ml.experiments.designs import METRICS, plan_from
from ml.experiments.units import HOLD_OUT, Observed, observe
from ml.store import experiments as store
from ml.store.experiments import Kept

BINS = 12


def evaluate(connection: sa.Connection, kept: Kept, *, until: date | None = None) -> dict[str, Any]:
    """Control, treatment, uplift, old_rule, tests, guardrails, segments, weeks, srm, health, looks, decision, course, spread, and where
    the experiment stands (days, days_total, as_of, source, readable, next_look). `tests` say by `is_look` whether they may be read."""
    plan = plan_from(kept.plan)
    seen = observe(connection, kept, plan, until=until)
    others = store.overlapping(connection, seen.frame["unit_id"].tolist(), kept.start, kept.end)
    in_two = sum(other != kept.experiment_id for other in others.values())
    lights = health.examine(seen, in_two)
    taken, readable = store.looks_of(connection, kept.experiment_id), health.is_readable(lights)
    tested, guarded = analysis.analyse_all(seen), analysis.analyse_guardrails(seen)
    told = analysis.arms(seen)
    uplifts = analysis.uplift(told)
    is_over = bool(taken) and taken[-1]["number"] >= plan.looks
    return {
        "experiment_id": kept.experiment_id,
        **told,
        "uplift": uplifts,
        "old_rule": analysis.old_rule(uplifts, plan.primary),
        "tests": {name: one.as_dict() for name, one in tested.items()},
        "is_look": bool(taken) and taken[-1]["as_of"] == seen.as_of or is_over,
        "guardrails": guarded,
        "segments": analysis.analyse_segments(seen, plan.primary) if is_over and readable else [],
        "weeks": analysis.by_week(seen, "orders" if plan.primary in ("orders", "churned") else "revenue") if taken else [],
        "srm": lights["sample_ratio"]["p"],
        "health": lights,
        "looks": [{**look, "as_of": look["as_of"].isoformat(), "taken_at": look["taken_at"].isoformat()} for look in taken],
        "decision": decision.decide(seen, tested, guarded, taken, readable=readable),
        "decided": kept.decision,
        "course": course(connection, seen) if readable else [],
        "spread": spread(seen),
        "hold_out": held_out(connection, seen),
        "explained": analysis.explained(seen, plan.primary) if seen.days else 0.0,
        "days": seen.days,
        "days_total": kept.days,
        "as_of": seen.as_of.isoformat() if seen.as_of else None,
        "source": seen.source,
        "readable": readable,
        "next_look": _iso(looks.next_day(seen, taken)),
    }


def course(connection: sa.Connection, seen: Observed) -> list[dict[str, Any]]:
    """The looks taken so far: [{day, fraction, z, boundary, effect, low, high}]. Between looks nobody sees where the test stands."""
    taken = store.looks_of(connection, seen.kept.experiment_id)
    if not taken:
        return []
    points = []
    for look in taken:
        z = look["result"].get("z")
        points.append(
            {
                "day": look["as_of"].isoformat(),
                "fraction": look["fraction"],
                "z": z,
                "boundary": look["boundary"],
                "effect": look["result"]["effect"],
                **{name: look["result"]["repeated"][name] for name in ("low", "high")},
            }
        )
    return points


def spread(seen: Observed) -> list[dict[str, Any]]:
    """How many units of each arm had how much of the primary metric: [{low, high, control, treatment}]."""
    values, arm = seen.values(seen.plan.primary), seen.frame["arm"].to_numpy(dtype=int)
    if not len(values) or not np.ptp(values):
        return []
    edges = np.linspace(0.0, float(np.quantile(values, 0.98)) or float(values.max()), BINS + 1)
    inside = np.minimum(values, edges[-1])
    counts = [np.histogram(inside[arm == index], edges)[0] for index in (0, 1)]
    return [
        {"low": float(edges[place]), "high": float(edges[place + 1]), "control": int(counts[0][place]), "treatment": int(counts[1][place])}
        for place in range(BINS)
    ]


def held_out(connection: sa.Connection, seen: Observed) -> dict[str, float] | None:
    """The permanent hold-out beside everybody else: customers, and revenue per customer of both. None without one."""
    units = store.units_of(connection, seen.kept.experiment_id)
    apart = units[units["arm"] == HOLD_OUT]
    if apart.empty or seen.as_of is None or seen.source != "orders" or not seen.days:
        return None
    orders = store.orders_between(connection, seen.kept.start, min(seen.as_of, seen.kept.end))
    spent = orders.groupby("customer_id")["amount"].sum().reindex(apart["unit_id"]).fillna(0.0)
    return {"customers": len(apart), "revenue": float(spent.mean()), "others": float(seen.frame["revenue"].mean())}


def follow_up(connection: sa.Connection, *, now: datetime) -> list[str]:
    """What a refresh does for running experiments: stop on a sample-ratio alarm, take the look that is due, end what is over.

    Returns the ids of those where something happened.
    """
    moved = []
    for kept in store.list_all(connection, ("active",)):
        seen = observe(connection, kept, plan_from(kept.plan))
        if seen.as_of is None or not seen.days:
            continue
        if not health.is_readable(health.examine(seen)):
            store.move(connection, kept.experiment_id, "paused", who="system", at=now, reason="sample_ratio")
            moved.append(kept.experiment_id)
            continue
        for day in looks.days_due(seen, store.looks_of(connection, kept.experiment_id)):
            if looks.take(connection, observe(connection, kept, seen.plan, until=day), at=now) is not None:
                moved.append(kept.experiment_id)
        if seen.as_of >= kept.end:
            store.move(connection, kept.experiment_id, "completed", who="system", at=now, reason="end")
            moved.append(kept.experiment_id)
    return list(dict.fromkeys(moved))


def assignment_rows(connection: sa.Connection, experiment_id: str) -> pd.DataFrame:
    """Who got what, for a table: unit_id, arm, zone, customer_type, pre_revenue, pre_orders."""
    units = store.units_of(connection, experiment_id)
    pre = pd.DataFrame(units["pre"].tolist(), index=units.index)
    for name in ("revenue", "orders"):
        units[f"pre_{name}"] = pre[name].astype(float) if name in pre else 0.0
    return units[["unit_id", "arm", "zone", "customer_type", "pre_revenue", "pre_orders"]]


def is_money(metric: str) -> bool:
    """Whether a metric is in the company's currency."""
    return METRICS[metric].is_money


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
