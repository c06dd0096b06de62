"""`python -m tests.bench.soak_releases`: killed retrains, readers beside writers, damaged files; a table, exit code 1 on a problem.

SOAK_KILLS (200), SOAK_READS (5,000) and SOAK_DAMAGES (500) say how many. The retrains are those of tests/crashes.py.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path

from ml.settings import Settings
from ml.store.engine import begin_write, open_store
from ml.store.pointers import in_service, point_to, serve
from ml.store.releases import Content, ReleaseError, load_predictor, pack, write_release
from tests import crashes
from tests.conftest import SECRET_KEY, settings_for

DAY, NOW = date(2026, 1, 1), datetime(2026, 11, 1, 5)
REASON = {"code": "not_worse", "params": {}}
WRITES = 200


def main() -> int:
    """Run the three parts, print the table; the exit code."""
    parts: tuple[tuple[str, Callable[[Path, int], tuple[int, list[str]]], int], ...] = (
        ("retrains killed (half at 12 named moments between files and pointer, half at random)", kills, _number("SOAK_KILLS", 200)),
        ("reads by 4 threads while 200 releases come into service", reads, _number("SOAK_READS", 5_000)),
        ("files damaged (bit flipped or cut)", damages, _number("SOAK_DAMAGES", 500)),
    )
    print("| what | number | problems | seconds |\n|---|---|---|---|", flush=True)
    found = []
    for what, part, number in parts:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            done, problems = part(Path(folder), number)
        found += problems
        print(f"| {what} | {done:,} | {len(problems)} | {time.monotonic() - began:.0f} |", flush=True)
    for problem in found[:20]:
        print(f"  {problem}", flush=True)
    return int(bool(found))


def kills(home: Path, number: int) -> tuple[int, list[str]]:
    """Killed retrains; after each, what serves must be whole and of one release."""
    return crashes.soak(home, _settings, number)


def reads(home: Path, number: int) -> tuple[int, list[str]]:
    """Concurrent reads of what is in service, while others come into service: each must be whole and as one transaction saw it."""
    settings = _settings(home)
    store, models = open_store(settings), settings.models_folder

    def put(place: int) -> None:
        content = Content({"orders": pack({"number": place, "weights": [place] * 5_000})})
        made = write_release(models, content, key=SECRET_KEY, now=NOW + timedelta(seconds=place), as_of=DAY, fingerprint="f")
        with begin_write(store) as connection:
            point_to(connection, "orders", made, at=NOW, by="soak", reason=REASON)

    def read(place: int) -> str | None:
        with store.connect() as connection:
            served, pointed = serve(connection, models, "orders", SECRET_KEY), in_service(connection)["orders"]
        is_whole = served.problems == () and set(served.predictor["weights"]) == {served.predictor["number"]}
        return None if is_whole and served.release_id == pointed else f"read {place}: {served.release_id} instead of {pointed}"

    put(0)
    with ThreadPoolExecutor(4) as readers:
        found = readers.map(read, range(number))
        for place in range(1, WRITES):
            put(place)
        return number, [problem for problem in found if problem]


def damages(home: Path, number: int) -> tuple[int, list[str]]:
    """Files of a release damaged one at a time: each must be refused before a byte of it is unpickled."""
    models, trace, rng = _settings(home).models_folder, home / "unpickled", random.Random(11)
    release = write_release(models, Content({"orders": pack(Bomb(trace))}), key=SECRET_KEY, now=NOW, as_of=DAY, fingerprint="f")
    problems, done = [], 0
    while done < number:
        path = models / "versions" / release / rng.choice(["orders.joblib", "manifest.json"])
        content = path.read_bytes()
        changed = crashes.damaged(content, rng)
        if changed == content:
            continue
        path.write_bytes(changed)
        try:
            load_predictor(models, release, "orders", SECRET_KEY)
            problems.append(f"damage {done} of {path.name} was not found")
        except ReleaseError:
            done += 1
        path.write_bytes(content)
    return done, problems + (["something damaged was unpickled"] if trace.exists() else [])


class Bomb:
    """Unpickling it leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.trace),)


def _settings(home: Path) -> Settings:
    return settings_for(home, source="csv:toy")


def _number(name: str, usual: int) -> int:
    return int(os.environ.get(name) or usual)


if __name__ == "__main__":
    sys.exit(main())
