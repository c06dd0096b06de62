"""`make soak`: the app under visitors for an hour (SOAK_MINUTES), on 127.0.0.1 only; a line a minute, exit code 1 when it fails.

Ten people switch pages, sign in anew every few minutes, and a program asks /health. It fails on any error, and when memory grows by
100 MB or more from the end of the first tenth to the end.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.visitors import Tally, cpu_seconds, crowd, filled_home, memory_mb
from tests.web.served import Served, serve

VISITORS, CUSTOMERS = 10, 1_000
SWITCHES, PAUSE_SECONDS = 12, 4.0
MOST_GROWTH_MB = 100.0


def minutes() -> float:
    """SOAK_MINUTES, 60 when it is not set. Raises SystemExit with a sentence for anything but a number from 0.1 to 1440."""
    came = os.environ.get("SOAK_MINUTES", "60")
    try:
        wanted = float(came)
    except ValueError:
        wanted = 0.0
    if not 0.1 <= wanted <= 1440:
        raise SystemExit(f"SOAK_MINUTES is {came!r}; accepted is a number of minutes from 0.1 to 1440.")
    return wanted


def main() -> int:
    """Run, and say each round and the verdict; the exit code."""
    length = minutes() * 60
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        filled_home(home, CUSTOMERS)
        app = serve(home)
        try:
            return soaked(app, length)
        finally:
            app.stop()
            app.store.dispose()


def soaked(app: Served, length: float) -> int:
    """Rounds of visits until `length` seconds have passed; 0 when all was well."""
    began, pid, whole = time.monotonic(), app.process.pid, Tally()
    settled: float | None = None
    print("| minute | MB | CPU s | switches | p50 ms | p95 ms | errors |\n|---|---|---|---|---|---|---|", flush=True)
    while (passed := time.monotonic() - began) < length:
        if settled is None and passed >= length / 10:
            settled = memory_mb(pid)
        spent = cpu_seconds(pid)
        tally = crowd(app, VISITORS, switches=SWITCHES, pause=PAUSE_SECONDS)
        whole.add(tally)
        with app.client() as program:
            if program.get("/health").status_code != 200:
                whole.errors.append("/health did not answer 200")
        figures = (memory_mb(pid), cpu_seconds(pid) - spent, len(tally.seconds), tally.milliseconds(0.5), tally.milliseconds(0.95))
        print("| {:.1f} | {:.0f} | {:.1f} | {} | {:.0f} | {:.0f} |".format(passed / 60, *figures), len(tally.errors), "|", flush=True)
    growth = memory_mb(pid) - settled if settled is not None else 0.0
    print(f"\n{len(whole.seconds)} switches, {len(whole.errors)} errors, memory {growth:+.0f} MB after the first tenth.", flush=True)
    for error in whole.errors[:10]:
        print(f"  {error}", flush=True)
    return int(bool(whole.errors) or growth >= MOST_GROWTH_MB)


if __name__ == "__main__":
    sys.exit(main())
