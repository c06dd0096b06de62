"""What the gate said last, what waits for a person, how predictions turned out month by month, and how inputs drift."""

import json
from datetime import date
from typing import Any, NamedTuple

import pandas as pd
import sqlalchemy as sa

from ml.store import schema, verdicts
from ml.store.pointers import pointed_releases
from ml.store.realities import WORSE
from ml.store.schema_models import input_drift, reality

REALITY = ("release_id", "measure", "month", "metric", "window_days", "count", "value", "baseline", "promised", "probability_worse")
DAMAGED = "release_damaged"


class Drift(NamedTuple):
    """The newest comparison of inputs: up to which day, against what was learnt until when, and the features that moved most."""

    as_of: date
    learnt_until: date
    features: list[dict[str, Any]]


def waiting(conn: sa.Connection) -> list[dict[str, Any]]:
    """What waits for a person's yes or no: rows of gate_verdict, by predictor."""
    return list(verdicts.waiting(conn).values())


def suspected(conn: sa.Connection) -> list[dict[str, Any]]:
    """What serves although its answers look too good to be true, and nobody has looked at it: rows of gate_verdict, by predictor."""
    return verdicts.suspected(conn)


def last_verdicts(conn: sa.Connection) -> dict[str, dict[str, Any]]:
    """What the gate said at the last training of each predictor: predictor -> row of gate_verdict."""
    return verdicts.latest_verdicts(conn)


def stepped_back(conn: sa.Connection) -> list[str]:
    """Predictors served by an earlier release because a newer one is damaged."""
    pointer = schema.release_pointer.c
    newest = sa.select(pointer.predictor, sa.func.max(pointer.seq).label("seq")).group_by(pointer.predictor).subquery()
    rows = conn.execute(
        sa.select(pointer.predictor, pointer.reason)
        .join(newest, (newest.c.predictor == pointer.predictor) & (newest.c.seq == pointer.seq))
        .order_by(pointer.predictor)
    )
    return [predictor for predictor, reason in rows if json.loads(reason).get("code") == DAMAGED]


def served(conn: sa.Connection, predictor: str) -> list[str]:
    """The releases that serve or served, the present one first."""
    return pointed_releases(conn, predictor)


def months(conn: sa.Connection, predictor: str) -> pd.DataFrame:
    """How a predictor's answers turned out, by month: the columns of REALITY, oldest first."""
    rows = conn.execute(sa.select(*(reality.c[name] for name in REALITY)).where(reality.c.predictor == predictor)).all()
    frame = pd.DataFrame(rows, columns=list(REALITY))
    frame = frame.astype({"month": "datetime64[us]"} | dict.fromkeys(("value", "baseline", "promised", "probability_worse"), "float64"))
    return frame.sort_values(["month", "release_id"], ignore_index=True)


def changes(conn: sa.Connection, predictor: str) -> pd.DataFrame:
    """When another release came into service: at (naive UTC), release_id, oldest first."""
    pointer = schema.release_pointer.c
    rows = conn.execute(sa.select(pointer.at, pointer.release_id).where(pointer.predictor == predictor).order_by(pointer.seq)).all()
    return pd.DataFrame(rows, columns=["at", "release_id"]).astype({"at": "datetime64[us]"})


def worse(conn: sa.Connection) -> list[tuple[str, str, str]]:
    """The alarms that a model did worse than promised for two months: (predictor, release, measure), newest first, each once."""
    table = schema.audit.c
    rows = conn.execute(sa.select(table.target, table.detail).where(table.action == WORSE).order_by(table.id.desc()))
    return list(dict.fromkeys((target, str(detail["release"]), str(detail["measure"])) for target, detail in rows))


def drift(conn: sa.Connection) -> Drift | None:
    """The newest comparison of inputs with what the models learnt from; None before the first."""
    row = conn.execute(sa.select(input_drift).order_by(input_drift.c.id.desc()).limit(1)).first()
    return Drift(row.as_of, row.learnt_until, row.features) if row else None
