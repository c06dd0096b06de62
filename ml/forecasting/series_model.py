"""The forecaster of one daily series: what it learnt (SeriesModel) and how it learns (fit_series)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import pandas as pd

from ml.forecasting.bands import Bands, Errors, learn_bands
from ml.forecasting.closures import Closures, learn_closures
from ml.forecasting.days import day_table, holidays_known
from ml.forecasting.history import Array, DailySeries, Flags, ForecastError, read_history
from ml.forecasting.members import Members, Span, fit_members, make_span, usable
from ml.forecasting.profile import Profile, ProfileBands, fit_profile
from ml.forecasting.regressors import Regressors, learn_regressors
from ml.forecasting.threads import single_threaded

LEAST_DAYS = 120
LEAST_A_DAY = 1.0
LEAST_ACTIVE_SHARE = 0.4
MAX_HORIZON = 365
JUDGED_DAYS = 30
RECENT_DAYS = 182
CUTOFFS = 3
OLDER_GROUPS = {"full": 2, "light": 1}
VOTES = {"holt_winters": 3, "state_space": 2}
SEED = 20240101
MemberChoice = Literal["full", "light"]
Note = dict[str, Any]


@dataclass(frozen=True)
class SeriesModel:
    """A fitted forecaster: plain data only (XGBoost as .ubj bytes, Prophet as JSON), safe to keep with joblib.

    `notes` are codes with parameters of what was mended or could not be done; `members` or `profile` is None, never both.
    """

    country: str
    levels: tuple[int, ...]
    first_day: date
    fitted_until: date
    closures: Closures
    small_count: bool
    notes: tuple[Note, ...]
    members: Members | None
    bands: Bands | None
    profile: Profile | None = None
    regressors: Regressors | None = None

    @property
    def member_names(self) -> tuple[str, ...]:
        """Names of the members, in the order of their columns."""
        if self.members is None:
            return ("profile",)
        full = self.members.trees is not None, self.members.prophet is not None
        return ("ridge", "holt_winters", "state_space", *(name for name, there in zip(("xgboost", "prophet"), full, strict=True) if there))

    @single_threaded
    def predict(
        self,
        history: pd.DataFrame,
        horizon: int = JUDGED_DAYS,
        totals: Sequence[int] = (7, 30),
        *,
        regressors: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """The `horizon` days after the last day of `history`, which may be newer than the one fitted on; nothing is fitted here.

        Columns: ds, yhat, lo80, hi80, lo95, hi95 (as `levels`), is_open, holiday (name or ""), then one per member. Closed days are 0 in
        all. Totals with bands of their own stand in `totals_of(frame)`, also beyond the horizon. A model that learnt regressors takes
        their values here; days they do not reach get the usual value of the season, and `attrs["regressors_filled"]` counts them.
        Raises ForecastError for a horizon outside 1 … 365, or a history that cannot be read.
        """
        _check_horizon(horizon, totals)
        series = read_history(history)
        reach = max(horizon, *totals) if totals else horizon
        span = make_span(series, reach, self.country, closures=self.closures, regressors=self.regressors, outside=regressors)
        value, bands, members = self._answer(series, span)
        future = slice(span.count, span.count + reach)
        is_open = span.is_open[future]
        frame = {"ds": pd.DatetimeIndex(span.table.days[future]).astype("datetime64[us]"), "yhat": value}
        for level in self.levels:
            frame[f"lo{level}"], frame[f"hi{level}"] = self._whole(*bands.daily(value, is_open, level))
        frame |= {"is_open": is_open, "holiday": span.table.holiday[future].astype(object)}
        result = pd.DataFrame(frame | members).iloc[:horizon].astype({"holiday": "str"})
        result.attrs["totals"] = [self._total(value[:days], is_open[:days], bands) for days in totals]
        if self.regressors is not None:
            result.attrs["regressors_filled"] = self.regressors.matrix(regressors, span.table.days[span.count : span.count + horizon])[1]
        return result

    def open_on(self, days: pd.Series) -> Flags:
        """Whether the business is open on each of these days, by the learnt closures."""
        wanted = days.to_numpy().astype("datetime64[D]")
        table = day_table(wanted.min(), int((wanted.max() - wanted.min()).astype(int)) + 1, self.country)
        return self.closures.is_open(table)[(wanted - wanted.min()).astype(int)]

    def _answer(self, series: DailySeries, span: Span) -> tuple[Array, Bands | ProfileBands, dict[str, Array]]:
        """Values, their bands, and the members' own values of the days to come."""
        if self.profile is not None:
            value, bands = self.profile.predict(span)
            return value, bands, {"profile": value}
        if self.members is None or self.bands is None:
            raise ForecastError("This model has neither members nor a profile; fit it anew with fit_series.")
        members = self.members.predict(span, (series.days[0].astype(object) - self.first_day).days)
        return combine(members), self.bands, members

    def _whole(self, low: Array, high: Array) -> tuple[Array, Array]:
        """Whole-number edges for small counts."""
        return (np.floor(low), np.ceil(high)) if self.small_count else (low, high)

    def _total(self, value: Array, is_open: Flags, bands: Bands | ProfileBands) -> dict[str, float]:
        total = float(value.sum())
        row: dict[str, float] = {"days": len(value), "open_days": int(is_open.sum()), "total": total}
        for level in self.levels:
            low, high = bands.total(total, len(value), level)
            edges = self._whole(np.array([low]), np.array([high]))
            row[f"lo{level}"], row[f"hi{level}"] = float(edges[0][0]), float(edges[1][0])
        return row


