"""A history as the algorithms want it: one number a day, in order, with what had to be mended said in `notes`."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
DAY = np.timedelta64(1, "D")
MAX_YEARS = 5
SMALL_COUNT_MEAN = 20.0
RARE_ZERO_SHARE = 0.3
MOSTLY = 0.7
LEAST_WEEKS = 3


class ForecastError(ValueError):
    """A history, horizon or option cannot be used; the sentence says what came, what was expected, and what to do."""


@dataclass(frozen=True)
class DailySeries:
    """One value a day without gaps: `days` (datetime64[D]), `y` (NaN = unknown), and codes of what was mended on the way in."""

    days: npt.NDArray[np.datetime64]
    y: Array
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.days)

    @property
    def is_count(self) -> bool:
        """Whether every known value is a whole number."""
        known = self.y[~np.isnan(self.y)]
        return bool(len(known)) and bool((known == np.round(known)).all())

    @property
    def is_small_count(self) -> bool:
        """Whole numbers of mean under 20 on the days that are not 0: bands must be whole numbers too."""
        positive = self.y[self.y > 0]
        return self.is_count and (not len(positive) or float(positive.mean()) < SMALL_COUNT_MEAN)


def read_history(history: pd.DataFrame) -> DailySeries:
    """A frame with columns ds (days, or timestamps whose zone is dropped) and y (numbers) as a DailySeries of at most the last five years
    (older days would weigh nothing).

    Same-day rows are added up, an identical (ds, y) row counts once. Negative values (returns) become 0. NaN is unknown. A day without a
    row is unknown where the history has rows with 0 (but for weekdays that have no row in most weeks); else it is a day without
    sales, 0. Notes: duplicate_days, negative_values, unknown_values, missing_days, shortened. Raises ForecastError for other forms.
    """
    stamps, values = _typed(history)
    days, values, notes = _one_a_day(stamps, values)
    if (values < 0).any():
        notes.append("negative_values")
    if np.isnan(values).any():
        notes.append("unknown_values")
    values = np.maximum(values, 0.0)
    every = np.arange(days[0], days[-1] + 1)
    full, missing = np.full(len(every), np.nan), np.ones(len(every), dtype=bool)
    place = (days - days[0]).astype(int)
    full[place], missing[place] = values, False
    if missing.any():
        notes.append("missing_days")
        no_zeros = not bool((values == 0).any())
        full[missing & (_rarely_recorded(every, missing) | no_zeros)] = 0.0
    if len(full) > MAX_YEARS * 366:
        every, full = every[-MAX_YEARS * 366 :], full[-MAX_YEARS * 366 :]
        notes.append("shortened")
    return DailySeries(every, full, tuple(notes))


def _one_a_day(stamps: npt.NDArray[np.datetime64], values: Array) -> tuple[npt.NDArray[np.datetime64], Array, list[str]]:
    """Days in order with the sum of their known values (NaN without any), each (stamp, value) counted once; and what was mended."""
    days = stamps.astype("datetime64[D]")
    if (np.diff(days).astype(int) > 0).all():
        return days, values, []
    rows = pd.DataFrame({"ds": stamps, "y": values}).sort_values("ds", kind="stable")
    notes = ["duplicate_days"] if rows.duplicated("ds").any() else []
    rows = rows.drop_duplicates()
    by_day = rows.groupby(rows["ds"].dt.floor("D"))["y"].sum(min_count=1)
    return by_day.index.to_numpy().astype("datetime64[D]"), by_day.to_numpy(dtype=float), notes


def _typed(history: Any) -> tuple[npt.NDArray[np.datetime64], Array]:
    """Stamps and values of the rows from the first known value on, NaN = unknown."""
    if not isinstance(history, pd.DataFrame) or not {"ds", "y"} <= set(history.columns):
        came = list(history.columns) if isinstance(history, pd.DataFrame) else type(history).__name__
        raise ForecastError(f"A history is a DataFrame with the columns ds (day) and y (number); {came} came.")
    if len(history) and pd.api.types.is_numeric_dtype(history["ds"]):
        raise ForecastError(f"A history has days in ds; numbers came, the first {history['ds'].iloc[0]}. Give dates, as 2026-01-31.")
    try:
        days = pd.to_datetime(history["ds"])
        values = history["y"].astype("float64")
    except (ValueError, TypeError) as error:
        raise ForecastError(f"A history needs days in ds and numbers in y; they could not be read: {error}.") from error
    if days.dt.tz is not None:
        days = days.dt.tz_localize(None)
    stamps, numbers = days.to_numpy(), np.where(np.isfinite(values), values, np.nan)
    known = ~np.isnat(stamps) & ~np.isnan(numbers)
    if not known.any():
        raise ForecastError(f"A history needs at least one known value; {len(history)} rows without any came.")
    used = ~np.isnat(stamps) & (stamps >= stamps[known].min())
    return stamps[used], numbers[used]


def _rarely_recorded(days: npt.NDArray[np.datetime64], missing: Flags) -> Flags:
    """Days of a weekday that has no row in most weeks: no business, not unknown."""
    weekday = days.astype(int) % 7
    number = np.bincount(weekday, minlength=7)
    share = np.bincount(weekday, weights=missing, minlength=7) / np.maximum(number, 1)
    return ((share >= MOSTLY) & (number >= LEAST_WEEKS))[weekday]


def zeros_out_of_character(y: Array, is_open: Flags) -> Flags:
    """Days whose 0 cannot be ordinary demand: open days at 0 in a series whose smallest days are far from 0 (a strike, a lost file).

    Such days are left out of fits. None where zeros are usual (over 30 % of open days), or where the series ends in a run of them.
    """
    zero = is_open & (y == 0)
    positive = y[is_open & (y > 0)]
    if not zero.any() or len(positive) < 20 or zero.sum() > RARE_ZERO_SHARE * is_open.sum():
        return np.zeros(len(y), dtype=bool)
    low, middle = np.quantile(positive, [0.02, 0.5])
    if low < 0.2 * middle or middle < SMALL_COUNT_MEAN / 2:
        return np.zeros(len(y), dtype=bool)
    last_sale = int(np.flatnonzero(y > 0)[-1])
    ends_in_zeros = (is_open & (np.arange(len(y)) > last_sale)).sum() >= 10
    return zero & (np.arange(len(y)) < last_sale) if ends_in_zeros else zero
