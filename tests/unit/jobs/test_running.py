"""A run and its effects are one: what is kept, what is not, and what is said, in this process."""

import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from ml import clock, jobs
from ml.jobs import processes, running
from ml.jobs.running import attempt, request_job, run_job
from ml.store import runs
from ml.store.engine import begin_write
from ml.store.schema import audit, job_run, meta, scheduler_state
from tests import toys as toybox


@pytest.fixture
def toy(toys, monkeypatch):
    """Sets what the toys do: `toy("boom")`, or a function that is called in place of a toy."""

    def choose(what):
        if callable(what):
            monkeypatch.setattr(toybox, "do_chosen", what, raising=False)
            what = "chosen"
        monkeypatch.setenv("TOY", what)

    choose("effect")
    return choose


def rows(store, table=job_run):
    with store.connect() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def effects(store) -> list[str]:
    return [row["key"] for row in rows(store, meta) if row["key"].startswith("effect")]


def run(settings, store, name="refresh", **options):
    return run_job(settings, store, name, say=lambda _line: None, **options)


def claimed(store, name="refresh", **options) -> runs.Claim:
    queued = runs.queue_run(store, name, now=clock.utc_now(), requested_by="ana@example.com", **options)
    with begin_write(store) as connection:
        (row,) = [row for row in runs.due_rows(connection, clock.utc_now()) if row["id"] == queued.run_id]
        return runs.claim(connection, row, runs.new_owner(), now=clock.utc_now())


def test_a_run_keeps_its_effect_its_outcomes_and_its_end_and_tells_of_it(settings, store, toy, ear):
    finished = run(settings, store)
    (row,) = rows(store)
    assert (finished.status, finished.ran, row["status"], row["origin"]) == ("done", True, "done", "manual")
    assert row["progress"] == {"outcomes": {"toy": {"state": "done"}}}
    assert effects(store) == [f"effect {row['id']} 0"]
    assert ear.heard == [("done", row["id"], {"toy": {"state": "done"}})]


def test_a_second_start_says_which_run_is_at_work(settings, store, toy):
    started = runs.start_run(store, "refresh", origin="manual", now=clock.utc_now())
    lines = []
    finished = run_job(settings, store, "refresh", say=lines.append)
    assert finished == running.Finished(started.run_id, "running", ran=False)
    assert lines == [f"The job refresh is running already as run {finished.run_id}."] and not effects(store)


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (ValueError("The source is empty."), "failed", "The source is empty."),
        (ZeroDivisionError(), "failed", "ZeroDivisionError"),
        (OSError("disk full"), "failed", "OSError: disk full"),
        (KeyboardInterrupt(), "cancelled", "It was stopped."),
    ],
)
def test_a_failure_in_the_terminal_is_kept_raised_on_and_not_tried_again(settings, store, toy, ear, error, status, says):
    def broken(settings):
        (settings.home / "logs").mkdir()
        (settings.home / "logs" / f"refresh-20261101T050000Z-{rows(store)[0]['id']}.log").write_text("a line")
        raise error

    toy(broken)
    with pytest.raises(type(error)):
        run(settings, store)
    (row,) = rows(store)
    assert (row["status"], row["error"], row["not_before"]) == (status, says, None)
    assert Path(row["log_path"]).read_text() == "a line"
    assert ear.heard == [] and not effects(store)


def test_who_was_taken_over_meanwhile_writes_nothing(settings, store, toy):
    def stolen(_settings):
        with begin_write(store) as connection:
            connection.execute(sa.update(job_run).values(attempt=2, owner="heir"))

    toy(stolen)
    with pytest.raises(runs.RunLost):
        run(settings, store)
    assert not effects(store) and rows(store)[0]["status"] == "running"


def test_a_dry_run_does_everything_and_keeps_nothing_but_what_came_of_it(settings, store, toy, ear):
    assert run(settings, store, dry_run=True).status == "done"
    claim = claimed(store, "backup", options={"dry_run": True})
    assert attempt(settings, store, claim, lambda _line: None) == running.EXIT_DONE
    for row in rows(store):
        assert row["status"] == "done" and row["progress"] == {"outcomes": {"toy": {"state": "done"}}, "dry_run": True}
    assert not effects(store) and ear.heard == []


def test_a_job_that_forgets_to_finish_has_not_run(settings, store, toy, monkeypatch):
    monkeypatch.setattr(running, "load_work", lambda job: lambda *_args, **_options: None)
    with pytest.raises(jobs.JobError, match="refresh ended without calling finish"):
        run(settings, store)
    assert rows(store)[0]["status"] == "failed"


def test_progress_lines_reach_the_ledger_while_the_work_goes_on(settings, store, toy):
    seen = []

    def slow(_settings):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not seen:
            seen.extend(row["progress"] for row in rows(store) if row["progress"])
            time.sleep(0.01)

    toy(slow)
    run(settings, store)
    assert seen == [{"step": "working as chosen", "count": 1}]


