"""The message about the coming week: orders and sales expected, the strongest day, and who is likely to order."""

from datetime import timedelta
from typing import Any, NamedTuple

import pandas as pd
import sqlalchemy as sa

from ml.i18n import mark
from ml.i18n.figures import Formatter
from ml.notify.audience import app_link, customer_links
from ml.notify.cells import name_of
from ml.notify.late_customers import WITHOUT_SIGNAL, first_lines, rhythm_entries, rhythm_table
from ml.notify.message_jobs import Finish, MessageJob, NothingPredicted, run_message_job
from ml.notify.messages import Chart, Link, Message, Table
from ml.queries import customers, demand, next_orders
from ml.queries.service import Service, in_service
from ml.reports.journal import Say
from ml.settings import Settings
from ml.store.values import load_preferences

NAME = "purchase_predictions"
WEEK, TOP, LISTED = 7, 3, 10
PRIORITIES: tuple[tuple[float, str, str], ...] = ((0.7, "high", mark("high")), (0.55, "medium", mark("medium")), (0.0, "low", mark("low")))


def run(
    settings: Settings, store: sa.Engine, *, run_id: int, say: Say, finish: Finish | None = None, dry_run: bool = False
) -> dict[str, Any]:
    """Tell the sales people what the week will bring; without anything expected: a line in the activity list."""
    return run_message_job(JOB, settings, store, run_id=run_id, say=say, finish=finish, dry_run=dry_run)


def compose(connection: sa.Connection, settings: Settings, f: Formatter) -> Message | None:
    """The message as of now, None when nothing is expected and nobody is likely to order. Raises NothingPredicted."""
    services = in_service(connection)
    volume, people = (services.get(name) for name in ("demand", "customers"))
    volume = volume if volume and volume.as_of else None
    people = people if people and people.as_of else None
    if volume is None and people is None:
        raise NothingPredicted("There are no predictions yet, so there is nothing to tell: run `python -m ml retrain` first.")
    threshold = load_preferences(connection).next_order_threshold
    likely = next_orders.likely(connection, people, services.get("segments"), threshold) if people else pd.DataFrame()
    by_rhythm = people is not None and customers.has_signal(connection, people) is False
    week = _Week(connection, volume) if volume else None
    if likely.empty and (week is None or week.orders is None):
        return None
    listed = _Listed(likely, threshold, by_rhythm)
    return _message(settings, f, week, listed, (volume or people).day)  # type: ignore[union-attr]


JOB = MessageJob(NAME, compose)


class _Week:
    """What the demand forecast says of the seven days after its as_of."""

    def __init__(self, connection: sa.Connection, service: Service) -> None:
        totals = {measure: demand.totals(connection, service, measure).get(WEEK) for measure in ("orders", "revenue")}
        self.orders, self.revenue = totals["orders"], totals["revenue"]
        self.days = demand.daily_forecast(connection, service, "orders", WEEK)
        self.first, self.last = service.day + timedelta(days=1), service.day + timedelta(days=WEEK)

    @property
    def open_days(self) -> int:
        return int(self.days["is_open"].sum()) or WEEK

    @property
    def peak(self) -> Any:
        return self.days["day"].iloc[int(self.days["value"].to_numpy().argmax())]


class _Listed(NamedTuple):
    """The customers to count on (`next_orders.likely`): from which chance on, or by rhythm where the chance has no usable signal."""

    customers: pd.DataFrame
    threshold: float
    by_rhythm: bool

    def counted(self, f: Formatter, **span: str) -> list[str]:
        """How many they are, in one sentence; by rhythm also why."""
        t, count = f.t, len(self.customers)
        if self.by_rhythm:
            told = t.plural(
                "{count} customer's own usual pause ends by {last} or has passed.",
                "{count} customers' own usual pause ends by {last} or has passed.",
                count, count=f.number(count), last=span["last"],
            )  # fmt: skip
            return [t(WITHOUT_SIGNAL), told]
        return [
            t.plural(
                "{count} customer has a chance of {share} or more of ordering from {first} to {last}.",
                "{count} customers have a chance of {share} or more of ordering from {first} to {last}.",
                count, count=f.number(count), share=f.percent(self.threshold), **span,
            )
        ]  # fmt: skip

    def rest(self, f: Formatter) -> list[str]:
        """That the list is not the whole; nothing where it is."""
        if len(self.customers) <= LISTED:
            return []
        n = f.number(LISTED)
        if self.by_rhythm:
            return [f.t("The {n} latest are listed; the link leads to all.", n=n)]
        return [f.t("The {n} likeliest are listed; the link leads to all.", n=n)]

    def first(self, f: Formatter, rows: list[dict[Any, Any]]) -> list[str]:
        """The first of them as short lines."""
        if self.by_rhythm:
            return first_lines(f, rows)[:TOP]
        return [
            f.t("{n}. {name}: {chance}", n=place, name=name_of(row), chance=f.percent(row["chance"]))
            for place, row in enumerate(rows[:TOP], 1)
        ]


