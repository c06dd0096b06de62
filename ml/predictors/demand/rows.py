"""Rows of the demand predictor's answer: the company's days and totals, the parts' totals with their days inside."""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ml.evaluation.metrics import naive_scale
from ml.forecasting import SeriesModel
from ml.forecasting.history import Array
from ml.forecasting.parts import Parts, smallest_sales

SEASON_DAYS = 7
YEAR_DAYS = 364
LITTLE_DATA = ("short_history", "few_sales")
EDGES = ("lo80", "hi80", "lo95", "hi95")
QUANTILES = (0.01, 0.025, *(step / 20 for step in range(1, 20)), 0.975, 0.99, 0.995, 0.999)
BAND_TAILS = (0.1, 0.9, 0.025, 0.975)
Row = dict[str, Any]


def row(
    measure: str,
    target: date,
    window: int,
    value: float,
    bands: Mapping[Any, Any],
    detail: dict[str, Any],
    entity: tuple[str, str] = ("company", "all"),
) -> Row:
    """One row of PREDICTION_COLUMNS."""
    keys = {"measure": measure, "entity_type": entity[0], "entity_id": entity[1], "target_date": pd.Timestamp(target)}
    return {**keys, "window_days": window, "value": value, **{edge: bands.get(edge, float("nan")) for edge in EDGES}, "detail": detail}


def company_rows(measure: str, model: SeriesModel, history: pd.DataFrame, ahead: pd.DataFrame, totals: pd.DataFrame) -> list[Row]:
    """The days and totals of the company. `ahead` is a forecast frame with, where weather is used, the columns base, warm and rain."""
    shared = scales(history)
    little = [note for note in model.notes if note["code"] in LITTLE_DATA]
    if little:
        shared["reason"] = little[0]
    names = list(model.member_names)
    rows = []
    for day in ahead.to_dict("records"):
        members = {name: round(day[name], 4) for name in names}
        detail = {"open": bool(day["is_open"]), "holiday": day["holiday"] or None, "members": members, **shared}
        detail |= {name: round(day[name], 4) for name in ("base", "temp_max_c", "precip_mm") if name in day and not pd.isna(day[name])}
        if day.get("shut"):
            detail["closure"] = True
        rows.append(row(measure, day["ds"].date(), 1, day["yhat"], day, detail))
    closed_days = _closed_days(model, history)
    for total in totals.to_dict("records"):
        detail = {"open_days": int(total["open_days"]), "closed_days": closed_days}
        rows.append(row(measure, ahead["ds"].iloc[int(total["days"]) - 1].date(), int(total["days"]), total["total"], total, detail))
    return rows


class Division(NamedTuple):
    """A total divided: the fitted `parts`, their `values` (days × parts) on `days`, and the `least` that was ever sold of each in a day."""

    parts: Parts
    values: Array
    days: pd.Series
    least: Array


def part_rows(measure: str, kind: str, divided: Division, windows: tuple[int, ...], names: Mapping[str, str]) -> list[Row]:
    """The totals of each part over the windows; the longest carries the part's days in `detail.path`, the shortest how past weeks
    went (`detail.record`) and for bottles quantiles."""
    parts, days = divided.parts, divided.days
    rows = []
    spans = np.array([*range(1, len(days) + 1), *windows])
    for place, name in enumerate(parts.names):
        label = {"name": names[name]} if name in names else {}
        series = divided.values[:, place]
        sums = [float(series[:window].sum()) for window in windows]
        values = np.concatenate([series, sums])
        edges = _band(parts.quantiles(values, place, BAND_TAILS, spans), values, float(divided.least[place]), whole=parts.whole)
        for number, (window, mean) in enumerate(zip(windows, sums, strict=True), start=len(series)):
            bands = {edge: float(edges[edge][number]) for edge in EDGES}
            detail: dict[str, Any] = {"method": parts.method, **label}
            if window == max(windows):
                detail["path"] = {"value": _short(series), **{edge: _short(edges[edge][: len(series)]) for edge in EDGES}}
            elif parts.record is not None:
                detail["record"] = parts.record.get(name, {})
            if window == min(windows) and measure == "bottles" and kind == "product":
                quantiles = parts.quantiles(np.array([mean]), place, QUANTILES, window)[:, 0]
                detail["quantiles"] = {str(level): float(value) for level, value in zip(QUANTILES, quantiles, strict=True)}
                detail["service"] = parts.service.get(name, {})
            rows.append(row(measure, days.iloc[window - 1].date(), window, mean, bands, detail, (kind, name)))
    return rows


