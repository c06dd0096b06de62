"""The preferences people chose, kept in the store: only changed ones have a row, and every change leaves an audit row."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ml.store import audit
from ml.store.preferences import PREFERENCES, PreferenceError, Preferences, read_preferences
from ml.store.schema import preferences


def load_preferences(connection: sa.Connection) -> Preferences:
    """All preferences: what was chosen, else the default. Values of preferences that no longer exist are passed over."""
    rows = connection.execute(sa.select(preferences.c.name, preferences.c.value)).all()
    return read_preferences({name: value for name, value in rows if name in PREFERENCES})


def set_preference(connection: sa.Connection, name: str, value: Any, *, who: str, at: datetime) -> Preferences:
    """Choose a value within the caller's transaction, with its audit row; returns all preferences as they are now.

    Raises PreferenceError naming the preference, the value and what is accepted; nothing is written then.
    """
    if name not in PREFERENCES:
        raise PreferenceError(f"There is no preference {name!r}; known are {', '.join(PREFERENCES)}.")
    before = load_preferences(connection)
    after = read_preferences(before.model_dump() | {name: value})
    row = {"value": getattr(after, name), "set_at": at, "set_by": who}
    changed = connection.execute(sa.update(preferences).where(preferences.c.name == name).values(**row))
    if changed.rowcount == 0:
        connection.execute(sa.insert(preferences).values(name=name, **row))
    detail = {"before": getattr(before, name), "after": getattr(after, name)}
    audit.record(connection, who, "preference.set", name, detail, at=at)
    return after