def totals_of(forecast: pd.DataFrame) -> pd.DataFrame:
    """The totals of a forecast frame: columns days, open_days, total, lo80, hi80, lo95, hi95 (as its levels)."""
    return pd.DataFrame(forecast.attrs.get("totals", []))


def combine(members: dict[str, Array]) -> Array:
    """The point forecast: the median of the members by their `VOTES`, never below 0."""
    answers = [values for name, values in members.items() for _ in range(VOTES.get(name, 1))]
    return np.maximum(np.median(np.stack(answers), axis=0), 0.0)


@single_threaded
def fit_series(
    history: pd.DataFrame,
    *,
    country: str = "CL",
    levels: Sequence[int] = (80, 95),
    regressors: pd.DataFrame | None = None,
    members: MemberChoice = "full",
    seed: int = SEED,
) -> SeriesModel:
    """Learn one daily series: `history` with ds and y (see `read_history` for what is mended).

    Under 120 days, under one a day for counts, or with sales on fewer than four open days in ten, the model is a weekday profile with
    wide bands and says so in `notes`. `regressors` (ds and number columns) are judged with their usual values after each earlier cutoff,
    never with those that came. Raises ForecastError for what cannot be read or is no option.
    """
    if members not in ("full", "light"):
        raise ForecastError(f"members is 'full' or 'light'; {members!r} came.")
    levels = _checked_levels(levels)
    series = read_history(history)
    closures = learn_closures(series.y, day_table(series.days[0], len(series), country))
    learnt = None if regressors is None else learn_regressors(regressors, series.days)
    span = make_span(series, 0, country, closures=closures, regressors=learnt, outside=regressors)
    notes = [{"code": code, "params": {}} for code in series.notes]
    if not holidays_known(country):
        notes.append({"code": "no_holidays_known", "params": {"country": country}})
    first, last = series.days[0].astype(object), series.days[-1].astype(object)
    missing = _what_is_missing(span)
    shared = (country, levels, first, last, closures, series.is_small_count)
    if missing:
        return SeriesModel(*shared, (*notes, missing), None, None, fit_profile(span))
    fitted = fit_members(span, full=members == "full", seed=seed)
    errors = _errors(earlier_forecasts(span, full=members == "full", seed=seed))
    older = [] if series.is_small_count else _errors(older_forecasts(span, OLDER_GROUPS[members], seed=seed))
    level, zero_share = _level(span)
    bands = learn_bands(errors, level, span.count, small_count=series.is_small_count, zero_share=zero_share, older=older)
    return SeriesModel(*shared, tuple(notes), fitted, bands, None, learnt)


