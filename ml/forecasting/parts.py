"""How a total divides into parts (products, zones, customer types), with bands of their own, chosen and judged on past weeks.

Each origin of the replay is a past week's end: what would have been said from there, with models fitted before the first of them, beside
what came. The replay says whether forecasts of the parts beat plain proportions, how wide their bands must be, and what ordering at a
service level would have done.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.forecasting.history import Array
from ml.forecasting.reconcile import min_trace, shares_of, top_down
from ml.forecasting.series_model import SEED, MemberChoice, SeriesModel, fit_series

WEEK = 7
MONTH = 30
REPLAYED_WEEKS = 26
FEWEST_WEEKS = 4
FEWEST_TOLD = 3
HISTORY_BEFORE = 120
YEAR_DAYS = 365
CLEARLY_BETTER = 0.98
LEVEL_PRIOR = 0.15
LEAST_ERROR = 0.01
ROUNDS = 4
SMOOTHED_WEEKS = 9
LEVEL_PRIOR_WEEKS = 8.0
UNTRIED_LEVEL = 0.30
IN_ONE_PROCESS = 60
SMALLEST = 0.05
SERVICE_LEVELS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99)
Weekdays = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Parts:
    """How one total divides. `method` is top_down or min_trace; `errors`: {method: error of past weeks}, {} where nothing was replayed.

    Variance of a part's sum = dispersion × mean + (level error × mean)². The level error is `level_error` over a week, `month_error` over a
    month (None in older releases: the week's), each one per part. `models` are those of the parts under min_trace. `service`: part ->
    {weeks, needed: by week, ordered: {level: by week}, levels: {level: {kept, surplus}}}. `record`: part -> {weeks, error, rule, within}
    (see `_records`), without the parts that sold nothing then; {} where nothing was replayed, None in older releases.
    """

    names: tuple[str, ...]
    method: str
    errors: dict[str, float]
    whole: bool
    dispersion: Array = field(repr=False)
    level_error: Array = field(repr=False)
    models: dict[str, SeriesModel] = field(default_factory=dict, repr=False)
    service: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    month_error: Array | None = field(default=None, repr=False)
    record: dict[str, dict[str, float]] | None = field(default=None, repr=False)

    def divide(self, history: pd.DataFrame, ahead: pd.DataFrame) -> Array:
        """The parts of each day ahead (days × parts): `history` has ds and a column per part, `ahead` ds and yhat of the total.

        Every day adds up to the total.
        """
        return _divide(history, ahead, self.models)

    def quantiles(self, means: Array, place: int, probabilities: Sequence[float], spans: Array | int = WEEK) -> Array:
        """Quantiles (probabilities × values) of sums of a part whose expected values are `means`.

        `spans`: over how many days each sum goes, or how many days ahead a single day lies: further ahead levels are less sure.
        """
        month_error = self.level_error if self.month_error is None else self.month_error
        ends = [float(error[place]) ** 2 for error in (self.level_error, month_error)]
        unsure = np.sqrt(np.interp(spans, (WEEK, MONTH), ends))
        return _quantiles(means, float(self.dispersion[place]), unsure, probabilities, whole=self.whole)


def fit_parts(
    total: pd.DataFrame,
    parts: pd.DataFrame,
    members: Mapping[str, MemberChoice],
    *,
    country: str = "CL",
    step_weeks: int = 1,
    seed: int = SEED,
) -> Parts:
    """Learn how `total` (ds, y) divides into `parts` (ds and a column per part, same days).

    `members` names the parts that get a model of their own and how large it is; the others go by proportions. Replayed are the last
    REPLAYED_WEEKS, one in `step_weeks`. With too short a history proportions stand untried, with wide bands.
    """
    names = tuple(str(name) for name in parts.columns if name != "ds")
    matrix = parts[list(names)].to_numpy(dtype=float)
    whole = bool((matrix == np.round(matrix)).all())
    dispersion = _dispersion(matrix, _weekday(parts["ds"]), whole=whole)
    weeks = min((len(total) - HISTORY_BEFORE) // WEEK, REPLAYED_WEEKS)
    untried = np.full(len(names), UNTRIED_LEVEL)
    if weeks < FEWEST_WEEKS or len(names) < 2:
        return Parts(names, "top_down", {}, whole, dispersion, untried, month_error=untried, record={})
    origins = [len(total) - WEEK * week for week in range(weeks, 0, -step_weeks)]
    said, came = _replay(total, parts, members, origins, country, seed)
    own = [place for place, name in enumerate(names) if name in members]
    weekly = {name: values[:, :WEEK].sum(axis=1) for name, values in said.items()}
    needed = came[:, :WEEK].sum(axis=1)
    errors = {name: float(np.abs(values - needed)[:, own or slice(None)].sum()) for name, values in weekly.items()}
    use_models = "min_trace" in errors and errors["min_trace"] < CLEARLY_BETTER * errors["top_down"]
    method = "min_trace" if use_models else "top_down"
    means = weekly[method]
    places = range(len(names)) if step_weeks == 1 else ()
    service = {names[place]: _service(means[:, place], needed[:, place], float(dispersion[place]), whole=whole) for place in places}
    models = _fit_all(parts, members, country, seed) if use_models else {}
    level_error = _level_errors(means, needed, dispersion)
    month_error = np.maximum(_month_errors(said[method], came, dispersion, step_weeks * WEEK), level_error)
    before = np.stack([matrix[origin - WEEK : origin].sum(axis=0) for origin in origins])
    record = dict(zip(names, _records(means, needed, before, dispersion, smallest_sales(matrix), whole=whole), strict=True))
    told = {name: row for name, row in record.items() if row}
    return Parts(names, method, errors, whole, dispersion, level_error, models, service, month_error, told)


def _replay(
    total: pd.DataFrame, parts: pd.DataFrame, members: Mapping[str, MemberChoice], origins: list[int], country: str, seed: int
) -> tuple[dict[str, Array], Array]:
    """The days of the next month per origin and part by each method, and what came, NaN where it has not (origins × days × parts)."""
    first = origins[0]
    whole = fit_series(total.iloc[:first], country=country, members="light", seed=seed)
    models = _fit_all(parts.iloc[:first], members, country, seed)
    names = [name for name in parts.columns if name != "ds"]
    said: dict[str, list[Array]] = {"top_down": [], **({"min_trace": []} if models else {})}
    came = []
    for origin in origins:
        ahead = whole.predict(total.iloc[:origin], MONTH, (MONTH,))
        known = parts.iloc[:origin]
        for method, rows in said.items():
            rows.append(_divide(known, ahead, models if method == "min_trace" else {}))
        seen = parts[names].iloc[origin : origin + MONTH].to_numpy(dtype=float)
        came.append(np.pad(seen, ((0, MONTH - len(seen)), (0, 0)), constant_values=np.nan))
    return {method: np.stack(rows) for method, rows in said.items()}, np.stack(came)


def _divide(history: pd.DataFrame, ahead: pd.DataFrame, models: Mapping[str, SeriesModel]) -> Array:
    """The parts of each day ahead: by proportions, and with `models` by minimum trace."""
    names = [name for name in history.columns if name != "ds"]
    matrix = history[names].to_numpy(dtype=float)
    total = ahead["yhat"].to_numpy(dtype=float)
    shares = shares_of(matrix, _weekday(history["ds"]))
    result = top_down(total, shares, _weekday(ahead["ds"]))
    if not models:
        return result
    base = result.copy()
    for place, name in enumerate(names):
        if name in models:
            series = history[["ds"]].assign(y=matrix[:, place])
            base[:, place] = np.where(total > 0, models[name].predict(series, len(ahead), ())["yhat"].to_numpy(), 0.0)
    return min_trace(total, base, np.maximum(matrix[-YEAR_DAYS:].var(axis=0), 1e-9))


def _fit_all(parts: pd.DataFrame, members: Mapping[str, MemberChoice], country: str, seed: int) -> dict[str, SeriesModel]:
    """A model for each named part, through joblib: in this process when they are few."""
    jobs = (
        joblib.delayed(fit_series)(parts[["ds"]].assign(y=parts[name].to_numpy()), country=country, members=choice, seed=seed)
        for name, choice in members.items()
    )
    found = joblib.Parallel(n_jobs=1 if len(members) < IN_ONE_PROCESS else -1, return_as="generator")(jobs)
    return dict(zip(members, found, strict=True))


def _weekday(days: pd.Series) -> Weekdays:
    return days.dt.day_of_week.to_numpy(dtype=np.int64)


def _dispersion(matrix: Array, weekday: Weekdays, *, whole: bool) -> Array:
    """Variance over mean of each part's day: of the last year, around its share of what the weekday usually brought in those weeks."""
    recent, days = matrix[-YEAR_DAYS:], weekday[-YEAR_DAYS:]
    total = pd.Series(recent.sum(axis=1))
    usual_total = total.groupby(days).transform(lambda values: values.rolling(SMOOTHED_WEEKS, center=True, min_periods=1).mean())
    expected = top_down(usual_total.to_numpy(), shares_of(recent, days), days)
    squared, mean = ((recent - expected) ** 2).sum(axis=0), expected.sum(axis=0)
    ratio = np.where(mean > 0, squared / np.maximum(mean, 1e-9), np.nan)
    usual = float(np.nanmedian(ratio)) if np.isfinite(ratio).any() else 1.0
    found = np.where(np.isfinite(ratio), ratio, usual)
    return np.maximum(found, 1.0 if whole else 1e-9)


def _month_errors(said: Array, came: Array, dispersion: Array, apart: int) -> Array:
    """Relative error of each part's level over a month, beyond chance: from replayed months (origins × days × parts), `apart` days between.

    Errors count by how surely they show more than chance, so that small parts, which come and go, weigh beside large ones; a part's own are
    drawn to those of all by LEVEL_PRIOR_WEEKS months that do not overlap. UNTRIED_LEVEL where no month is over.
    """
    means, real = said.sum(axis=1), came.sum(axis=1)
    over = ~np.isnan(real).any(axis=1)
    if not over.any():
        return np.full(said.shape[2], UNTRIED_LEVEL)
    mean, real = means[over], real[over]
    chance = np.where(mean > 0, dispersion / np.maximum(mean, 1e-9), np.inf)
    beyond = np.where(mean > 0, np.minimum((real / np.maximum(mean, 1e-9) - 1) ** 2 - dispersion / np.maximum(mean, 1e-9), 1.0), 0.0)
    everyone = LEVEL_PRIOR**2
    for _ in range(ROUNDS):
        weight = 1 / (everyone + chance) ** 2
        everyone = max(float((weight * beyond).sum() / max(weight.sum(), 1e-12)), LEAST_ERROR**2)
    weight = 1 / (everyone + chance) ** 2
    sums = weight.sum(axis=0)
    prior = LEVEL_PRIOR_WEEKS / (min(apart / MONTH, 1.0) * len(mean)) * sums
    drawn = np.where(sums > 0, ((weight * beyond).sum(axis=0) + prior * everyone) / np.maximum(sums + prior, 1e-12), everyone)
    return np.asarray(np.sqrt(np.clip(drawn, 0.0, 1.0)), dtype=float)


def _level_errors(means: Array, came: Array, dispersion: Array) -> Array:
    """Relative error of each part's level: what its errors show beyond chance, drawn to that of all parts and to LEVEL_PRIOR."""
    beyond = (came - means) ** 2 - dispersion * means
    square = means**2
    everyone = max(float(beyond.sum()) / max(float(square.sum()), 1e-9), 0.0)
    prior = (everyone * len(means) + LEVEL_PRIOR**2 * LEVEL_PRIOR_WEEKS) / (len(means) + LEVEL_PRIOR_WEEKS)
    usual = square.mean(axis=0) * LEVEL_PRIOR_WEEKS
    drawn = (beyond.sum(axis=0) + prior * usual) / np.maximum(square.sum(axis=0) + usual, 1e-9)
    return np.asarray(np.sqrt(np.clip(drawn, 0.0, 1.0)), dtype=float)


def smallest_sales(matrix: Array) -> Array:
    """The smallest day's sale of each part (days × parts; the twentieth of them, for a slip is no sale), 0 without any."""
    return np.array([np.quantile(column[column > 0], SMALLEST) if (column > 0).any() else 0.0 for column in matrix.T])


def _records(means: Array, came: Array, before: Array, dispersion: Array, least: Array, *, whole: bool) -> list[dict[str, float]]:
    """How the replayed weeks of each part went (all weeks × parts): weeks, error of the week's total and that of the week `before` it as
    shares of what came, and in how many weeks it lay within the 80 % band that the other weeks teach. {} for a part that sold nothing, and
    with fewer than FEWEST_TOLD weeks.
    """
    weeks = np.arange(len(means))
    if len(weeks) < FEWEST_TOLD:
        return [{} for _ in dispersion]
    within = np.zeros(means.shape[1])
    for week in weeks:
        others = weeks != week
        level = _level_errors(means[others], came[others], dispersion)
        low, high = _quantiles(means[week], dispersion, level, (0.1, 0.9), whole=whole)
        within += (came[week] >= np.where(low < least, 0.0, low)) & (came[week] <= high)
    sums = came.sum(axis=0)
    errors = [np.abs(said - came).sum(axis=0) for said in (means, before)]
    return [
        {"weeks": len(weeks), "error": float(errors[0][place] / sums[place]), "rule": float(errors[1][place] / sums[place]),
         "within": int(within[place])} if sums[place] > 0 else {}
        for place in range(means.shape[1])
    ]  # fmt: skip


def _quantiles(
    means: Array, dispersion: Array | float, level_error: Array | float, probabilities: Sequence[float], *, whole: bool
) -> Array:
    """Quantiles of a negative binomial (whole counts) or a gamma with this mean and variance; 0 where nothing is expected."""
    from scipy import stats

    mean = np.maximum(means, 1e-9)
    variance = dispersion * mean + (level_error * mean) ** 2
    if whole:
        excess = np.maximum(variance / mean - 1, 1e-6)
        rows = [stats.nbinom.ppf(p, mean / excess, 1 / (1 + excess)) for p in probabilities]
    else:
        rows = [stats.gamma.ppf(p, mean**2 / variance, scale=variance / mean) for p in probabilities]
    return np.where(means > 0, np.stack(rows), 0.0)


def _service(means: Array, came: Array, dispersion: float, *, whole: bool) -> dict[str, Any]:
    """What ordering at each level would have done in the replayed weeks: what was ordered and needed, weeks in which it lasted, and
    what was left over a week.

    Each week's order knows only the errors of the weeks before it.
    """
    judged = range(FEWEST_WEEKS, len(means))
    orders = []
    for week in judged:
        before = slice(0, week)
        level = _level_errors(means[before, None], came[before, None], np.array([dispersion]))
        orders.append(np.ceil(_quantiles(means[week : week + 1], dispersion, float(level[0]), SERVICE_LEVELS, whole=whole)[:, 0]))
    ordered, needed = np.array(orders).T, came[FEWEST_WEEKS:]
    levels = {
        str(level): {"kept": int((row >= needed).sum()), "surplus": round(float(np.maximum(row - needed, 0).mean()), 2)}
        for level, row in zip(SERVICE_LEVELS, ordered, strict=True)
    } if len(orders) else {}  # fmt: skip
    by_week = {str(level): row.tolist() for level, row in zip(SERVICE_LEVELS, ordered, strict=True)} if len(orders) else {}
    return {"weeks": len(judged), "needed": needed.tolist(), "ordered": by_week, "levels": levels}