def _message(settings: Settings, f: Formatter, week: _Week | None, listed: _Listed, as_of: Any) -> Message:
    t = f.t
    first, last = as_of + timedelta(days=1), as_of + timedelta(days=WEEK)
    expected = _expected(f, week)
    title = (
        t("Week of {first}: {n} orders expected", first=f.short_date(first), n=f.number(week.orders.value))
        if week and week.orders
        else t("Week of {first}: who is likely to order", first=f.short_date(first))
    )
    counted = listed.counted(f, first=f.short_date(first), last=f.short_date(last))
    rows = listed.customers.head(LISTED).to_dict("records")
    made = rhythm_table if listed.by_rhythm else _table
    return Message(
        kind=NAME,
        language=t.language,
        title=title,
        sentences=(*expected, *counted, *listed.rest(f), t("Data up to {day}.", day=f.day(as_of))),
        short=(title, *expected, *counted, *listed.first(f, rows)),
        link=Link(t("See all next orders"), app_link(settings, "next_orders")),
        table=made(f, rows, customer_links(settings, "customer", (row["customer_id"] for row in rows))) if rows else None,
        chart=_chart(f, week),
        facts=_facts(week, listed, as_of),
        customers=tuple(str(row["customer_id"]) for row in rows),
    )


def _expected(f: Formatter, week: _Week | None) -> list[str]:
    """The week in figures: orders with their range, sales, the average of an open day, the strongest day."""
    t = f.t
    if week is None or week.orders is None:
        return []
    orders = t(
        "Expected orders: {n} (8 of 10 weeks fall in {range}).",
        n=f.number(week.orders.value),
        range=f.span(week.orders.lo80, week.orders.hi80),
    )
    told = [orders]
    if week.revenue is not None:
        span = f.span(week.revenue.lo80, week.revenue.hi80, money=True)
        told.append(t("Expected sales: {money} ({range}).", money=f.money(week.revenue.value), range=span))
    average = t("On an open day {n} orders on average; the strongest day is {day}.",
                n=f.number(week.orders.value / week.open_days, 1), day=f"{f.weekday(week.peak)} {week.peak:%d-%m}")  # fmt: skip
    return [*told, average]


def _table(f: Formatter, rows: list[dict[Any, Any]], links: tuple[str, ...]) -> Table:
    t = f.t
    head = (t("Customer"), t("Chance"), t("Priority"), t("Expected on"), t("Days silent"), t("Value"))
    cells = [
        (
            name_of(row), f.percent(row["chance"]), t(_priority(row["chance"])[1]), f.short_date(row["next_date"]),
            f.number(row["days_since_last_order"]), f.money(row["order_value"]),
        )
        for row in rows
    ]  # fmt: skip
    return Table(head, tuple(cells), ("left", "right", "left", "left", "right", "right"), links)


def _chart(f: Formatter, week: _Week | None) -> Chart | None:
    if week is None or week.orders is None or week.days.empty:
        return None
    days = week.days.fillna({"lo80": week.days["value"], "hi80": week.days["value"]})
    numbers = (tuple(float(value) for value in days[name]) for name in ("value", "lo80", "hi80"))
    return Chart(
        f.t("Expected orders by day, with the range of 8 of 10 days"),
        tuple(f"{f.weekday(day, short=True)} {day:%d}" for day in days["day"]),
        *numbers,
    )


def _facts(week: _Week | None, listed: _Listed, as_of: Any) -> dict[str, Any]:
    likely = listed.customers
    told: dict[str, Any] = {"as_of": as_of.isoformat(), "likely": len(likely)}
    if week and week.orders:
        told |= {
            "expected_orders": round(week.orders.value, 2), "expected_revenue": round(week.revenue.value, 2) if week.revenue else None,
            "average_per_open_day": round(week.orders.value / week.open_days, 2), "peak_day": f"{week.peak:%Y-%m-%d}",
        }  # fmt: skip
    if listed.by_rhythm:
        return told | {"usable_signal": False, "customers": rhythm_entries(likely.head(LISTED))}
    told["customers"] = [
        {
            "customer_id": str(row["customer_id"]), "name": name_of(row), "probability": round(float(row["chance"]), 4),
            "priority": _priority(row["chance"])[0],
            "expected_date": None if pd.isna(row["next_date"]) else f"{row['next_date']:%Y-%m-%d}",
            "order_value": None if pd.isna(row["order_value"]) else round(float(row["order_value"]), 2),
        }
        for row in likely.head(LISTED).to_dict("records")
    ]  # fmt: skip
    return told


def _priority(chance: float) -> tuple[str, str]:
    """Code and msgid of a chance's priority.

    >>> _priority(0.8)[0], _priority(0.6)[0], _priority(0.4)[0]
    ('high', 'medium', 'low')
    """
    return next((code, text) for limit, code, text in PRIORITIES if chance >= limit)
