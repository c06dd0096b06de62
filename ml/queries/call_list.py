"""The call lists: which customers stand in one, its headline numbers, and a page of it. Screens, messages and alerts ask here alike."""

from typing import Any, NamedTuple

import pandas as pd
import sqlalchemy as sa

from ml.queries import alerts, calls, customers
from ml.queries.listing import Listing, counted
from ml.queries.service import Service
from ml.store.preferences import Preferences


class Asked(NamedTuple):
    """A list: the release, the costs that count, the tab of calls.POPULATIONS, the state of work, and which of them: a rule of
    calls.RULES, "rhythm", or the days of silence."""

    service: Service
    chosen: Preferences
    tab: str
    stage: str
    which: str = ""


class Head(NamedTuple):
    """What stands above the lists: the horizon in days, how many customers each tab has, and of the one asked for how many there
    are and how many calls to them are worth their cost."""

    horizon: int
    sizes: dict[str, int]
    listed: int
    worth: int


class Totals(NamedTuple):
    """Sums over the rows of a list: money as recorded, `come_back` the sum of the chances to order again in time, `spend_365` sales of
    the last twelve months. What the list does not know is 0. `taken` counts rows with an owner or a day, `owing` those that owe."""

    rows: int
    value_at_risk: float
    expected_profit: float
    spend_365: float
    spend_before_silence: float
    come_back: float
    taken: int
    owing: int


SUMS = ("value_at_risk", "expected_profit", "spend_365", "spend_before_silence")


class Morning(NamedTuple):
    """The active customers in short: how many, and the horizon in days; of those whom nobody has dealt with yet the money at risk, how
    many have a high risk, how many calls are worth their cost, and the row of the first to call (empty without one); and how many calls
    that are worth their cost were dealt with."""

    active: int
    value_at_risk: float
    horizon_days: int
    high: int
    worth: int
    first: pd.DataFrame
    dealt_with: int


def eligible(conn: sa.Connection, service: Service, chosen: Preferences) -> pd.DataFrame:
    """The customers of `calls.eligible` as `ml.store.alerts.open_for` takes them, held out or not: never show or send these rows."""
    scored = customers.listed(conn, service, everybody=True)
    rows = customers.told(conn, service, calls.eligible(scored, chosen), most=chosen.alert_limit)
    return rows.assign(kind="at_risk", as_of=service.day)


def to_tell(conn: sa.Connection, service: Service, chosen: Preferences) -> pd.DataFrame:
    """The customers of `eligible` that a message names: those who may be contacted and whom nobody has dealt with yet, as on the screen."""
    rows = calls.eligible(customers.listed(conn, service, everybody=True), chosen)
    reachable = rows.where(rows.c.customer_id.not_in(calls.kept_from(conn, service.day)))
    return customers.told(conn, service, alerts.to_do(reachable), most=chosen.alert_limit)


def head(conn: sa.Connection, asked: Asked) -> Head:
    """The figures above the lists."""
    everybody = customers.listed(conn, asked.service)
    groups = {tab: counted(everybody.c.population == population) for tab, population in calls.POPULATIONS.items()}
    figures = everybody.totals(conn, horizon=sa.func.max(everybody.c.horizon_days), **groups)._mapping
    sizes = {tab: int(figures[tab]) for tab in groups}
    listed = watched(conn, asked)
    found = listed.totals(conn, rows=sa.func.count(), worth=counted(listed.c.expected_profit > 0))
    return Head(int(figures["horizon"] or 0), sizes, found.rows, int(found.worth) if asked.tab == "at_risk" else 0)


def watched(conn: sa.Connection, asked: Asked) -> Listing:
    """The customers of a tab whose work is at the stage asked for, with `expected_profit` and the columns of `alerts.with_work`."""
    told = alerts.with_work(calls.with_profit(_group(conn, asked), asked.chosen))
    return told.where(told.c.work == asked.stage)


def _group(conn: sa.Connection, asked: Asked) -> Listing:
    everybody = customers.listed(conn, asked.service)
    return everybody.where(everybody.c.population == calls.POPULATIONS[asked.tab])


