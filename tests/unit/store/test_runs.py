"""One run of a job at a time; a dead one is taken over; only its owner may finish it, together with its effects."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from ml.settings import load_settings
from ml.store import runs
from ml.store.engine import begin_write, open_store
from ml.store.run_history import at_work, done_since, expected_seconds, get_run, recent_runs
from ml.store.schema import job_run, meta
from tests.postgres import postgres_server

NOW = datetime(2026, 11, 1, 5)
LATER = NOW + runs.LEASE + timedelta(seconds=1)


@pytest.fixture(scope="module")
def postgres():
    with postgres_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def store(request, tmp_path):
    if request.param == "sqlite":
        yield open_store(load_settings(env_file=None, home=tmp_path))
        return
    engine = open_store(load_settings(env_file=None, home=tmp_path, database_url=request.getfixturevalue("postgres")))
    with begin_write(engine) as connection:
        connection.execute(sa.delete(job_run))
        connection.execute(sa.delete(meta).where(meta.c.key == "effect"))
    yield engine
    engine.dispose()


def start(store, *, now=NOW, job="retrain", owner="me") -> runs.Started:
    return runs.start_run(store, job, origin="manual", now=now, owner=owner)


def finish(store, claim, now=NOW, effect=None):
    with begin_write(store) as connection:
        if effect:
            connection.execute(sa.insert(meta).values(key="effect", value=effect))
        runs.finish(connection, claim, now=now, outcomes={"demand": {"state": "promoted"}})


def row(store, run_id):
    with store.connect() as connection:
        return get_run(connection, run_id)


def lose(store, claim, now=NOW, **options):
    with begin_write(store) as connection:
        return runs.lose_attempt(connection, claim, now=now, error="The disk is full.", **options)


def take(store, now, owner="heir"):
    with begin_write(store) as connection:
        (due,) = runs.due_rows(connection, now)
        return runs.claim(connection, due, owner, now=now)


def test_a_run_is_started_and_finished(store):
    started = start(store)
    assert row(store, started.run_id)["status"] == "running"
    finish(store, started.claim)
    ended = row(store, started.run_id)
    assert (ended["status"], ended["finished_at"], ended["attempt"]) == ("done", NOW, 1)
    assert ended["progress"] == {"outcomes": {"demand": {"state": "promoted"}}}


def test_a_second_start_gets_the_running_run(store):
    first = start(store)
    assert start(store, now=NOW + timedelta(minutes=1), owner="other") == runs.Started(first.run_id, "running", None)
    assert start(store, job="refresh").claim is not None


def test_a_start_takes_up_the_queued_run_of_its_job(store):
    queued = runs.queue_run(store, "retrain", now=NOW)
    started = start(store)
    assert (started.run_id, started.claim.attempt) == (queued.run_id, 1)


def test_a_dead_run_is_marked_failed_by_the_next_start(store):
    dead = start(store)
    fresh = start(store, now=LATER)
    assert fresh.run_id != dead.run_id
    assert row(store, dead.run_id)["status"] == "failed"
    assert "no sign of life since 2026-11-01 05:00" in row(store, dead.run_id)["error"]


def test_a_lost_attempt_waits_longer_each_time_and_the_last_one_fails(store):
    claim, now = start(store).claim, NOW
    for pause in (*runs.BACK_OFF, None):
        assert lose(store, claim, now, log_tail="the end") == ("queued" if pause else "failed")
        lost = row(store, claim.run_id)
        assert (lost["error"], lost["log_tail"], lost["lease_until"]) == ("The disk is full.", "the end", None)
        assert lost["not_before"] == (now + pause if pause else None)
        if pause:
            with store.connect() as connection:
                assert not runs.has_due(connection, now + pause - timedelta(seconds=1)) and runs.has_due(connection, now + pause)
            now += pause
            claim = take(store, now, f"owner {claim.attempt}")
    assert claim.attempt == runs.MOST_ATTEMPTS == 4
    assert row(store, claim.run_id)["finished_at"] == now


def test_a_heartbeat_keeps_the_lease(store):
    started = start(store)
    assert runs.beat(store, started.claim, now=LATER, progress={"step": "fit demand"})
    assert row(store, started.run_id)["progress"] == {"step": "fit demand"}
    with store.connect() as connection:
        assert runs.is_mine(connection, started.claim) and not runs.expired_rows(connection, LATER + timedelta(seconds=1))
        assert [expired["id"] for expired in runs.expired_rows(connection, LATER + runs.LEASE + timedelta(seconds=1))] == [started.run_id]


def test_who_lost_the_run_writes_nothing(store):
    dead = start(store)
    lose(store, dead.claim)
    heir = take(store, LATER)
    assert not runs.beat(store, dead.claim, now=LATER)
    with pytest.raises(runs.RunLost, match=f"The run {dead.run_id} of retrain was taken over"):
        finish(store, dead.claim, LATER, effect="from the grave")
    runs.fail(store, dead.claim, now=LATER, error="late")
    runs.give_back(store, dead.claim)
    assert lose(store, dead.claim) is None
    assert (row(store, dead.run_id)["status"], row(store, dead.run_id)["owner"]) == ("running", "heir")
    with store.connect() as connection:
        assert connection.execute(sa.select(meta.c.value).where(meta.c.key == "effect")).all() == []
        assert not runs.is_mine(connection, dead.claim) and runs.is_mine(connection, heir)


def test_an_attempt_that_is_given_back_does_not_count(store):
    claim = start(store).claim
    runs.give_back(store, claim)
    assert take(store, NOW) == runs.Claim(claim.run_id, "retrain", "heir", 1)


def test_one_run_of_a_job_waits_or_works_at_a_time(store):
    queued = runs.queue_run(store, "refresh", now=NOW, requested_by="ana@example.com")
    assert (queued.status, queued.claim, queued.is_new) == ("queued", None, True)
    assert runs.queue_run(store, "refresh", now=NOW).run_id == queued.run_id
    with pytest.raises(sa.exc.IntegrityError), begin_write(store) as connection:
        runs.insert_run(connection, job="refresh", scheduled_for=LATER, origin="cron", status="queued")


def test_what_should_have_been_taken_up_is_overdue(store):
    runs.queue_run(store, "refresh", now=NOW)
    with begin_write(store) as connection:
        runs.insert_run(connection, job="backup", scheduled_for=NOW, origin="cron", status="queued", not_before=LATER)
    with store.connect() as connection:
        assert runs.overdue(connection, NOW - timedelta(seconds=1)) == []
        assert runs.overdue(connection, NOW) == ["refresh"]
        assert runs.overdue(connection, LATER) == ["backup", "refresh"]


def test_history_tells_the_newest_the_done_and_the_usual_time(store):
    assert runs.new_owner() != runs.new_owner()
    with begin_write(store) as connection:
        for minutes, status in ((1, "done"), (3, "done"), (9, "done"), (60, "failed")):
            moment = NOW + timedelta(hours=minutes)
            values = {"scheduled_for": moment, "started_at": moment, "finished_at": moment + timedelta(minutes=minutes)}
            runs.insert_run(connection, job="retrain", origin="cron", status=status, **values)
        runs.insert_run(connection, job="refresh", origin="cron", status="queued", scheduled_for=NOW, not_before=LATER)
    with store.connect() as connection:
        newest = recent_runs(connection)
        assert [run["job"] for run in newest] == ["refresh"] + ["retrain"] * 4
        assert [run["id"] for run in recent_runs(connection, job="refresh")] == [newest[0]["id"]]
        assert get_run(connection, 12345678) is None
        assert expected_seconds(connection, "retrain") == 180 and expected_seconds(connection, "refresh") is None
        assert done_since(connection, ("refresh", "retrain"), NOW + timedelta(hours=9, minutes=9))["scheduled_for"] == NOW + timedelta(
            hours=9
        )
        assert done_since(connection, ("refresh", "retrain"), NOW + timedelta(hours=9, minutes=10)) is None
        assert (at_work(connection, ("refresh",), NOW), at_work(connection, ("refresh",), LATER)) == (None, "refresh")
