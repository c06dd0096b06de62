"""`make bench [ONLY=name]`: what each part costs on this machine, as figures beside their limits or a baseline of the same run.

Each section is a function that returns lines; nothing here asserts. Heavy work runs in a process of its own, whose CPU seconds and peak
memory are the operating system's account of it.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests import retail

ROOT = Path(__file__).resolve().parents[2]


def measured(command: list[str], environment: dict[str, str]) -> tuple[float, float, float]:
    """Run a command to its end; wall seconds, CPU seconds (user and system), peak memory in MB. Raises on a non-zero exit."""
    started = time.monotonic()
    pid = os.posix_spawn(command[0], command, {**os.environ, **environment}, file_actions=_to_log(environment["INSIGHTS_HOME"]))
    _, status, usage = os.wait4(pid, 0)
    if status:
        log = Path(environment["INSIGHTS_HOME"], "bench.log").read_text(encoding="utf-8")
        raise RuntimeError(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}:\n{log[-3000:]}")
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def _to_log(home: str) -> list[tuple[int, ...]]:
    log = str(Path(home, "bench.log"))
    return [(os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), (os.POSIX_SPAWN_DUP2, 1, 2)]  # type: ignore[list-item]


def _row(what: str, figures: tuple[float, float, float], limit: str) -> str:
    wall, cpu, memory = figures
    return f"| {what} | {wall:.1f} | {cpu:.1f} | {memory:.0f} | {limit} |"


HEADER = ["| what | wall s | CPU s | peak MB | limit |", "|---|---|---|---|---|"]


def pipeline() -> list[str]:
    """Retrain and refresh of the demo companies and of the Online Retail lines."""
    lines = list(HEADER)
    python = [sys.executable, "-m", "ml"]
    with tempfile.TemporaryDirectory() as folder:
        for size, limit in (("tiny", "60 s CPU"), ("small", "60 s CPU"), ("standard", "90 s CPU")):
            home = Path(folder, size)
            home.mkdir()
            environment = {"INSIGHTS_HOME": str(home), "INSIGHTS_SECRET_KEY": "bench" * 8}
            measured([*python, "demo", "--size", size], environment)
            lines.append(_row(f"retrain {size}", measured([*python, "retrain"], environment), limit))
            lines.append(_row(f"refresh {size}", measured([*python, "refresh"], environment), "10 s"))
        if retail.LINES.exists():
            home = Path(folder, "retail")
            home.mkdir()
            retail.write_mapping(home)
            environment = retail.environment(home)
            lines.append(_row("retrain Online Retail", measured([*python, "retrain"], environment), "180 s CPU, 1,500 MB"))
            lines.append(_row("refresh Online Retail", measured([*python, "refresh"], environment), "10 s"))
    return lines


def start() -> list[str]:
    """From `make run` on an empty INSIGHTS_HOME until /health answers, and the second start."""
    import signal
    import socket
    import subprocess
    import urllib.request

    lines = ["| what | wall s | limit |", "|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        environment = {**os.environ, "INSIGHTS_HOME": folder, "INSIGHTS_PORT": str(port), "INSIGHTS_SECRET_KEY": "bench" * 8}
        for what, limit in (("first start until /health", "90 s"), ("second start until /health", "6 s")):
            began = time.monotonic()
            child = subprocess.Popen([sys.executable, "-m", "ml", "up"], env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
            while child.poll() is None:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1) as answer:
                        if answer.status == 200:
                            break
                except OSError:
                    time.sleep(0.05)
            lines.append(f"| {what} | {time.monotonic() - began:.1f} | {limit} |")
            child.send_signal(signal.SIGINT)
            child.wait(30)
    return lines


def forecasting() -> list[str]:
    """The demand forecaster against plain Prophet and naive rules on the shared real series."""
    from tests.bench import bench_forecasting

    return bench_forecasting.report()


def demand() -> list[str]:
    """The parts of the demand forecast out of time: sums, bands, bottles bought by them, and the effect of weather."""
    from tests.bench import bench_demand

    return bench_demand.report()


def customers() -> list[str]:
    """The customer models against their baselines on the shared real order logs, and on invented companies of other kinds."""
    from tests.bench import bench_customers, bench_customers_targets, bench_customers_unseen

    return [*bench_customers.report(), *bench_customers_targets.report(), *bench_customers_unseen.report()]


def experiments() -> list[str]:
    """The experiment statistics in simulations: coverage, false positives, power, spread of pairs, speed."""
    from tests.bench import bench_experiments

    return bench_experiments.report()


def app() -> list[str]:
    """The screens in a browser and over the websocket, beside Streamlit's default configuration."""
    from tests.bench import bench_app

    return bench_app.report()


def lists() -> list[str]:
    """The screens that list customers, by the number of customers."""
    from tests.bench import bench_lists

    return bench_lists.report()


def outbox() -> list[str]:
    """1,000 messages of the outbox drained to servers on this machine."""
    from tests.bench import bench_outbox

    return bench_outbox.report()


def gate() -> list[str]:
    """How often the gate of releases keeps back an equal and a clearly worse challenger, in simulations."""
    from tests.bench import bench_gate

    return bench_gate.report()


def ledger() -> list[str]:
    """What an operator waits for: a press, a tick over 100,000 runs, the choice of a version."""
    from tests.bench import bench_ledger

    return bench_ledger.report()


SECTIONS: tuple[Callable[[], list[str]], ...] = (
    start,
    app,
    lists,
    outbox,
    ledger,
    pipeline,
    forecasting,
    demand,
    customers,
    experiments,
    gate,
)


def main() -> None:
    only = sys.argv[1:] or [name for name in os.environ.get("ONLY", "").split(",") if name]
    for section in SECTIONS:
        if only and section.__name__ not in only:
            continue
        print(f"\n## {section.__name__}: {section.__doc__}\n", flush=True)
        for line in section():
            print(line, flush=True)


if __name__ == "__main__":
    main()
