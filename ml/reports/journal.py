"""What a run writes down while it works: a line per step with its time, and a log file with timestamps."""

import logging
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

Say = Callable[[str], None]
MEGABYTE = 1024 * 1024


class JournalError(RuntimeError):
    """The log file cannot be written; the sentence says where and why."""


@dataclass(frozen=True)
class Step:
    """One finished step: its name, what came of it, and what it cost."""

    name: str
    outcome: str
    seconds: float
    cpu_seconds: float
    peak_megabytes: float
    failed: bool = False


@dataclass
class Journal:
    """The lines of one run. `say` shows them to whoever waits; `log` keeps them in a file with UTC timestamps."""

    say: Say
    log: logging.Logger
    path: Path
    steps: list[Step] = field(default_factory=list)
    outcome: str = ""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what happens inside; `outcome` may be set there. A failure is noted and raised on."""
        started, cpu, self.outcome = time.monotonic(), cpu_seconds(), ""
        self.log.info("%s: started", name)
        try:
            yield
        except BaseException as error:
            is_ours = type(error).__module__.startswith("ml.")  # our errors are sentences, others need their name
            self.outcome = self.outcome or (str(error) if is_ours else f"{type(error).__name__}: {error}")
            self._end(name, started, cpu, failed=True)
            raise
        self._end(name, started, cpu)

    def note(self, line: str) -> None:
        """A line of its own, shown and kept."""
        self.log.info(line)
        self.say(f"      {line}")

    def trouble(self, line: str, error: BaseException | None = None) -> None:
        """A line that needs attention; the trace of an unexpected error goes into the log file only."""
        self.log.error(line, exc_info=error)
        self.say(f"  !   {line}")

    def _end(self, name: str, started: float, cpu: float, *, failed: bool = False) -> None:
        step = Step(name, self.outcome, time.monotonic() - started, cpu_seconds() - cpu, peak_megabytes(), failed)
        self.steps.append(step)
        mark = "!" if failed else "·"
        line = f"{step.name:<20} {step.seconds:6.1f} s  {step.outcome}".rstrip()
        self.log.log(
            logging.ERROR if failed else logging.INFO, "%s (%.1f CPU s, peak %.0f MB)", line, step.cpu_seconds, step.peak_megabytes
        )
        self.say(f"  {mark} {line}")


@contextmanager
def open_journal(folder: Path, name: str, run_id: int, say: Say, now: datetime) -> Iterator[Journal]:
    """A journal whose log file is `folder/<name>-<UTC time>-<run id>.log`. Raises JournalError when the file cannot be made."""
    path = folder / f"{name}-{now:%Y%m%dT%H%M%SZ}-{run_id}.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise JournalError(f"The log file {path} cannot be written ({error.strerror}): check the disk and INSIGHTS_HOME.") from None
    formatter = logging.Formatter("%(asctime)sZ %(levelname)-7s %(message)s", datefmt="%Y-%m-%dT%H:%M:%S")
    formatter.converter = lambda seconds: datetime.fromtimestamp(seconds or 0, UTC).timetuple()
    handler.setFormatter(formatter)
    log = logging.Logger(f"{name}-{run_id}", logging.INFO)  # of this run alone: not in the registry of named loggers
    log.addHandler(handler)
    try:
        yield Journal(say, log, path)
    finally:
        handler.close()


def cpu_seconds() -> float:
    """CPU seconds of this process and its finished children so far."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def peak_megabytes() -> float:
    """The most memory this process has held so far (resident), in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / MEGABYTE if sys.platform == "darwin" else peak / 1024
