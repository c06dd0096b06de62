"""Promotions, price changes, strikes and closures over the forecast figure: their days shaded, their names in small words above."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ui.chart_words import ROW_PIXELS, Placed, Word, place
from ui.charts import WORD_ROWS, Figure, palette, rule_at, word_at
from ui.screen import Screen

DAY = pd.Timedelta(days=1)
MOST_ROWS = 3
SYMBOLS = {True: "triangle-up", False: "triangle-up-open"}  # entered, told by the data


class Colours(NamedTuple):
    """The shade over an event's days and the line where a lasting change begins."""

    shade: str
    line: str


LIGHT, DARK = Colours("rgba(180,83,9,.14)", "#B45309"), Colours("rgba(224,184,74,.20)", "#E0B84A")


def over(screen: Screen, figure: Figure, found: pd.DataFrame, kinds: Mapping[str, str], days: Sequence[pd.Timestamp]) -> Figure:
    """The figure of `charts.forecast` with the events of `found` (kind, name, start, end, is_entered) that touch its `days`.

    An event without an end lasts its day; a price change without one goes on, and only its beginning is marked. Names stand in rows
    above those of the holidays; one that finds no room in MOST_ROWS keeps its shade, and every sign says by pointer what it is.
    """
    closed = [day for gap in figure["layout"]["xaxis"]["rangebreaks"] for day in gap["values"]]
    shown = pd.DatetimeIndex(sorted(set(days))).difference(pd.DatetimeIndex(closed))
    seen = _seen(found, shown)
    if seen.empty:
        return figure
    colours = DARK if screen.dark else LIGHT
    marks = seen.to_dict("records")
    told = [_told(screen, mark, kinds) for mark in marks]
    words = [Word(mark["from"], mark["name"], whole, "left") for mark, whole in zip(marks, told, strict=True)]
    placed = place(words, shown, MOST_ROWS, dots=False)
    layout = dict(figure["layout"])
    grown = ROW_PIXELS * (1 + max((word.row for word in placed), default=0))
    layout["height"] = layout["height"] + grown
    layout["margin"] = layout["margin"] | {"t": layout["margin"]["t"] + grown}
    layout["shapes"] = [*(_shape(screen, mark, colours) for mark in marks), *layout.get("shapes", [])]
    layout["annotations"] = [*layout.get("annotations", []), *_words(screen, placed)]
    return figure | {"data": [*figure["data"], _signs(screen, marks, told, colours)], "layout": layout}


def _seen(found: pd.DataFrame, shown: pd.DatetimeIndex) -> pd.DataFrame:
    """The events that touch the days shown, by their beginning: with `from` and `to`, the first day of the axis they touch and the day
    after the last one, and `line`: a line marks it, since it lasts on or lies on days that the axis leaves out."""
    if found.empty or shown.empty:
        return found.iloc[:0]
    first, last = shown[0], shown[-1]
    end = found["end"].fillna(found["start"])
    places = np.minimum(shown.searchsorted(found["start"].to_numpy()), len(shown) - 1)  # an earlier one begins with the figure
    begins = pd.Series(shown[places], index=found.index)
    line = (found["end"].isna() & (found["kind"] == "price_change")) | (begins > end)
    rows = found.assign(line=line, to=end.where(end < last, last) + DAY, **{"from": begins})
    return rows[(end >= first) & (found["start"] <= last)].sort_values(["from", "name"], kind="stable")


def _shape(screen: Screen, mark: Mapping[Any, Any], colours: Colours) -> dict[str, Any]:
    if mark["line"]:
        return rule_at(mark["from"], palette(dark=screen.dark)) | {"line": {"color": colours.line, "width": 1.5, "dash": "dash"}}
    box = {"x0": mark["from"], "x1": mark["to"], "y0": 0, "y1": 1, "yref": "paper"}
    return {"type": "rect", **box, "fillcolor": colours.shade, "line": {"width": 0}, "layer": "below"}


def _words(screen: Screen, placed: Sequence[Placed]) -> list[dict[str, Any]]:
    return [word_at(word, word.day, WORD_ROWS, palette(dark=screen.dark)) for word in placed]


def _told(screen: Screen, mark: Mapping[Any, Any], kinds: Mapping[str, str]) -> str:
    """ "Promotion: Summer, Mon 09-11 to Thu 12-11", and that the data tells it where nobody entered it."""
    t, f = screen.t, screen.f
    end = mark["start"] if pd.isna(mark["end"]) else mark["end"]
    if pd.isna(mark["end"]) and mark["kind"] == "price_change":
        span = t("from {start} on", start=f.short_date(mark["start"]))
    elif end == mark["start"]:
        span = f.short_date(mark["start"])
    else:
        span = t("{start} to {end}", start=f.short_date(mark["start"]), end=f.short_date(end))
    told = f"{t(kinds.get(mark['kind'], mark['kind']))}: {mark['name']}, {span}"
    return told if mark["is_entered"] else t("{event} (from your data)", event=told)


def _signs(screen: Screen, marks: Sequence[Mapping[Any, Any]], told: Sequence[str], colours: Colours) -> dict[str, Any]:
    """A small triangle at the foot of each event's first day, hollow for one that the data tells; the legend's word for the shade."""
    return {
        "type": "scatter", "mode": "markers", "name": screen.t("Events"),
        "x": [mark["from"] + DAY / 2 for mark in marks], "y": [0] * len(marks),
        "marker": {"symbol": [SYMBOLS[mark["is_entered"]] for mark in marks], "size": 9, "color": colours.line}, "cliponaxis": False,
        "customdata": [escape(whole) for whole in told], "hovertemplate": "%{customdata}<extra></extra>",
    }  # fmt: skip
