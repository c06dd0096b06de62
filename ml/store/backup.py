"""A daily copy of the store, and the way back. SQLite is copied by its own online backup; Postgres table by table through SQLAlchemy.

Both kinds can be restored into either database: a copy is first brought up to the newest schema in a temporary SQLite file, then its rows
replace the store's in one transaction. Releases of models are files of their own and are not part of it.
"""

import gzip
import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from ml import clock
from ml.durable import sha256_of, sync, write_synced
from ml.settings import Settings
from ml.store import erasing, restoring
from ml.store.engine import begin_write, open_sqlite
from ml.store.migrations import migrate, revision_of
from ml.store.schema import metadata
from ml.store.values import load_preferences

FOLDER = "backups"
SQLITE, DUMP = ".db", ".jsonl.gz"
CHUNK = 5_000
Say = Callable[[str], None]


class BackupError(RuntimeError):
    """A copy cannot be made, is damaged, or is not of this company; the sentence says which and what to do."""


class Restored(NamedTuple):
    """What a restore brought back: rows per table, and how many erased people stay erased."""

    rows: dict[str, int]
    erased: int


def run(
    settings: Settings,
    store: sa.Engine,
    *,
    run_id: int,  # noqa: ARG001 - of the form of every job
    say: Say,
    finish: Callable[[sa.Connection, dict[str, Any]], None] | None = None,
    **_options: Any,
) -> None:
    """The job: one copy, old ones removed, the end of the run. Raises BackupError when the disk refuses."""
    path = make_backup(settings, store, clock.utc_now())
    with store.connect() as connection:
        keep = load_preferences(connection).kept_backups
    removed = prune(path.parent, keep)
    told = f"{path.name}, {path.stat().st_size / 1e6:.1f} MB; {len(removed)} old copies removed"
    say(told)
    with begin_write(store) as connection:
        if finish is not None:
            finish(connection, {"backup": {"state": "done", "reason": told}})


def make_backup(settings: Settings, store: sa.Engine, now: datetime) -> Path:
    """Copy the store as it is at this moment to INSIGHTS_HOME/backups, complete or not at all; writers go on meanwhile."""
    folder = settings.home / FOLDER
    kind = SQLITE if store.dialect.name == "sqlite" else DUMP
    path = folder / f"insights-{now:%Y%m%dT%H%M%SZ}{kind}"
    beside = path.with_name(f".{path.name}.unfinished")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside.touch(mode=0o600)
        _copy_sqlite(store, beside) if kind == SQLITE else _dump(store, beside)
        sync(beside)
        write_synced(_sum_of(path), sha256_of(beside).encode())
        beside.replace(path)
        sync(folder)
    except (OSError, sqlite3.Error) as error:
        beside.unlink(missing_ok=True)
        _sum_of(path).unlink(missing_ok=True)
        raise BackupError(f"The copy could not be written to {folder} ({error}): free or open the disk.") from error
    return path


def list_backups(folder: Path) -> list[Path]:
    """The complete copies, newest first."""
    return sorted((path for kind in (SQLITE, DUMP) for path in folder.glob(f"insights-*{kind}")), key=lambda p: p.name, reverse=True)


def prune(folder: Path, keep: int) -> list[str]:
    """Remove all but the newest `keep` copies, and what interrupted ones left; returns their names."""
    old = list_backups(folder)[keep:]
    for path in (*old, *folder.glob(".insights-*.unfinished")):
        path.unlink(missing_ok=True)
        _sum_of(path).unlink(missing_ok=True)
    return [path.name for path in old]


def check(path: Path) -> None:
    """Raises BackupError when the copy is missing or is not what was written."""
    try:
        whole = _sum_of(path).read_text().strip() == sha256_of(path)
    except OSError as error:
        raise BackupError(f"The copy {path} cannot be read ({error.strerror}); `python -m ml backup --list` shows what there is.") from None
    if not whole:
        raise BackupError(f"The copy {path.name} is damaged: its SHA-256 differs from the one written beside it. Take an older one.")


def restore(store: sa.Engine, path: Path, *, now: datetime, by: str) -> Restored:
    """Replace everything in the store by the copy, in one transaction; people erased since stay erased, sessions end, nothing is sent.

    Raises BackupError when the copy is damaged or of another company; the store is as before then.
    """
    check(path)
    with _materialised(path) as copy, copy.connect() as source:
        with store.connect() as connection:
            if restoring.company_of(source) not in (None, restoring.company_of(connection)):
                raise BackupError(f"The copy {path.name} is of another company than this store; nothing was restored.")
        with begin_write(store) as target:
            kept = restoring.remember(target)
            rows = restoring.replace_all(source, target, CHUNK)
            restoring.settle(target, kept, now=now, by=by, name=path.name)
            return Restored(rows, erasing.erase_again(target, now=now))


@contextmanager
def _materialised(path: Path) -> Iterator[sa.Engine]:
    """The copy as a SQLite store of the newest schema, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="insights-restore-") as folder:
        file = Path(folder) / "copy.db"
        if path.name.endswith(SQLITE):
            file.write_bytes(path.read_bytes())
        engine: sa.Engine | None = None
        try:
            engine = open_sqlite(sa.make_url(f"sqlite:///{file}"))
            with begin_write(engine) as connection:
                if path.name.endswith(DUMP):
                    _load(connection, path)
                migrate(connection)
            yield engine
        except (sqlite3.Error, sa.exc.SQLAlchemyError, ValueError, KeyError, OSError) as error:
            raise BackupError(f"The copy {path.name} cannot be read: {error}.") from error
        finally:
            if engine is not None:
                engine.dispose()


def _copy_sqlite(store: sa.Engine, target: Path) -> None:
    raw = store.raw_connection()
    try:
        with sqlite3.connect(target) as copy:
            raw.driver_connection.backup(copy)  # type: ignore[union-attr]
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        copy.close()
    finally:
        raw.close()


def _dump(store: sa.Engine, target: Path) -> None:
    """Every row of every table as a line of JSON, all of one moment (REPEATABLE READ)."""
    with gzip.open(target, "wt", encoding="utf-8") as file, store.connect() as plain:
        connection = plain.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            file.write(json.dumps({"revision": revision_of(connection)}) + "\n")
            for table in metadata.sorted_tables:
                for row in connection.execute(sa.select(table)).mappings():
                    file.write(json.dumps([table.name, {name: _plain(value) for name, value in row.items()}], ensure_ascii=False) + "\n")


def _load(connection: sa.Connection, path: Path) -> None:
    """The rows of a dump into an empty store of the dump's own revision."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        migrate(connection, json.loads(file.readline())["revision"])
        tables = sa.MetaData()
        tables.reflect(connection)
        waiting: list[dict[str, Any]] = []
        name = ""
        for line in file:
            table, row = json.loads(line)
            if table != name or len(waiting) >= CHUNK:
                _insert(connection, tables, name, waiting)
                name, waiting = table, []
            waiting.append(row)
        _insert(connection, tables, name, waiting)


def _insert(connection: sa.Connection, tables: sa.MetaData, name: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        table = tables.tables[name]
        connection.execute(
            sa.insert(table), [{column: _typed(table.c[column].type, value) for column, value in row.items()} for row in rows]
        )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value


def _typed(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, sa.DateTime):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if isinstance(kind, sa.Date) else value


def _sum_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")
