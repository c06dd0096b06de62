"""What the gate said about each newly fitted predictor, and what a person answered where it asked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ml.store.pointers import in_service
from ml.store.predictions import plain
from ml.store.refused import Refused
from ml.store.schema_models import gate_verdict

YES, NO = "yes", "no"
REVIEW = "review"
PROMOTED, WARN = "promoted", "warn"


def write_verdict(
    connection: sa.Connection, *, run_id: int, predictor: str, release_id: str | None, at: datetime, state: str, checks: Sequence[Any]
) -> None:
    """Keep a decision with its checks ((code, verdict, params) each).

    The decisive code is the first that stops, asks, or is fine; a warning never is.
    """
    told = [{"code": code, "verdict": verdict, "params": plain(params)} for code, verdict, params in checks]
    order = {"stop": 0, "ask": 1, "ok": 2, WARN: 3}
    code = min(told, key=lambda check: order[str(check["verdict"])])["code"]
    values = {"run_id": run_id, "predictor": predictor, "release_id": release_id, "at": at, "state": state, "code": code, "checks": told}
    connection.execute(sa.insert(gate_verdict).values(**values))


def latest_verdicts(connection: sa.Connection) -> dict[str, dict[str, Any]]:
    """The newest verdict of each predictor: predictor -> all columns."""
    newest = sa.select(sa.func.max(gate_verdict.c.id)).group_by(gate_verdict.c.predictor)
    rows = connection.execute(sa.select(gate_verdict).where(gate_verdict.c.id.in_(newest)).order_by(gate_verdict.c.predictor)).mappings()
    return {row["predictor"]: dict(row) for row in rows}


def waiting(connection: sa.Connection) -> dict[str, dict[str, Any]]:
    """What waits for a person: predictor -> its newest verdict, where that asks and nobody answered."""
    return {
        name: row
        for name, row in latest_verdicts(connection).items()
        if row["state"] == REVIEW and row["answer"] is None and row["release_id"] is not None
    }


def suspected(connection: sa.Connection) -> list[dict[str, Any]]:
    """Verdicts with a warning that went into service all the same, serve still, and that nobody has answered, by predictor."""
    serving = in_service(connection)
    asked = (gate_verdict.c.state == PROMOTED) & gate_verdict.c.answer.is_(None) & gate_verdict.c.release_id.in_(serving.values())
    rows = connection.execute(sa.select(gate_verdict).where(asked).order_by(gate_verdict.c.predictor)).mappings()
    return [
        dict(row)
        for row in rows
        if serving.get(row["predictor"]) == row["release_id"] and any(check["verdict"] == WARN for check in row["checks"])
    ]


def answer(connection: sa.Connection, verdict_id: int, said: str, *, at: datetime, by: str, note: str) -> dict[str, Any]:
    """Note a person's yes or no; returns the verdict. Raises Refused when it does not wait for an answer any more."""
    open_ones = [*waiting(connection).values(), *suspected(connection)]
    asked = next((row for row in open_ones if row["id"] == verdict_id), None)
    if asked is None:
        raise Refused(f"The verdict {verdict_id} does not wait for an answer (any more); load the page again.", "review_gone")
    values = {"answer": said, "answered_at": at, "answered_by": by, "note": note}
    connection.execute(sa.update(gate_verdict).where(gate_verdict.c.id == verdict_id).values(**values))
    return {**asked, **values}
