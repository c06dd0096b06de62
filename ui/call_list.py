"""The call lists of the Churn screen in words: which one is asked for, its headline numbers, its columns, and a page of it."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import pandas as pd
import streamlit as st

from ml.i18n import advice
from ml.queries import call_list, calls, customers
from ml.queries.call_list import Asked, Totals
from ml.queries.customers import Gate
from ml.queries.standings import standings
from ui import alerts, charts, data, filters, tables, work_list
from ui.blocks import Card
from ui.format import md
from ui.glossary import term
from ui.screen import Screen
from ui.tables import Column

CURVE_CALLS = 60
SILENCES = (0, 30, 60, 90)


class Picked(NamedTuple):
    """A list as it is to be shown: how many customers it has, its columns, the headline numbers, its heading."""

    rows: int
    columns: Sequence[Column]
    cards: list[Card]
    heading: str


def which(screen: Screen, asked: Asked, worth: int, gate: Gate) -> tuple[str, str]:
    """The control that says which of the customers to list, and the words of the choice; nothing to choose where only the own rhythm says
    something."""
    t, f, chosen = screen.t, screen.f, asked.chosen
    if asked.tab == "win_back":
        silences = {str(days): t("Silent for {n} days", n=days) if days else t("All") for days in SILENCES}
        days = filters.choose(screen, t("Silence"), "silent", silences)
        return days, silences[days]
    if gate.usable is False:
        return "rhythm", ""
    rules = {
        "profit": t("Worth a call"),
        "probability": t("Risk from {share}", share=f.percent(chosen.churn_threshold)),
        "all": t("All"),
    }
    rule = filters.choose(screen, t("Which"), "rule", rules, default=chosen.alert_rule if worth else "all")
    if rule == "profit" and not worth:  # costs tried after it was chosen: the list stays in view, the screen says why nobody is worth it
        rule = "all"
    return rule, rules[rule]


def picked(now: Screen, asked: Asked) -> Picked:
    """The list that was asked for. `now` stands on `stamps.alerts`, here and below."""
    found = data.ask(call_list.totals, asked)
    if asked.tab == "win_back":
        usable = now.read(customers.has_signal, asked.service)
        columns = told(alerts.win_back_columns(now, usable=usable), found)
        return Picked(found.rows, columns, win_back_cards(now, found, usable=usable), now.t("Win back"))
    head = now.read(call_list.head, asked._replace(which=""))
    if asked.which == "rhythm":
        columns, cards = told(alerts.rhythm_columns(now), found), rhythm_cards(now, found, head.sizes["at_risk"])
        return Picked(found.rows, columns, cards, now.t("Latest by their own rhythm"))
    heading = now.t("First to call") if head.worth else now.t("Most at stake, not worth a call at these costs")
    cards = risk_cards(now, found, head.sizes["at_risk"], data.ask(call_list.mean_risk, asked))
    columns = told(alerts.risk_columns(now, to_call=asked.which == "profit"), found)
    return Picked(found.rows, columns, cards, heading)


def show(screen: Screen, now: Screen, asked: Asked, found: Picked) -> None:
    """The first customers to call, the whole list page by page, what can be done with several at once, and the list as a file."""
    rows = partial(now.kept, page, asked)
    if asked.tab == "at_risk" and asked.stage == "todo":
        st.subheader(found.heading, anchor=False)
        alerts.first_calls(screen, rows(0))
        st.subheader(screen.t("The whole list"), anchor=False)
    name, alt = f"customers-{asked.tab}", screen.t("Customers with money at stake, risk and reason")
    tables.show(screen, tables.Pages(found.rows, rows), found.columns, alt=alt, key=name, opens=True)
    work_list.several(screen, rows(0))
    tables.export(screen, partial(everyone, now, asked), exported(screen, found.columns), name=name)


def told(columns: Sequence[Column], found: Totals) -> list[Column]:
    """The columns without those that say nothing of any row: whose turn it is while nobody has taken one, debts while nobody owes."""
    silent = {name for name, count in (("worked_by", found.taken), ("unpaid_amount", found.owing)) if not count}
    return [column for column in columns if column.name not in silent]


def page(now: Screen, asked: Asked, start: int) -> pd.DataFrame:
    """The rows of the list from `start` on, as one page shows them."""
    return _said(now, asked, data.ask(call_list.page, asked, start, tables.PAGE_ROWS))


def everyone(now: Screen, asked: Asked) -> pd.DataFrame:
    """The whole list as it is exported: as it stands when somebody asks for the file."""
    asked = asked._replace(service=data.newest(asked.service))
    return _said(now, asked, data.ask(call_list.page, asked))


def exported(screen: Screen, columns: Sequence[Column]) -> list[Column]:
    """The columns of the file of a list: those of the screen, what to do, and the phone."""
    return [*(column for column in columns if column.name != "action"), alerts.action(screen), Column("shown_phone", screen.t("Phone"))]


def _said(now: Screen, asked: Asked, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows as people read them, with `action`: what to do, in two or three words."""
    stands = standings(frame, asked.chosen, asked.service.day, usable=now.read(customers.has_signal, asked.service))
    return alerts.said_of_work(now, frame).assign(action=[now.t(advice.SHORT[one.advice]) for one in stands])


