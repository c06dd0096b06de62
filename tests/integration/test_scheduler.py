"""The scheduler and its workers as processes: what is due runs once, whatever breaks, dies, hangs, or is away meanwhile."""

import json
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

import scheduler
from ml import clock
from ml.jobs import orders, processes, running, watch
from ml.settings import CHECKOUT
from ml.store import outbox, runs
from ml.store.engine import begin_write, open_store
from ml.store.pointers import point_to
from ml.store.schema import job_run, meta, scheduler_state
from ml.store.schema_ledger import job_schedule
from tests import toys
from tests.bench import soak_outages
from tests.conftest import SECRET_KEY, settings_for
from tests.postgres import postgres_server

PATIENCE_SECONDS = 60


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "empty").mkdir()
    return settings_for(tmp_path, source=f"csv:{tmp_path / 'empty'}")


@pytest.fixture
def store(settings) -> sa.Engine:
    return open_store(settings)


@pytest.fixture
def world(settings, monkeypatch):
    """This process and those it starts have toys as jobs, short leases and pauses."""
    environment = {
        "INSIGHTS_HOME": str(settings.home), "INSIGHTS_SECRET_KEY": SECRET_KEY, "INSIGHTS_SOURCE": f"csv:{settings.home / 'empty'}",
        "TOY_LEASE": "4", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for place, name in ((runs, "LEASE"), (runs, "BACK_OFF"), (outbox, "LEASE")):
        monkeypatch.setattr(place, name, getattr(place, name))  # put back after the test
    monkeypatch.setattr("ml.jobs.pulse.PULSE_SECONDS", 1.0)
    monkeypatch.setattr("ml.jobs.JOBS", toys.TOYS)
    monkeypatch.setattr(processes, "ENTRY", toys.ENTRY)
    toys.with_toys()
    return monkeypatch


@contextmanager
def started() -> Iterator["subprocess.Popen[str]"]:
    """A scheduler as a process."""
    command = [sys.executable, *toys.ENTRY, "scheduler"]
    process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def rows(store, table=job_run) -> list[dict]:
    with store.connect() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def effects(store) -> list[str]:
    return [row["key"] for row in rows(store, meta) if row["key"].startswith("effect")]


def until(ready: Callable[[], object], what: str, look: Callable[[], object] = lambda: None):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        look()
        found = ready()
        if found:
            return found
        time.sleep(0.05)
    pytest.fail(f"{what} did not happen within {PATIENCE_SECONDS} s")


def ask(store, job="refresh") -> int:
    return runs.queue_run(store, job, now=clock.utc_now(), requested_by="ana@example.com").run_id


def worked(store, watcher, run_id: int, attempts: int = 1) -> dict:
    """The run once that many attempts are over and their processes are gone."""

    def over():
        (row,) = [row for row in rows(store) if row["id"] == run_id]
        return row if row["status"] != "running" and row["attempt"] >= attempts and not watcher.children else None

    return until(over, f"the end of attempt {attempts}", watcher.look)


# --- one watch and the workers it starts


@pytest.mark.parametrize(
    ("toy", "error", "tail"),
    [
        ("boom", "ZeroDivisionError: the toy broke", "in do_boom"),
        ("greedy", "It needed more memory than it may use.", "MemoryError"),
        ("segfault", "Its process crashed (SIGSEGV).", "in do_segfault"),
        ("hang", "It was stopped after 0.03 minutes, its limit; the log says where it was.", "in do_hang"),
        ("exit", "Its process ended with exit code 7 and did not say why.", "working as exit"),
    ],
)
def test_a_job_that_breaks_costs_one_attempt_and_its_log_is_kept(settings, store, world, toy, error, tail):
    world.setenv("TOY", toy)
    world.setenv("TOY_BACK_OFF", "3600")
    if toy == "hang":
        world.setenv("TOY_MINUTES", "0.03")
    toys.with_toys()
    watcher = watch.Watch(settings, store)
    lost = worked(store, watcher, ask(store))
    assert (lost["error"], lost["attempt"], effects(store)) == (error, 1, [])
    assert lost["status"] == "queued" and lost["not_before"] > clock.utc_now()
    assert tail in lost["log_tail"] and tail in Path(lost["log_path"]).read_text()
    world.setenv("TOY", "effect")
    with begin_write(store) as connection:
        connection.execute(sa.update(job_run).values(not_before=None))
    done = worked(store, watcher, lost["id"], attempts=2)
    assert (done["status"], done["error"], done["log_tail"], len(effects(store))) == ("done", None, None, 1)


def test_a_job_that_goes_on_breaking_has_failed_after_three_more_tries(settings, store, world):
    world.setenv("TOY", "boom")
    watcher = watch.Watch(settings, store)
    lost = worked(store, watcher, ask(store), attempts=runs.MOST_ATTEMPTS)
    assert (lost["status"], lost["attempt"]) == ("failed", 4) and "in do_boom" in lost["log_tail"]


def test_a_worker_that_is_killed_is_replaced_and_its_effect_comes_once(settings, store, world):
    world.setenv("TOY", "slow")
    watcher = watch.Watch(settings, store)
    run_id = ask(store)
    child = until(lambda: watcher.children, "a worker", watcher.look)[0]
    until(lambda: rows(store)[0]["progress"], "its first line")
    child.process.send_signal(signal.SIGKILL)
    world.setenv("TOY", "effect")
    done = worked(store, watcher, run_id, attempts=2)
    assert (done["status"], effects(store)) == ("done", [f"effect {run_id} 0"])


def test_a_worker_that_is_frozen_past_its_lease_is_replaced_and_writes_nothing_when_it_wakes(settings, store, world):
    world.setenv("TOY", "slow")
    world.setenv("TOY_SECONDS", "1")
    first, second = watch.Watch(settings, store), watch.Watch(settings, store)
    run_id = ask(store)
    child = until(lambda: first.children, "a worker", first.look)[0]
    until(lambda: rows(store)[0]["progress"], "its first line")
    child.process.send_signal(signal.SIGSTOP)
    with begin_write(store) as connection:  # two minutes in the life of a ledger
        connection.execute(sa.update(job_run).values(lease_until=clock.utc_now() - timedelta(seconds=1)))
    world.setenv("TOY", "effect")
    second._ticked = -100.0
    done = worked(store, second, run_id, attempts=2)
    child.process.send_signal(signal.SIGCONT)
    assert child.process.wait(20) != 0
    first.look()
    assert (rows(store)[0], first.children) == (done, []) and done["status"] == "done"
    assert effects(store) == [f"effect {run_id} 0"]


def test_a_cancelled_run_stops_its_worker(settings, store, world):
    world.setenv("TOY", "hang")
    watcher = watch.Watch(settings, store)
    run_id = ask(store)
    child = until(lambda: watcher.children, "a worker", watcher.look)[0]
    orders.cancel(store, run_id, by="ana@example.com", now=clock.utc_now())
    until(lambda: not watcher.children, "the worker's end", watcher.look)
    assert child.process.poll() is not None and rows(store)[0]["status"] == "cancelled"


def test_a_watch_that_stops_gives_its_runs_back(settings, store, world):
    world.setenv("TOY", "hang")
    watcher = watch.Watch(settings, store)
    ask(store)
    child = until(lambda: watcher.children, "a worker", watcher.look)[0]
    world.setattr(watcher, "look", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        watcher.run()
    (row,) = rows(store)
    assert child.process.poll() is not None and (row["status"], row["attempt"], row["lease_until"]) == ("queued", 0, None)


def test_several_jobs_work_side_by_side_up_to_the_limit(settings, store, world):
    world.setenv("TOY", "hang")
    watcher = watch.Watch(settings, store)
    for job in toys.TOYS:
        ask(store, job.name)
    for _ in range(3):
        watcher.look()
    assert len(watcher.children) == watch.MOST_CHILDREN < len(toys.TOYS)
    watcher._stop_children()


def test_the_watch_outlives_a_store_that_is_away_and_says_so(settings, store, world, caplog):
    caplog.set_level(logging.INFO)

    def away(*_args):
        raise OperationalError("SELECT", None, Exception("the server closed the connection"))

    for step in ("take", "reap", "materialise", "write_heartbeat"):
        watcher = watch.Watch(settings, store)
        with world.context() as patched:
            patched.setattr(watch, step, away)
            for _ in range(3):
                watcher.look()
        watcher.look()
        assert caplog.text.count("The store does not answer") == 1 and "The store answers again" in caplog.text, step
        caplog.clear()
    with world.context() as patched:
        patched.setattr(watch, "take", lambda *_args: 1 / 0)
        watcher.look()
    assert "A round of the watch failed; it goes on." in caplog.text
    assert worked(store, watcher, ask(store))["status"] == "done"


def test_a_locked_store_delays_the_end_of_a_run_and_loses_nothing(settings, store, world):
    """The lock outlasts SQLite's own waiting, which is shortened; the worker's patience is what brings the run to its end."""
    run_id = ask(store)
    with begin_write(store) as connection:
        (row,) = runs.due_rows(connection, clock.utc_now())
        claim = runs.claim(connection, row, "me", now=clock.utc_now())
    world.setattr("ml.store.engine.BUSY_SECONDS", 1)
    world.setattr("ml.jobs.JOBS", tuple(replace(job, megabytes=32_000) for job in toys.TOYS))  # this process holds more than a worker
    quick = open_store(settings)
    lock = sqlite3.connect(store.url.database, isolation_level=None, check_same_thread=False)

    def locked(_settings):
        lock.execute("BEGIN IMMEDIATE")
        threading.Timer(2.5, lock.execute, ["COMMIT"]).start()

    world.setattr(toys, "do_locked", locked, raising=False)
    world.setenv("TOY", "locked")
    assert running.attempt(settings, quick, claim, lambda _line: None) == 0
    assert (rows(store)[0]["status"], rows(store)[0]["attempt"], effects(store)) == ("done", 1, [f"effect {run_id} 0"])


def test_a_clock_that_jumps_takes_no_run_from_its_worker(settings, store, world, caplog):
    caplog.set_level(logging.INFO)
    world.setattr(runs, "LEASE", timedelta(minutes=2))
    ask(store, "backup")
    with begin_write(store) as connection:
        (row,) = runs.due_rows(connection, clock.utc_now())
        runs.claim(connection, row, "another", now=clock.utc_now())
    watcher = watch.Watch(settings, store)
    watcher.look()
    ahead = clock.utc_now() + timedelta(hours=2)
    world.setattr("ml.clock.utc_now", lambda: ahead)
    watcher.wake.set()
    watcher.look()
    (row,) = [row for row in rows(store) if row["job"] == "backup"]
    assert "The clock jumped from" in caplog.text and (row["status"], row["owner"]) == ("running", "another")


def test_the_heartbeat_tells_what_comes_next_and_forgets_dead_schedulers(store, world):
    now = clock.utc_now()
    watch.write_heartbeat(store, "old", "America/Santiago", now - timedelta(days=2))
    for minutes in (0, 1):
        watch.write_heartbeat(store, "me", "America/Santiago", now + timedelta(minutes=minutes))
    (row,) = rows(store, scheduler_state)
    assert (row["owner"], row["heartbeat_at"]) == ("me", now + timedelta(minutes=1))
    assert row["next_runs"].keys() == {job.name for job in toys.TOYS}


# --- schedulers as processes


def missed(store, job: str) -> None:
    """As if the job's last fire time had passed while nothing ran."""
    since = clock.utc_now() - timedelta(days=40)
    with begin_write(store) as connection:
        connection.execute(sa.insert(job_schedule).values(job=job, cron="30 5 * * *", done_until=since))


@pytest.mark.slow
def test_a_missed_run_is_caught_up_once_by_two_schedulers_one_of_which_is_killed(store, world):
    missed(store, "refresh")
    world.setenv("TOY", json.dumps({"refresh": "slow"}))
    with started() as first, started() as second:
        until(lambda: len(rows(store, scheduler_state)) == 2, "two heartbeats")
        until(lambda: [row for row in rows(store) if row["status"] == "running"], "the missed refresh")
        first.kill()
        until(lambda: [row for row in rows(store) if row["status"] == "done"], "its end")
        second.send_signal(signal.SIGTERM)
        said = second.communicate(timeout=30)[0]
    assert second.returncode == 0 and "Watching" in said and "Stopped." in said and "Traceback" not in said, said
    states = [row["status"] for row in sorted(rows(store), key=lambda row: row["scheduled_for"])]
    assert states == ["skipped"] * (len(states) - 1) + ["done"] and len(states) in (40, 41)
    assert len(effects(store)) == 1 and rows(store)[-1]["origin"] == "catch_up"


@pytest.mark.slow
def test_a_scheduler_on_postgres_outlives_the_servers_restart(settings, world, tmp_path):
    from tests import postgres

    with postgres_server() as url:
        world.setenv("INSIGHTS_DATABASE_URL", url)
        store = open_store(settings_for(tmp_path, source=f"csv:{tmp_path / 'empty'}", database_url=url))
        with started() as process:
            until(lambda: rows(store, scheduler_state), "a heartbeat")
            run_id = ask(store)
            postgres.restart(url, pause_seconds=4)
            store.dispose()
            until(lambda: [row for row in rows(store) if row["id"] == run_id and row["status"] == "done"], "the run")
            process.send_signal(signal.SIGTERM)
            said = process.communicate(timeout=30)[0]
        assert effects(store) == [f"effect {run_id} 0"] and process.returncode == 0
        assert "The store does not answer" in said and "The store answers again" in said and "Traceback" not in said, said
        store.dispose()


@pytest.mark.slow
def test_a_store_that_goes_within_the_claim_of_a_run_loses_neither_it_nor_a_time_that_passed():
    """The short form of `make soak ONLY=outages`."""
    (seen,) = soak_outages.on_postgres(("claim",), 2.0)
    assert (seen.attempts, seen.lost, seen.doubled, seen.said) == (1, 0, 0, True)


def test_a_bad_setting_stops_the_start_with_one_sentence(monkeypatch, capsys):
    monkeypatch.setenv("INSIGHTS_PORT", "eighty")
    handler = signal.getsignal(signal.SIGTERM)
    try:
        assert scheduler.main() == 2
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert capsys.readouterr().err.startswith("INSIGHTS_PORT is 'eighty'")


def test_a_machine_without_the_released_files_refuses_to_start(store, world, capsys):
    with begin_write(store) as connection:
        point_to(connection, "demand", "20261101T050000Z-abc", at=clock.utc_now(), by="system", reason={"code": "x", "params": {}})
    handler = signal.getsignal(signal.SIGTERM)
    try:
        assert scheduler.main() == 1
    finally:
        signal.signal(signal.SIGTERM, handler)
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "The models in service (20261101T050000Z-abc) are not under" in said and "INSIGHTS_HOME" in said


def test_the_alarm_follows_the_schedules_as_they_are_chosen(settings, store, world):
    from ml.store.values import set_preference

    alarm = scheduler.Alarm(settings, store)
    alarm.set()
    before = {job.id: str(job.trigger) for job in alarm._scheduler.get_jobs()}
    with begin_write(store) as connection:
        set_preference(connection, "schedule_refresh", "15 6 * * mon", who="ana@example.com", at=clock.utc_now())
    alarm.set()
    after = {job.id: str(job.trigger) for job in alarm._scheduler.get_jobs()}
    assert [name for name in after if after[name] != before[name]] == ["refresh"] and "day_of_week='mon'" in after["refresh"]
    assert os.environ["TOY_LEASE"] == "4"
