"""What ran: single runs, the newest, when a job was done last, and how long it usually takes."""

from datetime import datetime, timedelta
from statistics import median
from typing import Any

import sqlalchemy as sa

from ml.store.schema import job_run

LONGEST_OPEN = timedelta(days=62)  # a run that was done since a moment was not due much longer before it
USUAL_RUNS = 5


def recent_runs(connection: sa.Connection, limit: int = 20, job: str | None = None) -> list[dict[str, Any]]:
    """The newest runs first, all columns."""
    query = sa.select(job_run).order_by(job_run.c.id.desc()).limit(limit)
    if job is not None:
        query = query.where(job_run.c.job == job)
    return [dict(row) for row in connection.execute(query).mappings()]


def get_run(connection: sa.Connection, run_id: int) -> dict[str, Any] | None:
    """One run, all columns; None when there is none."""
    row = connection.execute(sa.select(job_run).where(job_run.c.id == run_id)).mappings().first()
    return dict(row) if row else None


def done_since(connection: sa.Connection, jobs: tuple[str, ...], moment: datetime) -> dict[str, Any] | None:
    """The newest run of one of these jobs that was done at or after that moment; a dry run is none."""
    table = job_run.c
    query = sa.select(job_run).where(
        table.job.in_(jobs), table.scheduled_for >= moment - LONGEST_OPEN, table.status == "done", table.finished_at >= moment
    )
    rows = connection.execute(query.order_by(table.finished_at.desc())).mappings()
    return next((dict(row) for row in rows if not (row["options"] or {}).get("dry_run")), None)


def at_work(connection: sa.Connection, jobs: tuple[str, ...], now: datetime) -> str | None:
    """One of these jobs that runs or may start at once, None when none does."""
    table = job_run.c
    ready = sa.or_(
        table.status == "running", sa.and_(table.status == "queued", sa.or_(table.not_before.is_(None), table.not_before <= now))
    )
    return connection.execute(sa.select(table.job).where(table.job.in_(jobs), table.status.in_(("queued", "running")), ready)).scalar()


def last_of_the_clock(connection: sa.Connection, job: str) -> datetime | None:
    """The newest fire time of the job that has a run."""
    table = job_run.c
    query = sa.select(table.scheduled_for).where(table.job == job, table.origin.in_(("cron", "catch_up")))
    return connection.execute(query.order_by(table.scheduled_for.desc()).limit(1)).scalar()


def taken_slots(connection: sa.Connection, job: str, since: datetime) -> set[datetime]:
    """The moments from `since` on for which the job has a run."""
    query = sa.select(job_run.c.scheduled_for).where(job_run.c.job == job, job_run.c.scheduled_for >= since)
    return set(connection.execute(query).scalars())


def expected_seconds(connection: sa.Connection, job: str) -> float | None:
    """The median duration of the job's last USUAL_RUNS runs that were done, None when there is none."""
    table = job_run.c
    query = sa.select(table.started_at, table.finished_at).where(
        table.job == job, table.status == "done", table.started_at.is_not(None), table.finished_at.is_not(None)
    )
    rows = connection.execute(query.order_by(table.scheduled_for.desc()).limit(USUAL_RUNS)).all()
    return median((end - start).total_seconds() for start, end in rows) if rows else None
