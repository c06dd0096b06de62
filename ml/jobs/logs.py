"""The log of an attempt: the journal that the job wrote, or what its process printed."""

from datetime import datetime
from pathlib import Path

from ml.reports.files import FileRefused, log_tail
from ml.store.runs import Claim

MOST_BYTES = 256 * 1024
TAIL_LINES = 40


def output_path(home: Path, job: str, run_id: int, now: datetime) -> Path:
    """Where a process prints to: this path with the endings .out and .err."""
    return home / "logs" / f"{job}-{now:%Y%m%dT%H%M%SZ}-{run_id}"


def collect_log(home: Path, claim: Claim, output: str | None) -> Path | None:
    """The one log file of an attempt, None when it left none; what its process printed goes into it.

    A journal is completed by what was printed as an error; where there is none, all that was printed is the log.
    """
    journals = sorted((home / "logs").glob(f"{claim.job}-*-{claim.run_id}.log"))
    if output is None:
        return journals[-1] if journals else None
    base = Path(output)
    written = [path for path in journals if path.stem >= base.name]
    printed, errors = _taken(base.with_name(f"{base.name}.out")), _taken(base.with_name(f"{base.name}.err"))
    log = written[-1] if written else base.with_name(f"{base.name}.log")
    added = errors if written else printed + errors
    if added:
        with log.open("ab") as file:
            file.write(added)
    return log if log.exists() else None


def tail_of(home: Path, log: Path | None) -> str | None:
    """The last lines of a log, passwords in addresses hidden."""
    try:
        text = log_tail(home, str(log) if log else None)
    except FileRefused:
        return None
    return "\n".join(text.splitlines()[-TAIL_LINES:])


def _taken(path: Path) -> bytes:
    """The end of a file, which is removed."""
    if not path.exists():
        return b""
    content = path.read_bytes()[-MOST_BYTES:]
    path.unlink()
    return content
