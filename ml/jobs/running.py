"""How a run is done: `run_job` here and now for somebody who waits, `attempt` in a process of its own, `request_job` by asking."""

import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from ml import clock
from ml.jobs import Job, JobError, find_job, load_work
from ml.jobs.limits import Limits
from ml.jobs.logs import collect_log, tail_of
from ml.jobs.processes import start_process
from ml.jobs.pulse import Pulse
from ml.jobs.telling import tell_done, tell_failed
from ml.reports.journal import Say
from ml.settings import Settings
from ml.store import runs
from ml.store.engine import begin_write, patient
from ml.store.run_history import get_run
from ml.store.schema import scheduler_state

STORE_PATIENCE_SECONDS = 120.0  # of a worker, for a store that is away or locked
SILENT_AFTER = timedelta(minutes=2)
EXIT_DONE, EXIT_LOST, EXIT_NOT_MINE, EXIT_STOPPED = 0, 1, 4, 130


class Finished(NamedTuple):
    """How a request to run a job ended: the run that answers it, and whether this process ran it."""

    run_id: int
    status: str
    ran: bool


class DryRunEnded(BaseException):
    """Raised where a run would be kept, so that nothing of it is; no `except Exception` of a job can hold it up."""

    def __init__(self, outcomes: Mapping[str, Any]) -> None:
        super().__init__("A dry run: nothing of it is kept.")
        self.outcomes = dict(outcomes)


def run_job(
    settings: Settings,
    store: sa.Engine,
    name: str,
    *,
    say: Say,
    origin: str = "manual",
    dry_run: bool = False,
) -> Finished:
    """Run a job in this process, unless it is running already: then say which run that is.

    The run's effects and its end are one transaction; a failure is kept in the ledger, not tried again, and raised on.
    """
    job = find_job(name)
    started = runs.start_run(store, name, origin=origin, now=clock.utc_now())
    claim = started.claim
    if claim is None:
        say(f"The job {name} is {started.status} already as run {started.run_id}.")
        return Finished(started.run_id, started.status, ran=False)
    try:
        _do(settings, store, job, claim, say, {"dry_run": dry_run}, None)
    except BaseException as error:
        stopped = not isinstance(error, Exception)
        sentence = "It was stopped." if stopped else sentence_of(error)
        runs.fail(store, claim, now=clock.utc_now(), error=sentence, status="cancelled" if stopped else "failed")
        raise
    finally:
        written = collect_log(settings.home, claim, None)
        if written is not None:
            runs.set_log_path(store, claim, str(written))
    return Finished(claim.run_id, "done", ran=True)


def attempt(settings: Settings, store: sa.Engine, claim: runs.Claim, say: Say, output: str | None = None) -> int:
    """One attempt of a claimed run in this process, which is there for nothing else; its exit code.

    `output` is the path, without its ending, of the files that hold what this process prints. The limits of time and memory hold from here
    on. An error is one attempt lost, kept with the tail of the log.
    """
    store = patient(store, STORE_PATIENCE_SECONDS)
    with store.connect() as connection:
        row = get_run(connection, claim.run_id)
    if row is None or runs.claim_of(row) != claim or row["status"] != "running":
        return EXIT_NOT_MINE
    try:
        job = find_job(claim.job)
        with Limits(job):
            _do(settings, store, job, claim, say, row["options"] or {}, _interrupt)
    except runs.RunLost as error:
        say(str(error))
        return EXIT_NOT_MINE
    except KeyboardInterrupt:
        return EXIT_STOPPED
    except Exception as error:  # noqa: BLE001 - whatever a job raises costs one attempt and is kept
        traceback.print_exc()
        lost(settings, store, claim, sentence_of(error), output, again=not isinstance(error, JobError))
        return EXIT_LOST
    written = collect_log(settings.home, claim, output)
    if written is not None:
        runs.set_log_path(store, claim, str(written))
    return EXIT_DONE


def lost(settings: Settings, store: sa.Engine, claim: runs.Claim, error: str, output: str | None, *, again: bool = True) -> None:
    """Keep that an attempt was lost, with its log; without effect when the run is no longer this owner's."""
    sys.stdout.flush()
    sys.stderr.flush()
    written = collect_log(settings.home, claim, output)
    tail = tail_of(settings.home, written)
    now = clock.utc_now()
    with store.connect() as connection:
        row = get_run(connection, claim.run_id)
    again = again and not ((row or {}).get("options") or {}).get("dry_run")
    if written is not None:
        runs.set_log_path(store, claim, str(written))
    with begin_write(store) as connection:
        status = runs.lose_attempt(connection, claim, now=now, error=error, log_tail=tail, again=again)
        if status == "failed":
            tell_failed(connection, settings, claim.run_id, error, tail, now)


def request_job(settings: Settings, store: sa.Engine, name: str, *, requested_by: str, dry_run: bool = False) -> runs.Started:
    """Ask for a run from a screen: the scheduler takes it up within a second, a process of its own where no scheduler lives.

    A live run is returned instead.
    """
    now, options = clock.utc_now(), {"dry_run": True} if dry_run else None
    started = runs.queue_run(store, find_job(name).name, now=now, requested_by=requested_by, options=options)
    if started.status == "queued":
        start_where_nobody_watches(settings, store)
    return started


def start_where_nobody_watches(settings: Settings, store: sa.Engine) -> None:
    """Start a process that takes up the next due run, when no scheduler gave a sign of life lately."""
    with store.connect() as connection:
        beat = connection.execute(sa.select(sa.func.max(scheduler_state.c.heartbeat_at))).scalar()
    if beat is None or clock.utc_now() - beat > SILENT_AFTER:
        child = start_process(settings, ["jobs", "next"])
        threading.Thread(target=child.wait, daemon=True).start()


def sentence_of(error: BaseException) -> str:
    """What went wrong, for the ledger: our errors are sentences, others need their name."""
    name = type(error).__name__
    if not str(error):
        return "It needed more memory than it may use." if isinstance(error, MemoryError) else name
    return str(error) if type(error).__module__.startswith("ml.") or isinstance(error, ValueError) else f"{name}: {error}"


def _do(
    settings: Settings,
    store: sa.Engine,
    job: Job,
    claim: runs.Claim,
    say: Say,
    options: Mapping[str, Any],
    on_lost: Callable[[], None] | None,
) -> None:
    """The job's function between the first and the last heartbeat."""
    dry_run = bool(options.get("dry_run"))
    given = {name: value for name, value in options.items() if name != "dry_run"}

    def finish(connection: sa.Connection, outcomes: Mapping[str, Any]) -> None:
        runs.finish(connection, claim, now=clock.utc_now(), outcomes=dict(outcomes))
        if dry_run:
            raise DryRunEnded(outcomes)
        tell_done(connection, settings, claim, outcomes, clock.utc_now())

    try:
        with Pulse(store, claim, on_lost) as pulse:
            load_work(job)(settings, store, run_id=claim.run_id, say=pulse.telling(say), finish=finish, **given)
    except DryRunEnded as ended:
        with begin_write(store) as connection:
            runs.finish(connection, claim, now=clock.utc_now(), outcomes=ended.outcomes, dry_run=True)
    with store.connect() as connection:
        if runs.is_mine(connection, claim):
            raise JobError(f"The job {job.name} ended without calling finish; nothing tells that its work was kept.")


def _interrupt() -> None:
    import _thread

    _thread.interrupt_main()