def curve(now: Screen, asked: Asked, worth: int) -> None:
    """The expected profit by number of calls."""
    best = data.ask(call_list.gains, asked, CURVE_CALLS)
    figure = charts.gain_curve(now, best, min(worth, CURVE_CALLS))
    charts.draw(figure, alt=now.t("Expected profit by number of calls; {n} calls are worth their cost", n=worth), key="curve")


def risk_cards(screen: Screen, found: Totals, active: int, risk: float) -> list[Card]:
    """Money at stake, calls worth making, what they earn on average, and how many customers are watched, with their mean risk."""
    t, f = screen.t, screen.f
    return [
        Card(t("At stake ({basis})", basis=screen.basis), f.money(found.value_at_risk), help=term(t, "money at risk")),
        Card(t("Customers in this list"), f.number(found.rows), note=t("of {n} active", n=f.number(active))),
        Card(t("Expected profit of these calls"), f.money(found.expected_profit), help=term(t, "expected profit")),
        Card(t("Mean risk of the active"), f.percent(risk), help=term(t, "risk of leaving")),
    ]


def rhythm_cards(screen: Screen, found: Totals, active: int) -> list[Card]:
    """How many are later than their own pause, and what they buy."""
    t, f = screen.t, screen.f
    return [
        Card(t("Later than their own pause"), f.number(found.rows), note=t("of {n} active", n=f.number(active))),
        Card(t("Sales of these in 12 months"), f.money(found.spend_365)),
    ]


def no_call_is_worth_it(now: Screen, asked: Asked) -> str:
    """Why the rule "worth a call" picks nobody: the costs it counts with, who comes nearest, and what would have to hold; markdown."""
    t, f, chosen = now.t, now.f, asked.chosen
    costs = t(
        "With a cost of {cost} per call, a margin of {margin}, {save} of calls that help and {days} days of buying from a kept customer, "
        "no call is worth its cost.",
        cost=md(f.money(chosen.call_cost)),
        margin=md(f.percent(chosen.gross_margin)),
        save=md(f.percent(chosen.save_rate)),
        days=md(f.number(chosen.kept_days)),
    )
    nearest = data.ask(call_list.nearest, asked)
    if nearest.empty:
        return costs
    row = alerts.said(now, nearest).iloc[0]
    reached = t(
        "Nearest is {name}: {money} at stake, {profit} expected from a call. It pays from {needed} at stake. The list stands by money at "
        "stake.",
        name=md(row["who"]),
        money=md(f.money(row["value_at_risk"])),
        profit=md(f.money(row["expected_profit"])),
        needed=md(f.money(calls.worth_from(chosen, int(row["horizon_days"])))),
    )
    return f"{costs} {reached}"


def win_back_cards(screen: Screen, found: Totals, *, usable: bool | None) -> list[Card]:
    """How many are silent, what they bought in the year before, and how many may return by themselves, where that is `usable`."""
    t, f = screen.t, screen.f
    cards = [
        Card(t("Silent customers"), f.number(found.rows), help=term(t, "win back")),
        Card(t("In the year before ({basis})", basis=screen.basis), f.money(found.spend_before_silence)),
        Card(
            t("Expected to return by themselves"),
            f.number(found.come_back, 1),
            help=t("The sum of their probabilities of ordering again in time. A call should go first to those with value and a chance."),
        ),
    ]
    return cards[:2] if usable is False else cards
