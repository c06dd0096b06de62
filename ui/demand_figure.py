"""The figure of the Demand screen: what came and what is expected, with events, and each way of forecasting where somebody asked for it."""

from functools import partial
from itertools import cycle

import pandas as pd
import streamlit as st

from ml.calendar import holiday_names
from ml.queries.service import Service
from ui import charts, event_list, event_marks, texts
from ui.charts import NOON, Figure, line_of
from ui.screen import Screen
from ui.store_access import settings

WAYS = "draw-ways"
COLOURS = ("#D55E00", "#009E73", "#8A5FBF", "#B07D00", "#C2528B")
DARK_COLOURS = ("#F0904A", "#3FC79A", "#B79BE0", "#E0B84A", "#EE8FC0")


def show(
    screen: Screen, service: Service, past: pd.DataFrame, days: pd.DataFrame, found: pd.DataFrame, *, measure: str, since: int
) -> None:
    """`past` is the history of the last `since` days, `days` a frame of `demand.daily_forecast`, `found` the events to mark."""
    first = service.day - pd.Timedelta(days=since)
    holidays = holiday_names(settings().country, first, service.day)
    figure = charts.forecast(screen, past, days, measure=measure, holidays=holidays)
    if st.session_state.get(WAYS):
        figure = with_ways(screen, figure, days, measure)
    every = [*pd.date_range(past["day"].min() if len(past) else service.day, service.day, unit="us"), *days["day"]]
    figure = event_marks.over(screen, figure, found, event_list.KINDS, every)
    charts.draw(figure, alt=_alt(screen, days, found, since), key="forecast")


def _alt(screen: Screen, days: pd.DataFrame, found: pd.DataFrame, since: int) -> str:
    """The figure in a sentence, with the whole names of the days that are marked in it."""
    t, f = screen.t, screen.f
    named = days[days["holiday"].notna()]
    marked = [f"{f.short_date(day)} {name}" for day, name in zip(named["day"], named["holiday"], strict=True)]
    marked += [f"{f.short_date(day)} {name}" for day, name in zip(found["start"], found["name"], strict=True)]
    told = t("What came in the last {past} days and what is expected in the next {ahead}", past=since, ahead=len(days))
    return t("{figure}. Marked: {days}", figure=told, days="; ".join(marked)) if marked else told


def with_ways(screen: Screen, figure: Figure, days: pd.DataFrame, measure: str) -> Figure:
    """The figure with a thin line for each way of forecasting, on open days."""
    t, f = screen.t, screen.f
    write = f.money if measure == "revenue" else partial(f.number, digits=1)
    opened = days[days["is_open"]]
    ways = pd.DataFrame(opened["members"].tolist(), index=opened.index)
    lines = []
    for name, colour in zip(ways.columns, cycle(DARK_COLOURS if screen.dark else COLOURS), strict=False):
        label = texts.label(t, texts.MEMBERS, str(name))
        told = [f"{f.short_date(day)}: {write(value)}, {label}" for day, value in zip(opened["day"], ways[name], strict=True)]
        line = line_of(opened["day"] + NOON, ways[name], label, colour, told, dash=None)
        lines.append(line | {"line": {"color": colour, "width": 1.25}})
    return figure | {"data": [*figure["data"], *lines]}
