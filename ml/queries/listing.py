"""A list of customers as the database chooses, orders and pages it: what a rule does to it is part of one query until it is asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import sqlalchemy as sa

Column = sa.ColumnElement[Any]


class Columns(dict[str, Column]):
    """The columns of a list by name: `c.name` or `c["name"]`."""

    def __getattr__(self, name: str) -> Column:
        """The column of that name; AttributeError when there is none."""
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Listing:
    """Rows of `source` for which the conditions hold, with named columns `c`, in an order: names of columns, "-name" for the largest
    first; what is missing comes last.

    `where`, `adding`, `beside`, `by` and `first` give another listing; `count`, `totals` and `frame` ask the database.
    """

    def __init__(
        self, source: sa.FromClause, columns: Mapping[str, Column], order: Sequence[str], conditions: Sequence[Column] = ()
    ) -> None:
        self.source, self.c, self.order, self.conditions = source, Columns(columns), tuple(order), tuple(conditions)

    def where(self, *conditions: Column) -> "Listing":
        """The rows for which these conditions hold too."""
        return Listing(self.source, self.c, self.order, (*self.conditions, *conditions))

    def adding(self, **columns: Column) -> "Listing":
        """The rows with further columns."""
        return Listing(self.source, {**self.c, **columns}, self.order, self.conditions)

    def beside(self, other: sa.FromClause, on: Column, **columns: Column) -> "Listing":
        """The rows with columns of another table, of which at most one row belongs to each; missing where none does."""
        return Listing(self.source.outerjoin(other, on), {**self.c, **columns}, self.order, self.conditions)

    def by(self, *order: str) -> "Listing":
        """The rows in another order; where that leaves a tie, in the one they had."""
        return Listing(self.source, self.c, (*order, *(name for name in self.order if name not in order)), self.conditions)

    def first(self, most: int) -> "Listing":
        """The first rows."""
        rows = self._asked(self.c).order_by(*self._directions()).limit(most).subquery()
        return Listing(rows, {name: rows.c[name] for name in self.c}, self.order)

    def count(self, conn: sa.Connection) -> int:
        """How many rows there are."""
        return int(self.totals(conn, rows=sa.func.count()).rows)

    def totals(self, conn: sa.Connection, **figures: Column) -> Any:
        """One row of figures over all rows: sums, means and counts of columns of `c`."""
        return conn.execute(self._asked(figures)).one()

    def groups(self, conn: sa.Connection, name: str, **figures: Column) -> pd.DataFrame:
        """A row per value of a column, with figures over its rows."""
        chosen = {name: self.c[name], **figures}
        return _frame(conn, self._asked(chosen).group_by(self.c[name]).order_by(self.c[name]), chosen)

    def frame(self, conn: sa.Connection, start: int = 0, most: int | None = None, names: Sequence[str] = ()) -> pd.DataFrame:
        """At most `most` rows from `start` on (all columns, or those of `names`): days as datetime64, other numbers as float."""
        chosen = {name: self.c[name] for name in names} if names else self.c
        query = self._asked(chosen).order_by(*self._directions())
        return _frame(conn, query.limit(most).offset(start) if most is not None else query, chosen)

    def _asked(self, columns: Mapping[str, Column]) -> sa.Select[Any]:
        named = (column.label(name) for name, column in columns.items())
        return sa.select(*named).select_from(self.source).where(*self.conditions)

    def _directions(self) -> list[Column]:
        chosen = ((self.c[name.removeprefix("-")], name.startswith("-")) for name in self.order)
        return [(column.desc() if largest else column.asc()).nulls_last() for column, largest in chosen]


def at_least(value: Column, least: float) -> Column:
    """The value, or `least` where it is smaller; missing where it is missing."""
    return sa.case((value < least, sa.literal(least, sa.Float)), else_=value)


def counted(condition: Column) -> Column:
    """A figure for `Listing.totals`: of how many rows the condition holds."""
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


def _frame(conn: sa.Connection, query: sa.Select[Any], columns: Mapping[str, Column]) -> pd.DataFrame:
    kinds = {sa.Date: "datetime64[us]", sa.Float: "float64"}
    known = {name: kind for name, column in columns.items() for of, kind in kinds.items() if isinstance(column.type, of)}
    return pd.DataFrame(conn.execute(query).all(), columns=list(columns)).astype(known)
