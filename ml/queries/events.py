"""What people entered about promotions, price changes, strikes and closures, and how far the kept weather forecast reaches."""

from datetime import date
from typing import NamedTuple

import pandas as pd
import sqlalchemy as sa

from ml.store.schema_events import events, weather_forecasts
from ml.store.values import load_preferences

COLUMNS = ("id", "kind", "name", "start", "end", "announced_at", "created_by")


def current(conn: sa.Connection, since: date) -> pd.DataFrame:
    """The events that count and did not end before `since`, newest first: COLUMNS (days as timestamps, NaT without an end)."""
    ends = sa.func.coalesce(events.c.end, events.c.start)
    query = sa.select(*(events.c[name] for name in COLUMNS)).where(
        events.c.removed_at.is_(None), sa.or_(ends >= since, sa.and_(events.c.kind == "price_change", events.c.end.is_(None)))
    )
    rows = conn.execute(query.order_by(events.c.start.desc(), events.c.id.desc())).all()
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict.fromkeys(("start", "end", "announced_at"), "datetime64[us]"))


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
