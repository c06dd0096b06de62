"""The heartbeat of a run at work."""

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ml import clock
from ml.reports.journal import Say
from ml.store import runs
from ml.store.run_history import get_run

PULSE_SECONDS = 20.0
log = logging.getLogger(__name__)


class Pulse:
    """Keeps a run's lease alive from a thread of its own while the work goes on, and passes progress lines to the ledger."""

    def __init__(self, store: sa.Engine, claim: runs.Claim, on_lost: Callable[[], None] | None = None) -> None:
        self._store, self._claim, self._on_lost = store, claim, on_lost
        self._line, self._count = "", 0
        self._stop, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"pulse-{claim.run_id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout=PULSE_SECONDS)

    def telling(self, say: Say) -> Say:
        """A `say` that also notes each line as the run's progress."""

        def tell(line: str) -> None:
            say(line)
            self._line, self._count = line.strip(), self._count + 1
            self._wake.set()

        return tell

    def _beat(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(PULSE_SECONDS)
            self._wake.clear()
            if self._stop.is_set():
                return
            progress: dict[str, Any] | None = {"step": self._line, "count": self._count} if self._line else None
            try:
                if not runs.beat(self._store, self._claim, now=clock.utc_now(), progress=progress):
                    self._gone()
                    return
            except DBAPIError as error:  # busy or briefly away: the lease outlives several beats
                log.warning("The heartbeat of run %s waits: %s", self._claim.run_id, error.orig)

    def _gone(self) -> None:
        """The run is over, by this process's own `finish` or by somebody else's hand: then the work is stopped."""
        with self._store.connect() as connection:
            row = get_run(connection, self._claim.run_id)
        is_own_end = row is not None and row["status"] == "done" and row["owner"] == self._claim.owner
        if not is_own_end and self._on_lost is not None and not self._stop.is_set():
            self._on_lost()
