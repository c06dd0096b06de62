"""The work list as screens and messages read it: alerts that may be worked on, one alert with its history, and what was marked no risk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import pandas as pd
import sqlalchemy as sa

from ml.queries import calls, customers
from ml.queries.listing import Listing
from ml.queries.service import Service
from ml.store.alerts import CLOSED, LIVE, OPENED, WITHDRAWN
from ml.store.schema import users
from ml.store.schema_alerts import alert_events, alerts

ALERTS = (
    "id", "customer_id", "kind", "state", "opened_at", "opened_by", "as_of", "horizon_days", "probability", "value_at_risk",
    "expected_profit", "owner", "due_on", "snoozed_until", "watch_until", "contacted_on", "closed_at", "order_day", "order_amount",
)  # fmt: skip
WORK: tuple[str, ...] = ("todo", "contacted", "snoozed", "closed")
BANDS: tuple[float, ...] = (0.0, 0.3, 0.5, 0.7, 0.85, 1.0)
FEWEST_JUDGED = 20
FEWEST_IN_BAND = 5
TOO_MANY_REFUSED = 1 / 3


@dataclass(frozen=True)
class Alert:
    """One alert. Money is as recorded; moments are naive UTC; None where it does not apply yet."""

    id: int
    customer_id: str
    kind: str
    state: str
    opened_at: datetime
    opened_by: str
    as_of: date
    horizon_days: int
    probability: float | None
    value_at_risk: float | None
    expected_profit: float | None
    owner: str | None
    due_on: date | None
    snoozed_until: date | None
    watch_until: date
    contacted_on: date | None
    closed_at: datetime | None
    order_day: date | None
    order_amount: float | None

    @property
    def is_live(self) -> bool:
        """Whether it is still worked on."""
        return self.state in LIVE


class Event(NamedTuple):
    """Something that happened to an alert: an action of the store, by whom, with the note if there was one."""

    at: datetime
    who: str
    action: str
    note: str | None
    undone: bool


class Press(NamedTuple):
    """The last press of a person on the work list, which can be taken back: what was done ("opened" alone, or what opened it was for),
    to how many alerts, and to whom where it was one customer."""

    batch: int
    action: str
    alerts: int
    at: datetime
    customer_id: str | None


@dataclass(frozen=True)
class Refused:
    """Of the alerts a person judged, the share marked no risk by probability when opened: `bands` has low, high, judged, refused, share.

    `threshold` is the lowest probability from which fewer than a third of the alerts were so marked; None while too few were judged.
    """

    judged: int
    bands: pd.DataFrame
    threshold: float | None


def with_work(rows: Listing) -> Listing:
    """The rows of `customers.listed` with the newest alert of each customer's present silence: alert_id, work (one of WORK), owner, due_on.

    A customer without an alert, and one whose alert is open, is to do.
    """
    newest = sa.select(sa.func.max(alerts.c.id)).where(alerts.c.state != WITHDRAWN).group_by(alerts.c.customer_id)
    mine = (alerts.c.customer_id == rows.c.customer_id) & alerts.c.id.in_(newest)
    state, of_now = alerts.c.state, sa.or_(alerts.c.state.in_(LIVE), alerts.c.as_of >= rows.c.last_order)
    work = sa.case(
        (sa.and_(of_now, state.in_(("contacted", "snoozed"))), state), (sa.and_(of_now, state.in_(CLOSED)), "closed"), else_="todo"
    )
    present = {"alert_id": alerts.c.id, "owner": alerts.c.owner, "due_on": alerts.c.due_on}
    return rows.beside(alerts, mine, work=work, **{name: sa.case((of_now, column)) for name, column in present.items()})


def to_do(rows: Listing) -> Listing:
    """The rows of `customers.listed` whom nobody has dealt with yet in their present silence, with the columns of `with_work`."""
    told = with_work(rows)
    return told.where(told.c.work == "todo")


def listed(conn: sa.Connection, service: Service, ids: Sequence[int] | None = None) -> pd.DataFrame:
    """Live alerts (or those of these ids) of customers who may be contacted, most money first: the columns of ALERTS, then name and phone.

    What a message lists: nobody held out or opted out is in it.
    """
    query = sa.select(*(alerts.c[name] for name in ALERTS)).where(alerts.c.state.in_(LIVE))
    if ids is not None:
        query = query.where(alerts.c.id.in_(list(ids)))
    frame = _typed(pd.DataFrame(conn.execute(query).all(), columns=list(ALERTS)))
    named = customers.facts(conn)[["customer_id", "name", "phone", "unpaid_amount"]]
    reachable = calls.reachable(conn, frame, service.day).merge(named, on="customer_id", how="left")
    return reachable.sort_values(["value_at_risk", "id"], ascending=[False, True], na_position="last").reset_index(drop=True)


def one(conn: sa.Connection, alert_id: int) -> Alert | None:
    """The alert of that number, None when there is none."""
    row = conn.execute(sa.select(*(alerts.c[name] for name in ALERTS)).where(alerts.c.id == alert_id)).one_or_none()
    return None if row is None else Alert(**row._mapping)


def of_customer(conn: sa.Connection, customer_id: str) -> list[Alert]:
    """All alerts of a customer but those that were opened by mistake, newest first."""
    mine = (alerts.c.customer_id == customer_id, alerts.c.state != WITHDRAWN)
    query = sa.select(*(alerts.c[name] for name in ALERTS)).where(*mine)
    return [Alert(**row._mapping) for row in conn.execute(query.order_by(alerts.c.id.desc()))]


def history(conn: sa.Connection, alert_id: int) -> list[Event]:
    """What happened to an alert, newest first; what was taken back is marked so."""
    table = alert_events
    columns = (table.c.at, table.c.who, table.c.action, table.c.note, table.c.undone_at)
    rows = conn.execute(sa.select(*columns).where(table.c.alert_id == alert_id).order_by(table.c.id.desc()))
    return [Event(row.at, row.who, row.action, row.note, row.undone_at is not None) for row in rows]


def last_press(conn: sa.Connection, who: str, since: datetime) -> Press | None:
    """The newest press of this person since then that is not taken back; None when there is none."""
    table = alert_events
    done = sa.func.coalesce(sa.func.min(sa.case((table.c.action != OPENED, table.c.action))), OPENED)
    several = sa.func.count(table.c.alert_id.distinct())
    whom = sa.case((several == 1, sa.func.min(alerts.c.customer_id)))
    row = conn.execute(
        sa.select(table.c.batch, done, several, sa.func.max(table.c.at), whom)
        .join(alerts, alerts.c.id == table.c.alert_id)
        .where(table.c.who == who, table.c.at >= since, table.c.undone_at.is_(None))
        .group_by(table.c.batch)
        .order_by(table.c.batch.desc())
        .limit(1)
    ).first()
    return None if row is None else Press(*row)


def refused(conn: sa.Connection) -> Refused:
    """How often people marked alerts "not a risk", by band of the probability with which they were opened."""
    judged = ("contacted", *CLOSED)
    rows = conn.execute(
        sa.select(alerts.c.probability, alerts.c.state).where(
            alerts.c.state.in_(judged),
            alerts.c.probability.is_not(None),
            sa.or_(alerts.c.state == "not_a_risk", alerts.c.contacted_on.is_not(None)),
        )
    ).all()
    frame = pd.DataFrame(rows, columns=["probability", "state"]).astype({"probability": "float64"})
    frame["no"] = frame["state"] == "not_a_risk"
    told = []
    for low, high in zip(BANDS, BANDS[1:], strict=False):
        within = frame[(frame["probability"] >= low) & ((frame["probability"] < high) | (high == BANDS[-1]))]
        told.append({"low": low, "high": high, "judged": len(within), "refused": int(within["no"].sum())})
    bands = pd.DataFrame(told)
    bands["share"] = bands["refused"] / bands["judged"].where(bands["judged"] > 0)
    return Refused(len(frame), bands, _threshold(frame))


def workers(conn: sa.Connection) -> dict[str, str]:
    """Who can own an alert: e-mail address -> name of every enabled administrator and analyst."""
    query = sa.select(users.c.email, users.c.name).where(users.c.role.in_(("admin", "analyst")), users.c.disabled_at.is_(None))
    return {row.email: row.name for row in conn.execute(query.order_by(users.c.name))}


def _threshold(frame: pd.DataFrame) -> float | None:
    """The lowest edge of BANDS from which fewer than TOO_MANY_REFUSED of the alerts were refused, with enough of them left."""
    if len(frame) < FEWEST_JUDGED:
        return None
    for low in BANDS[:-1]:
        above = frame[frame["probability"] >= low]
        if len(above) >= FEWEST_IN_BAND and above["no"].mean() < TOO_MANY_REFUSED:
            return low
    return None


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    days: dict[str, Any] = dict.fromkeys(("as_of", "due_on", "snoozed_until", "watch_until", "contacted_on", "order_day"), "datetime64[us]")
    numbers = dict.fromkeys(("probability", "value_at_risk", "expected_profit", "order_amount"), "float64")
    return frame.astype(days | numbers | {"customer_id": "str", "state": "str"})
