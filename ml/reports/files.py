"""What runs left to read, for screens: the reports of retrains and the ends of log files. Nothing outside their two folders is opened."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

REPORT = re.compile(r"[A-Za-z0-9_-]{1,120}\.md")
TAIL_BYTES = 64 * 1024
MOST_REPORT_BYTES = 2 * 1024 * 1024
PASSWORD = re.compile(r"(\w://[^/\s:@]*):[^@\s/]+@")


class Report(NamedTuple):
    """A report: its file name, when it was written (naive UTC), its size in bytes."""

    name: str
    written_at: datetime
    bytes: int


class FileRefused(LookupError):
    """A file was asked for that does not exist or is none of ours; the sentence says which."""


def reports(home: Path) -> list[Report]:
    """The reports under `home`, newest first."""
    folder = home / "reports"
    files = [path for path in folder.iterdir() if REPORT.fullmatch(path.name) and _is_ours(path, folder)] if folder.is_dir() else []
    found = [(path.name, path.stat()) for path in files]
    listed = [Report(name, datetime.fromtimestamp(stat.st_mtime, UTC).replace(tzinfo=None), stat.st_size) for name, stat in found]
    return sorted(listed, key=lambda report: (report.written_at, report.name), reverse=True)


def read_report(home: Path, name: str) -> str:
    """The Markdown of a report. Raises FileRefused for a name that is not in `reports`."""
    path = home / "reports" / name
    if not REPORT.fullmatch(name) or not _is_ours(path, home / "reports"):
        raise FileRefused(f"There is no report {name[:80]!r}; the list shows which there are.")
    with path.open("rb") as file:
        return _shown(file.read(MOST_REPORT_BYTES))


def log_tail(home: Path, log_path: str | None) -> str:
    """The last TAIL_BYTES of a run's log file, passwords in addresses hidden.

    Raises FileRefused when the run has none, when it is gone, and for every path that does not lie in `home/logs`.
    """
    folder = home / "logs"
    if not log_path or not _is_ours(Path(log_path), folder):
        raise FileRefused("The run has no log file in the folder of logs: it was removed, or the run never wrote one.")
    with Path(log_path).open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - TAIL_BYTES))
        text = _shown(file.read())
    return text.partition("\n")[2] if size > TAIL_BYTES else text


def _is_ours(path: Path, folder: Path) -> bool:
    """Whether the path is a plain file that lies in the folder itself once links are followed."""
    try:
        return path.resolve(strict=True).parent == folder.resolve() and path.is_file() and not path.is_symlink()
    except (OSError, ValueError):
        return False


def _shown(content: bytes) -> str:
    return PASSWORD.sub(r"\1:…@", content.decode("utf-8", "replace"))
