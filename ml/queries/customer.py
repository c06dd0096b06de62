"""One customer: how it is found, who it is, what it ordered and what is expected of it."""

import math
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

import pandas as pd
import sqlalchemy as sa

from ml.queries import calls
from ml.queries.advice import Known
from ml.queries.customers import FACTS
from ml.queries.service import Service
from ml.store import schema
from ml.store.preferences import Preferences
from ml.store.searching import LONGEST, matches

FOUND = ("customer_id", "name", "customer_type", "zone", "last_order", "orders_365", "spend_365")
ORDERS = ("day", "order_id", "amount", "quantity", "is_paid")
PRODUCTS = ("product_id", "name", "orders", "quantity_per_order", "amount", "last_day")
MOST_FOUND = 50
PAGE_ROWS = 200
PAST_READINGS = 120
LONG_PAUSE = 2.5
SHORTEST_PAUSE = 7
MOST_PAUSES = 3
MOVED = 0.2


@dataclass(frozen=True)
class Profile:
    """Who a customer is, as last read. Money is as recorded; None where the company does not say."""

    customer_id: str
    name: str | None
    customer_type: str | None
    zone: str | None
    phone: str | None
    email: str | None
    contact_opt_out: bool
    first_order: date | None
    last_order: date | None
    orders_total: int
    orders_365: int
    spend_total: float
    spend_365: float
    spend_before_silence: float | None
    typical_gap_days: float | None
    unpaid_amount: float | None
    unpaid_since: date | None


@dataclass(frozen=True)
class Outlook:
    """What the release in service says of a customer. `horizon_days` is H; the dates hold if an order comes within H (80 % range)."""

    population: str
    probability: float
    horizon_days: int
    days_since_last_order: float | None
    gap_days: float | None
    reasons: list[dict[str, Any]] = field(hash=False)
    value_12m: float | None
    value_at_risk: float | None
    next_date: date | None
    next_lo: date | None
    next_hi: date | None


class Event(NamedTuple):
    """Something of note in a customer's life: its day, a code and the facts of its sentence."""

    day: date
    code: str
    params: dict[str, Any]


def find(conn: sa.Connection, wanted: str, *, by_id_only: bool = False) -> pd.DataFrame:
    """Customers that match what was typed (name, phone or id; accents, case and hidden characters do not matter), those who buy most first.

    Columns FOUND, at most MOST_FOUND rows; nothing typed = the largest customers. `by_id_only` is for readers who may not see names and
    phones: they must not find out by trying, either.
    """
    table = schema.customer_facts
    query = sa.select(*(table.c[name] for name in FOUND)).order_by(table.c.spend_365.desc(), table.c.customer_id).limit(MOST_FOUND)
    if wanted.strip():
        by_id = sa.func.lower(table.c.customer_id).contains(_storable(wanted).strip().lower()[:LONGEST], autoescape=True)
        query = query.where(by_id if by_id_only else matches(table.c.search, wanted))
    rows = conn.execute(query).all()
    return pd.DataFrame(rows, columns=list(FOUND)).astype({"last_order": "datetime64[us]", "spend_365": "float64"})


def profile(conn: sa.Connection, customer_id: str) -> Profile | None:
    """Who the customer is; None when there is no such customer."""
    table = schema.customer_facts
    row = conn.execute(sa.select(*(table.c[name] for name in FACTS)).where(table.c.customer_id == _storable(customer_id))).one_or_none()
    return None if row is None else Profile(**row._mapping)


def outlook(conn: sa.Connection, service: Service, customer_id: str) -> Outlook | None:
    """What is expected of the customer; None for one without a score (no order yet, or none before the model's day)."""
    measures = ("churn_probability", "next_order_date", "value_12m", "value_at_risk")
    said = {row.measure: row for row in _said(conn, service, measures, customer_id)}
    churn, coming = said.get("churn_probability"), said.get("next_order_date")
    if churn is None or churn.value is None:
        return None
    detail, days = churn.detail or {}, (coming.detail or {}) if coming is not None else {}
    dates = {name: date.fromisoformat(days[name]) if days.get(name) else None for name in ("date", "lo", "hi")}
    return Outlook(
        population=detail.get("population", "active"),
        probability=churn.value,
        horizon_days=churn.window_days,
        days_since_last_order=detail.get("days_since_last_order"),
        gap_days=detail.get("typical_gap_days"),
        reasons=detail.get("reasons") or [],
        value_12m=said["value_12m"].value if "value_12m" in said else None,
        value_at_risk=said["value_at_risk"].value if "value_at_risk" in said else None,
        next_date=dates["date"],
        next_lo=dates["lo"],
        next_hi=dates["hi"],
    )


