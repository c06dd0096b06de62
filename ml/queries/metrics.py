"""The health of the whole as numbers, for a monitoring system: what is in service, how old the data is, what ran and what failed."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import sqlalchemy as sa

from ml.queries import service
from ml.store import schema
from ml.store.sessions import IDLE


class Sample(NamedTuple):
    """One number and its labels."""

    value: float
    labels: Mapping[str, str] = {}


class Gauge(NamedTuple):
    """A number that goes up and down: its name, what it means with its unit, and its samples."""

    name: str
    meaning: str
    samples: list[Sample]


def health_gauges(connection: sa.Connection, now: datetime) -> list[Gauge]:
    """The gauges at `now` (naive UTC); one that does not exist yet (no reading, no scheduler) has no sample."""
    reading = service.latest_reading(connection)
    beat = connection.execute(sa.select(sa.func.max(schema.scheduler_state.c.heartbeat_at))).scalar()
    releases = [
        Sample(_seconds(entry.since), {"predictor": name, "release": entry.release_id})
        for name, entry in service.in_service(connection).items()
    ]
    read = [Sample(_seconds(reading.read_at))] if reading else []
    age = [Sample(float((now.date() - reading.as_of).days))] if reading else []
    counted = [
        ("insights_sessions_live", "People signed in.", _live_sessions(now)),
        ("insights_customers", "Customers known.", _customers()),
    ]
    return [
        Gauge("insights_release_since_timestamp_seconds", "When the release in service was put there, Unix time.", releases),
        Gauge("insights_read_timestamp_seconds", "When the company's data was last read, Unix time.", read),
        Gauge("insights_data_age_days", "Days from the last day of the data to today (UTC).", age),
        Gauge(
            "insights_scheduler_heartbeat_timestamp_seconds",
            "The scheduler's last sign of life, Unix time.",
            [Sample(_seconds(beat))] if beat else [],
        ),
        Gauge("insights_job_last_done_timestamp_seconds", "When a job last ended well, Unix time.", _last_done(connection)),
        Gauge("insights_job_runs", "Runs of each job by their status.", _runs(connection)),
        *(Gauge(name, meaning, [Sample(float(connection.execute(query).scalar() or 0))]) for name, meaning, query in counted),
    ]


def _last_done(connection: sa.Connection) -> list[Sample]:
    runs = schema.job_run.c
    query = (
        sa.select(runs.job, sa.func.max(runs.finished_at).label("at")).where(runs.status == "done").group_by(runs.job).order_by(runs.job)
    )
    return [Sample(_seconds(row.at), {"job": row.job}) for row in connection.execute(query) if row.at]


def _runs(connection: sa.Connection) -> list[Sample]:
    runs = schema.job_run.c
    query = sa.select(runs.job, runs.status, sa.func.count().label("count")).group_by(runs.job, runs.status).order_by(runs.job, runs.status)
    return [Sample(float(row._mapping["count"]), {"job": row.job, "status": row.status}) for row in connection.execute(query)]


def _live_sessions(now: datetime) -> sa.Select[int]:
    kept = schema.sessions.c
    return sa.select(sa.func.count()).where(kept.revoked_at.is_(None), kept.expires_at > now, kept.seen_at > now - IDLE)


def _customers() -> sa.Select[int]:
    return sa.select(sa.func.count()).select_from(schema.customer_facts)


def _seconds(moment: datetime) -> float:
    return moment.replace(tzinfo=UTC).timestamp()
