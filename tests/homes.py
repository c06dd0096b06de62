"""A private copy of a home that other processes may have open."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path


def copy_home(home: Path, target: Path, *leave_out: str) -> Path:
    """`home` at `target`, without files of the `leave_out` patterns; returns `target`.

    Databases come over by SQLite's own backup: the write-ahead log of one that is open elsewhere comes and goes while files are copied.
    """
    shutil.copytree(home, target, ignore=shutil.ignore_patterns("*.db", "*.db-wal", "*.db-shm", *leave_out))
    for database in home.rglob("*.db"):
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(target / database.relative_to(home))) as copy:
            source.backup(copy)
    return target
