"""Figures of the Routes screen: cost by zone as bars, and the day's deliveries on a plain plane, drawn without anybody's map."""

import math

import pandas as pd

from ui import charts
from ui.charts import Figure
from ui.screen import Screen

MOST_BARS = 12
KM_PER_DEGREE = 111.195
SCALES = (1, 2, 5, 10, 20, 50, 100, 200)
ROUNDED = {True: 2, False: 5}  # decimals of a degree: a viewer sees about a kilometre, no door


def cost_by_zone(screen: Screen, zones: pd.DataFrame) -> Figure:
    """Horizontal bars, the dearest first: the zones with most orders, at most MOST_BARS."""
    colours, f = charts.palette(dark=screen.dark), screen.f
    shown = zones.head(MOST_BARS).sort_values("cost", ascending=False)
    bars = {
        "type": "bar", "orientation": "h", "y": list(shown["zone"]), "x": list(shown["cost"]), "marker": {"color": colours.line},
        "text": [f.money(cost) for cost in shown["cost"]], "textposition": "outside", "textfont": {"color": colours.grey},
        "cliponaxis": False, "hovertemplate": "%{y}: %{text}<extra></extra>",
    }  # fmt: skip
    layout = charts.base_layout(screen, colours) | {"height": 70 + 30 * len(shown), "showlegend": False}
    layout["xaxis"] = {"visible": False, "range": [0, float(shown["cost"].max()) * 1.25], "fixedrange": True}
    layout["yaxis"] = {"autorange": "reversed", "fixedrange": True, "automargin": True, "ticks": "", "tickfont": {"color": colours.grey}}
    return {"data": [bars], "layout": layout | {"margin": {"l": 8, "r": 8, "t": 8, "b": 8}}}


def deliveries(screen: Screen, points: pd.DataFrame, depot: tuple[float, float]) -> Figure:
    """Each delivery a dot, larger for more bottles, and the depot a square; north is up and a kilometre is as long either way."""
    colours, t, f = charts.palette(dark=screen.dark), screen.t, screen.f
    digits = ROUNDED[screen.masked]
    latitude, longitude = points["latitude"].round(digits), points["longitude"].round(digits)
    narrow = max(math.cos(math.radians(depot[0])), 0.05)
    told = [
        t("{zone}: {n} bottles", zone=zone if isinstance(zone, str) else t("Delivery"), n=f.number(quantity))
        for zone, quantity in zip(points["zone"], points["quantity"], strict=True)
    ]
    most = max(float(points["quantity"].fillna(0).max()), 1.0)
    sizes = [8 + 14 * math.sqrt(max(quantity, 0) / most) if quantity == quantity else 8 for quantity in points["quantity"]]
    dots = {
        "type": "scatter", "mode": "markers", "x": list(longitude), "y": list(latitude), "name": t("Delivery"), "customdata": told,
        "hovertemplate": "%{customdata}<extra></extra>",
        "marker": {"color": colours.line, "size": sizes, "opacity": 0.75, "line": {"width": 1, "color": "rgba(255,255,255,.6)"}},
    }  # fmt: skip
    home = {
        "type": "scatter", "mode": "markers", "x": [depot[1]], "y": [depot[0]], "name": t("Depot"),
        "marker": {"color": colours.second, "size": 15, "symbol": "square"}, "hovertemplate": t("Depot") + "<extra></extra>",
    }  # fmt: skip
    layout = charts.base_layout(screen, colours) | {"height": 440}
    plain = {"showgrid": True, "gridcolor": colours.grid, "zeroline": False, "showticklabels": False, "fixedrange": True}
    layout["xaxis"] = plain | {"constrain": "domain"}
    layout["yaxis"] = plain | {"scaleanchor": "x", "scaleratio": 1 / narrow}
    west, east = min([*longitude, depot[1]]), max([*longitude, depot[1]])
    south = min([*latitude, depot[0]])
    kilometres = _scale((east - west) * KM_PER_DEGREE * narrow)
    length, under = kilometres / (KM_PER_DEGREE * narrow), south - 0.01
    line = {"type": "line", "x0": west, "x1": west + length, "y0": under, "y1": under, "line": {"color": colours.grey, "width": 2}}
    layout["shapes"] = [line]
    note = {"x": west + length / 2, "y": under, "yanchor": "top", "showarrow": False, "font": {"size": 11, "color": colours.grey}}
    layout["annotations"] = [note | {"text": t("{n} km", n=f.number(kilometres))}]
    return {"data": [dots, home], "layout": layout}


def _scale(width_km: float) -> int:
    """The length of the scale: the longest round number under a third of the width."""
    return max((scale for scale in SCALES if scale <= width_km / 3), default=SCALES[0])
