"""The work list: alerts with their state, owner, due day, comments and history.

An alert is opened by the job or by hand, worked on by people, and closed by itself when the customer orders. Every change leaves an event
that knows what was there before, so that the last press can be taken back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import sqlalchemy as sa

from ml.store import audit
from ml.store.holdout import OUTSIDE, arms, note_eligible
from ml.store.predictions import plain
from ml.store.quarters import quarter_of
from ml.store.refused import Refused
from ml.store.schema import customer_facts, customer_orders
from ml.store.schema_alerts import alert_events, alerts

SYSTEM = "system"
LIVE: tuple[str, ...] = ("open", "contacted", "snoozed")
CLOSED: tuple[str, ...] = ("saved", "lost", "not_a_risk")
WITHDRAWN = "withdrawn"  # opened by hand and taken back: it counts nowhere
KINDS: tuple[str, ...] = ("at_risk", "win_back")
ACTIONS: Mapping[str, str | None] = {
    "contacted": "contacted", "snoozed": "snoozed", "not_a_risk": "not_a_risk", "saved": "saved", "lost": "lost", "reopened": "open",
    "assigned": None, "commented": None,
}  # fmt: skip
OPENED = "opened"
SNOOZE_DAYS = 7
LONGEST_NOTE = 2000
CHANGED = ("state", "owner", "due_on", "snoozed_until", "watch_until", "contacted_on", "closed_at", "order_day", "order_amount")
FIGURES = ("probability", "value_at_risk", "expected_profit")


class AlertError(Refused):
    """An alert cannot be changed so; the sentence says why."""


@dataclass(frozen=True)
class Change:
    """What a press asks for: an action of ACTIONS, the day it happens, and what goes with it."""

    action: str
    today: date
    note: str = ""
    owner: str | None = None
    due_on: date | None = None
    days: int = SNOOZE_DAYS


def open_for(
    connection: sa.Connection,
    rows: "pd.DataFrame | Iterable[Mapping[str, Any]]",
    *,
    run_id: int | None,
    now: datetime,
    by: str = SYSTEM,
    batch: int | None = None,
) -> list[int]:
    """Open an alert for each customer a rule or a person picked, in the caller's transaction; returns the ids of the opened alerts.

    `rows` are those of `ml.queries.call_list.eligible`: customer_id, kind, as_of, horizon_days, probability, value_at_risk,
    expected_profit, days_since_last_order, gap_days, reasons, last_order, contact_opt_out. For everybody whom the rule picked the first
    time of the quarter is noted with the arm, held out or not; whom a person picked is not, for nobody can pick one of the held out, and
    the arms would no longer be alike. Nothing is opened for those held out, those who asked not to be contacted, those with a live
    alert, and (unless a person asks) those whose present silence was judged before. `batch` is the press it belongs to, if any.
    """
    by_person, press = by != SYSTEM, batch or next_batch(connection)
    told = rows.to_dict("records") if isinstance(rows, pd.DataFrame) else rows
    opened = []
    for row in [{str(name): value for name, value in row.items()} for row in told]:
        if row.get("contact_opt_out"):
            continue
        arm = arms(connection, quarter_of(row["as_of"] + timedelta(days=1)), [row["customer_id"]]).get(row["customer_id"], OUTSIDE)
        if not by_person:
            note_eligible(connection, row, arm, run_id=run_id, now=now)
        if arm == "held_out" or _is_settled(connection, row, by_person=by_person):
            continue
        made = _open(connection, row, run_id, now, by)
        connection.execute(sa.insert(alert_events).values(alert_id=made, at=now, who=by, action=OPENED, before={}, batch=press))
        if by_person:
            audit.record(connection, by, "alert.opened", str(made), {"customer": row["customer_id"]}, at=now)
        opened.append(made)
    return opened


def act(connection: sa.Connection, ids: Sequence[int], change: Change, *, now: datetime, by: str, batch: int | None = None) -> int:
    """Do the same to all of these alerts, or to none, with an event and an audit row each; returns the batch by which `undo` knows it.

    `batch` is that of the press which opened some of them just now.

    Raises AlertError for an unknown alert, one that is not live (only "reopened" and "commented" go there), or an empty comment.
    """
    if change.action not in ACTIONS:
        raise AlertError(f"There is no action {change.action!r}; known are {', '.join(ACTIONS)}.", "alert_action")
    note = change.note.strip()[:LONGEST_NOTE]
    if change.action == "commented" and not note:
        raise AlertError("A comment without a text says nothing; write one.", "alert_note")
    rows = _locked(connection, ids)
    press = batch or next_batch(connection)
    for row in rows:
        values = _values(row, change, now)
        if change.action == "reopened":
            _refuse_a_second(connection, row["customer_id"])
        _write(connection, row, values, _Event(change.action, note or None, press), now=now, by=by)
        audit.record(connection, by, f"alert.{change.action}", str(row["id"]), {"customer": row["customer_id"]}, at=now)
    return press


def undo(connection: sa.Connection, batch: int, *, now: datetime, by: str) -> int:
    """Take back what one press did, if nothing has happened to its alerts since; returns how many alerts are as before.

    An alert that the press opened is withdrawn. Raises AlertError when something has happened, or when it was taken back already.
    """
    own = sa.select(alert_events).where(alert_events.c.batch == batch).order_by(alert_events.c.id.desc())
    told = connection.execute(own).mappings().all()
    if not told or any(event["undone_at"] is not None for event in told):
        raise AlertError(f"There is nothing to take back in the press {batch}.", "alert_undone")
    for event in told:
        since = sa.select(alert_events.c.id).where(
            alert_events.c.alert_id == event["alert_id"],
            alert_events.c.id > event["id"],
            alert_events.c.batch != batch,
            alert_events.c.undone_at.is_(None),
        )
        if connection.execute(since.limit(1)).first() is not None:
            raise AlertError(f"The alert {event['alert_id']} was changed after the press {batch}.", "alert_changed")
        before = {"state": WITHDRAWN} if event["action"] == OPENED else event["before"]
        values = {name: _from_json(name, value) for name, value in before.items()}
        if values:
            connection.execute(sa.update(alerts).where(alerts.c.id == event["alert_id"]).values(**values))
    connection.execute(sa.update(alert_events).where(alert_events.c.batch == batch).values(undone_at=now))
    taken_back = len({event["alert_id"] for event in told})
    audit.record(connection, by, "alert.undone", str(batch), {"alerts": taken_back}, at=now)
    return taken_back


def next_batch(connection: sa.Connection) -> int:
    """A number no event bears yet: the batch of one press, whatever it opens and changes."""
    return (connection.execute(sa.select(sa.func.max(alert_events.c.batch))).scalar() or 0) + 1


def close_on_orders(connection: sa.Connection, as_of: date, now: datetime) -> int:
    """Bring live alerts up to what was read; returns how many changed. Called when the facts of `as_of` have been written.

    Those whose customer ordered are saved, those whose days have passed without an order are lost, and snoozed ones whose day has come
    are open again.
    """
    changed, batch = 0, next_batch(connection)
    for row in _rows(connection, sa.select(alerts).where(alerts.c.state.in_(LIVE)).order_by(alerts.c.id)):
        order = _first_order_after(connection, row["customer_id"], row["as_of"])
        if order is not None:
            values: dict[str, Any] = {"state": "saved", "closed_at": now, "order_day": order[0], "order_amount": order[1]}
            event = _Event("ordered", None, batch)
        elif row["watch_until"] <= as_of:
            values, event = {"state": "lost", "closed_at": now}, _Event("silent", None, batch)
        elif row["state"] == "snoozed" and row["snoozed_until"] <= as_of + timedelta(days=1):
            values, event = {"state": "open", "snoozed_until": None}, _Event("woke", None, batch)
        else:
            continue
        _write(connection, row, values, event, now=now, by=SYSTEM)
        changed += 1
    return changed


@dataclass(frozen=True)
class _Event:
    action: str
    note: str | None
    batch: int


def _open(connection: sa.Connection, row: Mapping[str, Any], run_id: int | None, now: datetime, by: str) -> int:
    horizon = int(row["horizon_days"])
    detail = {name: row.get(name) for name in ("reasons", "days_since_last_order", "gap_days")}
    values = {
        "customer_id": row["customer_id"], "kind": row["kind"], "state": "open", "opened_at": now, "opened_by": by, "run_id": run_id,
        "as_of": row["as_of"], "horizon_days": horizon, "watch_until": row["as_of"] + timedelta(days=horizon), "detail": plain(detail),
        **{name: plain(row.get(name)) for name in FIGURES},
    }  # fmt: skip
    made: int = connection.execute(sa.insert(alerts).values(**values).returning(alerts.c.id)).scalar_one()
    return made


def _is_settled(connection: sa.Connection, row: Mapping[str, Any], *, by_person: bool) -> bool:
    """Whether no alert is to be opened: one is live, or the same kind was closed in this same silence and no person asks for another."""
    found = connection.execute(
        sa.select(alerts.c.state, alerts.c.kind, alerts.c.as_of).where(
            alerts.c.customer_id == row["customer_id"], alerts.c.state != WITHDRAWN
        )
    ).all()
    if any(alert.state in LIVE for alert in found):
        return True
    last = row.get("last_order")
    since = None if last is None or pd.isna(last) else pd.Timestamp(last).date()
    same = [alert for alert in found if alert.kind == row["kind"] and alert.state != "saved" and (since is None or alert.as_of >= since)]
    return bool(same) and not by_person


def _locked(connection: sa.Connection, ids: Sequence[int]) -> list[dict[str, Any]]:
    query = sa.select(alerts).where(alerts.c.id.in_(list(ids))).order_by(alerts.c.id).with_for_update()
    rows = _rows(connection, query)
    missing = set(ids) - {row["id"] for row in rows}
    if missing or not rows:
        raise AlertError(f"There is no alert {', '.join(map(str, sorted(missing))) or 'chosen'}; load the page again.", "alert_gone")
    return rows


def _values(row: Mapping[str, Any], change: Change, now: datetime) -> dict[str, Any]:
    """The columns an action sets on an alert."""
    if change.action == "commented":
        return {}
    closed = row["state"] not in LIVE
    if closed != (change.action == "reopened"):
        known = "is closed already" if closed else "is not closed"
        raise AlertError(f"The alert {row['id']} {known} ({row['state']}).", "alert_state")
    if change.action == "assigned":
        return {"owner": change.owner, "due_on": change.due_on}
    watched = max(row["watch_until"], change.today + timedelta(days=row["horizon_days"]))
    extra: dict[str, Any] = {
        "contacted": {"contacted_on": change.today, "watch_until": watched, "snoozed_until": None},
        "snoozed": {"snoozed_until": change.today + timedelta(days=change.days), "watch_until": watched},
        "reopened": {"closed_at": None, "order_day": None, "order_amount": None, "watch_until": watched},
    }.get(change.action, {"closed_at": now})
    return {"state": ACTIONS[change.action], **extra}


def _refuse_a_second(connection: sa.Connection, customer_id: str) -> None:
    live = sa.select(alerts.c.id).where(alerts.c.customer_id == customer_id, alerts.c.state.in_(LIVE))
    if connection.execute(live).first() is not None:
        raise AlertError(f"The customer {customer_id} has a live alert already.", "alert_state")


def _write(connection: sa.Connection, row: Mapping[str, Any], values: dict[str, Any], event: _Event, *, now: datetime, by: str) -> None:
    before = {name: row[name].isoformat() if isinstance(row[name], date) else row[name] for name in values}
    if values:
        connection.execute(sa.update(alerts).where(alerts.c.id == row["id"]).values(**values))
    kept = {"alert_id": row["id"], "at": now, "who": by, "action": event.action, "note": event.note, "before": before, "batch": event.batch}
    connection.execute(sa.insert(alert_events).values(**kept))


def _from_json(name: str, value: Any) -> Any:
    if value is None or name not in CHANGED or not isinstance(alerts.c[name].type, sa.Date | sa.DateTime):
        return value
    return datetime.fromisoformat(value) if isinstance(alerts.c[name].type, sa.DateTime) else date.fromisoformat(value)


def _first_order_after(connection: sa.Connection, customer_id: str, day: date) -> tuple[date, float] | None:
    """The day and money of the customer's first day with an order after `day`, None without one."""
    last = connection.execute(sa.select(customer_facts.c.last_order).where(customer_facts.c.customer_id == customer_id)).scalar()
    if last is None or last <= day:
        return None
    query = (
        sa.select(customer_orders.c.day, sa.func.sum(customer_orders.c.amount).label("amount"))
        .where(customer_orders.c.customer_id == customer_id, customer_orders.c.day > day)
        .group_by(customer_orders.c.day)
        .order_by(customer_orders.c.day)
        .limit(1)
    )
    row = connection.execute(query).first()
    return (row.day, row.amount) if row else None


def _rows(connection: sa.Connection, query: sa.Select[Any]) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in connection.execute(query).mappings()]
