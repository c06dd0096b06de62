"""Figures about one customer's rhythm and about how late is too late."""

from datetime import timedelta
from typing import Any

import pandas as pd

from ml.queries.customer import Outlook
from ml.queries.next_orders import Lateness
from ui import charts
from ui.charts import Figure
from ui.screen import Screen

GAPS_SHOWN, FEWEST_DAYS, MOST_DAYS = 14, 60, 730
SMALL, LARGE = 8, 18


def orders_on_a_line(screen: Screen, days: pd.DataFrame, said: Outlook | None, as_of: pd.Timestamp) -> Figure:
    """Dots for the days with orders (larger = more money), the usual pause after the last one, and where the next order is expected.

    `days` is a frame of `customer.order_days`; shown are about GAPS_SHOWN usual pauses back.
    """
    colours, t, f = charts.palette(dark=screen.dark), screen.t, screen.f
    gap = said.gap_days if said is not None else None
    back = min(max(GAPS_SHOWN * (gap or MOST_DAYS), FEWEST_DAYS), MOST_DAYS)
    shown = days[days["day"] > min(as_of - timedelta(days=back), days["day"].iloc[-1] - timedelta(days=back / 2))]
    told = [f"{f.short_date(day)}: {f.money(amount)}" for day, amount in zip(shown["day"], shown["amount"], strict=True)]
    size = SMALL + (LARGE - SMALL) * (shown["amount"] / shown["amount"].max()).clip(lower=0).pow(0.5)
    marker = {"size": list(size), "color": colours.line, "opacity": 0.75, "line": {"width": 0}}
    data = [_dots(shown["day"], told, t("Orders"), marker)]
    last = days["day"].iloc[-1]
    if gap is not None:
        due = last + timedelta(days=gap)
        hover = [t("Usual pause: {n} days", n=f.number(gap))] * 2
        data.insert(0, _segment([last, due], hover, t("Usual pause"), colours.grey, 2, dash="dot"))
    if said is not None and said.next_date and said.next_lo and said.next_hi:
        ends = [pd.Timestamp(said.next_lo), pd.Timestamp(said.next_hi)]
        span = t("8 of 10: {low} to {high}", low=f"{said.next_lo:%d-%m}", high=f"{said.next_hi:%d-%m}")
        data.append(_segment(ends, [span] * 2, t("Range of the next order"), colours.band80, 14))
        middle = {"size": 14, "color": colours.second, "symbol": "diamond"}
        hover = [t("Expected: {day}", day=f.short_date(said.next_date))]
        data.append(_dots(pd.Series([pd.Timestamp(said.next_date)]), hover, t("Next order expected"), middle))
    layout = charts.base_layout(screen, colours) | {"height": 150, "showlegend": False}
    layout["xaxis"] = charts.plain_axis(colours) | {"type": "date", "tickformat": "%d-%m-%y", "nticks": 6}
    layout["yaxis"] = {"visible": False, "range": [-1, 1], "fixedrange": True}
    layout["shapes"] = [charts.rule_at(as_of + timedelta(days=1), colours)]
    layout["annotations"] = [charts.note_at(as_of + timedelta(days=1), t("today"), colours)]
    return {"data": data, "layout": layout}


def risk_over_time(screen: Screen, risks: pd.DataFrame) -> Figure:
    """The probability of leaving as it was said over time: `risks` is a frame of `customer.past_probabilities`."""
    colours, f = charts.palette(dark=screen.dark), screen.f
    told = [f"{f.day(day)}: {f.percent(value)}" for day, value in zip(risks["as_of"], risks["probability"], strict=True)]
    line = charts.line_of(risks["as_of"], risks["probability"], screen.t("Risk of leaving"), colours.line, told, dash=None)
    layout = charts.base_layout(screen, colours) | {"height": 220, "showlegend": False}
    ticks = list(risks["as_of"])[:: max(1, -(-len(risks) // charts.MOST_TICKS))]
    layout["xaxis"] = charts.plain_axis(colours) | {"tickvals": ticks, "ticktext": [f"{day:%d-%m-%y}" for day in ticks]}
    layout["yaxis"] |= {"tickformat": ".0%", "range": [0, 1]}
    return {"data": [line | {"mode": "lines+markers"}], "layout": layout}


def how_late(screen: Screen, learnt: Lateness) -> Figure:
    """The share of customers who came back, by how many times their own pause they had been silent, with its 95 % range."""
    colours, t, f, curve = charts.palette(dark=screen.dark), screen.t, screen.f, learnt.curve
    told = [
        t(
            "Silent for {times} times the own pause: {share} came back ({low} to {high}; {n} customers)",
            times=f.number(row["multiple"], 1),
            share=f.percent(row["share"]),
            low=f.percent(row["lo95"]),
            high=f.percent(row["hi95"]),
            n=f.number(row["customers"]),
        )
        for row in curve.to_dict("records")
    ]
    edge: dict[str, Any] = {"type": "scatter", "mode": "lines", "x": list(curve["multiple"]), "line": {"width": 0}, "hoverinfo": "skip"}
    name = t("19 of 20 times within")
    line = charts.line_of(curve["multiple"], curve["share"], t("Came back"), colours.line, told, dash=None)
    data = [
        edge | {"y": list(curve["lo95"]), "showlegend": False},
        edge | {"y": list(curve["hi95"]), "fill": "tonexty", "fillcolor": colours.band80, "name": name},
        line | {"mode": "lines+markers"},
    ]
    layout = charts.base_layout(screen, colours) | {"height": 260}
    title = {"text": t("Times the own pause"), "font": {"color": colours.grey, "size": 12}}
    ticks = list(curve["multiple"])
    layout["xaxis"] = charts.plain_axis(colours) | {
        "title": title,
        "tickvals": ticks,
        "ticktext": [f"{f.number(value, 1)}×" for value in ticks],
    }
    layout["yaxis"] |= {"tickformat": ".0%", "range": [0, 1]}
    half = {
        "type": "line",
        "x0": 0,
        "x1": 1,
        "xref": "paper",
        "y0": 0.5,
        "y1": 0.5,
        "line": {"color": colours.grey, "width": 1, "dash": "dot"},
    }
    layout["shapes"] = [half] + ([charts.rule_at(learnt.too_late, colours)] if learnt.too_late is not None else [])
    layout["legend"] |= {"y": -0.3}
    return {"data": data, "layout": layout}


def _dots(days: pd.Series, told: list[str], name: str, marker: dict[str, Any]) -> dict[str, Any]:
    hover = {"customdata": told, "hovertemplate": "%{customdata}<extra></extra>"}
    return {"type": "scatter", "mode": "markers", "x": list(days), "y": [0] * len(days), "name": name, "marker": marker, **hover}


def _segment(ends: list[pd.Timestamp], told: list[str], name: str, colour: str, width: int, *, dash: str | None = None) -> dict[str, Any]:
    style = {"color": colour, "width": width} | ({"dash": dash} if dash else {})
    hover = {"customdata": told, "hovertemplate": "%{customdata}<extra></extra>"}
    return {"type": "scatter", "mode": "lines", "x": ends, "y": [0, 0], "name": name, "line": style, **hover}
