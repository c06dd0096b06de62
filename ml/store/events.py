"""Promotions, price changes, strikes and closures that people enter: kept, changed, removed, taken back, each with its audit row; and those
that the company's data tells."""

from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import sqlalchemy as sa

from ml.source.tables import Tables
from ml.store import audit
from ml.store.refused import Refused
from ml.store.schema_events import event_facts, events, weather_forecasts

KINDS: tuple[str, ...] = ("promotion", "price_change", "strike", "closure")
LONGEST_NAME = 80
LONGEST_DAYS = 366


class EventError(Refused):
    """An event cannot be kept or changed as asked; the sentence says why and what to do."""


class Event(NamedTuple):
    """What somebody enters. `end` None: that day alone, or for a price change from then on."""

    kind: str
    name: str
    start: date
    end: date | None
    announced_at: date


def add(connection: sa.Connection, event: Event, *, now: datetime, by: str) -> int:
    """Keep an event and return its id. Raises EventError for an unknown kind, a name or days that cannot be."""
    event = _checked(event)
    values = event._asdict() | {"created_at": now, "created_by": by}
    key = int(connection.execute(sa.insert(events).values(**values)).inserted_primary_key[0])  # type: ignore[index]
    audit.record(connection, by, "event.add", str(key), _told(event), at=now)
    return key


def change(connection: sa.Connection, key: int, seen: Event, event: Event, *, now: datetime, by: str) -> None:
    """Put `event` in the place of one that still is as it was `seen`. Raises EventError when it is not, or as `add`."""
    event = _checked(event)
    as_seen = (events.c[name].is_not_distinct_from(value) for name, value in seen._asdict().items())
    _move(connection, key, sa.and_(events.c.removed_at.is_(None), *as_seen), event._asdict() | {"created_at": now, "created_by": by})
    audit.record(connection, by, "event.change", str(key), {"before": _told(seen), "after": _told(event)}, at=now)


def _checked(event: Event) -> Event:
    """The event with its name trimmed. Raises EventError for an unknown kind, a name or days that cannot be."""
    name = event.name.strip()
    if event.kind not in KINDS:
        raise EventError(f"The kind of event was {event.kind!r}; known are {', '.join(KINDS)}.", "event_kind")
    if not 1 <= len(name) <= LONGEST_NAME:
        raise EventError(f"The name of an event has 1 to {LONGEST_NAME} characters; {len(name)} came.", "event_name")
    if event.end is not None and not 0 <= (event.end - event.start).days < LONGEST_DAYS:
        raise EventError(f"The event goes from {event.start} to {event.end}; it must end within a year of its start.", "event_days")
    if event.announced_at > event.start and event.kind != "strike":
        raise EventError(f"The event starts on {event.start} and is known from {event.announced_at}; give an earlier day.", "event_known")
    return event._replace(name=name)


def _told(event: Event) -> dict[str, str | None]:
    return {"kind": event.kind, "name": event.name, "start": event.start.isoformat(), "end": event.end.isoformat() if event.end else None}


def remove(connection: sa.Connection, key: int, *, now: datetime, by: str) -> None:
    """Take an event away; it can be put back. Raises EventError when it is not there."""
    _move(connection, key, events.c.removed_at.is_(None), {"removed_at": now})
    audit.record(connection, by, "event.remove", str(key), at=now)


def restore(connection: sa.Connection, key: int, *, now: datetime, by: str) -> None:
    """Put a removed event back. Raises EventError when it was not removed."""
    _move(connection, key, events.c.removed_at.is_not(None), {"removed_at": None})
    audit.record(connection, by, "event.restore", str(key), at=now)


def _move(connection: sa.Connection, key: int, condition: Any, values: dict[str, Any]) -> None:
    if connection.execute(sa.update(events).where(events.c.id == key, condition).values(**values)).rowcount == 0:
        raise EventError(f"The event {key} is not there any more, or was changed already; load the page again.", "event_gone")


def event_frame(connection: sa.Connection) -> pd.DataFrame:
    """The events that count, in the form of the canonical table: start, end, kind, name, announced_at, known_at."""
    rows = connection.execute(sa.select(events).where(events.c.removed_at.is_(None)).order_by(events.c.id)).mappings().all()
    frame = pd.DataFrame(rows, columns=["start", "end", "kind", "name", "announced_at"])
    return frame.assign(known_at=frame["announced_at"])


def told_by_data(connection: sa.Connection, tables: Tables) -> pd.DataFrame:
    """The events of a company's tables that nobody entered here, with the columns of the table `event_facts`."""
    columns = [column.name for column in event_facts.columns]
    frame = tables["events"].assign(**{name: tables["events"][name].fillna("").astype("object") for name in ("kind", "name")})
    rows = connection.execute(sa.select(events.c.start, events.c.kind, events.c.name)).all()
    entered = {(pd.Timestamp(start), kind, name) for start, kind, name in rows}
    own = [key not in entered for key in zip(frame["start"], frame["kind"], frame["name"], strict=True)]
    return frame.loc[np.array(own, dtype=bool), columns].drop_duplicates(["start", "kind", "name"]).reset_index(drop=True)


def announced_closures(connection: sa.Connection, from_day: date) -> list[tuple[date, date]]:
    """First and last day of each closure that people entered and that is not over by `from_day`."""
    table = events.c
    last = sa.func.coalesce(table.end, table.start)
    query = sa.select(table.start, last).where(table.kind == "closure", table.removed_at.is_(None), last >= from_day)
    return [(start, end) for start, end in connection.execute(query.order_by(table.start))]


def forecast_frame(connection: sa.Connection) -> pd.DataFrame:
    """The kept weather forecasts in the form of the canonical table; known on the day they were issued."""
    rows = connection.execute(sa.select(weather_forecasts).order_by(weather_forecasts.c.issued_at, weather_forecasts.c.date)).mappings()
    frame = pd.DataFrame(rows.all(), columns=[column.name for column in weather_forecasts.columns])
    return frame.assign(known_at=frame["issued_at"])


def keep_forecast(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    """Keep a weather forecast (one row a day, with its `issued_at`) in place of any of the same day."""
    for issued_at in {row["issued_at"] for row in rows}:
        connection.execute(sa.delete(weather_forecasts).where(weather_forecasts.c.issued_at == issued_at))
    if rows:
        connection.execute(sa.insert(weather_forecasts), rows)


def newest_forecast(connection: sa.Connection) -> date | None:
    """The day of the newest kept weather forecast, None without any."""
    return connection.execute(sa.select(sa.func.max(weather_forecasts.c.issued_at))).scalar()
