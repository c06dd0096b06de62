"""The call lists of the Churn screen: which customers stand in one, its headline numbers, and a page of it."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from ml.queries import alerts as work
from ml.queries import calls, customers
from ml.queries.customers import Gate
from ml.queries.service import Service
from ml.store.preferences import Preferences
from ui import alerts, charts, data, filters, tables
from ui.blocks import Card
from ui.format import md
from ui.glossary import term
from ui.screen import Screen
from ui.tables import Column

CURVE_CALLS = 60
SILENCES = (0, 30, 60, 90)


class Asked(NamedTuple):
    """A list of the screen: the release, the costs that count, the tab of calls.POPULATIONS, the state of work, and which of
    them: a rule of calls.RULES, "rhythm", or the days of silence."""

    service: Service
    chosen: Preferences
    tab: str
    stage: str
    which: str = ""


class Picked(NamedTuple):
    """A list as it is to be shown: its rows and columns, the headline numbers, its heading."""

    rows: pd.DataFrame
    columns: Sequence[Column]
    cards: list[Card]
    heading: str


class Head(NamedTuple):
    """What stands above the lists: the horizon in days, how many customers each tab has, and of the one asked for how many there
    are and how many calls to them are worth their cost."""

    horizon: int
    sizes: dict[str, int]
    listed: int
    worth: int


def head(now: Screen, asked: Asked) -> Head:
    """The figures above the lists. `now` stands on `stamps.alerts`, here and below."""
    everybody = now.standing_on(()).read(customers.risk, asked.service)
    sizes = {tab: int((everybody["population"] == population).sum()) for tab, population in calls.POPULATIONS.items()}
    horizon, listed = int(everybody["horizon_days"].max()) if len(everybody) else 0, watched(now, asked)
    worth = int((listed["expected_profit"] > 0).sum()) if asked.tab == "at_risk" else 0
    return Head(horizon, sizes, len(listed), worth)


def watched(now: Screen, asked: Asked) -> pd.DataFrame:
    """The customers of a tab whose work is at the stage asked for, with `expected_profit` and the columns of `alerts.with_work`."""
    everybody = now.standing_on(()).read(customers.risk, asked.service)
    group = everybody[everybody["population"] == calls.POPULATIONS[asked.tab]]
    told = data.ask(work.with_work, calls.with_profit(group, asked.chosen))
    return told[told["work"] == asked.stage]


def which(screen: Screen, asked: Asked, worth: int, gate: Gate) -> str:
    """The control that says which of the customers to list; nothing to choose where only the own rhythm says something."""
    t, f, chosen = screen.t, screen.f, asked.chosen
    if asked.tab == "win_back":
        silences = {str(days): t("Silent for {n} days", n=days) if days else t("All") for days in SILENCES}
        return filters.choose(screen, t("Silence"), "silent", silences)
    if gate.usable is False:
        return "rhythm"
    rules = {
        "profit": t("Worth a call"),
        "probability": t("Risk from {share}", share=f.percent(chosen.churn_threshold)),
        "all": t("All"),
    }
    return filters.choose(screen, t("Which"), "rule", rules, default=chosen.alert_rule if worth else "all")


def picked(now: Screen, asked: Asked) -> Picked:
    """The list that was asked for."""
    frame = watched(now, asked)
    if asked.tab == "win_back":
        return _win_back(now, frame, int(asked.which))
    return _by_rhythm(now, frame) if asked.which == "rhythm" else _at_risk(now, frame, asked)


def page(now: Screen, asked: Asked, start: int) -> pd.DataFrame:
    """The rows of the list from `start` on, as one page shows them."""
    return alerts.said_of_work(now, picked(now, asked).rows.iloc[start : start + tables.PAGE_ROWS])


def _at_risk(now: Screen, frame: pd.DataFrame, asked: Asked) -> Picked:
    """Active customers by the rule that is chosen."""
    t, rows = now.t, calls.picked(frame, asked.which, asked.chosen.churn_threshold, asked.chosen.alert_limit)
    heading = t("First to call") if (frame["expected_profit"] > 0).any() else t("Most at stake, not worth a call at these costs")
    return Picked(rows, alerts.risk_columns(now), risk_cards(now, frame, rows), heading)


def _by_rhythm(now: Screen, frame: pd.DataFrame) -> Picked:
    """Active customers by their own rhythm alone, where the risk has no usable signal."""
    t, f, rows = now.t, now.f, calls.by_rhythm(frame)
    cards = [
        Card(t("Later than their own pause"), f.number(len(rows)), note=t("of {n} active", n=f.number(len(frame)))),
        Card(t("Sales of these in 12 months"), f.money(rows["spend_365"].sum())),
    ]
    return Picked(rows, alerts.rhythm_columns(now), cards, t("Latest by their own rhythm"))


def _win_back(now: Screen, frame: pd.DataFrame, days: int) -> Picked:
    """Silent customers by what they brought in the year before the silence."""
    silent = calls.silent_for(calls.value_before_silence(frame), days)
    rows = silent.assign(return_probability=1 - silent["probability"]).sort_values("yearly_value", ascending=False)
    return Picked(rows, alerts.win_back_columns(now), win_back_cards(now, rows), now.t("Win back"))


def curve(now: Screen, asked: Asked, worth: int) -> None:
    """The expected profit by number of calls."""
    best = calls.gains(watched(now, asked), CURVE_CALLS)
    figure = charts.gain_curve(now, best, min(worth, CURVE_CALLS))
    charts.draw(figure, alt=now.t("Expected profit by number of calls; {n} calls are worth their cost", n=worth), key="curve")


def risk_cards(screen: Screen, active: pd.DataFrame, picked: pd.DataFrame) -> list[Card]:
    """Money at stake, calls worth making, what they earn on average, and how many customers are watched."""
    t, f = screen.t, screen.f
    return [
        Card(t("At stake ({basis})", basis=screen.basis), f.money(picked["value_at_risk"].sum()), help=term(t, "money at risk")),
        Card(t("Customers in this list"), f.number(len(picked)), note=t("of {n} active", n=f.number(len(active)))),
        Card(
            t("Expected profit of these calls"),
            f.money(picked["expected_profit"].sum()),
            help=term(t, "expected profit"),
        ),
        Card(t("Mean risk of the active"), f.percent(active["probability"].mean()), help=term(t, "risk of leaving")),
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
    nearest = watched(now, asked).dropna(subset=["expected_profit"]).nlargest(1, "expected_profit")
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


def win_back_cards(screen: Screen, silent: pd.DataFrame) -> list[Card]:
    """How many are silent, what they bought per year before, and how likely the likeliest are to return."""
    t, f = screen.t, screen.f
    back = 1 - silent["probability"]
    return [
        Card(t("Silent customers"), f.number(len(silent)), help=term(t, "win back")),
        Card(t("Per year before ({basis})", basis=screen.basis), f.money(silent["yearly_value"].sum())),
        Card(
            t("Expected to return by themselves"),
            f.number(back.sum(), 1),
            help=t("The sum of their probabilities of ordering again in time. A call should go first to those with value and a chance."),
        ),
    ]
