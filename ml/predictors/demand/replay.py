"""The last three months told again: what the forecaster would have said at the start of each, beside what came and two plainer ways."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from ml.evaluation.baselines import seasonal_naive
from ml.evaluation.metrics import coverage, mase, naive_scale
from ml.forecasting import ForecastError, backtest, totals_of
from ml.forecasting.plain import plain_prophet

MONTHS = 3
DAYS = 30
HISTORY_BEFORE = 90
EDGES = ("lo80", "hi80", "lo95", "hi95")


def replay(history: pd.DataFrame, *, country: str) -> dict[str, Any]:
    """{"days": rows as lists by column, "months": 30-day totals, and figures}; {} where the history is too short for one month of it.

    Figures: mase, mase_naive (same weekday of the last week), mase_prophet (out of the box), coverage80, coverage95, bias (of the 30-day
    totals, as a share of what came; above 0 is too much).
    """
    last = len(history) - 1
    places = [last - DAYS * back for back in range(MONTHS, 0, -1) if last - DAYS * back >= HISTORY_BEFORE]
    if not places:
        return {}
    cutoffs: list[date] = [history["ds"].iloc[place].date() for place in places]
    try:
        frame = backtest(history, cutoffs, DAYS, country=country)
    except ForecastError:
        return {}
    sums = totals_of(frame)
    months = sums[sums["days"] == DAYS]
    frame = frame.dropna(subset=["actual"])
    if frame.empty or months["actual"].isna().all():
        return {}
    return {"days": _columns(frame), "months": _months(months), **_figures(history, places, frame), **_totals(months)}


def _figures(history: pd.DataFrame, places: list[int], frame: pd.DataFrame) -> dict[str, float | None]:
    y = history["y"].fillna(0.0).to_numpy(dtype=float)
    errors: dict[str, list[float]] = {"mase": [], "mase_naive": [], "mase_prophet": []}
    for place in places:
        known, came = history.iloc[: place + 1], y[place + 1 : place + 1 + DAYS]
        scale = naive_scale(y[: place + 1])
        said = frame[frame["cutoff"] == history["ds"].iloc[place]]
        errors["mase"].append(mase(said["actual"], said["yhat"], scale))
        errors["mase_naive"].append(mase(came, seasonal_naive(y[: place + 1], DAYS), scale))
        errors["mase_prophet"].append(mase(came, plain_prophet(known.assign(y=y[: place + 1]), DAYS), scale))
    figures: dict[str, float | None] = {name: _number(float(np.mean(values))) for name, values in errors.items()}
    for level in (80, 95):
        figures[f"coverage{level}"] = _number(coverage(frame["actual"], frame[f"lo{level}"], frame[f"hi{level}"]))
    return figures


def _totals(months: pd.DataFrame) -> dict[str, float | None]:
    came = float(months["actual"].sum())
    return {"bias": _number((float(months["total"].sum()) - came) / came) if came > 0 else None}


def _columns(frame: pd.DataFrame) -> dict[str, list[Any]]:
    days = [day.date().isoformat() for day in frame["ds"]]
    numbers = {name: [float(f"{value:.6g}") for value in frame[name]] for name in ("yhat", *EDGES, "actual")}
    return {"day": days, **numbers}


def _months(months: pd.DataFrame) -> list[dict[str, Any]]:
    told = [{"from": (day + timedelta(days=1)).isoformat()} for day in months["cutoff"]]
    numbers = months[["total", "lo80", "hi80", "actual"]].rename(columns={"total": "value"}).to_dict("records")
    return [begin | {str(name): value for name, value in row.items()} for begin, row in zip(told, numbers, strict=True)]


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
