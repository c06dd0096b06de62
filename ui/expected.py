"""The parts of the Demand screen: headline numbers, days, totals, and what stands behind the forecast."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from ml.i18n import mark
from ml.queries import record
from ml.queries.demand import Total
from ui import charts, demand_figure, tables, texts
from ui.blocks import Card
from ui.format import md
from ui.glossary import term
from ui.screen import Screen
from ui.tables import Column, Kind

TOTAL_WINDOWS = (30, 7)
FROM, TO = mark("From ({often})"), mark("To ({often})")


def cards(
    screen: Screen, measure: str, totals: Mapping[int, Total], days: pd.DataFrame, scores: pd.DataFrame, *, whole: bool = True
) -> list[Card]:
    """What is expected with its open days, its range, the strongest and the weakest open day, and for the `whole` company past errors."""
    t, f = screen.t, screen.f
    money = measure == "revenue"
    total = next((totals[window] for window in TOTAL_WINDOWS if window in totals and window <= max(len(days), min(TOTAL_WINDOWS))), None)
    entries = []
    if total is not None:
        unit = f"{t(texts.MEASURES[measure])} ({screen.basis})" if money else t(texts.MEASURES[measure])
        entries += [
            Card(
                t("{what}, next {days} days", what=unit, days=total.days),
                f.money(total.value) if money else f.number(total.value),
                note=t("{open} open days", open=f.number(total.open_days)),
            ),
            Card(t("Range of that total"), f.span(total.lo80, total.hi80, money=money), help=term(t, "range")),
        ]
    if not days.empty and days["value"].max() > 0:
        peak = days.sort_values("value").iloc[-1]
        value = f.money(peak["value"]) if money else f.number(peak["value"])
        opened = days[days["is_open"]]
        low = opened.sort_values("value").iloc[0] if len(opened) else peak
        weakest = t("{value}; weakest: {day}", value=value, day=f.short_date(low["day"]))
        entries.append(Card(t("Strongest day"), f.short_date(peak["day"]), note=weakest))
    if not whole:
        return entries
    error = record.score(scores, measure, "wape", total.days if total else None)
    if error is not None:
        rule = t("simple rule: {error}", error=f.percent(error["baseline"]))
        entries.append(Card(t("Error of past totals"), f.percent(error["value"]), note=rule, help=term(t, "forecast error")))
    return entries


def kind_of(measure: str) -> Kind:
    """How a measure's values are written in a table."""
    return "money" if measure == "revenue" else "number"


def day_rows(screen: Screen, days: pd.DataFrame) -> pd.DataFrame:
    """The days ahead as they are listed: day, range and what is special about the day in words, the weather too where it counts."""
    t, f = screen.t, screen.f
    state = ["" if is_open else t("closed") for is_open in days["is_open"]]
    weather = [_weather(screen, heat, rain) for heat, rain in zip(days["temp_max_c"], days["precip_mm"], strict=True)]
    told = zip(state, days["holiday"], weather, strict=True)
    special = ["; ".join(part for part in parts if part) for parts in told]
    sold = days["is_open"] | (days["value"] > 0)
    shown = {name: days[name].where(sold) for name in ("value", "lo80", "hi80", "lo95", "hi95", "base")}
    return days.assign(**shown, shown_day=[f.short_date(day) for day in days["day"]], special=special)


def _weather(screen: Screen, heat: float, rain: float) -> str:
    """ "31 °C, 6 mm": the day's maximum and its rain, as far as they are forecast and used."""
    f = screen.f
    told = [
        f"{f.number(value)} {unit}" for value, unit in ((heat, "°C"), (rain, "mm")) if not pd.isna(value) and (unit == "°C" or value > 0)
    ]
    return ", ".join(told)


