"""A store of its own for each test, on SQLite and on Postgres, and toys in place of the jobs."""

from dataclasses import replace
from datetime import datetime

import pytest
import sqlalchemy as sa

from ml import jobs
from ml.jobs import telling
from ml.store.engine import begin_write, open_store
from ml.store.schema import metadata
from tests.conftest import settings_for
from tests.postgres import postgres_server
from tests.toys import TOYS

ZONE = "America/Santiago"
MORNING = datetime(2026, 11, 18, 12, 0)  # a Wednesday, 09:00 in Santiago
WRITTEN = ("job_run", "job_schedule", "scheduler_state", "audit", "preferences", "daily_facts")
SLOT = datetime(2026, 11, 18, 8, 30)  # 05:30 in Santiago


@pytest.fixture(scope="session")
def postgres():
    with postgres_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request, tmp_path):
    if request.param == "sqlite":
        return settings_for(tmp_path)
    return settings_for(tmp_path, database_url=request.getfixturevalue("postgres"))


@pytest.fixture
def store(settings):
    engine = open_store(settings)
    with begin_write(engine) as connection:
        for name in WRITTEN:
            connection.execute(sa.delete(metadata.tables[name]))
        connection.execute(sa.delete(metadata.tables["meta"]).where(metadata.tables["meta"].c.key.like("effect%")))
    yield engine
    engine.dispose()


@pytest.fixture
def toys(monkeypatch):
    roomy = tuple(replace(job, megabytes=32_000) for job in TOYS)  # this process holds more than a worker
    monkeypatch.setattr(jobs, "JOBS", roomy)
    return roomy


class Ear:
    """Hears what is told of runs: (what, run id, more)."""

    def __init__(self) -> None:
        self.heard: list[tuple] = []

    def started(self, connection, settings, run, expected_seconds, now):
        self.heard.append(("started", run["id"], expected_seconds))

    def done(self, connection, settings, run, outcome, now):
        self.heard.append(("done", run["id"], dict(outcome)))

    def failed(self, connection, settings, run, error, log_tail, now):
        self.heard.append(("failed", run["id"], error, log_tail))


@pytest.fixture
def ear(monkeypatch) -> Ear:
    made = Ear()
    monkeypatch.setattr(telling, "listener", lambda: made)
    return made
