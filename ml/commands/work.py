"""`refresh`, `retrain` and `jobs`: run a job now, see what ran and what comes next; `records` prints the honest records in service."""

import argparse
from datetime import datetime
from pathlib import Path

from ml import clock
from ml.commands import Context, declare, group
from ml.commands.data import table

BY = "command line"
RUNNING_ALREADY = 3


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the subcommands."""
    for name, help in (
        ("refresh", "predict from the newest data with the models in service, without fitting"),
        ("retrain", "fit all models anew, judge them out of time, and put the better ones into service"),
    ):
        parser = declare(commands, name, run, help)
        parser.set_defaults(job=name)
        _dry_run(parser)
    jobs = group(commands, "jobs", "what runs by itself: list, run, retry, cancel")
    declare(jobs, "list", list_jobs, "the jobs with their next time, and the last runs")
    runner = declare(jobs, "run", run, "run a job now, in this terminal")
    runner.add_argument("job", help="a job of `jobs list`")
    _dry_run(runner)
    for name, order, help in (
        ("retry", retry, "queue a failed, cancelled or skipped run again, for the scheduler"),
        ("cancel", cancel, "cancel a run that waits or works"),
    ):
        declare(jobs, name, order, help).add_argument("run_id", type=int, metavar="run", help="its number in `jobs list`")
    _for_the_scheduler(jobs)
    declare(commands, "records", records, "the out-of-time records of the models in service, as a Markdown table")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Run a job; 0 when it was done, 3 when another run of it is at work."""
    from ml.jobs.running import run_job

    finished = run_job(context.settings, context.store, arguments.job, say=context.say, dry_run=arguments.dry_run)
    return 0 if finished.ran else RUNNING_ALREADY


def work(arguments: argparse.Namespace, context: Context) -> int:
    """Work on a run that the scheduler claimed."""
    from ml.jobs.running import attempt
    from ml.store.runs import Claim

    claim = Claim(arguments.run_id, arguments.job, arguments.owner, arguments.attempt)
    return attempt(context.settings, context.store, claim, context.say, arguments.output)


def work_on_next(_arguments: argparse.Namespace, context: Context) -> int:
    """Claim the next due run and work on it, for a screen that finds no scheduler alive."""
    from ml.jobs.queue import take
    from ml.jobs.running import attempt

    claim = take(context.settings, context.store, clock.utc_now())
    return 0 if claim is None else attempt(context.settings, context.store, claim, context.say)


def retry(arguments: argparse.Namespace, context: Context) -> None:
    """Queue a run again."""
    from ml.jobs import orders

    orders.retry(context.store, arguments.run_id, by=BY, now=clock.utc_now())
    context.say(f"Run {arguments.run_id} is queued again; the scheduler takes it up.")


def cancel(arguments: argparse.Namespace, context: Context) -> None:
    """Cancel a run."""
    from ml.jobs import orders

    before = orders.cancel(context.store, arguments.run_id, by=BY, now=clock.utc_now())
    stops = " What works on it stops and keeps nothing." if before == "running" else ""
    context.say(f"Run {arguments.run_id} was {before} and is cancelled.{stops}")


def list_jobs(_arguments: argparse.Namespace, context: Context) -> None:
    """Print each job's next time in the company's time zone, and the last runs."""
    from ml.jobs import JOBS
    from ml.jobs.timetable import next_slot, schedule_of
    from ml.store.run_history import recent_runs
    from ml.store.values import load_preferences

    zone, now = context.settings.timezone, clock.utc_now()
    with context.store.connect() as connection:
        latest, chosen = recent_runs(connection), load_preferences(connection)
    rows = [(job.name, schedule_of(job, chosen), _local(next_slot(job, zone, now, chosen), zone)) for job in JOBS]
    context.say(table(("job", "schedule", f"next ({zone})"), rows))
    columns = ("id", "job", "origin", "status", "attempt", "scheduled_for", "started_at", "finished_at", "error")
    moments = {"scheduled_for", "started_at", "finished_at"}
    seen = [tuple(_local(one[name], zone) if name in moments else one[name] for name in columns) for one in latest]
    if seen:
        shown = [tuple("" if cell is None else str(cell) for cell in row) for row in seen]
        context.say("\n" + table(("run", "job", "origin", "status", "tries", "due", "started", "finished", "error"), shown))


def records(_arguments: argparse.Namespace, context: Context) -> None:
    """Print the records of the releases in service."""
    from ml.reports.retrain import records_table
    from ml.store.pointers import in_service
    from ml.store.predictions import read_scores

    with context.store.connect() as connection:
        serving = in_service(connection)
        scores = [score for name, release_id in serving.items() for score in read_scores(connection, release_id, name)]
    context.say(records_table(scores))


def _dry_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="do everything but keep nothing")


def _for_the_scheduler(jobs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """What the scheduler and the screens call; not for people, so not in the help."""
    worker = jobs.add_parser("work")
    worker.set_defaults(run=work)
    for name, kind in (("run_id", int), ("job", str), ("attempt", int), ("owner", str)):
        worker.add_argument(name, type=kind)
    worker.add_argument("--output", type=lambda text: str(Path(text)), default=None)
    jobs.add_parser("next").set_defaults(run=work_on_next)


def _local(moment: datetime | None, zone: str) -> str:
    return f"{clock.local(moment, zone):%Y-%m-%d %H:%M}" if moment else ""
