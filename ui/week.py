"""The parts of the Next orders screen: headline numbers of the coming week, and the list of who may order."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from ml.i18n import mark
from ml.queries import customers, demand, next_orders
from ml.queries.next_orders import COMING, WEEK, Lateness
from ml.queries.service import Service
from ui import alerts, data, texts
from ui.blocks import Card, Lead, leads
from ui.format import md
from ui.glossary import term
from ui.screen import Screen
from ui.tables import NAME, PAGE_ROWS, Column

Wanted = tuple[tuple[str, str | None], ...]
TABS = ("due", "overdue", "early")
STATES: Mapping[str, str] = {
    "due": mark("Due now"),
    "overdue": mark("Overdue"),
    "early": mark("Early"),
    "unknown": mark("No rhythm yet"),
    "too_late": mark("Silent for too long"),
}
MEANINGS: Mapping[str, str] = {
    "due": mark("Their own pause ends this week."),
    "overdue": mark("Their own pause has passed, but such customers usually still come back."),
    "early": mark("Their own pause ends later; some order earlier."),
    "all": mark("Everybody who may order, the largest expected amount first."),
}


ALL_BY_RHYTHM = mark("Everybody who may order, the latest by their own rhythm first.")


class Offered(NamedTuple):
    """What can be chosen: customers per state (and "all" that are coming), the communes, types and segments that occur."""

    counts: dict[str, int]
    zones: list[str]
    types: list[str]
    segments: list[str]


def offered(screen: Screen, service: Service, segments: Service | None) -> Offered:
    """What the release in service lets one choose."""
    everybody = screen.read(next_orders.coming, service, segments)
    counts = {state: int((everybody["state"] == state).sum()) for state in next_orders.STATES}
    counts["all"] = sum(counts[state] for state in COMING)
    zones, types = (sorted(everybody[name].dropna().unique()) for name in ("zone", "customer_type"))
    return Offered(counts, zones, types, [name for name in customers.SEGMENTS if (everybody["segment"] == name).any()])


def meaning(screen: Screen, state: str, *, usable: bool | None) -> str:
    """Who stands in the list of a state, and in which order, in one sentence."""
    return screen.t(ALL_BY_RHYTHM if state == "all" and usable is False else MEANINGS[state])


def cards(screen: Screen, scores: Service, segments: Service | None) -> list[Card]:
    """Orders, sales, mean per day and strongest day of the coming week from the demand forecast; how many customers are due."""
    t, f, service = screen.t, screen.f, screen.services.get("demand")
    counts = offered(screen, scores, segments).counts
    due = Card(
        t("Customers due"),
        f.number(counts["due"]),
        note=t("{n} more are overdue", n=f.number(counts["overdue"])),
        help=term(t, "own rhythm"),
    )
    if service is None or service.as_of is None:
        return [due]
    entries = []
    for measure, label in (("orders", t("Orders, next 7 days")), ("revenue", t("Sales, 7 days ({basis})", basis=screen.basis))):
        total, money = screen.read(demand.totals, service, measure).get(WEEK), measure == "revenue"
        if total is not None:
            value = f.money(total.value) if money else f.number(total.value)
            entries.append(Card(label, value, note=f.span(total.lo80, total.hi80, money=money), help=term(t, "range")))
    days = screen.read(demand.daily_forecast, service, "orders", WEEK)
    if len(days) and days["value"].max() > 0:
        peak = days.loc[days["value"].idxmax()]
        strongest = t("strongest: {day} with {n}", day=f.short_date(peak["day"]), n=f.number(peak["value"], 1))
        entries.append(Card(t("Orders per open day"), f.number(days.loc[days["is_open"], "value"].mean(), 1), note=strongest))
    return [*entries, due]


def _picked(screen: Screen, service: Service, segments: Service | None, state: str, wanted: Wanted) -> pd.DataFrame:
    return next_orders.chosen(screen.read(next_orders.coming, service, segments), state, dict(wanted))


def everyone(screen: Screen, service: Service, segments: Service | None, state: str, wanted: Wanted) -> pd.DataFrame:
    """The whole list as it is exported: as it stands when somebody asks for the file."""
    service, segments = data.newest(service), data.newest(segments) if segments else None
    found = next_orders.chosen(data.ask(next_orders.coming, service, segments), state, dict(wanted))
    return rows(screen, data.ask(next_orders.told, service, found))


def page(screen: Screen, service: Service, segments: Service | None, state: str, wanted: Wanted, start: int) -> pd.DataFrame:
    """The rows of the list from `start` on, as one page lists them."""
    shown = _picked(screen, service, segments, state, wanted).iloc[start : start + PAGE_ROWS]
    return rows(screen, data.ask(next_orders.told, service, shown))


def summary(screen: Screen, service: Service, segments: Service | None, state: str, wanted: Wanted) -> tuple[int, str]:
    """How many customers are listed, and how many orders and how much money to expect of them, as a sentence in markdown."""
    t, f, picked = screen.t, screen.f, _picked(screen, service, segments, state, wanted)
    return len(picked), t.plural(
        "Of this {count} customer: **{orders} orders** and **{money}** to expect this week",
        "Of these {count} customers: **{orders} orders** and **{money}** to expect this week",
        len(picked),
        count=f.number(len(picked)),
        orders=md(f.number(picked["chance"].sum(), 1)),
        money=md(f.money(picked["expected_money"].sum())),
    )


def left_out(screen: Screen, late: int, service: Service) -> None:
    """Who is not listed, and where they are: the `late`, silent for too long, or not to be contacted."""
    t, f = screen.t, screen.f
    if late:
        text = t.plural(
            "{count} customer has been silent for too long and stands on the call lists.",
            "{count} customers have been silent for too long and stand on the call lists.",
            late,
            count=f.number(late),
        )
        leads([Lead(text, "churn")])
    alerts.left_out(screen, service)


def rows(screen: Screen, picked: pd.DataFrame) -> pd.DataFrame:
    """Customers as they are listed: when, silence against the own pause, state and segment in words; names and links as for calls."""
    t, f = screen.t, screen.f
    when = [
        f"{f.short_date(day)} ({low:%d-%m} – {high:%d-%m})" if not pd.isna(day) and not pd.isna(low) and not pd.isna(high) else None
        for day, low, high in zip(picked["next_date"], picked["next_lo"], picked["next_hi"], strict=True)
    ]
    told: dict[str, Any] = {
        "when": when,
        "shown_state": [texts.label(t, STATES, state) for state in picked["state"]],
        "shown_segment": [texts.label(t, texts.SEGMENTS, name) if isinstance(name, str) else None for name in picked["segment"]],
    }
    return alerts.said(screen, picked).assign(**told)


def columns(screen: Screen, *, usable: bool | None) -> list[Column]:
    """How customers who may order are listed; the chance, and the money made of it, only where past windows show a signal."""
    t, hidden = screen.t, {"expected_money", "chance"} if usable is False else set()
    listed = [
        Column("who", t("Customer"), width=NAME),
        Column(
            "expected_money", t("Expected"), "money", t("Chance of an order this week × what an order of this customer usually brings.")
        ),
        *alerts.call(screen),
        Column("chance", t("Chance this week"), "bar", term(t, "chance this week")),
        Column("when", t("Expected on (8 of 10)"), help=term(t, "next order")),
        Column("silence", t("Silent"), help=term(t, "own rhythm")),
        *alerts.write(screen),
    ]
    return [column for column in listed if column.name not in hidden]


def exported(screen: Screen, *, usable: bool | None) -> list[Column]:
    """The columns of the file: those of the list, and what the list leaves out for space."""
    t = screen.t
    kept = [
        column
        for column in columns(screen, usable=usable)
        if column.kind != "link" and column.name not in ("when", "silence", "shown_phone")
    ]
    return [
        *kept,
        Column("next_date", t("Expected on"), "day"),
        Column("next_lo", t("From"), "day"),
        Column("next_hi", t("To"), "day"),
        Column("days_since_last_order", t("Days silent"), "number"),
        Column("gap_days", t("Own pause (days)"), "number", digits=1),
        Column("shown_state", t("State")),
        Column("shown_segment", t("Segment")),
        Column("zone", t("Commune")),
        Column("customer_type", t("Type")),
        Column("shown_phone", t("Phone")),
    ]


def lesson(screen: Screen, learnt: Lateness) -> str:
    """What the curve says, as a sentence in markdown."""
    t, f = screen.t, screen.f
    first = learnt.curve.iloc[0]
    start = t(
        "Of customers silent for longer than their own pause, **{share}** came back within {days} more days.",
        share=md(f.percent(first["share"])),
        days=f.number(learnt.within_days),
    )
    if learnt.too_late is None:
        return (
            start
            + " "
            + t("Even after {times} times the pause it is at least half: a call is rarely too late here.", times=_last(screen, learnt))
        )
    return (
        start
        + " "
        + t("After **{times} times** the pause it is fewer than half: from there on it is late.", times=md(f.number(learnt.too_late, 1)))
    )


def _last(screen: Screen, learnt: Lateness) -> str:
    return md(screen.f.number(learnt.curve["multiple"].iloc[-1], 1))
