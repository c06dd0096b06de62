"""What people order of runs: again, or not any more. Each order leaves its audit row in the same transaction."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ml.jobs import find_job
from ml.store import audit, runs
from ml.store.engine import begin_write
from ml.store.refused import Refused
from ml.store.run_history import get_run


class OrderError(Refused):
    """A run cannot be changed as asked; the sentence says in which state it is."""


def retry(store: sa.Engine, run_id: int, *, by: str, now: datetime) -> None:
    """Queue a failed, cancelled or skipped run again. Raises OrderError, and JobError when its job no longer exists."""
    try:
        with begin_write(store) as connection:
            run = _run(connection, run_id)
            find_job(run["job"])
            if not runs.requeue(connection, run_id, now=now):
                raise OrderError(f"Run {run_id} is {run['status']}; only a failed, cancelled or skipped one is run again.", "run_state")
            audit.record(connection, by, "job.retry", run["job"], {"run": run_id}, at=now)
    except IntegrityError:
        raise OrderError(
            f"Another run of the same job as run {run_id} waits or works; let it end or cancel it first.", "run_busy"
        ) from None


def cancel(store: sa.Engine, run_id: int, *, by: str, now: datetime) -> str:
    """Cancel a waiting or working run; the state it was in. Raises OrderError when it is over."""
    with begin_write(store) as connection:
        run = _run(connection, run_id)
        before = runs.cancel(connection, run_id, now=now)
        if before is None:
            raise OrderError(f"Run {run_id} is {run['status']} already; there is nothing to cancel.", "run_over")
        audit.record(connection, by, "job.cancel", run["job"], {"run": run_id}, at=now)
    return before


def _run(connection: sa.Connection, run_id: int) -> runs.Row:
    run = get_run(connection, run_id)
    if run is None:
        raise OrderError(f"There is no run {run_id}; `python -m ml jobs list` shows which there are.", "run_unknown")
    return run
