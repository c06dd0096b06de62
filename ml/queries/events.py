"""Promotions, price changes, strikes and closures that people entered or the company's data tells, and how far the kept weather forecast
reaches."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import pandas as pd
import sqlalchemy as sa

from ml.store.schema_events import event_facts, events, weather_forecasts
from ml.store.values import load_preferences

COLUMNS = ("id", "kind", "name", "start", "end", "announced_at", "created_by")


def current(conn: sa.Connection, since: date) -> pd.DataFrame:
    """The events that count and did not end before `since`, newest first: COLUMNS (days as timestamps, NaT without an end), is_entered.

    Those that the company's data tells have neither an id nor a person who entered them, and cannot be changed here.
    """
    entered = _rows(conn, events, COLUMNS, since, events.c.removed_at.is_(None)).assign(is_entered=True)
    told = _rows(conn, event_facts, COLUMNS[1:-1], since).assign(is_entered=False)
    if told.empty:
        return entered
    both = pd.concat([entered.astype({"id": "Int64"}), told], ignore_index=True) if len(entered) else told.reindex(columns=entered.columns)
    return both.astype({"id": "Int64"}).sort_values(["start", "id"], ascending=False, kind="stable").reset_index(drop=True)


def _rows(conn: sa.Connection, table: sa.Table, columns: Sequence[str], since: date, *conditions: sa.ColumnElement[bool]) -> pd.DataFrame:
    ends = sa.func.coalesce(table.c.end, table.c.start)
    lasts = sa.and_(table.c.kind == "price_change", table.c.end.is_(None))
    query = sa.select(*(table.c[name] for name in columns)).where(*conditions, sa.or_(ends >= since, lasts))
    order = [table.c[name].desc() for name in ("start", columns[0])]
    frame = pd.DataFrame(conn.execute(query.order_by(*order)).all(), columns=list(columns))
    return frame.astype(dict.fromkeys(("start", "end", "announced_at"), "datetime64[us]"))


def last_removed(conn: sa.Connection) -> tuple[int, str] | None:
    """Id and name of the event removed last, None when none is."""
    row = conn.execute(
        sa.select(events.c.id, events.c.name)
        .where(events.c.removed_at.is_not(None))
        .order_by(events.c.removed_at.desc(), events.c.id.desc())
        .limit(1)
    ).first()
    return (int(row[0]), str(row[1])) if row else None


class WeatherForecast(NamedTuple):
    """Whether the weather of the coming days is asked for, and the newest forecast kept: asked on which day, reaching until when."""

    is_on: bool
    issued_at: date | None
    last_day: date | None


def weather_forecast(conn: sa.Connection) -> WeatherForecast:
    """How it stands with the weather forecast."""
    newest = sa.select(sa.func.max(weather_forecasts.c.issued_at)).scalar_subquery()
    row = conn.execute(
        sa.select(sa.func.max(weather_forecasts.c.issued_at), sa.func.max(weather_forecasts.c.date)).where(
            weather_forecasts.c.issued_at == newest
        )
    ).one()
    return WeatherForecast(bool(load_preferences(conn).weather_url), row[0], row[1])
