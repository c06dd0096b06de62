"""The writes of the list of events. Each asks for the right by itself and leaves an audit row, as in `ui.actions`."""

from datetime import date

import streamlit as st

from ml.store import events
from ml.store.events import Event, EventError
from ui import guard
from ui.actions import writing

FIELDS = ("kind", "name", "days", "known")


def add_named(form: str) -> None:
    """Keep what the form whose fields are `<form>-<field>` says; a price change of one day goes on from then. Raises EventError."""
    guard.authorise("events")
    kind, name, days, known = (st.session_state.get(f"{form}-{field}") for field in FIELDS)
    chosen: tuple[date, ...] = tuple(days or ())
    if not chosen or known is None:
        raise EventError("An event needs its first day and the day from which it is known.", "event_days")
    end = chosen[1] if len(chosen) > 1 else None
    if kind == "price_change" and end == chosen[0]:
        end = None
    with writing("events") as write:
        events.add(write.conn, Event(str(kind), str(name or ""), chosen[0], end, known), **write.stamp)


def remove(key: int) -> None:
    """Take an event away. Raises EventError when somebody did already."""
    with writing("events") as write:
        events.remove(write.conn, key, **write.stamp)


def restore(key: int) -> None:
    """Put a removed event back. Raises EventError when somebody did already."""
    with writing("events") as write:
        events.restore(write.conn, key, **write.stamp)
