"""The calendar becomes rows of the ledger: at each tick, every fire time since the last one, by the job's catch-up policy."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ml import jobs
from ml.jobs import Job
from ml.store import runs
from ml.store.engine import begin_write
from ml.store.preferences import Preferences
from ml.store.run_history import get_run, last_of_the_clock, taken_slots
from ml.store.schedules import fires_between, next_fire
from ml.store.schema_ledger import job_schedule
from ml.store.values import load_preferences

ON_TIME = timedelta(minutes=5)
PASSED = "It passed while nothing could run; a newer one does its work."
LEFT = "It passed while nothing could run, and this job is not caught up."


class Planned(NamedTuple):
    """A row to write: its moment, its state, and why it is skipped."""

    moment: datetime
    status: str
    error: str | None = None


class Plan(NamedTuple):
    """The rows to write for one job, up to when its times are settled then, and the queued run that a newer one replaces."""

    rows: list[Planned]
    done_until: datetime
    replaced: int | None = None


def schedule_of(job: Job, preferences: Preferences | None = None) -> str:
    """The job's cron fields, as chosen in the preferences (None: the defaults)."""
    cron: str = getattr(preferences or Preferences(), f"schedule_{job.name}")
    return cron


def next_slot(job: Job, timezone: str, after: datetime, preferences: Preferences | None = None) -> datetime:
    """The next moment of the job's calendar after `after` (naive UTC both)."""
    return next_fire(schedule_of(job, preferences), timezone, after)


def materialise(store: sa.Engine, timezone: str, now: datetime) -> int:
    """Write the rows of all fire times that passed and have none yet; how many were written.

    A schedule that was changed counts from the first look after the change. Nothing is written, and no lock taken, while nothing is due.
    """
    with store.connect() as connection:
        preferences = load_preferences(connection)
        kept = {row.job: row for row in connection.execute(sa.select(job_schedule))}
    asked = [job for job in jobs.JOBS if _has_news(kept.get(job.name), schedule_of(job, preferences), timezone, now)]
    written = 0
    for job in asked:
        with suppress(IntegrityError), begin_write(store) as connection:  # another scheduler saw the job first: the next look finds its row
            written += _advance(connection, job, schedule_of(job, preferences), timezone, now)
    return written


def plan(job: Job, fires: list[datetime], active: runs.Row | None, now: datetime) -> Plan:
    """What becomes of the fire times that passed (oldest first, at least one), beside the job's queued or running row.

    A job that runs is not overtaken: its newest time waits until the run is over. A queued run of the clock gives way to a newer one.
    """
    if job.catch_up == "all":
        first = fires[0]
        return Plan([Planned(first, "queued")], first) if active is None else Plan([], first - timedelta(microseconds=1))
    newest, older = fires[-1], [Planned(moment, "skipped", PASSED if job.catch_up == "latest" else LEFT) for moment in fires[:-1]]
    if job.catch_up == "none" and now - newest > ON_TIME:
        return Plan([*older, Planned(newest, "skipped", LEFT)], newest)
    if active is None:
        return Plan([*older, Planned(newest, "queued")], newest)
    if active["status"] == "queued" and active["origin"] in ("cron", "catch_up"):
        return Plan([*older, Planned(newest, "queued")], newest, replaced=active["id"])
    return Plan(older, fires[-2] if older else newest - timedelta(microseconds=1))


def _has_news(row: sa.Row[tuple[str, str, datetime]] | None, cron: str, timezone: str, now: datetime) -> bool:
    return row is None or row.cron != cron or next_fire(cron, timezone, row.done_until) <= now


def _advance(connection: sa.Connection, job: Job, cron: str, timezone: str, now: datetime) -> int:
    """One job, within a transaction that holds its calendar's row, so that two schedulers come one after the other."""
    row = connection.execute(sa.select(job_schedule).where(job_schedule.c.job == job.name).with_for_update()).first()
    if row is None:
        since = last_of_the_clock(connection, job.name) or now
        connection.execute(sa.insert(job_schedule).values(job=job.name, cron=cron, done_until=since))
        return 0
    fires = fires_between(row.cron, timezone, row.done_until, now)
    values = {"cron": cron, "done_until": max(now, row.done_until)} if row.cron != cron else {}
    written = 0
    if fires:
        planned = plan(job, fires, runs.active_row(connection, job.name), now)
        values = {"done_until": planned.done_until} | (values if planned.done_until >= fires[-1] else {})
        written = _write(connection, job, planned, now)
    if values:
        connection.execute(sa.update(job_schedule).where(job_schedule.c.job == job.name).values(**values))
    return written


def _write(connection: sa.Connection, job: Job, planned: Plan, now: datetime) -> int:
    if planned.replaced is not None:
        _replace(connection, planned.replaced, now)
    taken = taken_slots(connection, job.name, planned.rows[0].moment) if planned.rows else set()
    fresh = [row for row in planned.rows if row.moment not in taken]
    for row in fresh:
        ended = now if row.status == "skipped" else None
        origin = "cron" if now - row.moment <= ON_TIME else "catch_up"
        values = {"origin": origin, "status": row.status, "error": row.error, "finished_at": ended}
        runs.insert_run(connection, job=job.name, scheduled_for=row.moment, **values)
    return len(fresh)


def _replace(connection: sa.Connection, run_id: int, now: datetime) -> None:
    """End a queued run that a newer one replaces: failed when attempts were lost, else skipped."""
    row = get_run(connection, run_id) or {}
    lost = bool(row.get("attempt"))
    runs.end_queued(connection, run_id, "failed" if lost else "skipped", now=now, error=row.get("error") if lost else PASSED)
