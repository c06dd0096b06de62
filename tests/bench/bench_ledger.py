"""What an operator waits for: a press until the run is at work, a tick over a long ledger, the choice of a version until screens have it.

    python -m tests.bench ledger

The runs are those of tests/toys.py (a scheduler and its workers as processes of their own), the releases those of tests/crashes.py.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from ml import clock, pipeline
from ml.jobs.queue import reap, take
from ml.jobs.timetable import materialise
from ml.queries import operations, service
from ml.settings import CHECKOUT, Settings
from ml.store import choosing, runs
from ml.store.engine import begin_write, open_store
from ml.store.schema import job_run
from tests import crashes, toys
from tests.conftest import SECRET_KEY, settings_for

PRESSES, TICKS, CHOICES, LEDGER_ROWS = 30, 50, 20, 100_000
POLL_SECONDS, PATIENCE_SECONDS = 0.02, 30.0
JOB = "housekeeping"


def report() -> list[str]:
    """A table: what, how often, median, 95 % and largest in milliseconds, limit."""
    lines = ["| what | times | p50 ms | p95 ms | most ms | limit |", "|---|---|---|---|---|---|"]
    for what, limit, measure in (
        ("press to a run at work", "p95 3,000", presses),
        (f"scheduler's tick, {LEDGER_ROWS:,} ledger rows", "50", ticks),
        ("banner's read, same ledger", "", banners),
        ("choice of a version to the next read of a screen", "2,000", choices),
    ):
        with tempfile.TemporaryDirectory() as folder:
            took = np.array(list(measure(Path(folder)))) * 1000
        middle, most = np.quantile(took, [0.5, 0.95])
        lines.append(f"| {what} | {len(took)} | {middle:.0f} | {most:.0f} | {took.max():.0f} | {limit} |")
    return lines


def presses(home: Path) -> Iterator[float]:
    """Seconds from the row that a press writes until a worker holds it, with a scheduler that has nothing else to do."""
    settings = _settings(home)
    store = open_store(settings)
    with _scheduler(settings):
        _wait_for(store, lambda connection: operations.scheduler(connection).heartbeat_at is not None)
        for _ in range(PRESSES):
            began = time.monotonic()
            run_id = runs.queue_run(store, JOB, now=clock.utc_now()).run_id
            _wait_for(store, lambda connection, run_id=run_id: _status(connection, run_id) in ("running", "done"))
            yield time.monotonic() - began
            _wait_for(store, lambda connection, run_id=run_id: _status(connection, run_id) == "done")


def ticks(home: Path) -> Iterator[float]:
    """Seconds of what a tick asks the ledger: lost runs, fire times, the next run to take."""
    settings, store = _long_ledger(home)
    materialise(store, settings.timezone, clock.utc_now())
    for _ in range(TICKS):
        began, now = time.monotonic(), clock.utc_now()
        reap(settings, store, now)
        materialise(store, settings.timezone, now)
        take(settings, store, now)
        yield time.monotonic() - began


def banners(home: Path) -> Iterator[float]:
    """Seconds of what every screen asks about the scheduler."""
    _, store = _long_ledger(home)
    for _ in range(TICKS):
        began = time.monotonic()
        with store.connect() as connection:
            operations.scheduler(connection)
        yield time.monotonic() - began


def choices(home: Path) -> Iterator[float]:
    """Seconds from the press of "use this version" until another connection reads it as in service."""
    settings = _settings(home)
    crashes.prepare()
    crashes.retrained(settings, 1)
    crashes.retrained(settings, 2)
    store, shelf = open_store(settings), choosing.Shelf(settings.models_folder, SECRET_KEY)
    name = pipeline.PREDICTORS[0][0]
    for _ in range(CHOICES):
        began = time.monotonic()
        with begin_write(store) as connection:
            choosing.go_back(connection, shelf, name, choosing.By("bench", clock.utc_now(), "measured"))
        with store.connect() as connection:
            service.in_service(connection)
        yield time.monotonic() - began


def _settings(home: Path) -> Settings:
    (home / "empty").mkdir(exist_ok=True)
    return settings_for(home, source=f"csv:{home / 'empty'}")


def _long_ledger(home: Path) -> tuple[Settings, sa.Engine]:
    settings = _settings(home)
    store, now = open_store(settings), clock.utc_now()
    hours = range(1, LEDGER_ROWS + 1)
    row = {"job": "refresh", "origin": "cron", "status": "done", "attempt": 1}
    moments = [now - timedelta(hours=hour) for hour in hours]
    with begin_write(store) as connection:
        connection.execute(sa.insert(job_run), [{**row, "scheduled_for": at, "started_at": at, "finished_at": at} for at in moments])
    return settings, store


@contextmanager
def _scheduler(settings: Settings) -> Iterator[None]:
    environment = {
        **os.environ, "INSIGHTS_HOME": str(settings.home), "INSIGHTS_SECRET_KEY": SECRET_KEY,
        "INSIGHTS_SOURCE": f"csv:{settings.home / 'empty'}", "TOY": "effect",
    }  # fmt: skip
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, *toys.ENTRY, "scheduler"], cwd=CHECKOUT, env=environment, **quiet)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_SECONDS)


def _status(connection: sa.Connection, run_id: int) -> str:
    return str(connection.execute(sa.select(job_run.c.status).where(job_run.c.id == run_id)).scalar_one())


def _wait_for(store: sa.Engine, ready) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        with store.connect() as connection:
            if ready(connection):
                return
        time.sleep(POLL_SECONDS)
    raise TimeoutError("The scheduler did not do within 30 s what was asked.")