def test_an_attempt_that_fails_waits_for_the_next_and_after_the_last_it_is_told(settings, store, toy, ear):
    toy("boom")
    run_id = None
    for number in range(1, runs.MOST_ATTEMPTS + 1):
        with begin_write(store) as connection:
            connection.execute(sa.update(job_run).values(not_before=None))
        claim = claimed(store)
        run_id = claim.run_id
        assert claim.attempt == number
        assert attempt(settings, store, claim, lambda _line: None) == running.EXIT_LOST
        (row,) = rows(store)
        assert row["error"] == "ZeroDivisionError: the toy broke"
        if number < runs.MOST_ATTEMPTS:
            assert row["status"] == "queued" and row["progress"] == {"waits_for": "retry"}
            assert row["not_before"] - row["finished_at"] == runs.BACK_OFF[number - 1]
    assert row["status"] == "failed" and row["not_before"] is None
    assert [heard[:3] for heard in ear.heard] == [("failed", run_id, "ZeroDivisionError: the toy broke")] and not effects(store)


def test_a_worker_whose_run_was_cancelled_or_taken_before_it_began_does_nothing(settings, store, toy):
    claim = claimed(store)
    with begin_write(store) as connection:
        runs.cancel(connection, claim.run_id, now=clock.utc_now())
    assert attempt(settings, store, claim, lambda _line: None) == running.EXIT_NOT_MINE
    assert not effects(store) and rows(store)[0]["status"] == "cancelled"


def test_a_worker_that_stalls_past_its_lease_and_wakes_writes_nothing(settings, store, toy, monkeypatch):
    """The heir finishes while the stalled worker sleeps; then the worker goes on as if nothing had happened."""
    monkeypatch.setattr(running, "_interrupt", lambda: None)  # the fence alone must hold
    claim = claimed(store)

    def stall(_settings):
        toy("effect")
        with begin_write(store) as connection:
            runs.lose_attempt(connection, claim, now=clock.utc_now(), error="Its process gave no sign of life.")
            connection.execute(sa.update(job_run).values(not_before=None))
        assert attempt(settings, store, claimed(store), lambda _line: None) == running.EXIT_DONE

    toy(stall)
    said = []
    assert attempt(settings, store, claim, said.append) == running.EXIT_NOT_MINE
    assert effects(store) == [f"effect {claim.run_id} 0"] and "was taken over by another process" in said[-1]
    assert (rows(store)[0]["status"], rows(store)[0]["attempt"]) == ("done", 2)


def test_a_request_leaves_one_queued_run_with_its_audit_row(settings, store, toy, monkeypatch):
    started = []
    monkeypatch.setattr(running, "start_process", lambda *arguments: started.append(arguments[1]))
    with begin_write(store) as connection:
        connection.execute(sa.insert(scheduler_state).values(owner="me", heartbeat_at=clock.utc_now(), next_runs={}))
    first = request_job(settings, store, "refresh", requested_by="ana@example.com")
    again = request_job(settings, store, "refresh", requested_by="leo@example.com")
    assert again.run_id == first.run_id and first.is_new and not again.is_new
    assert [(row["who"], row["action"], row["target"]) for row in rows(store, audit)] == [("ana@example.com", "job.start", "refresh")]
    assert started == [] and len(rows(store)) == 1


def test_without_a_scheduler_a_request_starts_a_process_that_takes_it_up(settings, store, toy, monkeypatch):
    started = []

    class Process:
        def wait(self):
            return 0

    monkeypatch.setattr(running, "start_process", lambda _settings, arguments: started.append(arguments) or Process())
    request_job(settings, store, "refresh", requested_by="ana@example.com")
    assert started == [["jobs", "next"]]


def test_a_press_makes_a_run_that_waits_for_its_next_try_start_at_once(settings, store, toy):
    toy("boom")
    claim = claimed(store)
    attempt(settings, store, claim, lambda _line: None)
    asked = request_job(settings, store, "refresh", requested_by="leo@example.com")
    assert asked.run_id == claim.run_id and rows(store)[0]["not_before"] <= clock.utc_now()


def test_the_words_for_the_end_of_a_process():
    assert processes.end_in_words(-9, 1, 60) == "Its process was killed, by hand or because the machine ran out of memory."
    assert processes.end_in_words(-11, 1, 60) == "Its process crashed (SIGSEGV)."
    assert processes.end_in_words(7, 1, 60) == "Its process ended with exit code 7 and did not say why."
    assert processes.end_in_words(1, 61, 60) == "It was stopped after 1 minutes, its limit; the log says where it was."
    assert running.sentence_of(MemoryError()) == "It needed more memory than it may use."
