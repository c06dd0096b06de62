"""Frame -> figure, all in one style. A figure is a plain Plotly dict; its colours come from the reader's mode (light or dark)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, Literal, NamedTuple

import pandas as pd
import streamlit as st

from ui import data, texts
from ui.chart_words import NARROW_PIXELS, ROW_PIXELS, Placed, Word, place
from ui.screen import Screen

Figure = dict[str, Any]
HEIGHT = 340
CONFIG = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False, "showAxisDragHandles": False}
NOON = pd.Timedelta(hours=12)
MOST_TICKS = 7
TICK_PIXELS = 36  # what a day of the axis in numbers needs
WORD_ROWS = 2  # of holidays; events stand above them
FEWEST_DAYS_TOLD = 14


class Palette(NamedTuple):
    """The colours of a mode. Bars of the past, the two bands and the forecast line are one blue in different strength."""

    line: str
    past: str
    band80: str
    band95: str
    second: str
    grey: str
    grid: str


LIGHT = Palette("#0072B2", "rgba(0,114,178,.35)", "rgba(0,114,178,.22)", "rgba(0,114,178,.10)", "#D55E00", "#5B6B7B", "#E6EBF1")
DARK = Palette("#56B4E9", "rgba(86,180,233,.55)", "rgba(86,180,233,.35)", "rgba(86,180,233,.18)", "#F0904A", "#9FB0C0", "#22303D")

INK = ("#14212E", "#E6EDF4")  # words on a shape, light and dark, as in the theme


def palette(*, dark: bool) -> Palette:
    """The colours for a light or dark background."""
    return DARK if dark else LIGHT


def draw(figure: Figure, *, alt: str, key: str) -> None:
    """Put a figure on the screen with its text alternative. The same figure is checked and written as JSON once."""
    data.drawn(data.digest(figure, alt, key), partial(st.plotly_chart, figure, config=CONFIG, alt=alt, key=key))


def forecast(screen: Screen, past: pd.DataFrame, ahead: pd.DataFrame, *, measure: str, holidays: Collection[date] = ()) -> Figure:
    """What came as bars, what is expected as a line in two bands, a dotted line at today, closed days out of the axis.

    `past` is day, value; `holidays` are the public ones in it; `ahead` is a frame of `demand.daily_forecast`. Counts get stepped bands:
    a range holds for a day, not between days.
    """
    colours, t, f = palette(dark=screen.dark), screen.t, screen.f
    closed, whole = _closed(past, ahead, holidays), ahead
    past, ahead = past[~past["day"].isin(closed)], ahead[~ahead["day"].isin(closed)]
    steps = measure != "revenue"
    write = f.money if measure == "revenue" else partial(f.number, digits=1)
    inner, outer = texts.bands(t)
    spans = [f.span(low, high, money=measure == "revenue") for low, high in zip(ahead["lo80"], ahead["hi80"], strict=True)]
    expected = zip(ahead["day"], ahead["value"], spans, strict=True)
    told = [
        t("{day}: {value}, {often} {range}", day=f.short_date(day), value=write(value), often=inner, range=span)
        for day, value, span in expected
    ]
    came = [f"{f.short_date(day)}: {write(value)}" for day, value in zip(past["day"], past["value"], strict=True)]
    return {
        "data": [
            _bars(past, came, t("What came"), colours.past),
            *_band(ahead, 95, outer, colours.band95, steps=steps),
            *_band(ahead, 80, inner, colours.band80, steps=steps),
            line_of(ahead["day"] + NOON, ahead["value"], t("What is expected"), colours.line, told, dash=None),
        ],
        "layout": base_layout(screen, colours)
        | {
            "xaxis": _day_axis(colours, [*past["day"], *ahead["day"]], closed),
            "shapes": _today(whole, colours),
            "annotations": _notes(screen, whole, pd.DatetimeIndex(sorted([*past["day"], *ahead["day"]])), colours),
        },
    }


def told(screen: Screen, came: pd.DataFrame, *, measure: str, line: str | None = None) -> Figure:
    """What was said a week before (line and range) against what came (bars): `came` is a frame of `demand.told_and_came`.

    `line` names the line where it was said at another time.
    """
    colours, t, f = palette(dark=screen.dark), screen.t, screen.f
    came = came[(came["actual"] > 0) | (came["value"] > 0)]
    write = f.money if measure == "revenue" else partial(f.number, digits=1)
    bars = came[["day"]].assign(value=came["actual"])
    hover = [f"{f.short_date(day)}: {write(value)}" for day, value in zip(came["day"], came["actual"], strict=True)]
    said = [t("{day}: {value} expected", day=f.short_date(day), value=write(v)) for day, v in zip(came["day"], came["value"], strict=True)]
    every, open_days = pd.date_range(came["day"].min(), came["day"].max(), freq="D"), pd.DatetimeIndex(came["day"])
    return {
        "data": [
            _bars(bars, hover, t("What came"), colours.past),
            *_band(came, 80, texts.bands(t)[0], colours.band80, steps=measure != "revenue"),
            line_of(came["day"] + NOON, came["value"], line or t("What was said a week before"), colours.line, said, dash=None),
        ],
        "layout": base_layout(screen, colours) | {"xaxis": _day_axis(colours, list(open_days), list(every.difference(open_days)))},
    }


def two_bars(screen: Screen, names: Sequence[str], pairs: Mapping[str, Sequence[float]]) -> Figure:
    """Horizontal bars of shares (0 to 1), one group per name: `pairs` is legend -> values, drawn in its order."""
    colours, f = palette(dark=screen.dark), screen.f
    fills = (colours.past, colours.line)
    bars = [
        {
            "type": "bar", "orientation": "h", "name": legend, "y": list(names), "x": list(values),
            "marker": {"color": fill}, "text": [f.percent(value) for value in values],
            "textposition": "outside", "textfont": {"color": colours.grey}, "cliponaxis": False,
            "hovertemplate": "%{y}: %{text}<extra></extra>",
        }
        for fill, (legend, values) in zip(fills, pairs.items(), strict=False)
    ]  # fmt: skip
    most = max((value for values in pairs.values() for value in values), default=1.0)
    layout = base_layout(screen, colours) | {"barmode": "group", "bargap": 0.3, "height": 90 + 58 * len(names)}
    layout["xaxis"] = {"visible": False, "range": [0, most * 1.18], "fixedrange": True}
    layout["yaxis"] = {"autorange": "reversed", "fixedrange": True, "automargin": True, "ticks": "", "tickfont": {"color": colours.grey}}
    return {"data": bars, "layout": layout}


def over_time(screen: Screen, frame: pd.DataFrame, *, unit: Literal["percent", "number"], names: tuple[str, str]) -> Figure:
    """Two lines by cutoff, the model and the simple rule: `frame` is cutoff, value, baseline; `names` are their legends."""
    colours, f = palette(dark=screen.dark), screen.f
    write = f.percent if unit == "percent" else partial(f.number, digits=2)
    lines = [
        line_of(frame["cutoff"], frame[column], name, colour, [f"{f.day(day)}: {write(value)}" for day, value in
              zip(frame["cutoff"], frame[column], strict=True)], dash=dash)
        for column, name, colour, dash in (("baseline", names[1], colours.grey, "dot"), ("value", names[0], colours.line, None))
    ]  # fmt: skip
    layout = base_layout(screen, colours)
    ticks = list(frame["cutoff"])[:: max(1, -(-len(frame) // MOST_TICKS))]
    layout["xaxis"] = plain_axis(colours) | {"tickvals": ticks, "ticktext": [f"{day:%d-%m-%y}" for day in ticks]}
    if unit == "percent":
        layout["yaxis"] |= {"tickformat": ".0%"}
    return {"data": [line | {"mode": "lines+markers"} for line in lines], "layout": layout | {"height": 260}}


def per_day(screen: Screen, frame: pd.DataFrame, name: str) -> Figure:
    """Bars by day: `frame` is day, value (a count); `name` says what is counted."""
    colours, f = palette(dark=screen.dark), screen.f
    told = [f"{f.short_date(day)}: {f.number(value)}" for day, value in zip(frame["day"], frame["value"], strict=True)]
    layout = base_layout(screen, colours) | {"height": 220, "showlegend": False}
    layout["xaxis"] = _day_axis(colours, list(frame["day"]), [])
    layout["yaxis"] |= {"dtick": 1} if frame["value"].max() < MOST_TICKS else {}
    return {"data": [_bars(frame, told, name, colours.line)], "layout": layout}


def gain_curve(screen: Screen, gains: Sequence[float], best: int) -> Figure:
    """Expected profit by number of calls: `gains` are cumulative, `best` calls is where the rule stops."""
    colours, t, f = palette(dark=screen.dark), screen.t, screen.f
    calls = list(range(len(gains) + 1))
    values = [0.0, *gains]
    told = [t("{n} calls: {money} expected", n=f.number(n), money=f.money(value)) for n, value in zip(calls, values, strict=True)]
    layout = base_layout(screen, colours) | {"height": 240, "showlegend": False}
    layout["xaxis"] = plain_axis(colours) | {"title": {"text": t("Calls, most money first"), "font": {"color": colours.grey, "size": 12}}}
    layout["shapes"] = [rule_at(best, colours)]
    layout["annotations"] = [
        note_at(best, t("{n} calls", n=f.number(best)), colours) | {"xanchor": "left" if best < len(gains) / 2 else "right", "y": 1}
    ]
    return {"data": [line_of(pd.Series(calls), pd.Series(values), "", colours.line, told, dash=None)], "layout": layout}


def _closed(past: pd.DataFrame, ahead: pd.DataFrame, holidays: Collection[date]) -> list[pd.Timestamp]:
    """Days to take out of the axis: closed ahead with nothing expected; past ones without anything on holidays and closed weekdays."""
    shut = ahead[~ahead["is_open"] & (ahead["value"] == 0)]
    never_open = set(ahead["day"].dt.day_of_week) - set(ahead.loc[ahead["is_open"], "day"].dt.day_of_week)
    off = past["day"].dt.day_of_week.isin(never_open) | past["day"].dt.date.isin(list(holidays))
    return [*past.loc[(past["value"] == 0) & off, "day"], *shut["day"]]


def _bars(frame: pd.DataFrame, told: list[str], name: str, colour: str) -> dict[str, Any]:
    hover = {"customdata": told, "hovertemplate": "%{customdata}<extra></extra>"}
    return {"type": "bar", "x": list(frame["day"] + NOON), "y": list(frame["value"]), "name": name, "marker": {"color": colour}, **hover}


def _band(frame: pd.DataFrame, level: int, name: str, colour: str, *, steps: bool) -> list[dict[str, Any]]:
    """A range: from noon to noon, or, as steps, level over each whole day."""
    days, low, high = list(frame["day"] + NOON), list(frame[f"lo{level}"]), list(frame[f"hi{level}"])
    if steps and days:
        days = [*frame["day"], days[-1] + NOON]
        low, high = [*low, low[-1]], [*high, high[-1]]
    common = {
        "type": "scatter", "mode": "lines", "x": days, "hoverinfo": "skip", "legendgroup": name,
        "line": {"width": 0, "shape": "hv" if steps else "linear"},
    }  # fmt: skip
    return [common | {"y": low, "showlegend": False}, common | {"y": high, "fill": "tonexty", "fillcolor": colour, "name": name}]


def line_of(x: pd.Series, y: pd.Series, name: str, colour: str, told: list[str], *, dash: str | None) -> dict[str, Any]:
    """A line through points, each with its sentence for the pointer."""
    style = {"color": colour, "width": 2.5} | ({"dash": dash} if dash else {})
    hover = {"customdata": told, "hovertemplate": "%{customdata}<extra></extra>"}
    return {"type": "scatter", "mode": "lines", "x": list(x), "y": list(y), "name": name, "line": style, **hover}


def _today(ahead: pd.DataFrame, colours: Palette) -> list[dict[str, Any]]:
    return [rule_at(ahead["day"].min(), colours)] if len(ahead) else []


def _today_note(screen: Screen, ahead: pd.DataFrame, colours: Palette) -> list[dict[str, Any]]:
    return [note_at(ahead["day"].min(), screen.t("today"), colours) | {"xanchor": "right", "xshift": -4}] if len(ahead) else []


def rule_at(x: Any, colours: Palette) -> dict[str, Any]:
    """A dotted line across the figure at x."""
    return {
        "type": "line",
        "x0": x,
        "x1": x,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": colours.grey, "width": 1.5, "dash": "dot"},
    }


def _notes(screen: Screen, ahead: pd.DataFrame, shown: pd.DatetimeIndex, colours: Palette) -> list[dict[str, Any]]:
    """Today and the holidays as small grey words above their day; what was cut stands whole under the pointer."""
    today = _today_note(screen, ahead, colours)
    named = ahead[ahead["holiday"].notna()]
    words = [
        Word(day, str(names).split(";")[0], f"{screen.f.short_date(day)}: {names}")
        for day, names in zip(named["day"], named["holiday"], strict=True)
    ]
    taken = [Word(note["x"], note["text"], "", "right") for note in today]
    return [*(word_at(word, word.day + NOON, 0, colours) for word in place(words, shown, WORD_ROWS, dots=True, taken=taken)), *today]


def word_at(word: Placed, x: Any, first_row: int, colours: Palette) -> dict[str, Any]:
    """A placed word as an annotation, its row counted from `first_row` above the figure."""
    return note_at(x, word.text, colours) | {
        "xanchor": word.anchor, "yshift": (first_row + word.row) * ROW_PIXELS, "hovertext": word.whole,
    }  # fmt: skip


def note_at(x: Any, text: str, colours: Palette) -> dict[str, Any]:
    """Small grey words above the figure at x."""
    place = {"x": x, "y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False}
    return place | {"text": text, "font": {"size": 11, "color": colours.grey}}


def _day_axis(colours: Palette, days: Sequence[date], closed: Sequence[date]) -> dict[str, Any]:
    shown = pd.DatetimeIndex(sorted(days))
    weeks = shown[~shown.to_period("W").duplicated()]
    apart = TICK_PIXELS * len(shown) / NARROW_PIXELS  # in days of the axis
    ticks = weeks[:: max(1, -(-len(weeks) // MOST_TICKS))]
    if len(ticks) > 1 and shown.searchsorted(ticks[1]) < apart:  # the first week is seldom whole
        ticks = ticks[1:]
    return plain_axis(colours) | {
        "type": "date",
        "tickvals": list(ticks + NOON),
        "ticktext": [f"{day:%d-%m}" for day in ticks],
        "rangebreaks": [{"values": [f"{day:%Y-%m-%d}" for day in closed]}] if closed else [],
    }


def plain_axis(colours: Palette) -> dict[str, Any]:
    """A quiet horizontal axis."""
    return {"showgrid": False, "fixedrange": True, "tickfont": {"color": colours.grey}, "tickangle": 0, "linecolor": colours.grid}


def base_layout(screen: Screen, colours: Palette) -> dict[str, Any]:
    """What all figures share: size, margins, number signs, legend below, a vertical axis from zero."""
    return {
        "height": HEIGHT,
        "margin": {"l": 8, "r": 8, "t": 34, "b": 8},
        "separators": screen.f.separators,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "legend": {"orientation": "h", "y": -0.16, "x": 0, "yanchor": "top", "font": {"color": colours.grey}},
        "hovermode": "closest",
        "bargap": 0.25,
        "dragmode": False,
        "xaxis": plain_axis(colours),
        "yaxis": {
            "rangemode": "tozero",
            "fixedrange": True,
            "gridcolor": colours.grid,
            "zeroline": False,
            "automargin": True,
            "tickfont": {"color": colours.grey},
            "tickformat": ",",
        },
    }
