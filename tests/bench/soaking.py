"""What the soaks share: a company of their own on SQLite or Postgres, schedulers over it, and kills of those who work."""

import os
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ml.settings import CHECKOUT, Settings, load_settings
from ml.store.schema import job_run
from tests import toys
from tests.postgres import postgres_server

KEY = "soak" * 10
Scheduler = subprocess.Popen[bytes]


def on_both(soak: Callable[[str, Path, str | None], Any]) -> list[Any]:
    """What a soak found on SQLite and on Postgres, each in a folder of its own: `soak(name, home, database url)`."""
    with tempfile.TemporaryDirectory() as folder:
        found = [soak("SQLite", Path(folder), None)]
    with tempfile.TemporaryDirectory() as folder, postgres_server() as url:
        return [*found, soak("Postgres", Path(folder), url)]


def settings(home: Path, url: str | None) -> Settings:
    """The settings of a company without data."""
    (home / "empty").mkdir(exist_ok=True)
    return load_settings(env_file=None, home=home, source=f"csv:{home / 'empty'}", database_url=url, secret_key=KEY)


def environment(home: Path, url: str | None, **more: str) -> dict[str, str]:
    """The same for processes, with what they need besides."""
    own = {
        "INSIGHTS_HOME": str(home),
        "INSIGHTS_SECRET_KEY": KEY,
        "INSIGHTS_SOURCE": f"csv:{home / 'empty'}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return {**os.environ, **own, **({"INSIGHTS_DATABASE_URL": url} if url else {}), **more}


def start(told: dict[str, str], output: Any = subprocess.DEVNULL) -> Scheduler:
    """A scheduler whose jobs are toys."""
    return subprocess.Popen([sys.executable, *toys.ENTRY, "scheduler"], cwd=CHECKOUT, env=told, stdout=output, stderr=output)


def stop(schedulers: list[Scheduler]) -> None:
    """End them as an operator does."""
    for one in schedulers:
        one.send_signal(signal.SIGTERM)
    for one in schedulers:
        one.wait(30)


def kill_scheduler(victim: Scheduler, kills: Counter[str]) -> None:
    """Kill -9; its workers stay."""
    victim.kill()
    victim.wait()
    kills["scheduler"] += 1


def kill_a_worker(store: sa.Engine, chance: random.Random, kills: Counter[str]) -> None:
    """Kill -9 a process that works on a run of this store, if there is one."""
    for pid in chance.sample(found := workers(store), k=min(1, len(found))):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        kills["worker"] += 1


def workers(store: sa.Engine) -> list[int]:
    """The processes that work on this store's runs: those whose owner is in the ledger."""
    owners = {row.owner for row in rows(store) if row.status == "running"}
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        if "work" in words and owners & set(words):
            found.append(int(folder.name))
    return sorted(found)


def rows(store: sa.Engine) -> list[sa.Row[tuple[int, str, str, int]]]:
    """The runs of the ledger: id, status, owner, attempt."""
    with store.connect() as connection:
        return list(connection.execute(sa.select(job_run.c.id, job_run.c.status, job_run.c.owner, job_run.c.attempt)))


def table(head: tuple[str, ...], lines: list[tuple[Any, ...]]) -> list[str]:
    """A Markdown table; seconds without decimals."""
    cells = [[f"{value:.0f}" if isinstance(value, float) else str(value) for value in line] for line in lines]
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *cells)]


def finish(report: Callable[[], tuple[list[str], bool]]) -> int:
    """Print the table of a report; 1 when something was not as it must be."""
    lines, is_whole = report()
    print("\n".join(lines), flush=True)
    return 0 if is_whole else 1
