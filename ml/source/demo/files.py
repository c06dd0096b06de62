"""The demo company as an SQLite file: written beside its place and moved there whole, so that a reader never sees half of it."""

import os
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from ml.source.demo.schema import DEMO_TABLE, metadata
from ml.source.demo.sizes import DemoError, Plan, make_plan


class Made(NamedTuple):
    """How a demo company on disk was made."""

    size: str
    seed: int
    start: date
    end: date


def write_file(path: Path, plan: Plan, frames: dict[str, pd.DataFrame]) -> None:
    """Write all tables to `path`, atomically. Raises DemoError when the folder cannot be written."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    notes = {"size": plan.size.name, "seed": plan.seed, "start": plan.start.isoformat(), "end": plan.end.isoformat()}
    remembered = pd.DataFrame({"key": list(notes), "value": [str(value) for value in notes.values()]})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        with closing(sqlite3.connect(temporary)) as connection:
            _fill(connection, {**frames, DEMO_TABLE: remembered})
        _sync(temporary)
        temporary.replace(path)
    except (OSError, sqlite3.Error) as error:
        raise DemoError(f"The demo company could not be written to {path}: {error}. Give it a folder that can be written.") from error
    finally:
        _forget(temporary)


def read_made(path: Path) -> Made | None:
    """How the demo company at `path` was made; None when there is no file or it is not a demo company."""
    if not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            notes = dict(connection.execute(f'SELECT key, value FROM "{DEMO_TABLE}"').fetchall())
        return Made(notes["size"], int(notes["seed"]), date.fromisoformat(notes["start"]), date.fromisoformat(notes["end"]))
    except (sqlite3.Error, KeyError, ValueError):
        return None


def count_rows(path: Path, table: str) -> int:
    """How many rows a table of the demo company at `path` has."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        return int(connection.execute(f'SELECT count(*) FROM "{metadata.tables[table].name}"').fetchone()[0])


def remade_plan(made: Made, end: date) -> Plan:
    """The plan of the same company with another end."""
    return make_plan(made.size, end, made.seed, made.start)


def _fill(connection: sqlite3.Connection, frames: dict[str, pd.DataFrame]) -> None:
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    dialect = sa.create_engine("sqlite://").dialect
    for name, frame in frames.items():
        table = metadata.tables[name]
        connection.execute(str(CreateTable(table).compile(dialect=dialect)))
        columns = [column.name for column in table.columns]
        marks = ", ".join("?" * len(columns))
        statement = f'INSERT INTO "{name}" ({", ".join(columns)}) VALUES ({marks})'
        connection.executemany(statement, zip(*(_plain(frame[column]) for column in columns), strict=True))
    connection.commit()


def _plain(values: pd.Series) -> list[object]:
    """Python values with None for missing, as the database driver wants them."""
    plain = values.tolist()
    return [None if value is None or value != value else value for value in plain]


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _forget(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
