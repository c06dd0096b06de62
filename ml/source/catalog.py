"""What the source really has, by reflection: a mapped name becomes a SQLAlchemy table or column only if it is there."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.sql.selectable import FromClause

from ml.source.engine import REFUSED
from ml.source.errors import MappingError
from ml.source.mapping import TableMap, near_matches

FETCH_ROWS = 20_000
log = logging.getLogger(__name__)


class Catalog:
    """The tables and views of one connection. `find` gives a table with its columns or None; `resolve` maps our keys to its columns."""

    def __init__(self, connection: sa.Connection, schema: str | None = None) -> None:
        self.connection = connection
        self.schema = schema
        self._inspector = sa.inspect(connection)
        self._names = self._all_names()

    def find(self, name: str) -> sa.Table | None:
        """Their table or view of exactly that name, its columns reflected; None when there is none."""
        if name not in self._names:
            return None
        columns = self._inspector.get_columns(name, schema=self.schema)
        parts = [sa.Column(column["name"], column["type"], quote=True) for column in columns]
        return sa.Table(name, sa.MetaData(), *parts, schema=self.schema, quote=True)

    def require(self, ours: str, table_map: TableMap) -> sa.Table:
        """Their table for one of ours; MappingError names the near matches when it does not exist."""
        table = self.find(table_map.table)
        if table is None:
            raise MappingError(
                f"The mapping gives {table_map.table!r} as the table of {ours}, which the source does not have"
                f"{near_matches(table_map.table, self._names)}."
            )
        return table

    def _all_names(self) -> frozenset[str]:
        names = [*self._inspector.get_table_names(self.schema), *self._inspector.get_view_names(self.schema)]
        if self.connection.dialect.name == "postgresql":
            names += self._inspector.get_materialized_view_names(self.schema)
        return frozenset(names)


def resolve(ours: str, table_map: TableMap, table: sa.Table, required: Iterable[str]) -> tuple[dict[str, sa.Column[Any]], list[str]]:
    """Our keys -> their columns, and the keys whose preset column is not there.

    Raises MappingError with the near matches when a required column, or one that a person wrote himself, does not exist.
    """
    found: dict[str, sa.Column[Any]] = {}
    absent = []
    for key, name in table_map.columns.items():
        if name in table.c:
            found[key] = table.c[name]
        elif key in table_map.written or key in set(required):
            raise MappingError(
                f"The mapping gives {name!r} as {ours}.{key}, but the table {table.name!r} has no such column"
                f"{near_matches(name, (column.name for column in table.c))}."
            )
        else:
            absent.append(key)
    return found, absent


def exclusion_columns(ours: str, table_map: TableMap, table: sa.Table, found: Mapping[str, sa.Column[Any]]) -> dict[str, sa.Column[Any]]:
    """The columns that only `exclude` names: by our key (then it is in `found` already) or by their own name.

    Raises MappingError with the near matches when a person excludes by a column that does not exist.
    """
    extra = {}
    for key in table_map.exclude:
        if key in found:
            continue
        if key in table.c:
            extra[key] = table.c[key]
        elif "exclude" in table_map.written and table_map.exclude[key] and key not in table_map.columns:
            raise MappingError(
                f"The mapping excludes rows of {ours} by {key!r}, but the table {table.name!r} has no such column"
                f"{near_matches(key, (column.name for column in table.c))}."
            )
    return extra


def raw(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The column as the driver gives it: SQLite keeps text in number and date columns, on which SQLAlchemy's own conversion would fail."""
    return sa.type_coerce(column, sa.String())


def as_text(column: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """The column as text inside the database."""
    return sa.cast(column, sa.Text())


def is_number(column: sa.Column[Any]) -> bool:
    """Whether their column is declared as a number."""
    return isinstance(column.type, sa.Numeric | sa.Integer | sa.Float)


def fetch(connection: sa.Connection, select: sa.Select[Any]) -> pd.DataFrame:
    """The rows of a select as a frame, read in pieces; a column that is all text is `str`, all numbers a number, else objects."""
    result = connection.execute(select, execution_options={"yield_per": FETCH_ROWS})
    names = list(result.keys())
    pieces = [[_series(values) for values in zip(*rows, strict=True)] for rows in result.partitions()]
    if not pieces:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in names})
    columns = zip(*pieces, strict=True)
    return pd.DataFrame({name: pd.concat(parts, ignore_index=True) for name, parts in zip(names, columns, strict=True)})


def fetch_if_allowed(connection: sa.Connection, select: sa.Select[Any]) -> pd.DataFrame | None:
    """As `fetch`, or None when the database refuses the table to this user; the transaction goes on."""
    savepoint = connection.begin_nested()
    try:
        frame = fetch(connection, select)
    except (ProgrammingError, OperationalError) as error:
        if not _is_refusal(error):
            raise
        savepoint.rollback()
        log.info("a table of the source is not readable for this user")
        return None
    savepoint.commit()
    return frame


def count_rows(connection: sa.Connection, source: FromClause, *conditions: sa.ColumnElement[bool]) -> int:
    """How many rows satisfy the conditions."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(source).where(*conditions)).scalar_one())


def labelled(columns: Mapping[str, sa.Column[Any]]) -> list[sa.ColumnElement[Any]]:
    """Raw columns under our names."""
    return [raw(column).label(key) for key, column in columns.items()]


def _is_refusal(error: DBAPIError) -> bool:
    return getattr(error.orig, "pgcode", None) == REFUSED


def _series(values: tuple[Any, ...]) -> pd.Series:
    kinds = {type(value) for value in values} - {type(None)}
    if kinds == {str}:
        return pd.Series(values, dtype="str")
    if kinds == {int}:
        return pd.Series(np.array(values, dtype="int64")) if None not in values else pd.Series(values, dtype="Int64")
    if kinds == {float}:
        return pd.Series(values, dtype="float64")
    return pd.Series(values, dtype=object)
