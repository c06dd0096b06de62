"""What runs by itself: JOBS, one line a job. `timetable` says when, `queue` what may start now, `running` how a run is done.

The ledger (`ml.store.runs`) holds the truth about what ran; a calendar only says what should have. So a fire time that passed while the
machine was off is found again, and two schedulers run it once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal


@dataclass(frozen=True)
class Job:
    """A named piece of work; when it runs is the preference `schedule_<name>`.

    `work` is "module:function", loaded when it is run and called as `function(settings, store, *, run_id, say, finish, **options)`:
    everything it achieves is written in one transaction, within which it calls `finish(connection, outcomes)` once.
    `catch_up` says what becomes of fire times that passed while nobody watched: "latest" runs the newest and records the older ones as
    skipped, "all" runs each in its order, "none" records them all as skipped.
    A clock's run waits for that day's run of one of the jobs in `after`, and moves to the next open day with `open_days_only`; it is
    skipped when one of `covered_by` was done since. `minutes` and `megabytes` are the limits of an attempt.
    Everybody concerned is told when a run of an announced job begins and ends; of any job's failure.
    """

    name: str
    work: str
    catch_up: Literal["latest", "all", "none"] = "latest"
    minutes: int = 30
    megabytes: int = 2_048
    covered_by: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    open_days_only: bool = False
    is_announced: bool = False


class JobError(ValueError):
    """There is no such job, or a run cannot be changed as asked; the sentence says what is known and possible."""


MORNING = ("refresh", "retrain")
JOBS: tuple[Job, ...] = (
    Job("retrain", "ml.pipeline:retrain", minutes=180, megabytes=8_192, is_announced=True),
    Job("refresh", "ml.pipeline:refresh", minutes=45, megabytes=8_192, covered_by=("retrain",)),
    Job("churn_alerts", "ml.notify.churn_alerts:run", after=MORNING, open_days_only=True),
    Job("purchase_predictions", "ml.notify.purchase_predictions:run", after=MORNING, open_days_only=True),
    Job("housekeeping", "ml.store.housekeeping:run"),
    Job("backup", "ml.store.backup:run", minutes=60),
)


def find_job(name: str) -> Job:
    """The job of that name. Raises JobError naming the known ones."""
    for job in JOBS:
        if job.name == name:
            return job
    raise JobError(f"Unknown job: there is no job {name!r}; known are {', '.join(job.name for job in JOBS)}.")


def load_work(job: Job) -> Callable[..., Any]:
    """The function that does the job's work."""
    module, _, function = job.work.partition(":")
    loaded: Callable[..., Any] = getattr(import_module(module), function)
    return loaded
