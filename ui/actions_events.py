"""The writes of the list of events. Each asks for the right by itself and leaves an audit row, as in `ui.actions`."""

from datetime import date

import streamlit as st

from ml.store import events
from ml.store.events import Event, EventError
from ui import guard
from ui.actions import writing

FIELDS = ("kind", "name", "days", "known")


def add_named(form: str) -> None:
    """Keep what the form whose fields are `<form>-<field>` says. Raises EventError."""
    guard.authorise("events")
    event = _entered(form)
    with writing("events") as write:
        events.add(write.conn, event, **write.stamp)


def change_named(form: str, key: int, seen: Event) -> Event:
    """Put what the form says in the place of an event that still is as it was `seen`; returns it. Raises EventError."""
    guard.authorise("events")
    event = _entered(form)
    change(key, seen, event)
    return event


def change(key: int, seen: Event, event: Event) -> None:
    """Put `event` in the place of one that still is as it was `seen`. Raises EventError."""
    with writing("events") as write:
        events.change(write.conn, key, seen, event, **write.stamp)


def _entered(form: str) -> Event:
    """What a form says; a price change of one day goes on from then. Raises EventError where a day is missing."""
    kind, name, days, known = (st.session_state.get(f"{form}-{field}") for field in FIELDS)
    chosen: tuple[date, ...] = tuple(days or ())
    if not chosen or known is None:
        raise EventError("An event needs its first day and the day from which it is known.", "event_days")
    end = chosen[1] if len(chosen) > 1 else None
    if kind == "price_change" and end == chosen[0]:
        end = None
    return Event(str(kind), str(name or "").strip(), chosen[0], end, known)


def remove(key: int) -> None:
    """Take an event away. Raises EventError when somebody did already."""
    with writing("events") as write:
        events.remove(write.conn, key, **write.stamp)


def restore(key: int) -> None:
    """Put a removed event back. Raises EventError when somebody did already."""
    with writing("events") as write:
        events.restore(write.conn, key, **write.stamp)
