"""Units of the next 28 days per product: a recent rate per working day, times last year's season as far as that helped before."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product as every_pair

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.pricing.lines import top_products

Array = npt.NDArray[np.float64]
WINDOW_DAYS = 28
LEVEL_DAYS = ((28,), (28, 91), (28, 56, 91, 182), (91, 182), (182,))
LONGEST_LEVEL_DAYS = 182
SEASON_SHARES = (0.0, 0.5, 1.0)
USUAL_CHOICE = ((28, 91), 0.0)
MUST_BEAT_USUAL_BY = 0.95
LARGEST_DAY = 3.0
ORIGIN_STEP_DAYS = 14
MAX_ORIGINS = 13
YEAR_DAYS = 364
LARGEST_SEASON = 2.0
BAND_LEVELS = (0.025, 0.10, 0.90, 0.975)
ERROR_POWER = 0.75
MIN_ERRORS = 40


@dataclass(frozen=True)
class UnitsModel:
    """How units are foreseen: the spans of days whose rates are averaged to a level, the share of last year's season, weekday weights
    (Monday first, mean 1), what a holiday keeps of its weekday (0 to 1), and quantiles of error / (units + 1)^0.75 at 2.5, 10, 90 and
    97.5 % (empty with too few errors)."""

    level_days: tuple[int, ...]
    season_share: float
    weekday_weights: tuple[float, ...]
    holiday_weight: float
    error_bands: tuple[float, ...]

    def predict(self, daily: pd.DataFrame, as_of: date, holidays: Collection[date]) -> pd.DataFrame:
        """Units of the 28 days after `as_of`: columns value, lo80, hi80, lo95, hi95, indexed by product. `daily` as of `daily_units`."""
        value = self.units(daily, as_of, holidays)
        bands = np.array(self.error_bands if self.error_bands else (np.nan,) * 4)
        limits = np.maximum(value[:, None] + np.outer((value + 1) ** ERROR_POWER, bands), 0.0)
        low95, low80, high80, high95 = limits.T
        frame = {"value": value, "lo80": np.minimum(low80, value), "hi80": np.maximum(high80, value)}
        return pd.DataFrame(frame | {"lo95": np.minimum(low95, value), "hi95": np.maximum(high95, value)}, index=daily.columns)

    def units(self, daily: pd.DataFrame, as_of: date, holidays: Collection[date]) -> Array:
        """Units of the 28 days after `as_of`, one number a product of `daily`."""
        told = [self._rate(daily, as_of, days, holidays) for days in self.level_days]
        if self.season_share > 0:
            told = [rate * _season(daily, as_of, days) ** self.season_share for rate, days in zip(told, self.level_days, strict=True)]
        return np.mean(told, axis=0) * self._weight(as_of, WINDOW_DAYS, holidays)

    def _rate(self, daily: pd.DataFrame, as_of: date, days: int, holidays: Collection[date]) -> Array:
        past = _window(daily, as_of, days)
        shown = max(len(past), 1)
        return past.sum(axis=0).to_numpy(dtype=float) / max(self._weight(as_of - timedelta(days=shown), shown, holidays), 1e-9)

    def _weight(self, after: date, days: int, holidays: Collection[date]) -> float:
        span = [after + timedelta(days=step + 1) for step in range(days)]
        return sum(self.weekday_weights[day.weekday()] * (self.holiday_weight if day in holidays else 1.0) for day in span)


def daily_units(lines: pd.DataFrame, products: Sequence[str], as_of: date) -> pd.DataFrame:
    """Days (every day from the first sale to `as_of`) × products: units sold, 0 where nothing was."""
    kept = lines[lines["product_id"].isin(set(products))]
    table = kept.pivot_table(index="day", columns="product_id", values="quantity", aggfunc="sum")
    first = table.index.min() if len(table) else pd.Timestamp(as_of)
    days = pd.date_range(first, pd.Timestamp(as_of), freq="D")
    return table.reindex(index=days, columns=list(products)).fillna(0.0)


def fit_units(lines: pd.DataFrame, limit: int, as_of: date, holidays: Collection[date]) -> UnitsModel:
    """Choose days of the level and share of the season by the error at up to 13 earlier cutoffs, a fortnight apart.

    Each cutoff is judged on the `limit` best sellers of that day: today's would be chosen by what came after it.
    """
    first = lines["day"].min().date()
    enough = min(LONGEST_LEVEL_DAYS, ((as_of - first).days + 1) // 2)
    origins = [as_of - timedelta(days=WINDOW_DAYS + ORIGIN_STEP_DAYS * step) for step in range(MAX_ORIGINS)]
    sellers = {origin: _best_sellers(lines, origin, limit) for origin in origins if (origin - first).days >= enough}
    products = sorted(set(_best_sellers(lines, as_of, limit)).union(*sellers.values()))
    daily = daily_units(lines, products, as_of)
    weekdays, holiday = _weekday_weights(daily, frozenset(holidays))
    usual = UnitsModel(*USUAL_CHOICE, weekdays, holiday, ())
    if not sellers:
        return usual
    truth = np.concatenate([_came(daily[seen], day) for day, seen in sellers.items()])
    choices = [UnitsModel(days, share, weekdays, holiday, ()) for days, share in every_pair(LEVEL_DAYS, SEASON_SHARES)]
    said = {choice: np.concatenate([choice.units(daily[seen], day, holidays) for day, seen in sellers.items()]) for choice in choices}
    misses = {choice: float(np.abs(units - truth).sum()) for choice, units in said.items()}
    best = min(choices, key=lambda choice: misses[choice])
    chosen = best if misses[best] < MUST_BEAT_USUAL_BY * misses[usual] else usual
    return replace(chosen, error_bands=_error_bands(truth, said[chosen]))


def _error_bands(truth: Array, said: Array) -> tuple[float, ...]:
    errors = (truth - said) / (said + 1) ** ERROR_POWER
    return tuple(float(np.quantile(errors, level)) for level in BAND_LEVELS) if len(errors) >= MIN_ERRORS else ()


def _best_sellers(lines: pd.DataFrame, day: date, limit: int) -> list[str]:
    return top_products(lines[lines["day"] <= pd.Timestamp(day)], pd.Timestamp(day), limit)


def _came(daily: pd.DataFrame, origin: date) -> Array:
    return _window(daily, origin + timedelta(days=WINDOW_DAYS), WINDOW_DAYS).sum(axis=0).to_numpy(dtype=float)


def _weekday_weights(daily: pd.DataFrame, holidays: frozenset[date]) -> tuple[tuple[float, ...], float]:
    total = daily.sum(axis=1)
    off = np.array([day.date() in holidays for day in daily.index], dtype=bool)
    weekday = pd.DatetimeIndex(daily.index).day_of_week.to_numpy()
    usual = np.array(
        [total.to_numpy()[(weekday == number) & ~off].mean() if ((weekday == number) & ~off).any() else 0.0 for number in range(7)]
    )
    if usual.sum() <= 0:
        return (1.0,) * 7, 1.0
    expected = float(usual[weekday[off]].sum())
    holiday = float(np.clip(total.to_numpy()[off].sum() / expected, 0.0, 1.0)) if expected > 0 else 1.0
    return tuple(float(weight) for weight in usual / usual.mean()), holiday


def _season(daily: pd.DataFrame, as_of: date, level_days: int) -> float:
    """Last year's 28 days after this day over its `level_days` before, per day, all products; 1 without a full year before.

    Every product counts in its own usual daily sales (at most three a day), so that neither packs of a hundred nor a hoard are a season.
    """
    then = as_of - timedelta(days=YEAR_DAYS)
    if pd.Timestamp(then - timedelta(days=level_days)) < daily.index[0]:
        return 1.0
    around = _window(daily, then + timedelta(days=WINDOW_DAYS), level_days + WINDOW_DAYS).to_numpy(dtype=float)
    around = around[:, around.any(axis=0)]
    usual = [float(np.median(units[units > 0])) for units in around.T]
    busy = np.minimum(around / np.array(usual), LARGEST_DAY)
    before, after = float(busy[:-WINDOW_DAYS].sum()) / level_days, float(busy[-WINDOW_DAYS:].sum()) / WINDOW_DAYS
    return float(np.clip(after / before, 1 / LARGEST_SEASON, LARGEST_SEASON)) if before > 0 and after > 0 else 1.0


def _window(daily: pd.DataFrame, end: date, days: int) -> pd.DataFrame:
    last = (pd.Timestamp(end) - daily.index[0]).days + 1
    return daily.iloc[max(last - days, 0) : max(last, 0)]
