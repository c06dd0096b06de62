"""The forecaster at past cutoffs: what it would have said then, beside what came."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import pandas as pd

from ml.forecasting.history import ForecastError, read_history
from ml.forecasting.series_model import MemberChoice, fit_series, totals_of


def backtest(
    history: pd.DataFrame, cutoffs: Iterable[date], horizon: int = 30, *, country: str = "CL", members: MemberChoice = "full"
) -> pd.DataFrame:
    """Forecasts made at the end of each cutoff day, fitted on nothing later, with what came.

    Columns: cutoff, step (days ahead), actual (NaN = unknown or not yet), then those of `SeriesModel.predict`. `totals_of(frame)`: cutoff,
    actual and the columns of totals. Raises ForecastError for cutoffs that are no days or lie outside the history, and for none at all.
    """
    days = _days(cutoffs)
    series = read_history(history)
    truth = pd.Series(series.y, index=pd.DatetimeIndex(series.days).astype("datetime64[us]"))
    frames, totals = [], []
    for day in days:
        if not truth.index[0] <= day <= truth.index[-1]:
            raise ForecastError(
                f"A cutoff lies within the history, {truth.index[0]:%Y-%m-%d} to {truth.index[-1]:%Y-%m-%d}; {day:%Y-%m-%d} came."
            )
        known = pd.DataFrame({"ds": truth.index[truth.index <= day], "y": truth[truth.index <= day].to_numpy()})
        frame = fit_series(known, country=country, members=members).predict(known, horizon)
        sums = totals_of(frame)
        frame.attrs = {}
        frame.insert(0, "cutoff", day)
        frame.insert(1, "step", range(1, len(frame) + 1))
        frame.insert(2, "actual", truth.reindex(frame["ds"]).to_numpy())
        frames.append(frame)
        totals += [
            {"cutoff": day.date(), "actual": _total(truth, day, int(days)), **row}
            for days, row in zip(sums["days"], sums.to_dict("records"), strict=True)
        ]
    result = pd.concat(frames, ignore_index=True)
    result.attrs["totals"] = totals
    return result


def _days(cutoffs: Any) -> list[pd.Timestamp]:
    try:
        days = [pd.Timestamp(cutoff).tz_localize(None) for cutoff in cutoffs]
    except (TypeError, ValueError):
        days = []
    if not days or any(pd.isna(day) for day in days):
        raise ForecastError(f"Cutoffs are a list of one or more days, as [date(2026, 1, 31)]; {cutoffs!r} came.")
    return [day.normalize().as_unit("us") for day in days]


def _total(truth: pd.Series, cutoff: pd.Timestamp, days: int) -> float:
    window = truth.reindex(pd.date_range(cutoff + pd.Timedelta(days=1), periods=days))
    return float(window.sum(skipna=False))
