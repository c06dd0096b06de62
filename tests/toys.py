"""`python -m tests.toys …`: the command line (or the scheduler) with toys in place of the house's jobs, for processes that tests start.

What a toy does is the environment variable TOY: one word for all jobs, or {"refresh": "boom"}. Each leaves one row in `meta` per effect.
With TOY=messages the jobs are the house's own two that tell people something, and wait for nothing.
"""

import ctypes
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ml import jobs
from ml.store import outbox, runs
from ml.store.engine import begin_write
from ml.store.run_history import get_run
from ml.store.schema import meta

ENTRY = ("-m", "tests.toys")
MESSAGES = tuple(job for job in jobs.JOBS if job.after)
TOYS = tuple(replace(job, work="tests.toys:toy", megabytes=400, is_announced=True) for job in jobs.JOBS)


def toy(settings, store: sa.Engine, *, run_id: int, say, finish) -> None:
    """The work of every toy job."""
    with store.connect() as connection:
        row = get_run(connection, run_id)
    what = os.environ.get("TOY", "effect")
    what = json.loads(what).get(row["job"], "effect") if what.startswith("{") else what
    say(f"working as {what}")
    getattr(sys.modules[__name__], f"do_{what}")(settings)
    stand(settings.home, "ending")
    with begin_write(store) as connection:
        leave_effect(connection, row)
        finish(connection, {"toy": {"state": "done"}})


def leave_effect(connection: sa.Connection, row: dict[str, Any]) -> None:
    """One row per effect: two effects of one run are two rows."""
    count = connection.execute(sa.select(sa.func.count()).where(meta.c.key.like(f"effect {row['id']} %"))).scalar_one()
    connection.execute(sa.insert(meta).values(key=f"effect {row['id']} {count}", value=row["job"]))


def do_effect(_settings) -> None:
    return


def do_slow(_settings) -> None:
    time.sleep(float(os.environ.get("TOY_SECONDS", "3")))


def do_held(settings) -> None:
    stand(settings.home, "work")


def do_boom(_settings) -> None:
    raise ZeroDivisionError("the toy broke")


def do_hang(_settings) -> None:
    while True:
        time.sleep(60)


def do_greedy(_settings) -> None:
    hoard = []
    while True:
        hoard.append(bytearray(16 * 1024 * 1024))


def do_segfault(_settings) -> None:
    ctypes.string_at(0)


def do_exit(_settings) -> None:
    os._exit(7)


def do_journal(settings) -> None:
    (settings.home / "logs").mkdir(exist_ok=True)
    raise ValueError("told in the journal")


def hold(home: Path, moment: str) -> None:
    """Whoever comes to this moment stands still from now on: tick, take, claim, work, ending (before the last transaction), finish."""
    (home / f"hold-{moment}").touch()


def let_go(home: Path, moment: str) -> None:
    """They go on."""
    (home / f"hold-{moment}").unlink(missing_ok=True)


def is_held(home: Path, moment: str) -> bool:
    """Whether somebody stands or stood there."""
    return (home / f"held-{moment}").exists()


def stand(home: Path, moment: str) -> None:
    """Stand still at a moment while it is held."""
    if (home / f"hold-{moment}").exists():
        (home / f"held-{moment}").touch()
        while (home / f"hold-{moment}").exists():
            time.sleep(0.05)


def with_moments() -> None:
    """Make this process stand at the moments that are held."""
    from ml.jobs import watch

    moments = (("tick", watch, "materialise"), ("take", watch, "take"), ("claim", runs, "claim"), ("finish", runs, "finish"))
    for moment, place, name in moments:
        setattr(place, name, _standing(moment, getattr(place, name)))


def _standing(moment: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def stood(*arguments: Any, **named: Any) -> Any:
        stand(Path(os.environ["INSIGHTS_HOME"]), moment)
        return function(*arguments, **named)

    return stood


def with_toys() -> None:
    """Put the toys in place of the jobs, in this process."""
    minutes = float(os.environ.get("TOY_MINUTES", "1"))
    own = TOYS if os.environ.get("TOY") != "messages" else tuple(replace(job, after=(), open_days_only=False) for job in MESSAGES)
    jobs.JOBS = tuple(replace(job, minutes=minutes, is_announced=False) for job in own)
    if "TOY_LEASE" in os.environ:
        from ml.jobs import pulse

        runs.LEASE = timedelta(seconds=float(os.environ["TOY_LEASE"]))
        pulse.PULSE_SECONDS = runs.LEASE.total_seconds() / 4
        outbox.LEASE = timedelta(seconds=float(os.environ.get("TOY_OUTBOX_LEASE", os.environ["TOY_LEASE"])))
        runs.BACK_OFF = (timedelta(seconds=float(os.environ.get("TOY_BACK_OFF", "0.2"))),) * 3


def main() -> int:
    """A command, or `scheduler`: the scheduler's process, whose workers are toys too."""
    import scheduler
    from ml.__main__ import main as command
    from ml.jobs import processes, watch

    with_toys()
    with_moments()
    processes.ENTRY = ENTRY
    if "TOY_TICK" in os.environ:
        watch.TICK_SECONDS = float(os.environ["TOY_TICK"])
    if sys.argv[1:] == ["scheduler"]:
        scheduler.JOBS = jobs.JOBS
        return scheduler.main()
    return command()


if __name__ == "__main__":
    sys.exit(main())