def picked(conn: sa.Connection, asked: Asked) -> Listing:
    """The list that was asked for."""
    rows = watched(conn, asked)
    if asked.tab == "win_back":
        return calls.silent_for(rows.by("-spend_before_silence"), int(asked.which))
    if asked.which == "rhythm":
        return calls.by_rhythm(rows)
    return calls.picked(rows, asked.which, asked.chosen.churn_threshold, asked.chosen.alert_limit)


def totals(conn: sa.Connection, asked: Asked) -> Totals:
    """The sums over the list that was asked for."""
    rows = picked(conn, asked)
    column = {name: rows.c[name] if name in rows.c else sa.literal(0.0) for name in SUMS} | {"come_back": 1 - rows.c.probability}
    counts = {"taken": counted(sa.or_(rows.c.owner.is_not(None), rows.c.due_on.is_not(None))), "owing": counted(rows.c.unpaid_amount > 0)}
    sums = {name: sa.func.sum(value) for name, value in column.items()}
    found = rows.totals(conn, rows=sa.func.count(), **sums, **counts)._mapping
    told: dict[str, Any] = {name: float(found[name] or 0) for name in sums} | {name: int(found[name]) for name in ("rows", *counts)}
    return Totals(**told)


def mean_risk(conn: sa.Connection, asked: Asked) -> float:
    """The mean probability of leaving of the customers of a tab, whatever the state of work; NaN where there is nobody."""
    rows = _group(conn, asked)
    mean = rows.totals(conn, mean=sa.func.avg(rows.c.probability)).mean
    return float("nan") if mean is None else float(mean)


def page(conn: sa.Connection, asked: Asked, start: int = 0, most: int | None = None) -> pd.DataFrame:
    """At most `most` rows of the list from `start` on: the columns of `customers.told`, expected_profit, those of `alerts.with_work`,
    and lateness or return_probability where the list goes by them."""
    rows = customers.told(conn, asked.service, picked(conn, asked), start, most)
    return rows.assign(return_probability=1 - rows["probability"]) if asked.tab == "win_back" else rows


def nearest(conn: sa.Connection, asked: Asked) -> pd.DataFrame:
    """The row of `watched` whose call would earn most; empty where nobody's is known."""
    rows = watched(conn, asked).by("-expected_profit")
    return customers.told(conn, asked.service, rows.where(rows.c.expected_profit.is_not(None)), most=1)


def gains(conn: sa.Connection, asked: Asked, most: int) -> list[float]:
    """The expected profit of 1, 2, … calls to customers of `watched`, at most `most`."""
    return calls.gains(conn, watched(conn, asked), most)


def active(conn: sa.Connection, service: Service) -> Listing:
    """The active customers who may be contacted."""
    everybody = customers.listed(conn, service)
    return everybody.where(everybody.c.population == calls.POPULATIONS["at_risk"])


def morning(conn: sa.Connection, service: Service, chosen: Preferences) -> Morning:
    """How the active customers stand, and what is still to be done about them: the figures of the list "to do" of the screen."""
    everybody = calls.with_profit(active(conn, service), chosen)
    rows = alerts.to_do(everybody)
    worth = calls.picked(rows, "profit", chosen.churn_threshold, chosen.alert_limit)
    earns = everybody.c.expected_profit > 0
    people = everybody.totals(conn, count=sa.func.count(), horizon=sa.func.max(everybody.c.horizon_days), worth=counted(earns))
    known = rows.totals(
        conn,
        money=sa.func.sum(rows.c.value_at_risk),
        high=counted(rows.c.probability >= chosen.churn_threshold),
        worth=counted(rows.c.expected_profit > 0),
    )
    first = customers.told(conn, service, worth if known.worth else rows, most=1)
    figures = float(known.money or 0), int(people.horizon or 0), int(known.high), worth.count(conn)
    return Morning(people.count, *figures, first, int(people.worth) - int(known.worth))


def late(conn: sa.Connection, service: Service, most: int | None = None) -> tuple[int, pd.DataFrame]:
    """How many active customers whom nobody has dealt with yet are later than their own pause, and the first rows, latest first."""
    rows = calls.by_rhythm(alerts.to_do(active(conn, service)))
    return rows.count(conn), customers.told(conn, service, rows, most=most)
