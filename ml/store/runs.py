"""The ledger of jobs: one run of a job at a time, and a run whose process died is taken over, never lost.

A run is queued, then running under a lease that its heartbeat extends, then done, failed, skipped or cancelled. A lost attempt puts it back
into the queue for a while. Everything a run achieves is written in one transaction that `finish` fences by id, attempt and owner: when
somebody else has taken the run over meanwhile, that transaction fails as a whole.
"""

import os
import socket
import uuid
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ml.store import audit
from ml.store.engine import begin_write
from ml.store.schema import job_run

LEASE = timedelta(minutes=2)
BACK_OFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=25))  # after the first, second and third lost attempt
MOST_ATTEMPTS = len(BACK_OFF) + 1
CLOCK_SET_BACK = timedelta(minutes=30)  # a lease that lies further ahead was given by a clock that has been set back since
ACTIVE = ("queued", "running")
Row = dict[str, Any]


class RunLost(RuntimeError):
    """This process no longer owns its run: it was cancelled, or its lease ran out and another one took over. Nothing may be written."""


class Claim(NamedTuple):
    """The right to work on a run and to finish it."""

    run_id: int
    job: str
    owner: str
    attempt: int


class Started(NamedTuple):
    """The run that answers a request; `claim` is None when it is not this process's to work on, `is_new` tells a row made just now."""

    run_id: int
    status: str
    claim: Claim | None
    is_new: bool = False


def new_owner() -> str:
    """A name for an attempt's owner that no other bears: host, process id, and a random part."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def start_run(
    engine: sa.Engine, job: str, *, origin: str, now: datetime, owner: str | None = None, requested_by: str | None = None
) -> Started:
    """Begin a run of `job` here and now, or say which live run is in the way. A run whose lease ran out is marked failed."""
    values = {"origin": origin, "requested_by": requested_by, "scheduled_for": now}
    try:
        return _start(engine, job, owner or new_owner(), values, now)
    except IntegrityError:  # Postgres: another process inserted between our look and our insert; its run is the answer
        return _start(engine, job, owner or new_owner(), values, now)


def queue_run(engine: sa.Engine, job: str, *, now: datetime, requested_by: str | None = None, options: Row | None = None) -> Started:
    """Ask for a run that a scheduler takes up at once. A live run is returned instead; one that waits for its time need not any longer.

    `is_new` tells which of the two it is; a new one leaves its audit row.
    """
    try:
        return _queue(engine, job, now, requested_by, options)
    except IntegrityError:
        return _queue(engine, job, now, requested_by, options)


def claim(connection: sa.Connection, row: Row, owner: str, *, now: datetime) -> Claim:
    """Begin the next attempt of a queued run that the caller holds locked."""
    attempt = row["attempt"] + 1
    values = {"status": "running", "owner": owner, "attempt": attempt, "lease_until": now + LEASE, "heartbeat_at": now}
    fresh = {"started_at": now, "finished_at": None, "not_before": None, "progress": None, "log_path": None}
    connection.execute(sa.update(job_run).where(job_run.c.id == row["id"]).values(**values, **fresh))
    return Claim(row["id"], row["job"], owner, attempt)


def has_due(connection: sa.Connection, now: datetime) -> bool:
    """Whether a queued run may be taken up."""
    return connection.execute(sa.select(job_run.c.id).where(*_due(now)).limit(1)).first() is not None


def due_rows(connection: sa.Connection, now: datetime) -> list[Row]:
    """The queued runs that may be taken up, the longest due first, locked where no other scheduler holds them."""
    query = sa.select(job_run).where(*_due(now)).order_by(sa.func.coalesce(job_run.c.not_before, job_run.c.scheduled_for), job_run.c.id)
    return [dict(row) for row in connection.execute(query.with_for_update(skip_locked=True)).mappings()]


def overdue(connection: sa.Connection, before: datetime) -> list[str]:
    """The jobs whose queued run should have been taken up before that moment."""
    query = sa.select(job_run.c.job).where(*_due(before)).order_by(job_run.c.job)
    return list(connection.execute(query.where(job_run.c.scheduled_for <= before)).scalars())


def expired_rows(connection: sa.Connection, now: datetime) -> list[Row]:
    """The running rows whose lease ran out, locked where no other scheduler holds them."""
    query = sa.select(job_run).where(job_run.c.status == "running", _expired(now))
    return [dict(row) for row in connection.execute(query.with_for_update(skip_locked=True)).mappings()]


def put_off(connection: sa.Connection, run_id: int, until: datetime, progress: Row) -> None:
    """Let a queued run wait until then; `progress` says for what."""
    connection.execute(sa.update(job_run).where(job_run.c.id == run_id).values(not_before=until, progress=progress))


def end_queued(connection: sa.Connection, run_id: int, status: str, *, now: datetime, error: str | None) -> None:
    """End a queued run that is not to be worked on."""
    mine = (job_run.c.id == run_id) & (job_run.c.status == "queued")
    connection.execute(sa.update(job_run).where(mine).values(status=status, finished_at=now, not_before=None, error=error))


def beat(engine: sa.Engine, claim: Claim, *, now: datetime, progress: Row | None = None) -> bool:
    """Extend the lease, and note the progress; False when the run is no longer this owner's."""
    values: Row = {"lease_until": now + LEASE, "heartbeat_at": now}
    if progress is not None:
        values["progress"] = progress
    with begin_write(engine) as connection:
        return connection.execute(_mine(claim).values(**values)).rowcount == 1


