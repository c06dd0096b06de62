"""The colours of figures that are already drawn, in the mode of this moment: rules of style made from the palettes.

A figure bears the colours of the mode in which it was drawn. When the system turns dark (or light) while a page is open, these rules put
each colour's twin in its place, shape by shape, so that series stay apart; the next run draws the same anew.
"""

import re
from functools import cache

from ui import charts, demand_figure, event_marks

PARTS = ("fill", "stroke")
RGBA = re.compile(r"rgba\((\d+),(\d+),(\d+),([.\d]+)\)")


def twins() -> list[tuple[str, str]]:
    """Each colour of the figures in light mode, and the one that stands for it in dark mode."""
    return [
        *zip(event_marks.LIGHT, event_marks.DARK, strict=True),
        *zip(demand_figure.COLOURS, demand_figure.DARK_COLOURS, strict=True),
        *zip(charts.LIGHT, charts.DARK, strict=True),
        charts.INK,
    ]


@cache
def rules() -> str:
    """The rules of style. Whole colours first, so that those with an opacity of their own have the last word."""
    pairs = sorted(dict.fromkeys(twins()), key=lambda pair: pair[0].startswith("rgba"))
    told = (_rule(part, light, dark) for light, dark in pairs for part in PARTS)
    return '[data-testid="stPlotlyChart"]{' + "".join(told) + "}"


def drawn_as(part: str, colour: str) -> str:
    """How a browser writes a colour of the palettes into the style of a shape.

    >>> drawn_as("fill", "#0072B2"), drawn_as("fill", "rgba(0,114,178,.35)")
    ('fill: rgb(0, 114, 178)', 'fill: rgb(0, 114, 178); fill-opacity: 0.35;')
    """
    parts = RGBA.fullmatch(colour)
    if parts is None:
        return f"{part}: rgb({int(colour[1:3], 16)}, {int(colour[3:5], 16)}, {int(colour[5:7], 16)})"
    red, green, blue, opaque = parts.groups()
    return f"{part}: rgb({red}, {green}, {blue}); {part}-opacity: {float(opaque):g};"


def _rule(part: str, light: str, dark: str) -> str:
    """Either colour, wherever it was drawn, becomes that of the two which the mode wants."""
    drawn = ",".join(f'[style*="{drawn_as(part, one)}"]' for one in (light, dark))
    whole = "" if light.startswith("#") else f";{part}-opacity:1!important"  # the opacity stands in the colour
    return f"{drawn}{{{part}:light-dark({light},{dark})!important{whole}}}"
