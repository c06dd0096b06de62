"""What changed in the last seven days on record, in numbers: alerts, customers who came and went, what was expected a week ago."""

from datetime import date, datetime, time, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from ml.store import schema
from ml.store.alerts import WITHDRAWN
from ml.store.schema_alerts import alerts

DAYS = 7


class Alerts(NamedTuple):
    """How many alerts were opened, closed by an order, and closed otherwise."""

    opened: int
    saved: int
    closed: int


class People(NamedTuple):
    """How many customers ordered for the first time, and how many have by now been silent for so long that they count as gone."""

    new: int
    gone: int


def alerts_of_the_week(conn: sa.Connection, as_of: date) -> Alerts:
    """Alerts of the last DAYS days up to `as_of` and of today, as they stand now."""
    since = datetime.combine(as_of - timedelta(days=DAYS - 1), time())
    closed = alerts.c.closed_at >= since
    counts = (
        sa.case(((alerts.c.opened_at >= since) & (alerts.c.state != WITHDRAWN), 1), else_=0),
        sa.case((closed & (alerts.c.state == "saved"), 1), else_=0),
        sa.case((closed & (alerts.c.state != "saved"), 1), else_=0),
    )
    row = conn.execute(sa.select(*(sa.func.coalesce(sa.func.sum(count), 0) for count in counts))).one()
    return Alerts(*(int(count) for count in row))


def people_of_the_week(conn: sa.Connection, as_of: date, silence_days: int) -> People:
    """Customers whose first order, or whose `silence_days`-th day without one, fell into the last DAYS days up to `as_of`."""
    table = schema.customer_facts.c
    before = as_of - timedelta(days=DAYS)
    counts = (
        sa.case((sa.and_(table.first_order > before, table.first_order <= as_of), 1), else_=0),
        sa.case((table.last_order.between(before - timedelta(days=silence_days - 1), as_of - timedelta(days=silence_days)), 1), else_=0),
    )
    row = conn.execute(sa.select(*(sa.func.coalesce(sa.func.sum(count), 0) for count in counts))).one()
    return People(*(int(count) for count in row))


def expected_a_week_ago(conn: sa.Connection, measure: str, as_of: date) -> float | None:
    """The company's total of the DAYS days after `as_of` as it was expected DAYS days before or shortly before that; None where nobody
    said so then."""
    table = schema.predictions.c
    told = (table.predictor == "demand", table.measure == measure, table.entity_type == "company", table.window_days == 1)
    said_at = table.as_of.between(as_of - timedelta(days=2 * DAYS - 1), as_of - timedelta(days=DAYS))
    ahead = table.target_date.between(as_of + timedelta(days=1), as_of + timedelta(days=DAYS))
    totals = (
        sa.select(sa.func.sum(table.value))
        .where(*told, said_at, ahead)
        .group_by(table.release_id, table.as_of)
        .having(sa.func.count() == DAYS)
        .order_by(table.as_of.desc(), sa.func.max(table.id).desc())
        .limit(1)
    )
    total = conn.execute(totals).scalar()
    return None if total is None else float(total)
