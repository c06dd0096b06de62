"""The customers of a segment: which of them are listed, found by a word, and a page of them."""

from typing import NamedTuple

import pandas as pd
import sqlalchemy as sa

from ml.queries import calls, customers
from ml.queries.listing import Listing
from ml.queries.service import Service


class Asked(NamedTuple):
    """A list: the release, the segment, and the text that name or commune have; `by_name` whether names are searched at all."""

    service: Service
    segment: str
    wanted: str = ""
    by_name: bool = True


def count(conn: sa.Connection, asked: Asked) -> int:
    """How many customers are listed."""
    return len(found(conn, asked)) if asked.wanted else listed(conn, asked).count(conn)


def page(conn: sa.Connection, asked: Asked, start: int = 0, most: int | None = None) -> pd.DataFrame:
    """At most `most` rows of the list from `start` on: the columns of `customers.members`."""
    rows = listed(conn, asked)
    if not asked.wanted:
        return rows.frame(conn, start, most)
    ids = found(conn, asked)
    if most is not None:
        return rows.where(rows.c.customer_id.in_(ids[start : start + most])).frame(conn)
    frame = rows.frame(conn)
    return frame[frame["customer_id"].isin(ids)].reset_index(drop=True)


def listed(conn: sa.Connection, asked: Asked) -> Listing:
    """The customers of the segment who may be contacted, largest spend first, whatever is searched."""
    rows = customers.members(asked.service)
    return rows.where(rows.c.segment == asked.segment, rows.c.customer_id.not_in(calls.kept_from(conn, asked.service.day)))


def found(conn: sa.Connection, asked: Asked) -> list[str]:
    """The ids of those listed whose name (the id where there is none) or commune has the text, in the order of the list.

    Compared here, not in the database: letters with accents have no small form in SQLite.
    """
    frame = listed(conn, asked).frame(conn, names=("customer_id", "name", "zone"))
    zones = frame["zone"].fillna("").astype(str)
    searched = shown_names(frame) + " " + zones if asked.by_name else zones
    return frame.loc[searched.str.lower().str.contains(asked.wanted, regex=False), "customer_id"].tolist()


def shown_names(frame: pd.DataFrame) -> pd.Series:
    """The name of each row, or the customer's id where there is none."""
    names = frame["name"].fillna("").astype(str)
    return names.where(names.str.strip() != "", frame["customer_id"].astype(str))