def known(said: Outlook, chosen: Preferences, *, kept_from_contact: bool) -> Known:
    """What `advice.standing` wants to know of a customer."""
    silence = said.days_since_last_order, said.gap_days
    worth = calls.is_worth_a_call(said.value_at_risk, said.horizon_days, chosen)
    return Known(said.probability, said.population, said.horizon_days, said.next_hi, *silence, kept_from_contact, worth)


def segment(conn: sa.Connection, service: Service, customer_id: str) -> str | None:
    """The code of the customer's segment, None where it has none."""
    for row in _said(conn, service, ("segment",), customer_id):
        return (row.detail or {}).get("name")
    return None


def orders(conn: sa.Connection, customer_id: str, page: int = 1) -> pd.DataFrame:
    """A page of PAGE_ROWS orders, newest first, the first page being 1: columns ORDERS; `is_paid` None where payments are not recorded."""
    table = schema.customer_orders
    rows = conn.execute(
        sa.select(*(table.c[name] for name in ORDERS))
        .where(table.c.customer_id == customer_id)
        .order_by(table.c.day.desc(), table.c.order_id.desc())
        .limit(PAGE_ROWS)
        .offset((max(page, 1) - 1) * PAGE_ROWS)
    ).all()
    frame = pd.DataFrame(rows, columns=list(ORDERS)).astype({"day": "datetime64[us]", "amount": "float64", "quantity": "float64"})
    return frame.astype({"is_paid": "boolean"})


