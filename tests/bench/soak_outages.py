"""The store away: a scheduler with its worker, stopped at a named moment, while Postgres is gone, restarted, or SQLite is locked.

    make soak ONLY=outages

At each moment the processes are held until the store is away, and go on while it is. Then the store comes back, nobody touches anything,
and the run must be done with one effect, and the fire time that passed meanwhile too. SOAK_GONE and SOAK_LOCKED are the seconds.
"""

import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from ml import clock
from ml.store import runs
from ml.store.engine import begin_write, open_store
from ml.store.schema import job_run, meta
from ml.store.schema_ledger import job_schedule
from tests import toys
from tests.bench import soaking
from tests.postgres import SERVERS, postgres_server

GONE, LOCKED = float(os.environ.get("SOAK_GONE", "60")), float(os.environ.get("SOAK_LOCKED", "40"))
PATIENCE_SECONDS = 240.0
ASKED, FIRED = "refresh", "housekeeping"  # the run a person asked for, and the one whose time passes while the store is away
IN_POSTGRES = ("tick", "claim", "work", "ending", "finish")
IN_SQLITE = ("tick", "take", "work", "ending")  # a lock cannot come between two statements of our own transaction

Away = Callable[[], AbstractContextManager[None]]


class Outage(NamedTuple):
    """What one outage did: attempts of the run, whether it and the missed fire time ended well, effects too few and too many."""

    store: str
    fault: str
    moment: str
    attempts: int
    lost: int
    doubled: int
    seconds_after: float
    said: bool


def report() -> tuple[list[str], bool]:
    """The table of all outages, and whether nothing was lost or doubled.

    A lock that ends within the 30 seconds for which SQLite itself waits is no outage to the scheduler, which then has nothing to say.
    """
    found = [*on_postgres(IN_POSTGRES, GONE), *on_postgres(("work",), 2.0), *on_sqlite(IN_SQLITE, LOCKED)]
    head = ("store", "what", "at", "attempts", "lost", "doubled", "recovered after s", "said in the log")
    lines = [(*one[:-1], "yes" if one.said else "no") for one in found]
    return soaking.table(head, lines), not any(one.lost or one.doubled for one in found)


def on_postgres(moments: tuple[str, ...], seconds: float) -> Iterator[Outage]:
    """The server stopped as a crash would stop it, for so long, at each moment."""
    for moment in moments:
        with tempfile.TemporaryDirectory() as folder, postgres_server() as url:
            control, fault = SERVERS[url], f"gone {seconds:.0f} s" if seconds > 10 else "restarted"

            @contextmanager
            def away(control: Callable[[str], None] = control) -> Iterator[None]:
                control("stop")
                yield
                control("start")

            yield outage(Path(folder), url, ("Postgres", fault, moment), away, seconds)


def on_sqlite(moments: tuple[str, ...], seconds: float) -> Iterator[Outage]:
    """The file locked for so long by another process, at each moment."""
    for moment in moments:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)

            @contextmanager
            def away(home: Path = home) -> Iterator[None]:
                lock = sqlite3.connect(sa.make_url(soaking.settings(home, None).store_url).database or "", isolation_level=None, timeout=30)
                lock.execute("BEGIN IMMEDIATE")
                yield
                lock.execute("COMMIT")
                lock.close()

            yield outage(home, None, ("SQLite", f"locked {seconds:.0f} s", moment), away, seconds)


def outage(home: Path, url: str | None, named: tuple[str, str, str], away: Away, seconds: float) -> Outage:
    """One outage from the start of a scheduler until its work is over, or PATIENCE_SECONDS have passed."""
    moment = named[2]
    store = open_store(soaking.settings(home, url))
    environment = soaking.environment(home, url, TOY="held", TOY_MINUTES="10")
    with (home / "scheduler.log").open("wb") as log:
        process = soaking.start(environment, log)
        try:
            _wait(lambda: b"Watching" in (home / "scheduler.log").read_bytes())
            _wait(lambda: _time_passed(store))
            toys.hold(home, moment)
            run_id = runs.queue_run(store, ASKED, now=clock.utc_now(), requested_by="soak").run_id
            _wait(lambda: toys.is_held(home, moment))
            store.dispose()
            with away():
                if moment != "work":
                    toys.let_go(home, moment)
                time.sleep(seconds)
            toys.let_go(home, moment)
            back = time.monotonic()
            _wait(lambda: _is_over(store, run_id))
            took = time.monotonic() - back
        finally:
            soaking.stop([process])
    said = "The store does not answer" in (home / "scheduler.log").read_text()
    return _counted(store, run_id, named, took, said)


def _time_passed(store: sa.Engine) -> bool:
    """As if a fire time of FIRED had just passed; False before the scheduler's first look at the calendar."""
    with begin_write(store) as connection:
        table = job_schedule
        changed = sa.update(table).where(table.c.job == FIRED).values(done_until=clock.utc_now() - timedelta(days=1, hours=1))
        return connection.execute(changed).rowcount == 1


def _is_over(store: sa.Engine, run_id: int) -> bool:
    with store.connect() as connection:
        states = connection.execute(sa.select(job_run.c.id, job_run.c.job, job_run.c.status)).all()
    over = {row.status for row in states if row.id == run_id} == {"done"}
    return over and all(row.status in ("done", "skipped") for row in states) and any(row.job == FIRED for row in states)


def _counted(store: sa.Engine, run_id: int, named: tuple[str, str, str], took: float, said: bool) -> Outage:
    with store.connect() as connection:
        rows = connection.execute(sa.select(job_run.c.id, job_run.c.status, job_run.c.attempt)).all()
        keys = [key.split()[1] for key in connection.execute(sa.select(meta.c.key).where(meta.c.key.like("effect %"))).scalars()]
    store.dispose()
    wanted = [row for row in rows if row.status != "skipped"]
    lost = sum(row.status != "done" or str(row.id) not in keys for row in wanted)
    attempts = next(row.attempt for row in rows if row.id == run_id)
    return Outage(*named, attempts, lost, len(keys) - len(set(keys)), took, said)


def _wait(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        try:
            if ready():
                return
        except sa.exc.OperationalError:
            pass  # it is coming back
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(soaking.finish(report))