@dataclass(frozen=True)
class Earlier:
    """What the members said after an earlier cutoff, and what came (NaN = unknown)."""

    truth: Array
    members: dict[str, Array]
    is_open: Flags


def earlier_forecasts(span: Span, *, full: bool, seed: int) -> list[Earlier]:
    """The members at three earlier cutoffs, fitted before the first of them.

    They meet the later two cutoffs with newer history but old parameters, as they do between retrains.
    """
    step = int(np.clip((span.count - 80) // CUTOFFS, 7, JUDGED_DAYS))
    counts = [span.count - step * k for k in range(CUTOFFS, 0, -1)]
    fitted = fit_members(span.ending(counts[0], 0), full=full, seed=seed)
    earlier = []
    for count in counts:
        horizon = min(JUDGED_DAYS, span.count - count)
        then = span.ending(count, horizon)
        earlier.append(Earlier(span.y[count : count + horizon], fitted.predict(then, 0), then.is_open[count : count + horizon]))
    return earlier


def older_forecasts(span: Span, groups: int, *, seed: int) -> list[Earlier]:
    """What light members said at up to `groups` times three cutoffs before those of `earlier_forecasts`, refitted for every group."""
    older: list[Earlier] = []
    for group in range(1, groups + 1):
        end = span.count - group * CUTOFFS * JUDGED_DAYS
        if end - CUTOFFS * JUDGED_DAYS < LEAST_DAYS:
            break
        older += earlier_forecasts(span.ending(end, 0), full=False, seed=seed)
    return older


def _errors(earlier: list[Earlier]) -> list[Errors]:
    return [(then.truth, combine(then.members), then.is_open) for then in earlier]


def forecast(history: pd.DataFrame, horizon: int = JUDGED_DAYS, *, country: str = "CL", members: MemberChoice = "full") -> pd.DataFrame:
    """Fit and predict in one line: the frame of `SeriesModel.predict`."""
    _check_horizon(horizon, ())
    return fit_series(history, country=country, members=members).predict(history, horizon)


def _level(span: Span) -> tuple[float, float]:
    """Mean of the last 182 open days, and the share of them that were 0."""
    y, use = usable(span)
    recent = y[use][-RECENT_DAYS:]
    return max(float(recent.mean()), 1e-9), float((recent == 0).mean())


def _what_is_missing(span: Span) -> Note | None:
    y, use = usable(span)
    known = int((~np.isnan(span.y)).sum())
    if known < LEAST_DAYS:
        return {"code": "short_history", "params": {"days": known, "needed": LEAST_DAYS}}
    whole = bool((y[use] == np.round(y[use])).all())
    recent = y[use][-RECENT_DAYS:]
    if not len(recent) or (recent > 0).mean() < LEAST_ACTIVE_SHARE or (whole and recent.mean() < LEAST_A_DAY):
        return {"code": "few_sales", "params": {"active_share": round(float((recent > 0).mean()), 3) if len(recent) else 0.0}}
    return None


def _checked_levels(levels: Sequence[int]) -> tuple[int, ...]:
    if not isinstance(levels, Sequence) or not levels or any(not isinstance(level, int) or not 1 <= level <= 99 for level in levels):
        raise ForecastError(f"levels are whole per cent from 1 to 99, as (80, 95); {levels!r} came.")
    return tuple(levels)


def _check_horizon(horizon: int, totals: Sequence[int]) -> None:
    for days in (horizon, *totals):
        if isinstance(days, bool) or not isinstance(days, int | np.integer) or not 1 <= days <= MAX_HORIZON:
            raise ForecastError(f"A horizon or total is a whole number of days from 1 to {MAX_HORIZON}; {days!r} came.")