def is_mine(connection: sa.Connection, claim: Claim) -> bool:
    """Whether the run is still this owner's to finish."""
    row = connection.execute(sa.select(job_run.c.owner, job_run.c.attempt, job_run.c.status).where(job_run.c.id == claim.run_id)).first()
    return row is not None and tuple(row) == (claim.owner, claim.attempt, "running")


def finish(connection: sa.Connection, claim: Claim, *, now: datetime, outcomes: Row | None = None, dry_run: bool = False) -> None:
    """Mark the run done, within the transaction that holds its effects; `outcomes` stay in its progress under that name.

    Raises RunLost when another process took it over.
    """
    progress = {"outcomes": outcomes or {}} | ({"dry_run": True} if dry_run else {})
    ended = {"status": "done", "finished_at": now, "lease_until": None, "error": None, "log_tail": None, "progress": progress}
    if connection.execute(_mine(claim).values(**ended)).rowcount != 1:
        raise RunLost(f"The run {claim.run_id} of {claim.job} was taken over by another process; nothing of this one was written.")


def lose_attempt(
    connection: sa.Connection, claim: Claim, *, now: datetime, error: str, log_tail: str | None = None, again: bool = True
) -> str | None:
    """One attempt is lost: the run waits for the next one (queued) or, after the last, has failed. The state, None when it is not ours.

    Without `again` it has failed at once.
    """
    last = not again or claim.attempt >= MOST_ATTEMPTS
    status = "failed" if last else "queued"
    later = None if last else now + BACK_OFF[claim.attempt - 1]
    progress = None if last else {"waits_for": "retry"}
    values = {"status": status, "lease_until": None, "error": error, "log_tail": log_tail, "not_before": later, "progress": progress}
    return status if connection.execute(_mine(claim).values(**values, finished_at=now)).rowcount == 1 else None


def give_back(engine: sa.Engine, claim: Claim) -> None:
    """Put a run back into the queue that its process was told to leave; the attempt does not count."""
    values = {"status": "queued", "lease_until": None, "attempt": claim.attempt - 1, "progress": None}
    with begin_write(engine) as connection:
        connection.execute(_mine(claim).values(**values))


def fail(engine: sa.Engine, claim: Claim, *, now: datetime, error: str, status: str = "failed") -> None:
    """End a run that somebody watches himself, with one sentence; without effect when it is no longer this process's."""
    with begin_write(engine) as connection:
        connection.execute(_mine(claim).values(status=status, finished_at=now, lease_until=None, error=error))


def cancel(connection: sa.Connection, run_id: int, *, now: datetime) -> str | None:
    """Cancel a queued or running run; what still works on it can write nothing any more. The state before, None when it was over."""
    query = sa.select(job_run.c.status).where(job_run.c.id == run_id)
    before: str | None = connection.execute(query.with_for_update()).scalar()
    if before not in ACTIVE:
        return None
    values = {"status": "cancelled", "finished_at": now, "lease_until": None, "not_before": None}
    connection.execute(sa.update(job_run).where(job_run.c.id == run_id).values(**values))
    return before


