"""Outside numbers by day (weather, events) as columns a ridge can use; where they are unknown the usual value of the season stands in."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.forecasting.history import Array, ForecastError

WEEKS = 53
SMOOTH_WEEKS = 2


@dataclass(frozen=True)
class Regressors:
    """Names, centre, spread, and usual standardised value per week of the year (names × 53) of the columns learnt from."""

    names: tuple[str, ...]
    centres: Array
    spreads: Array
    usual: Array

    def matrix(self, frame: pd.DataFrame | None, days: npt.NDArray[np.datetime64]) -> tuple[Array, int]:
        """Standardised values (days × names), the usual ones where `frame` knows none, and how many days were filled in so."""
        usual = self.usual[:, _week(days)].T
        if frame is None:
            return usual, len(days)
        known = _by_day(frame, self.names).reindex(pd.DatetimeIndex(days)).to_numpy(dtype=float)
        standard = (known - self.centres) / self.spreads
        unknown = np.isnan(standard)
        return np.where(unknown, usual, np.clip(standard, -4.0, 4.0)), int(unknown.any(axis=1).sum())


def learn_regressors(frame: pd.DataFrame, days: npt.NDArray[np.datetime64]) -> Regressors:
    """Learn centre, spread and usual course from a frame with ds and number columns, over the days of the history only.

    Raises ForecastError for a frame without ds or number columns, or that does not meet the history on any day.
    """
    if not isinstance(frame, pd.DataFrame) or "ds" not in frame.columns or len(frame.columns) < 2:
        raise ForecastError("Regressors are a DataFrame with ds (day) and at least one number column.")
    names = tuple(str(name) for name in frame.columns if name != "ds")
    values = _by_day(frame, names).reindex(pd.DatetimeIndex(days)).to_numpy(dtype=float)
    if np.isnan(values).all(axis=0).any():
        empty = [name for name, missing in zip(names, np.isnan(values).all(axis=0), strict=True) if missing]
        raise ForecastError(f"The regressors {empty} have no value on any day of the history; give values for its days or leave them out.")
    centres = np.nanmean(values, axis=0)
    spreads = np.nanstd(values, axis=0)
    spreads = np.where(spreads > 0, spreads, 1.0)
    return Regressors(names, centres, spreads, _usual((values - centres) / spreads, _week(days)))


def _by_day(frame: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    missing = [name for name in names if name not in frame.columns]
    if missing or "ds" not in frame.columns:
        raise ForecastError(f"The regressors need the columns ds and {list(names)}; {list(frame.columns)} came.")
    try:
        days = pd.to_datetime(frame["ds"])
        numbers = frame[list(names)].astype("float64")
    except (ValueError, TypeError) as error:
        raise ForecastError(f"Regressors need days in ds and numbers beside them; they could not be read: {error}.") from error
    naive = days.dt.tz_localize(None) if days.dt.tz is not None else days
    return numbers.replace([np.inf, -np.inf], np.nan).groupby(naive.dt.floor("D").to_numpy()).mean()


def _week(days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    year = days.astype("datetime64[Y]").astype("datetime64[D]")
    return np.minimum((days - year).astype(int) // 7, WEEKS - 1)


def _usual(standard: Array, week: npt.NDArray[np.int64]) -> Array:
    """Mean of each week of the year and the two around it; 0 (the centre) for weeks never seen."""
    usual = np.zeros((standard.shape[1], WEEKS))
    for number in range(WEEKS):
        distance = np.abs(week - number)
        near = np.minimum(distance, WEEKS - distance) <= SMOOTH_WEEKS
        seen = standard[near]
        counts = (~np.isnan(seen)).sum(axis=0)
        usual[:, number] = np.where(counts > 0, np.nansum(seen, axis=0) / np.maximum(counts, 1), 0.0)
    return usual