def day_columns(screen: Screen, measure: str, days: pd.DataFrame) -> list[Column]:
    """How the days ahead are listed; beside the forecast what usual weather would bring, where the forecast uses the weather."""
    t, kind = screen.t, kind_of(measure)
    digits = 0 if measure == "revenue" else 1
    usual = t("What would be expected with the usual weather of the season; the difference is what the forecast weather does.")
    base = [Column("base", t("In usual weather"), kind, usual, digits=digits)] if days["base"].notna().any() else []
    return [
        Column("shown_day", t("Day")),
        Column("value", t("Expected"), kind, digits=digits),
        *base,
        Column("lo80", t("From"), kind, term(t, "range")),
        Column("hi80", t("To"), kind),
        Column("special", t("Note"), width="medium"),
    ]


def exported_columns(screen: Screen, measure: str, days: pd.DataFrame) -> list[Column]:
    """The columns of the file: as listed, but days as dates that a sheet can sort and count with, and both ranges."""
    t, kind = screen.t, kind_of(measure)
    shown = {column.name: column for column in day_columns(screen, measure, days)}
    inner, outer = texts.bands(t)
    edges = [
        Column(f"{edge}{level}", t(label, often=often), kind, digits=shown["value"].digits)
        for level, often in ((80, inner), (95, outer))
        for edge, label in (("lo", FROM), ("hi", TO))
    ]
    expected = [shown[name] for name in ("value", "base") if name in shown]
    return [Column("day", t("Day"), "day"), *expected, *edges, shown["special"]]


def total_lines(screen: Screen, measure: str, totals: Mapping[int, Total], days: pd.DataFrame) -> list[str]:
    """The totals as sentences in markdown: "Next 7 days: 23, 8 of 10 times between 19 and 27, 5 open days"; that of the shown `days` too,
    for which no range has been learnt."""
    t, f = screen.t, screen.f
    write = f.money if measure == "revenue" else f.number
    told = {
        total.days: t(
            "Next {days} days: **{value}**, 8 of 10 times between {low} and {high}, {open} open days",
            days=total.days,
            value=md(write(total.value)),
            low=md(write(total.lo80)),
            high=md(write(total.hi80)),
            open=f.number(total.open_days),
        )
        for total in totals.values()
    }
    if len(days) and len(days) not in told:
        told[len(days)] = t(
            "Next {days} days: **{value}**, {open} open days; a range is known for 7 and 30 days only",
            days=len(days),
            value=md(write(days["value"].sum())),
            open=f.number(days["is_open"].sum()),
        )
    return [told[window] for window in sorted(told)]


def member_rows(screen: Screen, days: pd.DataFrame) -> pd.DataFrame:
    """What each way of forecasting says for the days ahead in total, beside what is shown: who, total."""
    t = screen.t
    totals = pd.DataFrame(list(days["members"])).sum()
    rows = [{"who": texts.label(t, texts.MEMBERS, str(name)), "total": float(value)} for name, value in totals.items()]
    shown = {"who": t("What is shown: the middle of them"), "total": float(days["value"].sum())}
    return pd.DataFrame([*rows, shown] if rows else [], columns=["who", "total"])


def members(screen: Screen, measure: str, days: pd.DataFrame, horizon: int) -> None:
    """What each way of forecasting says, folded away; nothing where there is one way only."""
    t = screen.t
    rows = member_rows(screen, days)
    if len(rows) < 3:  # one way and what is shown are the same
        return
    with st.expander(t("What each way of forecasting says")):
        st.toggle(t("Draw them in the figure"), key=demand_figure.WAYS)
        st.write(t("The forecast is the middle of several ways. For the {n} days shown they say in total:", n=horizon))
        ways = [Column("who", t("Way")), Column("total", t("Total"), kind_of(measure))]
        tables.show(screen, rows, ways, alt=t("Totals by way"), key="members")


def told(screen: Screen, came: pd.DataFrame, measure: str) -> None:
    """What was really said a week before and what came, once there are days enough."""
    if len(came) < charts.FEWEST_DAYS_TOLD:
        return
    t = screen.t
    st.subheader(t("What was said a week before, and what came"), anchor=False)
    charts.draw(charts.told(screen, came, measure=measure), alt=t("What was said a week before, and what came"), key="told")
