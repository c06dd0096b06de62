"""The ledger under kill -9: three schedulers share the work while they and their workers are killed at random moments.

Each run's effect is a row written in the transaction that ends the run. Counted afterwards: runs without their effect (lost), with two
(doubled). SOAK_RUNS and SOAK_KILLS say how long it goes on.
"""

import os
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from ml import clock
from ml.store import runs
from ml.store.engine import open_store
from ml.store.schema import meta
from tests import toys
from tests.bench import soaking

SCHEDULERS = 3
RUNS, KILLS = int(os.environ.get("SOAK_RUNS", "300")), int(os.environ.get("SOAK_KILLS", "100"))
LONGEST_SECONDS = 1_500.0
JOBS = tuple(job.name for job in toys.TOYS)


class Soaked(NamedTuple):
    """What one database went through."""

    database: str
    runs: int
    kills_of_workers: int
    kills_of_schedulers: int
    attempts: int
    given_up: int
    lost: int
    doubled: int
    seconds: float


def report() -> tuple[list[str], bool]:
    """The table of both databases, and whether nothing was lost or doubled."""
    found = soaking.on_both(soak)
    head = ("store", "runs", "killed workers", "killed schedulers", "attempts", "given up", "lost", "doubled", "seconds")
    return soaking.table(head, found), not any(one.lost or one.doubled for one in found)


def soak(database: str, home: Path, url: str | None) -> Soaked:
    """Runs and kills on one store until there were enough of both, and all runs are over."""
    store = open_store(soaking.settings(home, url))
    environment = soaking.environment(home, url, TOY="slow", TOY_SECONDS="0.3", TOY_LEASE="6")
    chance, began, kills = random.Random(20261125), time.monotonic(), Counter[str]()
    schedulers = [soaking.start(environment) for _ in range(SCHEDULERS)]
    try:
        while time.monotonic() - began < LONGEST_SECONDS:
            states = Counter(row.status for row in soaking.rows(store))
            enough = sum(states.values()) >= RUNS and kills.total() >= KILLS
            if enough and not states["queued"] and not states["running"]:
                break
            if not enough:
                ask(store)
                if kills.total() < KILLS:
                    strike(schedulers, chance, kills, store)
            schedulers = [one if one.poll() is None else soaking.start(environment) for one in schedulers]
            time.sleep(chance.uniform(0.2, 1.2))
    finally:
        soaking.stop(schedulers)
    return counted(database, store, kills, time.monotonic() - began)


def ask(store: sa.Engine) -> None:
    """One more run of each job that has none alive."""
    for job in JOBS:
        runs.queue_run(store, job, now=clock.utc_now())


def strike(schedulers: list[soaking.Scheduler], chance: random.Random, kills: Counter[str], store: sa.Engine) -> None:
    """Kill a worker, or now and then a scheduler (its workers stay), or nobody."""
    what = chance.random()
    if what < 0.15:
        soaking.kill_scheduler(chance.choice(schedulers), kills)
    elif what < 0.75:
        soaking.kill_a_worker(store, chance, kills)


def counted(database: str, store: sa.Engine, kills: Counter[str], seconds: float) -> Soaked:
    """Runs against their effects: one each; a run that was killed in all its attempts has failed, is listed as such, and must have none."""
    with store.connect() as connection:
        keys = connection.execute(sa.select(meta.c.key).where(meta.c.key.like("effect %"))).scalars()
        effects = Counter(int(key.split()[1]) for key in keys)
    all_rows = soaking.rows(store)
    given_up = {row.id for row in all_rows if row.status == "failed" and row.attempt >= runs.MOST_ATTEMPTS}
    lost = sum(row.id not in given_up and (effects[row.id] == 0 or row.status != "done") for row in all_rows)
    doubled = sum(count > (run_id not in given_up) for run_id, count in effects.items())
    attempts = sum(row.attempt for row in all_rows)
    store.dispose()
    return Soaked(database, len(all_rows), kills["worker"], kills["scheduler"], attempts, len(given_up), lost, doubled, seconds)


if __name__ == "__main__":
    sys.exit(soaking.finish(report))
