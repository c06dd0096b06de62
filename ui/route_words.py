"""What the Routes screen says: a delivery's cost part by part, zones, tours, and what is missing."""

import pandas as pd
import streamlit as st

from ml.i18n.figures import NBSP
from ml.routing.delivery import DeliveryEstimate
from ui import texts
from ui.blocks import Card
from ui.format import md
from ui.glossary import term
from ui.screen import Screen
from ui.tables import Column

TOLD_FROM = 0.005
LONG_HOURS = 2
PARTS = tuple(texts.COST_PARTS)


def cards(screen: Screen, said: DeliveryEstimate) -> list[Card]:
    """Cost with its basis, distance, hours and priority of one delivery."""
    t, f = screen.t, screen.f
    return [
        Card(
            t("Estimated cost"),
            f.money(said.estimated_cost),
            note=texts.label(t, texts.COST_BASES, said.basis),
            help=term(t, "calculated or learnt"),
        ),
        Card(t("From the depot, in a straight line"), t("{n} km", n=f.number(said.distance_from_center_km, 1))),
        Card(t("Handed over after"), _time(screen, said.delivery_time_estimate_hours)),
        Card(
            t("Priority"),
            texts.label(t, texts.PRIORITIES, said.priority_level),
            help=t("High from a quarter of the van; medium from 8 % of it, for companies from 4 %."),
        ),
    ]


def part_rows(screen: Screen, said: DeliveryEstimate) -> pd.DataFrame:
    """The cost part by part, largest first, and in total: part, cost, share."""
    t, total = screen.t, said.estimated_cost
    rows = [(t(texts.COST_PARTS[name]), float(said.components[name])) for name in PARTS]
    frame = pd.DataFrame([*sorted(rows, key=lambda row: -row[1]), (t("Together"), total)], columns=["part", "cost"])
    return frame.assign(share=frame["cost"] / total if total else float("nan"))


def part_columns(screen: Screen) -> list[Column]:
    """How the parts are listed."""
    t = screen.t
    return [Column("part", t("Component")), Column("cost", t("Cost"), "money"), Column("share", t("Share"), "bar")]


def behind(screen: Screen, said: DeliveryEstimate) -> str:
    """Kilometres, hours, share of the van and correction that stand behind a cost, as a sentence."""
    t, f, parts = screen.t, screen.f, said.components
    told = t(
        "It adds {km} km and {time} to a tour and takes {share} of the van.",
        km=f.number(parts["kilometres"], 1), time=_time(screen, parts["hours"]), share=f.percent(parts["van_share"]),
    )  # fmt: skip
    if said.basis == "learnt" and abs(parts["correction"] - 1) >= TOLD_FROM:
        told += " " + t("Past tours cost {factor} times the formula; that is included.", factor=f.number(parts["correction"], 2))
    return told


def _time(screen: Screen, hours: float) -> str:
    """A time on the road as people say it: "36 min", from LONG_HOURS on "2,5 h"."""
    f = screen.f
    return f"{f.number(hours, 1)}{NBSP}h" if hours >= LONG_HOURS else f"{f.number(hours * 60)}{NBSP}min"


def zone_columns(screen: Screen) -> list[Column]:
    """How zones are listed."""
    t = screen.t
    return [
        Column("zone", t("Zone")),
        Column("cost", t("Cost of a delivery"), "money"),
        Column("quantity", t("Usual quantity"), "number"),
        Column("distance_km", t("Km from the depot"), "number", digits=1),
        Column("hours", t("Hours"), "number", digits=1),
        Column("orders", t("Orders in a year"), "number"),
    ]


def tour_rows(screen: Screen, tours: pd.DataFrame) -> pd.DataFrame:
    """Tours as they are listed: the range as text, the difference of what they took to the estimate as a share of it."""
    spans = [screen.f.span(low, high, money=True) for low, high in zip(tours["lo80"], tours["hi80"], strict=True)]
    return tours.assign(range=spans, off=tours["actual"] / tours["cost"] - 1)


def tour_columns(screen: Screen) -> list[Column]:
    """How tours are listed."""
    t = screen.t
    return [
        Column("tour_id", t("Tour")),
        Column("day", t("Day"), "day"),
        Column("stops", t("Stops"), "number"),
        Column("cost", t("Estimated"), "money"),
        Column("range", t("8 of 10 times between"), help=term(t, "range")),
        Column("actual", t("What it cost"), "money"),
        Column("off", t("Difference"), "percent"),
    ]


def tours_told(screen: Screen, tours: pd.DataFrame) -> str:
    """The tours of the last days in one or two sentences of markdown."""
    t, f = screen.t, screen.f
    ended = tours[tours["actual"].notna()]
    told = t.plural(
        "{n} tour in the last 30 days, estimated at {cost}.",
        "{n} tours in the last 30 days, estimated at {cost} on average.",
        len(tours),
        cost=md(f.money(tours["cost"].mean())),
    )
    if ended.empty:
        return f"{told} {t('What they took is not known: the data has neither their kilometres nor their cost.')}"
    within = ended[ended["actual"].between(ended["lo80"], ended["hi80"])]
    told += " " + t("Those that ended took {cost} on average.", cost=md(f.money(ended["actual"].mean())))
    if ended["lo80"].notna().any():
        told += " " + t("{n} of {all} lay within the range.", n=f.number(len(within)), all=f.number(len(ended)))
    return told


def how_to_add(screen: Screen, *, places: bool, tours: bool) -> None:
    """What the data lacks for this screen and how to add it; nothing when it has both."""
    t = screen.t
    if not places:
        st.info(
            t(
                "The data has no coordinates of deliveries. To add them, give the addresses a latitude and a longitude and name both "
                "columns in the mapping (table `addresses`); then costs by zone and the map of the day appear here."
            )
        )
    if not tours:
        st.info(
            t(
                "The data has no tours. To add them, name a table of tours in the mapping (table `tours`: date, stops, and driven "
                "kilometres or cost); then estimates are compared with what tours took, and learn from it."
            )
        )
