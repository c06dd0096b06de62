"""What people write down about a customer: notes, and contacts that were made outside the work list."""

from datetime import date, datetime

import sqlalchemy as sa

from ml.store import audit
from ml.store.refused import Refused
from ml.store.schema_alerts import customer_notes

KINDS: tuple[str, ...] = ("note", "contact")
LONGEST = 2000


class NoteError(Refused):
    """A note cannot be kept or removed; the sentence says why."""


def add(
    connection: sa.Connection, customer_id: str, kind: str, text: str, *, day: date, now: datetime, by: str, action: str = "customer.note"
) -> int:
    """Keep a note of a day; returns its number. Raises NoteError for an empty or unknown one. `action` is what the audit calls it."""
    words = text.strip()[:LONGEST]
    if kind not in KINDS:
        raise NoteError(f"There is no kind of note {kind!r}; known are {', '.join(KINDS)}.", "note_kind")
    if not words:
        raise NoteError("A note without a text says nothing; write one.", "alert_note")
    values = {"customer_id": customer_id, "day": day, "at": now, "who": by, "kind": kind, "text": words}
    made = connection.execute(sa.insert(customer_notes).values(**values).returning(customer_notes.c.id)).scalar_one()
    audit.record(connection, by, action, customer_id, {"note": made, "kind": kind}, at=now)
    return made


def remove(connection: sa.Connection, note_id: int, *, now: datetime, by: str) -> None:
    """Take away one's own note. Raises NoteError for one that is gone or somebody else's."""
    row = connection.execute(sa.select(customer_notes).where(customer_notes.c.id == note_id)).one_or_none()
    if row is None or row.who != by:
        raise NoteError(f"The note {note_id} is gone, or somebody else wrote it.", "note_gone")
    connection.execute(sa.delete(customer_notes).where(customer_notes.c.id == note_id))
    audit.record(connection, by, "customer.note_removed", row.customer_id, {"note": note_id, "kind": row.kind}, at=now)
