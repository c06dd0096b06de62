"""What hot and rainy days did to sales, in per cent with an interval, freed of weekday, season, trend and holidays."""

from typing import Any

import numpy as np
import pandas as pd

from ml.forecasting.days import YEAR, day_table
from ml.forecasting.history import Array

LEAST_DAYS = 730  # two summers: with one, heat and season are the same thing
LEAST_EVENTS = 20
HARMONICS = 4
LAGS = 14
ROUNDS = 30
RIDGE = 1e-6
Z95 = 1.959964
NOTES = ("measured", "nothing_measurable", "short_history", "few_such_days", "no_weather")


def weather_effects(
    history: pd.DataFrame, weather: pd.DataFrame, hot_celsius: float, rainy_mm: float, *, country: str = "CL"
) -> list[dict[str, Any]]:
    """One entry for hot and one for rainy days: kind, code (of NOTES), days, and where it was estimated effect, lo95, hi95 as shares.

    `history` has ds and y, `weather` ds, temp_max_c and precip_mm of days that have come. A log-linear mean (quasi-Poisson; McCullagh and
    Nelder, 1989) with weekday, holidays, yearly harmonics and a bent trend; the interval is robust to neighbouring days going together
    (Newey and West, 1987). `nothing_measurable`: the interval holds 0.
    """
    if weather.empty or weather[["temp_max_c", "precip_mm"]].isna().all(axis=None):
        return [{"kind": kind, "code": "no_weather", "days": 0} for kind in ("hot", "rainy")]
    days = history.merge(weather[["ds", "temp_max_c", "precip_mm"]], on="ds", how="inner").dropna(subset=["y"])
    table = day_table(np.datetime64(days["ds"].min(), "D"), int((days["ds"].max() - days["ds"].min()).days) + 1, country)
    days = days.sort_values("ds").drop_duplicates("ds").set_index("ds").reindex(pd.DatetimeIndex(table.days).astype("datetime64[us]"))
    is_open = _open(days["y"].to_numpy(dtype=float), table.weekday) & ~(table.is_holiday & (days["y"].to_numpy() == 0))
    flags = {"hot": days["temp_max_c"] > hot_celsius, "rainy": days["precip_mm"] > rainy_mm}
    known = is_open & days[["y", "temp_max_c", "precip_mm"]].notna().all(axis=1).to_numpy()
    return [_effect(kind, days["y"].to_numpy(dtype=float), table, flags, known) for kind in flags]


def _effect(kind: str, y: Array, table: Any, flags: dict[str, pd.Series], known: Any) -> dict[str, Any]:
    count = int((flags[kind].to_numpy() & known).sum())
    said = {"kind": kind, "days": count}
    if int(known.sum()) == 0 or len(y) < LEAST_DAYS:
        return said | {"code": "short_history", "needed": LEAST_DAYS, "history": len(y)}
    if count < LEAST_EVENTS or int(known.sum()) - count < LEAST_EVENTS:
        return said | {"code": "few_such_days", "needed": LEAST_EVENTS}
    beside = [flag.to_numpy(dtype=float) for name, flag in flags.items() if name != kind and flag[known].sum() >= LEAST_EVENTS]
    matrix = np.column_stack([flags[kind].to_numpy(dtype=float), *beside, _calendar(table)])[known]
    effect, error = _first_coefficient(matrix, y[known] / max(float(y[known].mean()), 1e-9))
    low, high = np.expm1(effect - Z95 * error), np.expm1(effect + Z95 * error)
    code = "measured" if low > 0 or high < 0 else "nothing_measurable"
    return said | {"code": code, "effect": float(np.expm1(effect)), "lo95": float(low), "hi95": float(high)}


def _calendar(table: Any) -> Array:
    weekdays = [(table.weekday == day).astype(float) for day in range(7)]
    angles = [2 * np.pi * k * table.year_position for k in range(1, HARMONICS + 1)]
    waves = [wave for angle in angles for wave in (np.sin(angle), np.cos(angle))]
    age = np.arange(len(table)) / YEAR
    bends = [np.maximum(age - bend, 0.0) for bend in np.arange(0, age[-1], 0.5)]
    near = table.is_holiday | np.roll(table.is_holiday, 1) | np.roll(table.is_holiday, -1)
    return np.column_stack([*weekdays, *waves, *bends, near.astype(float), (table.days_to_month_end < 3).astype(float)])


def _first_coefficient(matrix: Array, y: Array) -> tuple[float, float]:
    """The first coefficient of a log-linear mean and its standard error."""
    weights: Array = np.zeros(matrix.shape[1])
    penalty = RIDGE * len(y) * np.eye(matrix.shape[1])
    for _ in range(ROUNDS):
        eta = np.clip(matrix @ weights, -8, 5)
        mean = np.exp(eta)
        response = eta + (y - mean) / mean
        left = (matrix * mean[:, None]).T @ matrix + penalty
        moved = np.asarray(np.linalg.solve(left, (matrix * mean[:, None]).T @ response), dtype=float)
        done = float(np.abs(moved - weights).max()) < 1e-8
        weights = moved
        if done:
            break
    mean = np.exp(np.clip(matrix @ weights, -8, 5))
    bread = np.linalg.inv((matrix * mean[:, None]).T @ matrix + penalty)
    scores = matrix * (y - mean)[:, None]
    meat = scores.T @ scores
    for lag in range(1, LAGS + 1):
        cross = scores[lag:].T @ scores[:-lag]
        meat += (1 - lag / (LAGS + 1)) * (cross + cross.T)
    variance = (bread @ meat @ bread)[0, 0] * len(y) / max(len(y) - matrix.shape[1], 1)
    return float(weights[0]), float(np.sqrt(max(variance, 0.0)))


def _open(y: Array, weekday: Any) -> Any:
    """Days of weekdays on which something is usually sold."""
    share = np.array([np.nanmean(y[weekday == day] > 0) if (weekday == day).any() else 0.0 for day in range(7)])
    return (share >= 0.3)[weekday]
