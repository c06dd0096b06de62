"""The members of the forecast, fitted side by side on one history and asked side by side from a newer one."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ml.forecasting.closures import Closures, learn_closures
from ml.forecasting.days import DayTable, day_table
from ml.forecasting.history import Array, DailySeries, Flags, zeros_out_of_character
from ml.forecasting.holt_winters import HoltWinters, fit_holt_winters
from ml.forecasting.prophet_member import ProphetMember, fit_prophet
from ml.forecasting.regressors import Regressors
from ml.forecasting.ridge import Ridge, fit_ridge
from ml.forecasting.state_space import expected_weekdays
from ml.forecasting.trees import Trees, fit_trees

PAD = 7
SPIKE = 6.0
STATE_DAYS = 42
STATE_TRUST_DAYS = 14.0
LARGEST_SHIFT = 1.2
LARGEST_EFFECT = 1.5
OUTSIDE_GROUPS = ("regressor",)
YEAR_GROUPS = ("year", "regressor")
SEASON_GROUPS = ("holiday", "custom", "christmas", "month", "year", "regressor")
CALENDAR_GROUPS = ("holiday", "custom", "christmas", "month", "regressor")


@dataclass(frozen=True)
class Span:
    """A history and the days to come on one calendar: the table and `is_open` begin PAD days before and end PAD days after.

    `regressors` and their `usual` values (padded days × names, standardised) are None without regressors.
    """

    y: Array
    padded: DayTable
    padded_open: Flags
    horizon: int
    regressors: Array | None = None
    usual: Array | None = None

    @property
    def count(self) -> int:
        """Days of history."""
        return len(self.y)

    @property
    def is_small_count(self) -> bool:
        """Whether the history is one of small whole numbers."""
        return DailySeries(self.table.days[: self.count], self.y).is_small_count

    @property
    def table(self) -> DayTable:
        """The days of history and horizon."""
        return self.padded.take(slice(PAD, PAD + self.count + self.horizon))

    @property
    def is_open(self) -> Flags:
        """Open days of history and horizon."""
        return self.padded_open[PAD : PAD + self.count + self.horizon]

    def ending(self, count: int, horizon: int) -> "Span":
        """The same span as it stood after the first `count` days: regressors of later days are the usual ones, never those that came."""
        end = 2 * PAD + count + horizon
        past = self.regressors
        if past is not None and self.usual is not None:
            past = np.concatenate([past[: PAD + count], self.usual[PAD + count : end]])
        usual = None if self.usual is None else self.usual[:end]
        return Span(self.y[:count], self.padded.take(slice(0, end)), self.padded_open[:end], horizon, past, usual)


def make_span(
    series: DailySeries,
    horizon: int,
    country: str,
    *,
    closures: Closures | None = None,
    regressors: Regressors | None = None,
    outside: pd.DataFrame | None = None,
) -> Span:
    """The span of a history and `horizon` days after it; closures are learnt from the history unless given. `outside`: regressor values."""
    padded = day_table(series.days[0] - PAD, len(series) + horizon + 2 * PAD, country)
    if closures is None:
        closures = learn_closures(series.y, padded.take(slice(PAD, PAD + len(series))))
    span = Span(series.y, padded, closures.is_open(padded), horizon)
    if regressors is None:
        return span
    return replace(span, regressors=regressors.matrix(outside, padded.days)[0], usual=regressors.matrix(None, padded.days)[0])


def usable(span: Span) -> tuple[Array, Flags]:
    """The history with spikes cut, and the days fits may use: open, known, and no 0 that is out of character."""
    is_open = span.is_open[: span.count]
    use = is_open & ~np.isnan(span.y)
    use &= ~zeros_out_of_character(np.nan_to_num(span.y), is_open)
    return _without_spikes(span.y, use), use


def _without_spikes(y: Array, use: Flags) -> Array:
    """Values over six times the middle of the 57 open days around them, or of half an ordinary good day, are cut to that.

    Where most days are 0, an ordinary good day is the middle of those that are not: their sales are no slips.
    """
    values = y[use]
    if len(values) < 14 or not (values > 0).any():
        return y
    half = min(28, len(values) // 2 - 1)
    padded = np.pad(values, half, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
    good = float(np.quantile(values, 0.75)) / 2 or float(np.median(values[values > 0]))
    limit = SPIKE * np.maximum(np.median(windows, axis=1), good)
    cut = y.copy()
    cut[use] = np.minimum(values, limit)
    return cut


@dataclass(frozen=True)
class Members:
    """The fitted members; `fitted_days` is the length of the history they saw. None = not part of this model. The state-space member
    learns nothing that outlives a history.

    Holt–Winters is the mean of two runs, one on the history freed of the yearly course and one that follows it by its level: whether the
    course of earlier years comes back is seldom sure. `yearless` is None where the history carries no yearly course.
    """

    fitted_days: int
    ridge: Ridge
    holt_winters: HoltWinters
    trees: Trees | None
    prophet: ProphetMember | None
    yearless: HoltWinters | None = None
    small_count: bool = False

    def predict(self, span: Span, origin_days: int) -> dict[str, Array]:
        """Each member's value for the days after the history of `span`, 0 on closed days. `origin_days`: how far its start lies
        before the history the members were fitted on (0 for the same start)."""
        y, use = usable(span)
        n, table, is_open = span.count, span.table, span.is_open
        future = slice(n, n + span.horizon)
        since = use & (np.arange(n) >= self.fitted_days - origin_days)
        ridge = self.ridge.predict(span.padded, span.padded_open, span.regressors)[PAD : PAD + n + span.horizon]
        answers = {"ridge": ridge[future] * _state_shift(y, ridge[:n], since)}
        smooth = [_smooth(model, span, factor_of(self.ridge, span, groups), y, use) for model, groups in self._smoothers()]
        answers["holt_winters"] = np.mean(smooth, axis=0)
        season = factor_of(self.ridge, span, SEASON_GROUPS)
        weekdays = expected_weekdays(y / season[:n], table.weekday[:n], use, small_count=self.small_count)
        answers["state_space"] = weekdays[table.weekday[future]] * season[future]
        if self.trees is not None:
            year = factor_of(self.ridge, span, YEAR_GROUPS)
            answers["xgboost"] = self.trees.predict(y / year[:n], use, table, is_open, span.horizon) * year[future]
        if self.prophet is not None:
            outside = factor_of(self.ridge, span, OUTSIDE_GROUPS)
            y = y / outside[:n]
            first = max(n - STATE_DAYS, 0)
            prophet = np.maximum(self.prophet.predict(table.take(slice(first, n + span.horizon))), 0.0)
            shift = _state_shift(y[first:], prophet[: n - first], since[first:])
            answers["prophet"] = prophet[n - first :] * shift * outside[future]
        return {name: np.where(is_open[future], np.maximum(values, 0.0), 0.0) for name, values in answers.items()}

    def _smoothers(self) -> list[tuple[HoltWinters, tuple[str, ...]]]:
        """The Holt–Winters runs with the groups of effects that each sees its history freed of."""
        runs: list[tuple[HoltWinters, tuple[str, ...]]] = [(self.holt_winters, SEASON_GROUPS)]
        return runs if self.yearless is None else [*runs, (self.yearless, CALENDAR_GROUPS)]


def _smooth(model: HoltWinters, span: Span, season: Array, y: Array, use: Flags) -> Array:
    """The days to come by Holt–Winters on the history over `season`, which they get back."""
    n, weekday = span.count, span.table.weekday
    return model.predict(y / season[:n], weekday[:n], use, weekday[n:], span.is_open[n:]) * season[n:]


def factor_of(ridge: Ridge, span: Span, groups: tuple[str, ...]) -> Array:
    """The factor that the named groups of effects put on each day of history and horizon, by the ridge."""
    effect = ridge.effects(span.padded, span.padded_open, groups, span.regressors)
    return np.exp(np.clip(effect, -LARGEST_EFFECT, LARGEST_EFFECT))[PAD : PAD + span.count + span.horizon]


def fit_members(span: Span, *, full: bool, seed: int) -> Members:
    """Fit the ridge and Holt–Winters, and for `full` the trees and Prophet, on the history of a span.

    Only the ridge sees regressors: the others see the history freed of their effect and get it back when they predict. Holt–Winters, which
    knows weekdays alone, sees it freed of holidays, month and year too, the trees of the year, of which they see too few.
    """
    y, use = usable(span)
    n, table, is_open = span.count, span.table, span.is_open
    history = table.take(slice(0, n))
    padded_y, padded_use = np.full(len(span.padded), np.nan), np.zeros(len(span.padded), dtype=bool)
    padded_y[PAD : PAD + n], padded_use[PAD : PAD + n] = y, use
    ridge = fit_ridge(padded_y, span.padded, span.padded_open, padded_use, span.regressors)
    holt_winters = fit_holt_winters(y / factor_of(ridge, span, SEASON_GROUPS)[:n], history.weekday, use)
    yearless = None
    if ridge.design.harmonics:
        yearless = fit_holt_winters(y / factor_of(ridge, span, CALENDAR_GROUPS)[:n], history.weekday, use)
    if not full:
        return Members(n, ridge, holt_winters, None, None, yearless, span.is_small_count)
    trees = fit_trees(y / factor_of(ridge, span, YEAR_GROUPS)[:n], use, history, is_open[:n], seed)
    prophet = fit_prophet(y / factor_of(ridge, span, OUTSIDE_GROUPS)[:n], history, use, span.padded, seed)
    return Members(n, ridge, holt_winters, trees, prophet, yearless, span.is_small_count)


def _state_shift(y: Array, fitted: Array, since: Flags) -> float:
    """The factor by which the days since the fit were above what was expected of them, drawn to 1 by fourteen days of evidence."""
    rows = np.flatnonzero(since)[-STATE_DAYS:]
    expected = float(fitted[rows].sum()) if len(rows) else 0.0
    if expected <= 0:
        return 1.0
    log_ratio = np.log(max(float(y[rows].sum()), 1e-3 * expected) / expected)
    return float(np.exp(np.clip(log_ratio * len(rows) / (len(rows) + STATE_TRUST_DAYS), -LARGEST_SHIFT, LARGEST_SHIFT)))
