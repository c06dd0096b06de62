"""The naive rules a model has to beat, in their plainest form. Each takes a daily history (oldest first) and says the next days."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
WEEK = 7


def seasonal_naive(history: npt.ArrayLike, horizon: int, season: int = WEEK) -> Array:
    """The last season repeated; unknown days (NaN) count as 0, a history shorter than a season repeats its mean."""
    values = np.nan_to_num(np.asarray(history, dtype=float))
    if len(values) < season:
        return np.full(horizon, values.mean() if len(values) else 0.0)
    return np.resize(values[-season:], horizon)


def weekday_median(history: npt.ArrayLike, horizon: int, weeks: int = 8) -> Array:
    """The median of the last eight same weekdays; unknown days (NaN) are left out, a weekday without any gives 0."""
    values = np.asarray(history, dtype=float)
    usable = values[-weeks * WEEK :]
    age = np.arange(len(usable) - 1, -1, -1) % WEEK
    medians = np.zeros(WEEK)
    for days_before_last in range(WEEK):
        known = usable[(age == days_before_last) & ~np.isnan(usable)]
        medians[days_before_last] = np.median(known) if len(known) else 0.0
    return np.array([medians[(-step) % WEEK] for step in range(1, horizon + 1)])


def last_value(history: npt.ArrayLike, horizon: int) -> Array:
    """The last known value repeated; 0 without one."""
    values = np.asarray(history, dtype=float)
    known = values[~np.isnan(values)]
    return np.full(horizon, known[-1] if len(known) else 0.0)
