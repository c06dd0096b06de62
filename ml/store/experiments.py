"""Experiments as they are kept: what was fixed before the start, who got what, what came of it, and every change with its audit row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa

from ml.store import audit
from ml.store.predictions import plain
from ml.store.refused import Refused
from ml.store.schema import customer_facts, customer_orders, reading
from ml.store.schema_experiments import (
    experiment_events,
    experiment_looks,
    experiment_outcomes,
    experiment_posts,
    experiment_units,
    experiments,
)

OPEN = ("draft", "active", "paused")
MOVES = {"draft": ("active",), "active": ("paused", "completed"), "paused": ("active", "completed"), "completed": ()}
UNITS = ("unit_id", "arm", "cluster", "zone", "customer_type", "pre", "reached_at")
OUTCOMES = ("unit_id", "period", "day", "outcome", "recorded_at")
ORDERS = ("customer_id", "day", "amount", "quantity")
PEOPLE = ("customer_id", "name", "zone", "customer_type", "contact_opt_out", "first_order", "last_order")
BATCH = 500


class ExperimentRefused(Refused):
    """An experiment cannot be written or changed like this; the sentence says what came and what is accepted."""


@dataclass(frozen=True)
class Kept:
    """An experiment without its units and outcomes. `start` and `end` are the first and last day that count."""

    experiment_id: str
    type: str
    name: str
    description: str
    unit: str
    state: str
    start: date
    end: date
    plan: dict[str, Any]
    decision: dict[str, Any] | None
    created_at: datetime
    created_by: str

    @property
    def days(self) -> int:
        """How many days it lasts."""
        return (self.end - self.start).days + 1


def add(connection: sa.Connection, kept: Kept, units: Iterable[dict[str, Any]]) -> Kept:
    """Write an experiment with its assignments (dicts with UNITS), all in the caller's transaction; returns it with its final id.

    The id of `kept` is a wish: "-2", "-3" … is added where it is taken. Raises ExperimentRefused when a unit is in another open
    experiment whose days overlap.
    """
    rows = list(units)
    busy = overlapping(connection, [row["unit_id"] for row in rows], kept.start, kept.end) if kept.state in OPEN else {}
    if busy:
        unit, other = next(iter(sorted(busy.items())))
        raise ExperimentRefused(
            f"{len(busy)} of the units are in another experiment at that time, such as {unit} in {other}: end that one first, "
            "or leave them out.",
            "experiment_overlap",
            count=len(busy),
            other=other,
        )
    final = _free_id(connection, kept.experiment_id)
    connection.execute(sa.insert(experiments).values(**{**kept.__dict__, "experiment_id": final, "plan": plain(kept.plan)}))
    if rows:
        connection.execute(sa.insert(experiment_units), [{"experiment_id": final, **row, "pre": plain(row["pre"])} for row in rows])
    added = Kept(**{**kept.__dict__, "experiment_id": final})
    note(connection, final, "experiment.create", {"type": kept.type, "units": len(rows)}, who=kept.created_by, at=kept.created_at)
    return added


def find(connection: sa.Connection, experiment_id: str) -> Kept | None:
    """The experiment of that id, None when there is none."""
    row = connection.execute(sa.select(experiments).where(experiments.c.experiment_id == experiment_id)).mappings().first()
    return Kept(**row) if row else None


def get(connection: sa.Connection, experiment_id: str) -> Kept:
    """The experiment of that id. Raises ExperimentRefused when there is none."""
    kept = find(connection, experiment_id)
    if kept is None:
        raise ExperimentRefused(
            f"There is no experiment {experiment_id[:80]!r}; look at the Experiments screen for those there are.", "experiment_unknown"
        )
    return kept


def list_all(connection: sa.Connection, states: Sequence[str] = ()) -> list[Kept]:
    """All experiments (in these states, if given), the latest start first."""
    query = sa.select(experiments).order_by(experiments.c.start.desc(), experiments.c.experiment_id)
    if states:
        query = query.where(experiments.c.state.in_(states))
    return [Kept(**row) for row in connection.execute(query).mappings()]


def units_of(connection: sa.Connection, experiment_id: str) -> pd.DataFrame:
    """Every unit of an experiment with UNITS, by id."""
    table = experiment_units
    query = sa.select(*[table.c[name] for name in UNITS]).where(table.c.experiment_id == experiment_id).order_by(table.c.unit_id)
    return pd.DataFrame(connection.execute(query).mappings().all(), columns=list(UNITS))


def arm_of(connection: sa.Connection, experiment_id: str, unit_id: str) -> int | None:
    """The arm of a unit, None when it is not part of the experiment."""
    table = experiment_units
    query = sa.select(table.c.arm).where(table.c.experiment_id == experiment_id, table.c.unit_id == unit_id)
    return connection.execute(query).scalar()


def of_unit(connection: sa.Connection, unit_id: str) -> list[tuple[Kept, int]]:
    """Every experiment that has begun, or waits to, with this unit in it, and its arm; the earliest first."""
    table = experiment_units
    query = (
        sa.select(experiments, table.c.arm)
        .join(table, table.c.experiment_id == experiments.c.experiment_id)
        .where(table.c.unit_id == unit_id, experiments.c.state != "draft")
        .order_by(experiments.c.start, experiments.c.experiment_id)
    )
    found = []
    for row in connection.execute(query).mappings():
        told = dict(row)
        arm = int(told.pop("arm"))
        found.append((Kept(**told), arm))
    return found


def counts(connection: sa.Connection) -> dict[str, dict[int, int]]:
    """{experiment: {arm: units}} of all experiments."""
    table = experiment_units
    query = sa.select(table.c.experiment_id, table.c.arm, sa.func.count()).group_by(table.c.experiment_id, table.c.arm)
    found: dict[str, dict[int, int]] = {}
    for experiment_id, arm, count in connection.execute(query):
        found.setdefault(experiment_id, {})[arm] = count
    return found


def note_reached(connection: sa.Connection, experiment_id: str, unit_id: str, *, at: datetime) -> None:
    """Note that a unit came to the point of treatment; the first time stays."""
    table = experiment_units
    mine = (table.c.experiment_id == experiment_id, table.c.unit_id == unit_id, table.c.reached_at.is_(None))
    connection.execute(sa.update(table).where(*mine).values(reached_at=at))


def overlapping(connection: sa.Connection, unit_ids: Sequence[str], start: date, end: date) -> dict[str, str]:
    """{unit: experiment} of those among the units that are in an open experiment with a day in common."""
    table = experiment_units
    found: dict[str, str] = {}
    for place in range(0, len(unit_ids), BATCH):
        query = (
            sa.select(table.c.unit_id, table.c.experiment_id)
            .join(experiments, experiments.c.experiment_id == table.c.experiment_id)
            .where(table.c.unit_id.in_(unit_ids[place : place + BATCH]), experiments.c.state.in_(OPEN), table.c.arm < 2)
            .where(experiments.c.start <= end, experiments.c.end >= start)
        )
        found.update((row.unit_id, row.experiment_id) for row in connection.execute(query))
    return found


def replace_arms(connection: sa.Connection, kept: Kept, arms: dict[str, int], *, who: str, at: datetime) -> None:
    """Draw a draft's arms anew. Raises ExperimentRefused once it has started: assignments are written once."""
    if kept.state != "draft":
        raise ExperimentRefused(
            f"{kept.experiment_id} is {kept.state}: its split was fixed at the start. End it and create another one.", "experiment_split"
        )
    table = experiment_units
    for unit, arm in arms.items():
        connection.execute(sa.update(table).where(table.c.experiment_id == kept.experiment_id, table.c.unit_id == unit).values(arm=arm))
    note(connection, kept.experiment_id, "experiment.split", {"treated": sum(arm == 1 for arm in arms.values())}, who=who, at=at)


