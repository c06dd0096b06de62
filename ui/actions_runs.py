"""What a screen can order of runs. Each act asks for the right by itself and leaves an audit row."""

from ml import clock
from ml.jobs import JobError, orders
from ml.jobs.running import request_job, start_where_nobody_watches
from ml.store.refused import Refused
from ui import guard
from ui.store_access import settings, store

RIGHT = "runs"


def start(job: str, dry_run: bool = False) -> None:
    """Ask for a run of a job; while one waits or works there is no second. Raises Refused for an unknown job."""
    user = guard.authorise(RIGHT)
    try:
        request_job(settings(), store(), job, requested_by=user.email, dry_run=dry_run)
    except JobError as unknown:
        raise Refused(str(unknown), "run_unknown") from None


def retry(run_id: int) -> None:
    """Queue a run again. Raises Refused when it lives, is done, or its job has another live run."""
    user = guard.authorise(RIGHT)
    try:
        orders.retry(store(), run_id, by=user.email, now=clock.utc_now())
    except JobError as unknown:
        raise Refused(str(unknown), "run_unknown") from None
    start_where_nobody_watches(settings(), store())


def cancel(run_id: int) -> None:
    """Cancel a run that waits or works. Raises Refused when it is over."""
    user = guard.authorise(RIGHT)
    orders.cancel(store(), run_id, by=user.email, now=clock.utc_now())
