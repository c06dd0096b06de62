"""The customers of a segment: which of them are listed, found by a word, and a page of them."""

from typing import NamedTuple

import pandas as pd
import sqlalchemy as sa

from ml.queries import calls, customers
from ml.queries.listing import Listing
from ml.queries.service import Service
from ml.store.schema import customer_facts
from ml.store.searching import matches, searchable


class Asked(NamedTuple):
    """A list: the release, the segment, and what is looked for in name, id, phone or commune; `by_name` whether the commune is not all."""

    service: Service
    segment: str
    wanted: str = ""
    by_name: bool = True


def count(conn: sa.Connection, asked: Asked) -> int:
    """How many customers are listed."""
    return _found(conn, asked).count(conn)


def page(conn: sa.Connection, asked: Asked, start: int = 0, most: int | None = None) -> pd.DataFrame:
    """At most `most` rows of the list from `start` on: the columns of `customers.members`."""
    return _found(conn, asked).frame(conn, start, most)


def shown_names(frame: pd.DataFrame) -> pd.Series:
    """The name of each row, or the customer's id where there is none."""
    names = frame["name"].fillna("").astype(str)
    return names.where(names.str.strip() != "", frame["customer_id"].astype(str))


def _found(conn: sa.Connection, asked: Asked) -> Listing:
    """The customers of the segment who may be contacted, largest spend first, and of these the ones that were looked for."""
    rows = customers.members(asked.service)
    rows = rows.where(rows.c.segment == asked.segment, rows.c.customer_id.not_in(calls.kept_from(conn, asked.service.day)))
    if not asked.wanted:
        return rows
    word, zones = searchable(asked.wanted), conn.execute(sa.select(customer_facts.c.zone).distinct()).scalars()
    in_zone = rows.c.zone.in_([zone for zone in zones if zone and word and word in searchable(zone)])
    return rows.where(sa.or_(in_zone, matches(customer_facts.c.search, asked.wanted)) if asked.by_name else in_zone)
