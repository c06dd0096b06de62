"""The report's figures as inline SVG: an interval per metric, the looks within their boundaries. No script, no foreign file."""

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

WIDTH, ROW, LEFT, RIGHT = 640, 34, 210, 20
BLUE, GREY, GRID, WARM = "#0072B2", "#5B6B7B", "#DCE3EB", "#D55E00"


class Bar(NamedTuple):
    """A named estimate with its interval, in shares; None where it cannot be told."""

    label: str
    value: float | None
    low: float | None
    high: float | None


class Point(NamedTuple):
    """A look: the share of days seen, its z (None: not testable) and its boundary."""

    fraction: float
    z: float | None
    boundary: float


def intervals(bars: Sequence[Bar], title: str) -> str:
    """Relative effects as dots with their ranges around a line at 0."""
    known = [bar for bar in bars if bar.value is not None and bar.low is not None and bar.high is not None]
    if not known:
        return ""
    reach = max(max(abs(bar.low or 0), abs(bar.high or 0)) for bar in known) * 1.1 or 1.0
    middle, scale = LEFT + (WIDTH - LEFT - RIGHT) / 2, (WIDTH - LEFT - RIGHT) / 2 / reach
    height = ROW * len(known) + 34
    parts = [_line(middle, 8, middle, height - 24, GREY, dash=True)]
    for place, bar in enumerate(known):
        y = 24 + ROW * place
        low, value, high = (middle + scale * float(x or 0) for x in (bar.low, bar.value, bar.high))
        parts += [_text(LEFT - 12, y + 4, bar.label, anchor="end"), _line(low, y, high, y, BLUE, width=3)]
        parts.append(f'<circle cx="{value:.1f}" cy="{y}" r="5" fill="{BLUE}"/>')
    parts += [
        _text(middle + scale * x, height - 6, f"{x:+.0%}" if x else "0", anchor="middle", colour=GREY)
        for x in (-reach / 1.1, 0, reach / 1.1)
    ]
    return _svg(height, parts, title)


def looks(points: Sequence[Point], planned: Sequence[Point], title: str, labels: tuple[str, str]) -> str:
    """The test value at each look between its boundaries; `labels` name the axis and the boundary."""
    every = [*points, *planned]
    if not every:
        return ""
    top = min(max(max(point.boundary for point in every), *(abs(point.z) for point in points if point.z is not None), 2.0) * 1.1, 6.0)
    height, wide = 240, WIDTH - 60 - RIGHT

    def place(point: Point, z: float) -> tuple[float, float]:
        return 60 + wide * point.fraction, height / 2 - 10 - z / top * (height / 2 - 24)

    parts = [_line(60, height / 2 - 10, WIDTH - RIGHT, height / 2 - 10, GRID)]
    ordered = sorted({point.fraction: point for point in [*planned, *points]}.values())
    for sign in (1, -1):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(point, sign * min(point.boundary, top)) for point in ordered))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{WARM}" stroke-width="2" stroke-dasharray="5 4"/>')
    parts += [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{BLUE}"/>'
        for x, y in (place(p, max(-top, min(top, p.z))) for p in points if p.z is not None)
    ]
    parts += [_text(60, height - 6, labels[0], colour=GREY), _text(WIDTH - RIGHT, 16, labels[1], anchor="end", colour=WARM)]
    return _svg(height, parts, title)


def _svg(height: float, parts: Sequence[str], title: str) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {math.ceil(height)}" role="img" aria-label="{escape(title)}">'
    return head + "".join(parts) + "</svg>"


def _line(x0: float, y0: float, x1: float, y1: float, colour: str, *, width: float = 1.5, dash: bool = False) -> str:
    dashed = ' stroke-dasharray="3 4"' if dash else ""
    return f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{colour}" stroke-width="{width}"{dashed}/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", colour: str = "#14212E") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="13" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
