"""What was done about a customer: alerts with what became of them, notes, contacts and tests, as events of the story; and how it stands."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

import sqlalchemy as sa

from ml.clock import local
from ml.queries import alerts, calls, holdout
from ml.queries.alerts import Alert
from ml.queries.customer import Event
from ml.store import customer_links, experiments
from ml.store.customer_links import Link
from ml.store.holdout import HELD_OUT, always
from ml.store.quarters import first_day
from ml.store.schema_alerts import customer_notes
from ml.store.schema_alerts import holdout as lots

MOST_NOTES = 100


class Note(NamedTuple):
    """Something a person wrote down about a customer on a day; `kind` is note or contact."""

    id: int
    day: date
    who: str
    kind: str
    text: str


@dataclass(frozen=True)
class Standing:
    """How things stand with a customer now: the live alert, until when nobody may contact it by lot, whether it is always called."""

    live: Alert | None
    held_out_until: date | None
    always_called: bool
    links: list[Link]


def standing(conn: sa.Connection, customer_id: str, as_of: date) -> Standing:
    """How things stand with a customer on the day after `as_of`."""
    live = next((alert for alert in alerts.of_customer(conn, customer_id) if alert.is_live), None)
    return Standing(
        live,
        holdout.held_out_until(conn, as_of, customer_id),
        customer_id in always(conn),
        customer_links.of_customer(conn, customer_id),
    )


def notes(conn: sa.Connection, customer_id: str) -> list[Note]:
    """What people wrote down about a customer, newest first, at most MOST_NOTES."""
    table = customer_notes
    columns = (table.c.id, table.c.day, table.c.who, table.c.kind, table.c.text)
    query = sa.select(*columns).where(table.c.customer_id == customer_id).order_by(table.c.day.desc(), table.c.id.desc())
    return [Note(*row) for row in conn.execute(query.limit(MOST_NOTES))]


def events(conn: sa.Connection, customer_id: str, timezone: str) -> list[Event]:
    """Alerts, notes, contacts, tests and quarters left alone by lot as events of the customer's story, in no order."""
    told = [Event(note.day, note.kind, {"text": note.text}) for note in notes(conn, customer_id)]
    for alert in alerts.of_customer(conn, customer_id):
        told.append(Event(_day(alert.opened_at, timezone), "alert_opened", {"risk": alert.probability or 0.0}))
        if alert.contacted_on is not None:
            told.append(Event(alert.contacted_on, "alert_contacted", {}))
        if alert.closed_at is not None:
            told.append(Event(alert.order_day or _day(alert.closed_at, timezone), f"alert_{alert.state}", {}))
    return [*told, *tests(conn, customer_id), *_left_alone(conn, customer_id)]


def tests(conn: sa.Connection, customer_id: str) -> list[Event]:
    """The tests a customer is or was in: when each began and in which group, and when it was over; none that lies ahead."""
    up_to = experiments.data_up_to(conn)
    told: list[Event] = []
    for kept, arm in experiments.of_unit(conn, customer_id):
        if up_to is None or kept.start > up_to:
            continue
        told.append(Event(kept.start, "test_begun", {"test": kept.name, "group": arm}))
        if kept.state == "completed" and kept.end <= up_to:
            told.append(Event(kept.end, "test_over", {"test": kept.name}))
    return told


def _left_alone(conn: sa.Connection, customer_id: str) -> list[Event]:
    query = sa.select(lots.c.quarter).where(lots.c.customer_id == customer_id, lots.c.arm == HELD_OUT)
    return [Event(first_day(quarter), "left_alone", {}) for quarter in conn.execute(query).scalars()]


def may_contact(conn: sa.Connection, customer_id: str, as_of: date) -> bool:
    """Whether anybody may contact this customer on the day after `as_of`."""
    return customer_id not in calls.kept_from_contact(conn, as_of)


def _day(moment: datetime, timezone: str) -> date:
    return local(moment, timezone).date()