def move(connection: sa.Connection, experiment_id: str, state: str, *, who: str, at: datetime, reason: str = "") -> Kept:
    """Bring an experiment into another state, with its audit row. Raises ExperimentRefused for a step that is not possible."""
    kept = get(connection, experiment_id)
    if state not in MOVES[kept.state]:
        possible = ", ".join(MOVES[kept.state]) or "none"
        raise ExperimentRefused(f"{experiment_id} is {kept.state} and cannot become {state}; possible: {possible}.", "experiment_state")
    connection.execute(sa.update(experiments).where(experiments.c.experiment_id == experiment_id).values(state=state))
    note(connection, experiment_id, f"experiment.{state}", {"reason": reason} if reason else {}, who=who, at=at)
    return get(connection, experiment_id)


def decide(connection: sa.Connection, experiment_id: str, decision: dict[str, Any], *, who: str, at: datetime) -> None:
    """Keep what a person decided, who and when."""
    kept = get(connection, experiment_id)
    value = plain({**decision, "who": who, "at": at.isoformat()})
    connection.execute(sa.update(experiments).where(experiments.c.experiment_id == kept.experiment_id).values(decision=value))
    note(connection, experiment_id, "experiment.decide", decision, who=who, at=at)


def add_outcomes(connection: sa.Connection, experiment_id: str, rows: Sequence[dict[str, Any]], *, who: str, at: datetime) -> int:
    """Add outcomes (unit_id, period, day, outcome); returns how many are new: one that is known already counts once.

    Raises ExperimentRefused, before anything is written, when the same unit and period came with other values.
    """
    known = {(row["unit_id"], row["period"]): row["outcome"] for row in _outcome_rows(connection, experiment_id)}
    fresh: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        key = (row["unit_id"], row["period"])
        before = fresh[key]["outcome"] if key in fresh else known.get(key)
        if before is not None and before != row["outcome"]:
            raise ExperimentRefused(
                f"The outcome of {key[0]} for {key[1]} is kept as {before} and came again as {row['outcome']}: outcomes are never "
                "changed; give a correction a period of its own.",
                "outcome_twice",
            )
        if before is None:
            fresh[key] = row
    if fresh:
        stamp = {"experiment_id": experiment_id, "recorded_at": at, "recorded_by": who}
        connection.execute(sa.insert(experiment_outcomes), [{**stamp, **row} for row in fresh.values()])
    return len(fresh)


