"""What may start now: a queued run is taken up, waits for what it leans on, moves to an open day, or ends because its work is done."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from ml import clock
from ml.jobs import Job, JobError, find_job
from ml.jobs.open_days import open_days
from ml.jobs.telling import tell_failed, tell_started
from ml.settings import Settings
from ml.store import runs
from ml.store.engine import begin_write
from ml.store.run_history import at_work, done_since

LOOK_AGAIN = timedelta(seconds=20)
PATIENCE = timedelta(hours=4)
OF_THE_CLOCK = ("cron", "catch_up")


class Wait(NamedTuple):
    """The run waits until then for `waits_for`: the name of a job, or open_day."""

    until: datetime
    waits_for: str


class End(NamedTuple):
    """The run is not worked on: failed or skipped, and why."""

    status: str
    error: str


def take(settings: Settings, store: sa.Engine, now: datetime, new_owner: Callable[[], str] = runs.new_owner) -> runs.Claim | None:
    """Claim the run that is due the longest and may start, within one transaction; None when there is none."""
    with store.connect() as connection:
        if not runs.has_due(connection, now):
            return None
    with begin_write(store) as connection:
        for row in runs.due_rows(connection, now):
            verdict = judge(connection, settings, row, now)
            if verdict is None:
                claimed = runs.claim(connection, row, new_owner(), now=now)
                tell_started(connection, settings, claimed, now)
                return claimed
            if isinstance(verdict, Wait):
                progress = {"waits_for": verdict.waits_for, "since": _since(row, verdict.waits_for, now).isoformat()}
                runs.put_off(connection, row["id"], verdict.until, progress)
                continue
            runs.end_queued(connection, row["id"], verdict.status, now=now, error=verdict.error)
            if verdict.status == "failed":
                tell_failed(connection, settings, row["id"], verdict.error, None, now)
    return None


def judge(connection: sa.Connection, settings: Settings, row: runs.Row, now: datetime) -> Wait | End | None:
    """What is to become of a queued run that is due; None: it starts. What a person asked for waits for nothing."""
    try:
        job = find_job(row["job"])
    except JobError as unknown:
        return End("failed", str(unknown))
    if row["origin"] not in OF_THE_CLOCK:
        return None
    return _covered(connection, job, row, now) or _closed(connection, settings, job, now) or _lacking(connection, settings, job, row, now)


def reap(settings: Settings, store: sa.Engine, now: datetime) -> list[int]:
    """Take the attempts away from whose lease ran out, for anyone to try again; the ids of those runs."""
    with store.connect() as connection:
        if not runs.expired_rows(connection, now):
            return []
    reaped = []
    with begin_write(store) as connection:
        for row in runs.expired_rows(connection, now):
            seen = f"{row['heartbeat_at']:%Y-%m-%d %H:%M}" if row["heartbeat_at"] else "its start"
            sentence = f"Its process gave no sign of life since {seen} UTC."
            status = runs.lose_attempt(connection, runs.claim_of(row), now=now, error=sentence)
            if status == "queued":
                runs.put_off(connection, row["id"], now, {"waits_for": "retry"})
            elif status == "failed":
                tell_failed(connection, settings, row["id"], sentence, None, now)
            reaped.append(row["id"])
    return reaped


def _covered(connection: sa.Connection, job: Job, row: runs.Row, now: datetime) -> Wait | End | None:
    """Skipped when a job that does its work too was done since; while such a one works, it waits."""
    if not job.covered_by:
        return None
    done = done_since(connection, job.covered_by, row["scheduled_for"])
    if done is not None:
        return End("skipped", f"Run {done['id']} of {done['job']} did its work.")
    busy = at_work(connection, job.covered_by, now)
    return Wait(now + LOOK_AGAIN, busy) if busy else None


def _closed(connection: sa.Connection, settings: Settings, job: Job, now: datetime) -> Wait | None:
    """On a closed day it waits for the same time of the next open one."""
    if not job.open_days_only:
        return None
    local = clock.local(now, settings.timezone)
    day = open_days(connection, settings.country, local.date()).next_open(local.date())
    if day == local.date():
        return None
    moved = datetime.combine(day, local.time(), ZoneInfo(settings.timezone))
    return Wait(moved.astimezone(UTC).replace(tzinfo=None), "open_day")


def _lacking(connection: sa.Connection, settings: Settings, job: Job, row: runs.Row, now: datetime) -> Wait | End | None:
    """It waits, PATIENCE at most, for today's run of one of the jobs it leans on."""
    if not job.after:
        return None
    midnight = datetime.combine(clock.local(now, settings.timezone).date(), datetime.min.time(), ZoneInfo(settings.timezone))
    if done_since(connection, job.after, midnight.astimezone(UTC).replace(tzinfo=None)) is not None:
        return None
    awaited = job.after[0]
    if now - _since(row, awaited, now) > PATIENCE:
        hours = int(PATIENCE.total_seconds() // 3600)
        return End("failed", f"It waited {hours} hours for today's {awaited}, which was not done; run it again once it is.")
    return Wait(now + LOOK_AGAIN, awaited)


def _since(row: runs.Row, waits_for: str, now: datetime) -> datetime:
    """Since when the run waits for that."""
    progress = row["progress"] or {}
    return datetime.fromisoformat(progress["since"]) if progress.get("waits_for") == waits_for and "since" in progress else now
