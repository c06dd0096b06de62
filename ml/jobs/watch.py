"""The watch: looks every second, makes the calendar's rows, takes up what is due, and looks after the processes that work on it."""

import logging
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from ml import clock, jobs
from ml.jobs.logs import output_path
from ml.jobs.processes import end_in_words, start_process
from ml.jobs.queue import reap, take
from ml.jobs.running import lost
from ml.jobs.timetable import materialise, next_slot
from ml.settings import Settings
from ml.store import runs
from ml.store.engine import begin_write
from ml.store.schema import scheduler_state
from ml.store.values import load_preferences

LOOK_SECONDS, TICK_SECONDS, HEARTBEAT_SECONDS = 1.0, 10.0, 30.0
GRACE_SECONDS, STOP_SECONDS, KILL_SECONDS, SAY_AGAIN_SECONDS = 2.0, 6.0, 10.0, 60.0
MOST_CHILDREN = 3
JUMP = timedelta(seconds=30)
log = logging.getLogger("scheduler")


@dataclass
class Child:
    """A process that works on a run: since when and for how long it may; since when its run is over, and it has been told to stop.

    Moments are monotonic seconds.
    """

    claim: runs.Claim
    process: "subprocess.Popen[bytes]"
    output: Path
    began: float
    limit_seconds: float
    over_since: float | None = None
    told_to_stop: float | None = None


class Watch:
    """One scheduler. `run` goes on until it is interrupted, whatever happens to the store."""

    def __init__(self, settings: Settings, store: sa.Engine, on_tick: Callable[[], None] = lambda: None) -> None:
        self._settings, self._store, self._owner, self._on_tick = settings, store, runs.new_owner(), on_tick
        self.children: list[Child] = []
        self.wake = threading.Event()  # set by the alarm when a job's time has come
        self._ticked = self._beaten = -HEARTBEAT_SECONDS * 10
        self._away_since: float | None = None
        self._said = 0.0
        self._clocks = (clock.utc_now(), time.monotonic())
        self._calm_until = 0.0

    def run(self) -> None:
        """Until interrupted; processes that still work are stopped then and their runs go back into the queue."""
        try:
            while True:
                self.look()
                self.wake.wait(LOOK_SECONDS)
        finally:
            self._stop_children()

    def look(self) -> None:
        """One round. A store that is busy or away is said, waited for, and said again when it is back."""
        try:
            self._watch_children()
            if self.wake.is_set() or time.monotonic() - self._ticked >= TICK_SECONDS:
                self.wake.clear()
                self._ticked = time.monotonic()
                self._tick(clock.utc_now())
            self._take_up()
        except SQLAlchemyError as error:
            self._is_away(error)
        except Exception:  # noqa: BLE001 - the watch outlives every fault of a round
            log.exception("A round of the watch failed; it goes on.")
        else:
            if self._away_since is not None:
                log.info("The store answers again after %.0f s.", time.monotonic() - self._away_since)
                self._away_since = None

    def _tick(self, now: datetime) -> None:
        if time.monotonic() - self._beaten >= HEARTBEAT_SECONDS:
            write_heartbeat(self._store, self._owner, self._settings.timezone, now)
            self._beaten = time.monotonic()
        if not self._clock_jumped(now):
            for run_id in reap(self._settings, self._store, now):
                log.warning("Run %s lost an attempt: its process gave no sign of life.", run_id)
        written = materialise(self._store, self._settings.timezone, now)
        if written:
            log.info("%s fire times became runs.", written)
        self._on_tick()

    def _clock_jumped(self, now: datetime) -> bool:
        """Whether the clock was set within the last lease: then leases say nothing until their owners have renewed them."""
        (before, then), at = self._clocks, time.monotonic()
        self._clocks = (now, at)
        if abs((now - before) - timedelta(seconds=at - then)) > JUMP:
            log.warning("The clock jumped from %s to %s UTC.", before, now)
            self._calm_until = at + runs.LEASE.total_seconds()
        return at < self._calm_until

    def _take_up(self) -> None:
        while len(self.children) < MOST_CHILDREN:
            claim = take(self._settings, self._store, clock.utc_now())
            if claim is None:
                return
            output = output_path(self._settings.home, claim.job, claim.run_id, clock.utc_now())
            arguments = ["jobs", "work", str(claim.run_id), claim.job, str(claim.attempt), claim.owner, "--output", str(output)]
            process = start_process(self._settings, arguments, output)
            log.info("Run %s of %s starts, attempt %s.", claim.run_id, claim.job, claim.attempt)
            limit = jobs.find_job(claim.job).minutes * 60.0
            self.children.append(Child(claim, process, output, time.monotonic(), limit))

    def _watch_children(self) -> None:
        for child in list(self.children):
            code = child.process.poll()
            if code is not None:
                self._settle(child, code)
            elif child.told_to_stop is not None:
                if time.monotonic() - child.told_to_stop > KILL_SECONDS:
                    child.process.kill()
            elif time.monotonic() - child.began > child.limit_seconds + KILL_SECONDS or self._is_over(child):
                child.told_to_stop = time.monotonic()
                child.process.terminate()

    def _settle(self, child: Child, code: int) -> None:
        """Keep the end of a process that could not do it itself. A store that is away leaves the child for the next round."""
        with self._store.connect() as connection:
            unsaid = runs.is_mine(connection, child.claim)
        if unsaid:
            sentence = end_in_words(code, time.monotonic() - child.began, child.limit_seconds)
            log.warning("Run %s of %s: %s", child.claim.run_id, child.claim.job, sentence)
            lost(self._settings, self._store, child.claim, sentence, str(child.output))
        log.info("Run %s of %s ended with exit code %s.", child.claim.run_id, child.claim.job, code)
        self.children.remove(child)

    def _is_over(self, child: Child) -> bool:
        """Whether the run was cancelled or taken over, longer ago than a process needs that has just ended it itself."""
        with self._store.connect() as connection:
            if runs.is_mine(connection, child.claim):
                return False
        child.over_since = child.over_since or time.monotonic()
        return time.monotonic() - child.over_since > GRACE_SECONDS

    def _is_away(self, error: SQLAlchemyError) -> None:
        now = time.monotonic()
        if self._away_since is None or now - self._said >= SAY_AGAIN_SECONDS:
            log.warning("The store does not answer, trying again every second: %s", getattr(error, "orig", None) or error)
            self._said = now
        self._away_since = self._away_since or now

    def _stop_children(self) -> None:
        for child in self.children:
            child.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in self.children:
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
            try:
                runs.give_back(self._store, child.claim)
            except SQLAlchemyError as error:  # its lease runs out by itself
                log.warning("Run %s could not be given back: %s", child.claim.run_id, error)


def write_heartbeat(store: sa.Engine, owner: str, timezone: str, now: datetime) -> dict[str, str]:
    """Tell the screens that the scheduler lives and what it runs next; returns job -> naive UTC moment in ISO form."""
    with store.connect() as connection:
        preferences = load_preferences(connection)
    following = {job.name: next_slot(job, timezone, now, preferences).isoformat() for job in jobs.JOBS}
    values = {"heartbeat_at": now, "next_runs": following}
    with begin_write(store) as connection:
        connection.execute(sa.delete(scheduler_state).where(scheduler_state.c.heartbeat_at < now - timedelta(days=1)))
        changed = connection.execute(sa.update(scheduler_state).where(scheduler_state.c.owner == owner).values(**values))
        if changed.rowcount == 0:
            connection.execute(sa.insert(scheduler_state).values(owner=owner, **values))
    return following
