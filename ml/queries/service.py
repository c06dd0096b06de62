"""Which release of each predictor is in service, what was read last, and what runs now or next."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from ml.store import schema

ACTIVE = ("queued", "running")


@dataclass(frozen=True)
class Service:
    """A predictor's release in service. `as_of` is the newest day it predicted from (None: it has no predictions yet)."""

    predictor: str
    release_id: str
    as_of: date | None
    since: datetime
    reason: str
    by: str

    @property
    def day(self) -> date:
        """The newest day it predicted from; LookupError when it has no predictions."""
        if self.as_of is None:
            raise LookupError(f"The release {self.release_id} of {self.predictor} has no predictions yet.")
        return self.as_of


@dataclass(frozen=True)
class Reading:
    """What was read last. `tables` is {table: {rows, first, last}}, `findings` a list of {code, table, count, action, …}."""

    id: int
    read_at: datetime
    as_of: date
    source: str
    from_snapshot: bool
    is_demo: bool
    amount_basis: str
    tables: dict[str, dict[str, Any]] = field(default_factory=dict, hash=False)
    findings: list[dict[str, Any]] = field(default_factory=list, hash=False)


@dataclass(frozen=True)
class Run:
    """A run of a job, newest first in lists. Moments are naive UTC."""

    id: int
    job: str
    status: str
    origin: str
    scheduled_for: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None
    progress: dict[str, Any] | None = field(default=None, hash=False)


class RefreshState(NamedTuple):
    """How it stands with refreshing: the run that is queued or running, the newest run, and when the next one is due (naive UTC)."""

    running: Run | None
    last: Run | None
    upcoming: datetime | None


def in_service(conn: sa.Connection) -> dict[str, Service]:
    """The release in service of each predictor that has one: predictor -> Service."""
    pointer, predictions = schema.release_pointer, schema.predictions
    newest = sa.select(pointer.c.predictor, sa.func.max(pointer.c.seq).label("seq")).group_by(pointer.c.predictor).subquery()
    as_of = (
        sa.select(sa.func.max(predictions.c.as_of))
        .where(predictions.c.predictor == pointer.c.predictor, predictions.c.release_id == pointer.c.release_id)
        .scalar_subquery()
    )
    rows = conn.execute(
        sa.select(pointer.c.predictor, pointer.c.release_id, as_of.label("as_of"), pointer.c.at, pointer.c.reason, pointer.c.by)
        .join(newest, sa.and_(newest.c.predictor == pointer.c.predictor, newest.c.seq == pointer.c.seq))
        .order_by(pointer.c.predictor)
    )
    return {row.predictor: Service(row.predictor, row.release_id, row.as_of, row.at, row.reason, row.by) for row in rows}


def latest_reading(conn: sa.Connection) -> Reading | None:
    """The newest reading of the company's data, None before the first."""
    table = schema.reading
    row = conn.execute(sa.select(table).order_by(table.c.id.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    return Reading(
        row.id, row.read_at, row.as_of, row.source, row.from_snapshot, row.is_demo, row.amount_basis, row.tables or {}, row.findings or []
    )


def latest_reading_id(conn: sa.Connection) -> int:
    """The id of the newest reading, 0 before the first: part of the key under which reads are cached."""
    return conn.execute(sa.select(sa.func.max(schema.reading.c.id))).scalar() or 0


def preferences_chosen(conn: sa.Connection) -> tuple[int, datetime | None]:
    """How many preferences were chosen, and when last (naive UTC): another part of that key."""
    table = schema.preferences
    row = conn.execute(sa.select(sa.func.count(), sa.func.max(table.c.set_at))).one()
    return int(row[0]), row[1]


def runs(conn: sa.Connection, job: str | None = None, limit: int = 20) -> list[Run]:
    """The newest runs (of one job, if given), newest first."""
    table = schema.job_run
    query = sa.select(table).order_by(table.c.scheduled_for.desc(), table.c.id.desc()).limit(limit)
    if job is not None:
        query = query.where(table.c.job == job)
    return [_run(row) for row in conn.execute(query)]


def active_run(conn: sa.Connection, job: str) -> Run | None:
    """The queued or running run of a job, None when there is none."""
    table = schema.job_run
    row = conn.execute(sa.select(table).where(table.c.job == job, table.c.status.in_(ACTIVE)).order_by(table.c.id.desc()).limit(1)).first()
    return _run(row) if row else None


def next_runs(conn: sa.Connection) -> dict[str, datetime]:
    """When each job runs next (naive UTC), as the scheduler with the newest heartbeat says; empty when no scheduler ever ran."""
    table = schema.scheduler_state
    row = conn.execute(sa.select(table.c.next_runs).order_by(table.c.heartbeat_at.desc()).limit(1)).scalar()
    return {job: datetime.fromisoformat(moment).replace(tzinfo=None) for job, moment in (row or {}).items() if moment}


def refresh_state(conn: sa.Connection, job: str) -> RefreshState:
    """Everything that the frame around the screens says about the job that refreshes."""
    return RefreshState(active_run(conn, job), next(iter(runs(conn, job, 1)), None), next_runs(conn).get(job))


def _run(row: sa.Row[Any]) -> Run:
    return Run(row.id, row.job, row.status, row.origin, row.scheduled_for, row.started_at, row.finished_at, row.error, row.progress)
