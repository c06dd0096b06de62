"""Who or what did something, when, and how it ended: jobs, messages and people in one list."""

from typing import Any

import pandas as pd
import sqlalchemy as sa

from ml.store.schema import audit, job_run
from ml.store.schema_outbox import outbox

PAGE_ROWS, MOST_EXPORTED = 200, 20_000
SOURCES: tuple[str, ...] = ("job", "message", "person")
RESULTS: tuple[str, ...] = ("fine", "trouble", "open", "nothing")
ACTIVITY = ("at", "source", "id", "who", "result", "row")
SYSTEM = "system"
ENDS: dict[str, dict[str, str]] = {
    "job": {"done": "fine", "failed": "trouble", "queued": "open", "running": "open"},
    "message": {"sent": "fine", "dead": "trouble", "queued": "open", "sending": "open"},
    "person": {"session.refuse": "trouble", "message.nobody": "nothing"},
}


def activity(
    conn: sa.Connection, source: str | None = None, who: str | None = None, result: str | None = None, page: int | None = 1
) -> pd.DataFrame:
    """A page of PAGE_ROWS events, the newest first, or (page None) up to MOST_EXPORTED: the columns of ACTIVITY.

    `source` is one of SOURCES, `result` one of RESULTS, `who` an e-mail address or "system"; `row` is the job's, message's or audit's row.
    """
    events = _events(source, who, result)
    query = sa.select(events).order_by(events.c.at.desc(), events.c.source, events.c.id.desc())
    size = MOST_EXPORTED if page is None else PAGE_ROWS
    found = conn.execute(query.limit(size).offset((max(page or 1, 1) - 1) * size)).all()
    details = {name: _rows(conn, name, [event.id for event in found if event.source == name]) for name in SOURCES}
    told = [(*event, details[event.source].get(event.id, {})) for event in found]
    return pd.DataFrame(told, columns=list(ACTIVITY)).astype({"at": "datetime64[us]"})


def activity_pages(conn: sa.Connection, source: str | None = None, who: str | None = None, result: str | None = None) -> int:
    """How many pages there are, at least 1."""
    count = conn.execute(sa.select(sa.func.count()).select_from(_events(source, who, result))).scalar_one()
    return max(-(-count // PAGE_ROWS), 1)


def activity_people(conn: sa.Connection) -> list[str]:
    """Everybody who did something, the system first."""
    people = set(conn.execute(sa.select(audit.c.who).distinct()).scalars())
    people |= set(conn.execute(sa.select(job_run.c.requested_by).distinct()).scalars()) - {None}
    return [SYSTEM, *sorted(people - {SYSTEM})]


def _events(source: str | None, who: str | None, result: str | None) -> sa.Subquery:
    begun = sa.func.coalesce(job_run.c.finished_at, job_run.c.started_at, job_run.c.scheduled_for)
    by = sa.func.coalesce(job_run.c.requested_by, SYSTEM)
    said = sa.func.coalesce(outbox.c.done_at, outbox.c.created_at)
    parts = {
        "job": (job_run, begun, by, job_run.c.status, "nothing"),
        "message": (outbox, said, sa.literal(SYSTEM), outbox.c.state, "nothing"),
        "person": (audit, audit.c.at, audit.c.who, audit.c.action, "fine"),
    }
    selects = [
        sa.select(
            at.label("at"), sa.literal(name).label("source"), table.c.id, doer.label("who"), _result(name, ended, other).label("result")
        )
        for name, (table, at, doer, ended, other) in parts.items()
        if source in (None, name)
    ]
    everything = sa.union_all(*selects).subquery()
    chosen = ((everything.c.who, who), (everything.c.result, result))
    return sa.select(everything).where(*[column == value for column, value in chosen if value is not None]).subquery()


def _result(source: str, ended: Any, other: str) -> sa.ColumnElement[str]:
    return sa.case(*((ended == code, result) for code, result in ENDS[source].items()), else_=other)


def _rows(conn: sa.Connection, source: str, ids: list[int]) -> dict[int, dict[str, Any]]:
    table = {"job": job_run, "message": outbox, "person": audit}[source]
    columns = [column for column in table.c if column.name not in ("body", "customers", "recipient")]
    found: dict[int, dict[str, Any]] = {}
    for first in range(0, len(ids), PAGE_ROWS):
        rows = conn.execute(sa.select(*columns).where(table.c.id.in_(ids[first : first + PAGE_ROWS]))).mappings()
        found |= {row["id"]: dict(row) for row in rows}
    return found