def requeue(connection: sa.Connection, run_id: int, *, now: datetime) -> bool:
    """Queue a failed, cancelled or skipped run again, with all its attempts; False when it is none.

    Raises IntegrityError when its job has a live run.
    """
    again = (job_run.c.id == run_id) & job_run.c.status.in_(("failed", "cancelled", "skipped"))
    values = {"status": "queued", "attempt": 0, "owner": None, "not_before": now, "progress": None, "finished_at": None, "error": None}
    return connection.execute(sa.update(job_run).where(again).values(**values)).rowcount == 1


def set_log_path(engine: sa.Engine, claim: Claim, path: str) -> None:
    """Note where the log file of this attempt is, also after its end."""
    mine = (job_run.c.id == claim.run_id) & (job_run.c.owner == claim.owner)
    with begin_write(engine) as connection:
        connection.execute(sa.update(job_run).where(mine).values(log_path=path))


def active_row(connection: sa.Connection, job: str) -> Row | None:
    """The queued or running run of a job."""
    query = sa.select(job_run).where(job_run.c.job == job, job_run.c.status.in_(ACTIVE))
    row = connection.execute(query.with_for_update()).mappings().first()
    return dict(row) if row else None


def insert_run(connection: sa.Connection, **values: Any) -> int:
    """A new row; its id."""
    return int(connection.execute(sa.insert(job_run).values(**values).returning(job_run.c.id)).scalar_one())


def is_expired(row: Row, now: datetime) -> bool:
    """Whether the lease of a running row ran out."""
    lease = row["lease_until"]
    return lease is None or lease < now or lease > now + LEASE + CLOCK_SET_BACK


def _start(engine: sa.Engine, job: str, owner: str, values: Row, now: datetime) -> Started:
    with begin_write(engine) as connection:
        row = active_row(connection, job)
        if row is not None and row["status"] == "running" and is_expired(row, now):
            seen = f"Its process gave no sign of life since {row['heartbeat_at'] or row['scheduled_for']:%Y-%m-%d %H:%M} UTC."
            lose_attempt(connection, claim_of(row), now=now, error=seen, again=False)
            row = None
        if row is not None and row["status"] == "running":
            return Started(row["id"], "running", None)
        if row is None:
            run_id = insert_run(connection, job=job, status="queued", **values)
            row = {"id": run_id, "job": job, "attempt": 0}
        claimed = claim(connection, row, owner, now=now)
        return Started(claimed.run_id, "running", claimed, is_new=True)


def _queue(engine: sa.Engine, job: str, now: datetime, requested_by: str | None, options: Row | None) -> Started:
    with begin_write(engine) as connection:
        row = active_row(connection, job)
        if row is None:
            values = {"origin": "manual", "status": "queued", "requested_by": requested_by, "options": options, "not_before": now}
            run_id = insert_run(connection, job=job, scheduled_for=now, **values)
            if requested_by is not None:
                audit.record(connection, requested_by, "job.start", job, {"run": run_id} | (options or {}), at=now)
            return Started(run_id, "queued", None, is_new=True)
        if row["status"] == "queued" and not options:
            values = {"not_before": now, "origin": "manual", "requested_by": requested_by, "progress": None}
            connection.execute(sa.update(job_run).where(job_run.c.id == row["id"]).values(**values))
        return Started(row["id"], row["status"], None)


def claim_of(row: Row) -> Claim:
    """Who works, or worked last, on a run."""
    return Claim(row["id"], row["job"], row["owner"], row["attempt"])


def _due(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (job_run.c.status == "queued", sa.or_(job_run.c.not_before.is_(None), job_run.c.not_before <= now))


def _expired(now: datetime) -> sa.ColumnElement[bool]:
    lease = job_run.c.lease_until
    return sa.or_(lease.is_(None), lease < now, lease > now + LEASE + CLOCK_SET_BACK)


def _mine(claim: Claim) -> sa.Update:
    return sa.update(job_run).where(
        job_run.c.id == claim.run_id,
        job_run.c.owner == claim.owner,
        job_run.c.attempt == claim.attempt,
        job_run.c.status == "running",
    )
