"""Order lines whose numbers or days are text (a CSV, a column declared as text): read, understood, and put into a database in memory,
so that the same expressions reduce them there."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from ml.source.catalog import as_text, fetch, is_number, labelled
from ml.source.cells import Rules, kinds_of, typed
from ml.source.findings import Ledger

CHUNK_ROWS = 20_000
Columns = dict[str, sa.ColumnElement[Any]]


class Place(NamedTuple):
    """Where order lines can be reduced: a connection, and our keys -> columns that hold numbers, ISO days and text."""

    connection: sa.Connection
    columns: Columns


def place_of(connection: sa.Connection, columns: Mapping[str, sa.Column[Any]], rules: Rules, ledger: Ledger) -> Place:
    """The source itself when its numbers are numbers and its days ISO; else a copy in memory with values understood and findings noted."""
    if _is_plain(connection, columns):
        return Place(connection, dict(columns))
    frame = typed("order_lines", fetch(connection, sa.select(*labelled(columns))), rules, ledger)
    return _stage(frame)


def _is_plain(connection: sa.Connection, columns: Mapping[str, sa.Column[Any]]) -> bool:
    kinds = kinds_of("order_lines")
    numbers = [column for key, column in columns.items() if kinds.get(key) == "number"]
    if not all(is_number(column) for column in numbers):
        return False
    conditions = [_is_not_iso(as_text(columns["date"]))]
    if connection.dialect.name == "sqlite":  # only SQLite keeps text in a column that was declared as a number
        conditions += [sa.func.typeof(column) == "text" for column in numbers]
    some_column = columns["date"]
    found = sa.select(sa.literal(1)).select_from(some_column.table).where(sa.or_(*conditions)).limit(1)
    return connection.execute(found).first() is None


def _is_not_iso(day: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Not 2024-12-31 at the start, or a moment with an offset of its own in text (Postgres shows its moments in the session's zone)."""
    with_offset = sa.and_(day.like("%:%"), sa.or_(day.like("%Z"), day.like("%+__:__"), day.like("%:__-__:__"), day.like("%.%-__:__")))
    return sa.or_(day.not_like("____-__-__%"), with_offset, sa.func.length(day) < 10)


def _stage(frame: pd.DataFrame) -> Place:
    engine = sa.create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}, hide_parameters=True)
    kinds = {str(name): _type_of(frame[name]) for name in frame.columns}
    table = sa.Table("staged_lines", sa.MetaData(), *(sa.Column(name, kind, quote=True) for name, kind in kinds.items()))
    connection = engine.connect()
    table.create(connection)
    statement = str(table.insert().compile(dialect=engine.dialect))
    for chunk in _chunks(frame):
        connection.exec_driver_sql(statement, chunk)
    return Place(connection, {name: table.c[name] for name in kinds})


def _type_of(values: pd.Series) -> sa.types.TypeEngine[Any]:
    return sa.Float() if pd.api.types.is_float_dtype(values) else sa.Text()


def _chunks(frame: pd.DataFrame) -> Iterator[list[tuple[Any, ...]]]:
    for start in range(0, len(frame), CHUNK_ROWS):
        part = frame.iloc[start : start + CHUNK_ROWS]
        columns = [_storable(part[name]) for name in part]
        yield list(zip(*columns, strict=True))


def _storable(values: pd.Series) -> list[Any]:
    if pd.api.types.is_datetime64_any_dtype(values):
        values = values.dt.strftime("%Y-%m-%d")
    return values.astype(object).where(values.notna(), None).tolist()
