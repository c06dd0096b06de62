"""Promotions, price changes, strikes and closures over the forecast figure: their days shaded, their names in small words above."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ui.charts import Figure, note_at, palette, rule_at
from ui.screen import Screen

DAY = pd.Timedelta(days=1)
LOWEST, ROW, ROW_PIXELS = 1.13, 0.075, 18
MOST_ROWS = 3
NARROW_PIXELS, LETTER_PIXELS = 330, 5.6  # what a phone leaves for the figure, and a letter of the small words
LONGEST = 20


class Colours(NamedTuple):
    """The shade over an event's days and the line where a lasting change begins."""

    shade: str
    line: str


LIGHT, DARK = Colours("rgba(180,83,9,.14)", "#B45309"), Colours("rgba(224,184,74,.20)", "#E0B84A")


def over(screen: Screen, figure: Figure, found: pd.DataFrame, kinds: Mapping[str, str], days: Sequence[pd.Timestamp]) -> Figure:
    """The figure of `charts.forecast` with the events of `found` (kind, name, start, end) that touch its `days`.

    An event without an end lasts its day; a price change without one goes on, and only its beginning is marked. Names stand in rows
    above those of the holidays; one that finds no room in MOST_ROWS keeps its shade, and every sign says by pointer what it is.
    """
    seen = _seen(found, days, closed=[day for gap in figure["layout"]["xaxis"]["rangebreaks"] for day in gap["values"]])
    if seen.empty:
        return figure
    colours = DARK if screen.dark else LIGHT
    marks = seen.to_dict("records")
    rows = rows_of([(mark["from"], _short(mark["name"])) for mark in marks], min(days), max(days))
    layout = dict(figure["layout"])
    grown = ROW_PIXELS * (1 + max((row for row in rows if row is not None), default=0))
    layout["height"] = layout["height"] + grown
    layout["margin"] = layout["margin"] | {"t": layout["margin"]["t"] + grown}
    layout["shapes"] = [*(_shape(screen, mark, colours) for mark in marks), *layout.get("shapes", [])]
    layout["annotations"] = [*layout.get("annotations", []), *_words(screen, marks, rows)]
    return figure | {"data": [*figure["data"], _signs(screen, marks, kinds, colours)], "layout": layout}


def rows_of(words: Sequence[tuple[pd.Timestamp, str]], first: pd.Timestamp, last: pd.Timestamp) -> list[int | None]:
    """The row of each (day, name), 0 the lowest, so that no two names of a row meet on a narrow screen; None without a free one.

    >>> day = pd.Timestamp("2026-11-01")
    >>> rows_of([(day, "Sale"), (day + DAY, "Strike"), (day + 60 * DAY, "Sale")], day, day + 89 * DAY)
    [0, 1, 0]
    """
    days_a_letter = LETTER_PIXELS * ((last - first).days + 1) / NARROW_PIXELS
    free_from = [first - 10_000 * DAY] * MOST_ROWS
    rows: list[int | None] = []
    for day, name in words:
        row = next((place for place in range(MOST_ROWS) if free_from[place] <= day), None)
        rows.append(row)
        if row is not None:
            free_from[row] = day + (len(name) + 1) * days_a_letter * DAY
    return rows


def _seen(found: pd.DataFrame, days: Sequence[pd.Timestamp], closed: Sequence[str]) -> pd.DataFrame:
    """The events that touch the days, by their beginning: with `from` and `to`, the first day of the axis they touch and the day after
    the last one, and `line`: a line marks it, since it lasts on or lies on days that the axis leaves out."""
    shown = pd.DatetimeIndex(sorted(set(days))).difference(pd.DatetimeIndex(list(closed)))
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
    place = {"x0": mark["from"], "x1": mark["to"], "y0": 0, "y1": 1, "yref": "paper"}
    return {"type": "rect", **place, "fillcolor": colours.shade, "line": {"width": 0}, "layer": "below"}


def _words(screen: Screen, marks: Sequence[Mapping[Any, Any]], rows: Sequence[int | None]) -> list[dict[str, Any]]:
    return [
        note_at(mark["from"], escape(_short(mark["name"])), palette(dark=screen.dark)) | {"y": LOWEST + row * ROW, "xanchor": "left"}
        for mark, row in zip(marks, rows, strict=True)
        if row is not None
    ]


def _signs(screen: Screen, marks: Sequence[Mapping[Any, Any]], kinds: Mapping[str, str], colours: Colours) -> dict[str, Any]:
    """A small triangle at the foot of each event's first day, which says what it is; the legend's word for the shade."""
    t, f = screen.t, screen.f
    told = []
    for mark in marks:
        end = mark["start"] if pd.isna(mark["end"]) else mark["end"]
        if pd.isna(mark["end"]) and mark["kind"] == "price_change":
            span = t("from {start} on", start=f.short_date(mark["start"]))
        elif end == mark["start"]:
            span = f.short_date(mark["start"])
        else:
            span = t("{start} to {end}", start=f.short_date(mark["start"]), end=f.short_date(end))
        told.append(f"{t(kinds.get(mark['kind'], mark['kind']))}: {escape(mark['name'])}, {span}")
    return {
        "type": "scatter", "mode": "markers", "name": t("Events"), "x": [mark["from"] + DAY / 2 for mark in marks], "y": [0] * len(marks),
        "marker": {"symbol": "triangle-up", "size": 9, "color": colours.line}, "cliponaxis": False,
        "customdata": told, "hovertemplate": "%{customdata}<extra></extra>",
    }  # fmt: skip


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
