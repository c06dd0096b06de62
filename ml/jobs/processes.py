"""Processes of their own for runs: how one is started, and what its end says."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from ml.settings import CHECKOUT, Settings

ENTRY: tuple[str, ...] = ("-m", "ml")
KILL_FIRST = "500"  # Linux: when the machine runs out of memory, a run is ended before the app is


def start_process(settings: Settings, arguments: list[str], output: Path | None = None) -> "subprocess.Popen[bytes]":
    """`python -m ml <arguments>` in a session of its own, with this process's settings and environment.

    What it prints goes to `output` with the endings .out and .err, or nowhere.
    """
    environment = {**os.environ, "INSIGHTS_HOME": str(settings.home), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, *ENTRY, *arguments]
    if output is None:
        return subprocess.Popen(
            command, cwd=CHECKOUT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.with_name(f"{output.name}.out").open("ab") as out, output.with_name(f"{output.name}.err").open("ab") as err:
        child = subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=out, stderr=err, start_new_session=True)
    _offer_to_the_killer(child.pid)
    return child


def end_in_words(code: int, seconds: float, limit_seconds: float) -> str:
    """Why a process that said nothing itself ended."""
    if seconds >= limit_seconds:
        return f"It was stopped after {limit_seconds / 60:g} minutes, its limit; the log says where it was."
    if code == -signal.SIGKILL:
        return "Its process was killed, by hand or because the machine ran out of memory."
    if code < 0:
        return f"Its process crashed ({signal.Signals(-code).name})."
    return f"Its process ended with exit code {code} and did not say why."


def _offer_to_the_killer(pid: int) -> None:
    score = Path(f"/proc/{pid}/oom_score_adj")
    try:
        score.write_text(KILL_FIRST)
    except OSError:  # not Linux, or the process has ended: its limit of memory still holds
        return