def tail_rows(
    measure: str, kind: str, shares: pd.Series, rest: Array, days: pd.Series, windows: tuple[int, ...], names: Mapping[str, str]
) -> list[Row]:
    """Totals of parts that are too many to model: their share of the rest, of which they are a part (`rest` by day), without a range."""
    made = []
    for part, share in zip(shares.index.astype(str), shares.astype(float), strict=True):
        detail = {"method": "proportion"} | ({"name": names[part]} if part in names else {})
        for window in windows:
            made.append(row(measure, days.iloc[window - 1].date(), window, float(rest[:window].sum()) * share, {}, detail, (kind, part)))
    return made


def shut(
    ahead: pd.DataFrame, totals: pd.DataFrame, closed: set[pd.Timestamp], members: tuple[str, ...]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The forecast with announced closures: those days are closed and 0, and totals shrink by what they would have brought."""
    is_shut = ahead["ds"].isin(list(closed)) & ahead["is_open"]
    if not is_shut.any():
        return ahead, totals
    numbers = [name for name in ("yhat", *EDGES, "base", *members) if name in ahead]
    emptied = ahead.assign(**{name: ahead[name].mask(is_shut, 0.0) for name in numbers}, is_open=ahead["is_open"] & ~is_shut, shut=is_shut)
    rows = []
    for total in totals.to_dict("records"):
        days = int(total["days"])
        left = float(emptied["yhat"].iloc[:days].sum())
        factor = left / total["total"] if total["total"] > 0 else 0.0
        edges = {edge: total[edge] * factor for edge in EDGES}
        if all(float(total[edge]).is_integer() for edge in EDGES):
            edges = {edge: float(np.floor(value) if edge.startswith("lo") else np.ceil(value)) for edge, value in edges.items()}
        rows.append(total | {"total": left, **edges, "open_days": int(emptied["is_open"].iloc[:days].sum())})
    return emptied, pd.DataFrame(rows)


def scales(history: pd.DataFrame) -> dict[str, Any]:
    """The history's naive errors that MASE and RMSSE divide by; left out where nothing ever changes."""
    y = history["y"].fillna(0.0)
    found = {"scale": naive_scale(y, SEASON_DAYS), "scale_squared": naive_scale(y, SEASON_DAYS, power=2)}
    return {name: value for name, value in found.items() if value > 0}


def least_of(history: pd.DataFrame) -> Array:
    """The smallest day's sale of each part, 0 without any: between it and 0 lies nothing."""
    return smallest_sales(history.drop(columns="ds").to_numpy(dtype=float))


def _band(quantiles: Array, values: Array, least: float, *, whole: bool) -> dict[str, Array]:
    """Edges that hold the value, the outer ones the inner (a skewed sum's mean may lie above its quantile), whole for counts.

    A lower edge under the smallest sale is 0: the days without a sale lie within the band.
    """
    low80, high80, low95, high95 = quantiles
    low80, low95 = (np.where(low < least, 0.0, low) for low in (low80, low95))
    below, above = (np.floor(values), np.ceil(values)) if whole else (values, values)
    low80, high80 = np.minimum(low80, below), np.maximum(high80, above)
    return {"lo80": low80, "hi80": high80, "lo95": np.minimum(low95, low80), "hi95": np.maximum(high95, high80)}


def _short(values: Array) -> list[float]:
    return [float(f"{value:.6g}") for value in values]


def _closed_days(model: SeriesModel, history: pd.DataFrame) -> dict[str, float]:
    """What was sold on days that count as closed within the last year: number of such days, sum, and share of all sales."""
    recent = history.tail(YEAR_DAYS)
    sold = recent.loc[~model.open_on(recent["ds"]), "y"]
    total = float(recent["y"].sum())
    return {"days": int((sold > 0).sum()), "sum": float(sold.sum()), "share": float(sold.sum()) / total if total > 0 else 0.0}