def order_pages(conn: sa.Connection, customer_id: str) -> int:
    """How many pages of orders there are, at least 1."""
    table = schema.customer_orders
    count = conn.execute(sa.select(sa.func.count()).where(table.c.customer_id == customer_id)).scalar() or 0
    return max(-(-count // PAGE_ROWS), 1)


def order_days(conn: sa.Connection, customer_id: str) -> pd.DataFrame:
    """The days on which the customer ordered, oldest first: day, amount, orders."""
    table = schema.customer_orders
    rows = conn.execute(
        sa.select(table.c.day, sa.func.sum(table.c.amount), sa.func.count())
        .where(table.c.customer_id == customer_id)
        .group_by(table.c.day)
        .order_by(table.c.day)
    ).all()
    return pd.DataFrame(rows, columns=["day", "amount", "orders"]).astype({"day": "datetime64[us]", "amount": "float64"})


def products(conn: sa.Connection, customer_id: str) -> pd.DataFrame:
    """What the customer usually buys, most frequent first: columns PRODUCTS. Empty where the company records no order lines."""
    table = schema.customer_products
    rows = conn.execute(
        sa.select(*(table.c[name] for name in PRODUCTS))
        .where(table.c.customer_id == customer_id)
        .order_by(table.c.orders.desc(), table.c.amount.desc(), table.c.product_id)
    ).all()
    numbers = dict.fromkeys(("quantity_per_order", "amount"), "float64")
    return pd.DataFrame(rows, columns=list(PRODUCTS)).astype({"last_day": "datetime64[us]", **numbers})


def past_probabilities(conn: sa.Connection, customer_id: str) -> pd.DataFrame:
    """The probability of leaving as said at each past reading, oldest first: as_of, probability. On one day the newest release counts.

    Releases and days are looked up first, so that the database seeks single rows instead of walking through all predictions.
    """
    table, pointer, reading = schema.predictions, schema.release_pointer, schema.reading
    releases = dict(
        conn.execute(
            sa.select(pointer.c.release_id, sa.func.max(pointer.c.seq))
            .where(pointer.c.predictor == "customers")
            .group_by(pointer.c.release_id)
        ).all()
    )
    days = conn.execute(sa.select(reading.c.as_of).distinct().order_by(reading.c.as_of.desc()).limit(PAST_READINGS)).scalars().all()
    rows = conn.execute(
        sa.select(table.c.as_of, table.c.release_id, table.c.value).where(
            table.c.release_id.in_(list(releases)),
            table.c.predictor == "customers",
            table.c.measure == "churn_probability",
            table.c.as_of.in_(days),
            table.c.entity_type == "customer",
            table.c.entity_id == customer_id,
        )
    ).all()
    newest = {day: value for day, _, value in sorted(rows, key=lambda row: (row.as_of, releases[row.release_id])) if value is not None}
    frame = pd.DataFrame(sorted(newest.items()), columns=["as_of", "probability"])
    return frame.astype({"as_of": "datetime64[us]", "probability": "float64"})


def timeline(who: Profile, days: pd.DataFrame, risks: pd.DataFrame) -> list[Event]:
    """What is of note in the customer's life, newest first: first, largest and last order, long pauses, debts, and when the risk moved.

    `days` is a frame of `order_days`, `risks` one of `past_probabilities`.
    """
    events = []
    if who.unpaid_since is not None and who.unpaid_amount:
        events.append(Event(who.unpaid_since, "unpaid_since", {"money": who.unpaid_amount}))
    dates, amounts = [day.date() for day in days["day"]], days["amount"].tolist()
    if dates:
        largest = amounts.index(max(amounts))
        places = {"first_order": 0} | ({"last_order": -1, "largest_order": largest} if len(dates) > 1 else {})
        events += [Event(dates[place], code, {"money": amounts[place]}) for code, place in places.items()]
    events += _pauses(dates, who.typical_gap_days)
    events += _moves([day.date() for day in risks["as_of"]], risks["probability"].tolist())
    return sorted(events, key=lambda event: event.day, reverse=True)


def _pauses(dates: list[date], gap_days: float | None) -> list[Event]:
    """The longest pauses that were long for this customer and ended."""
    if gap_days is None:
        return []
    pauses = [((after - before).days, after) for before, after in zip(dates, dates[1:], strict=False)]
    long = sorted((pause for pause in pauses if pause[0] >= max(LONG_PAUSE * gap_days, SHORTEST_PAUSE)), reverse=True)
    return [Event(day, "came_back", {"days": float(pause)}) for pause, day in long[:MOST_PAUSES]]


def _moves(dates: list[date], risks: list[float]) -> list[Event]:
    """Where the risk differs from the last noted one by MOVED or more."""
    events: list[Event] = []
    noted = risks[0] if risks else 0.0
    for day, risk in zip(dates, risks, strict=True):
        if abs(risk - noted) >= MOVED:
            events.append(Event(day, "risk_rose" if risk > noted else "risk_fell", {"before": noted, "now": risk}))
            noted = risk
    return events


def _said(conn: sa.Connection, service: Service, measures: tuple[str, ...], customer_id: str) -> list[sa.Row[Any]]:
    table = schema.predictions
    return list(
        conn.execute(
            sa.select(table.c.measure, table.c.value, table.c.window_days, table.c.detail).where(
                table.c.release_id == service.release_id,
                table.c.predictor == service.predictor,
                table.c.measure.in_(measures),
                table.c.as_of == service.as_of,
                table.c.entity_type == "customer",
                table.c.entity_id == _storable(customer_id),
            )
        )
    )


def _storable(text: str) -> str:
    """What a database can be asked: without NUL and halves of characters, which no database takes."""
    return "".join(letter for letter in text if letter != "\x00" and not "\ud800" <= letter <= "\udfff")


def discounted(value_12m: float | None, yearly_rate: float) -> float | None:
    """What money that comes evenly over the next twelve months is worth today.

    >>> round(discounted(100_000.0, 0.10)), discounted(100_000.0, 0.0), discounted(None, 0.10)
    (95382, 100000.0, None)
    """
    if value_12m is None or yearly_rate == 0:
        return value_12m
    return value_12m * (1 - 1 / (1 + yearly_rate)) / math.log1p(yearly_rate)


def days_owed(who: Profile, as_of: date) -> int | None:
    """For how many days the customer has owed, None without a debt."""
    if not who.unpaid_amount or who.unpaid_since is None:
        return None
    return max((as_of - who.unpaid_since) // timedelta(days=1), 0)