def outcomes_of(connection: sa.Connection, experiment_id: str) -> pd.DataFrame:
    """Every posted outcome with OUTCOMES."""
    return pd.DataFrame(_outcome_rows(connection, experiment_id), columns=list(OUTCOMES))


def find_post(connection: sa.Connection, experiment_id: str, key: str) -> dict[str, Any] | None:
    """What was answered to the request with this idempotency key: {digest, answer}."""
    table = experiment_posts
    query = sa.select(table.c.digest, table.c.answer).where(table.c.experiment_id == experiment_id, table.c.key == key)
    row = connection.execute(query).mappings().first()
    return dict(row) if row else None


def keep_post(connection: sa.Connection, experiment_id: str, key: str, digest: str, answer: dict[str, Any], *, at: datetime) -> None:
    """Keep the answer to a request with an idempotency key."""
    connection.execute(sa.insert(experiment_posts).values(experiment_id=experiment_id, key=key, digest=digest, answer=answer, at=at))


def add_look(connection: sa.Connection, experiment_id: str, look: dict[str, Any]) -> None:
    """Keep a planned look: number, as_of, fraction, boundary, result, taken_at."""
    connection.execute(sa.insert(experiment_looks).values(experiment_id=experiment_id, **{**look, "result": plain(look["result"])}))


def looks_of(connection: sa.Connection, experiment_id: str) -> list[dict[str, Any]]:
    """The looks taken so far, first to last."""
    table = experiment_looks
    rows = connection.execute(sa.select(table).where(table.c.experiment_id == experiment_id).order_by(table.c.number))
    return [dict(row) for row in rows.mappings()]


def note(connection: sa.Connection, experiment_id: str, action: str, detail: dict[str, Any], *, who: str, at: datetime) -> None:
    """Put something on the timeline, and into the audit."""
    told = plain(detail)
    connection.execute(sa.insert(experiment_events).values(experiment_id=experiment_id, at=at, who=who, action=action, detail=told))
    audit.record(connection, who, action, experiment_id, told, at=at)


def events_of(connection: sa.Connection, experiment_id: str) -> list[dict[str, Any]]:
    """The timeline as {at, who, action, detail}, oldest first."""
    table = experiment_events
    columns = [table.c[name] for name in ("at", "who", "action", "detail")]
    rows = connection.execute(sa.select(*columns).where(table.c.experiment_id == experiment_id).order_by(table.c.id))
    return [dict(row) for row in rows.mappings()]


def orders_between(connection: sa.Connection, first: date, last: date) -> pd.DataFrame:
    """Every sale of every customer in these days, both counted, with ORDERS; `day` is datetime."""
    table = customer_orders
    query = sa.select(*[table.c[name] for name in ORDERS]).where(table.c.day >= first, table.c.day <= last)
    frame = pd.DataFrame(connection.execute(query).all(), columns=list(ORDERS))
    return frame.assign(day=pd.to_datetime(frame["day"]), amount=frame["amount"].astype(float))


def first_order_day(connection: sa.Connection) -> date | None:
    """The first day with a sale, None without any."""
    return connection.execute(sa.select(sa.func.min(customer_orders.c.day))).scalar()


def people(connection: sa.Connection) -> pd.DataFrame:
    """Every known customer with PEOPLE."""
    query = sa.select(*[customer_facts.c[name] for name in PEOPLE]).order_by(customer_facts.c.customer_id)
    return pd.DataFrame(connection.execute(query).all(), columns=list(PEOPLE))


def data_up_to(connection: sa.Connection) -> date | None:
    """The last day of the orders that were read, None before the first reading."""
    return connection.execute(sa.select(reading.c.as_of).order_by(reading.c.id.desc()).limit(1)).scalar()


def _outcome_rows(connection: sa.Connection, experiment_id: str) -> list[dict[str, Any]]:
    table = experiment_outcomes
    query = sa.select(*[table.c[name] for name in OUTCOMES]).where(table.c.experiment_id == experiment_id)
    return [dict(row) for row in connection.execute(query.order_by(table.c.unit_id, table.c.period)).mappings()]


def _free_id(connection: sa.Connection, wish: str) -> str:
    taken = set(connection.execute(sa.select(experiments.c.experiment_id).where(experiments.c.experiment_id.startswith(wish))).scalars())
    number = 1
    while (name := wish if number == 1 else f"{wish}-{number}") in taken:
        number += 1
    return name
