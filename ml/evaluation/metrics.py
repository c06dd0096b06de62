"""How good an answer was. Plain functions on arrays, and METRICS: the named measures of a record, each with its direction.

A metric of the registry reads a frame of judged rows: PREDICTION_COLUMNS plus `actual`. `mase` and `rmsse` also need the scale of
their series: a column `scale` (`scale_squared`), else `detail["scale"]` (`detail["scale_squared"]`), as the demand predictor gives it.
"""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
Direction = Literal["lower", "higher", "nearest"]
ECE_BINS = 10


class MetricError(ValueError):
    """A metric was asked for rows or values it cannot judge; the sentence says what came and what was expected."""


# --- size of errors ---------------------------------------------------------------------------------------------------------------


def mae(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """Mean absolute error, in the unit of the values."""
    truth, guess = _pair(actual, predicted)
    return _mean(np.abs(truth - guess))


def rmse(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """Root mean squared error, in the unit of the values."""
    truth, guess = _pair(actual, predicted)
    return float(np.sqrt(_mean((truth - guess) ** 2)))


def wape(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """Sum of absolute errors over the sum of absolute actuals; NaN when every actual is 0."""
    truth, guess = _pair(actual, predicted)
    total = float(np.abs(truth).sum())
    return float(np.abs(truth - guess).sum() / total) if total > 0 else float("nan")


def bias(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """Sum of (predicted - actual) over the sum of absolute actuals: above 0 is too much; NaN when every actual is 0."""
    truth, guess = _pair(actual, predicted)
    total = float(np.abs(truth).sum())
    return float((guess - truth).sum() / total) if total > 0 else float("nan")


def naive_scale(history: npt.ArrayLike, season: int = 7, power: int = 1) -> float:
    """Mean |y[t] - y[t - season]| ** power of a history: the denominator of MASE (power 1) and RMSSE (power 2).

    Falls back to the one-step difference on a series shorter than two seasons or without seasonal change, and is NaN where nothing
    ever changes. Source: Hyndman and Koehler (2006).
    """
    values = np.asarray(history, dtype=float)
    for lag in (season, 1):
        if len(values) > lag:
            scale = float(np.mean(np.abs(values[lag:] - values[:-lag]) ** power))
            if scale > 0:
                return scale
    return float("nan")


def mase(actual: npt.ArrayLike, predicted: npt.ArrayLike, scale: npt.ArrayLike) -> float:
    """Mean absolute scaled error: |error| over the history's seasonal naive error (`naive_scale`). Source: Hyndman and Koehler (2006)."""
    truth, guess = _pair(actual, predicted)
    return _mean(np.abs(truth - guess) / np.asarray(scale, dtype=float))


def rmsse(actual: npt.ArrayLike, predicted: npt.ArrayLike, scale_squared: npt.ArrayLike) -> float:
    """Root mean squared scaled error with `naive_scale(history, power=2)`. Source: Makridakis, Spiliotis and Assimakopoulos (2022)."""
    truth, guess = _pair(actual, predicted)
    return float(np.sqrt(_mean((truth - guess) ** 2 / np.asarray(scale_squared, dtype=float))))


# --- bands ------------------------------------------------------------------------------------------------------------------------


def coverage(actual: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike) -> float:
    """Share of actuals inside [low, high], both ends included."""
    truth, bottom = _pair(actual, low)
    return _mean((truth >= bottom) & (truth <= np.asarray(high, dtype=float)))


def interval_score(actual: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, level: float) -> float:
    """Mean width plus 2 / alpha times the miss, alpha = 1 - level / 100, in the unit of the values. Source: Gneiting and Raftery (2007)."""
    truth, bottom = _pair(actual, low)
    top, alpha = np.asarray(high, dtype=float), 1 - level / 100
    miss = np.maximum(bottom - truth, 0) + np.maximum(truth - top, 0)
    return _mean(top - bottom + 2 / alpha * miss)


def pinball(actual: npt.ArrayLike, quantile: npt.ArrayLike, level: float) -> float:
    """Mean quantile loss of a forecast quantile at `level` in (0, 1), in the unit of the values. Source: Koenker and Bassett (1978)."""
    truth, guess = _pair(actual, quantile)
    error = truth - guess
    return _mean(np.maximum(level * error, (level - 1) * error))


def randomised_pit(below: npt.ArrayLike, upto: npt.ArrayLike, rng: np.random.Generator) -> Array:
    """One draw between P(Y < y) and P(Y <= y) for each count: uniform on (0, 1) when the forecast distribution is right.

    Source: Czado, Gneiting and Held (2009).
    """
    low, high = _pair(below, upto)
    return low + rng.uniform(size=len(low)) * (high - low)


# --- probabilities, rankings, groups ----------------------------------------------------------------------------------------------


def auc(actual: npt.ArrayLike, score: npt.ArrayLike) -> float:
    """Chance that a positive scores above a negative, ties counted half; NaN with one class only. Source: Mann and Whitney (1947)."""
    truth, guess = _pair(actual, score)
    positive = truth > 0
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives:
        return float("nan")
    ranks = pd.Series(guess).rank().to_numpy()
    return float((ranks[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def brier(actual: npt.ArrayLike, probability: npt.ArrayLike) -> float:
    """Mean squared distance between probability and outcome (0 or 1). Source: Brier (1950)."""
    truth, guess = _pair(actual, probability)
    return _mean((guess - truth) ** 2)


def ece(actual: npt.ArrayLike, probability: npt.ArrayLike, bins: int = ECE_BINS) -> float:
    """Expected calibration error: |mean outcome - mean probability| over bins of equal count, weighted by count.

    Source: Nixon et al. (2019), the adaptive form of Naeini, Cooper and Hauskrecht (2015).
    """
    truth, guess = _pair(actual, probability)
    if not len(truth):
        return float("nan")
    parts = np.array_split(np.argsort(guess, kind="stable"), min(bins, len(truth)))
    return float(sum(abs(truth[part].mean() - guess[part].mean()) * len(part) for part in parts) / len(truth))


def eta_squared(actual: npt.ArrayLike, group: npt.ArrayLike) -> float:
    """Share of the variance of `actual` that lies between the groups (R² of groups), 0 to 1; NaN when nothing varies.

    Source: Fisher (1925), the correlation ratio.
    """
    frame = pd.DataFrame({"actual": np.asarray(actual, dtype=float), "group": np.asarray(group)})
    spread = float(((frame["actual"] - frame["actual"].mean()) ** 2).sum())
    if not spread > 0:
        return float("nan")
    means = frame.groupby("group")["actual"].transform("mean")
    return float(((means - frame["actual"].mean()) ** 2).sum() / spread)


def gini(actual: npt.ArrayLike, score: npt.ArrayLike) -> float:
    """How well `score` orders the non-negative amounts in `actual`: 1 = as well as the amounts themselves, 0 = by chance.

    Ties of the score share their amounts evenly. NaN when the amounts do not differ. Source: Frees, Meyers and Cummings (2011).
    """
    truth, guess = _pair(actual, score)
    best = _concentration(truth, truth)
    return _concentration(truth, guess) / best if best > 0 else float("nan")


def _concentration(amounts: Array, order_by: Array) -> float:
    if not len(amounts) or amounts.sum() <= 0:
        return float("nan")
    shared = pd.Series(amounts).groupby(order_by).transform("mean").to_numpy()
    ranked = shared[np.argsort(-order_by, kind="stable")]
    share = np.cumsum(ranked) / ranked.sum()
    before = np.concatenate([[0.0], share[:-1]])
    return float((share + before).mean() - 1)


def _pair(left: npt.ArrayLike, right: npt.ArrayLike) -> tuple[Array, Array]:
    first, second = np.asarray(left, dtype=float), np.asarray(right, dtype=float)
    if first.ndim != 1 or first.shape != second.shape:
        raise MetricError(f"A metric compares two columns of equal length; shapes {first.shape} and {second.shape} came.")
    return first, second


def _mean(values: npt.ArrayLike) -> float:
    array = np.asarray(values, dtype=float)
    return float(array.mean()) if array.size else float("nan")


# --- the registry -----------------------------------------------------------------------------------------------------------------


class Metric(NamedTuple):
    """A named judgement: `function(rows)` on judged rows, its direction, the `target` of a "nearest" one, and the columns it needs."""

    name: str
    function: Callable[[pd.DataFrame], float]
    direction: Direction
    needs: tuple[str, ...] = ("value",)
    target: float | None = None

    def score(self, rows: pd.DataFrame) -> float:
        """The metric over the rows of a frame (needed columns plus `actual`) whose actual is known; NaN when there are none.

        Raises MetricError naming the columns that are missing.
        """
        missing = {"actual", *self.needs} - set(rows.columns)
        if missing:
            raise MetricError(
                f"The metric {self.name} needs the columns {sorted(missing)}; the frame has {sorted(map(str, rows.columns))}."
            )
        known = rows[rows["actual"].notna() & rows[list(self.needs)].notna().all(axis=1)]
        return float(self.function(known)) if len(known) else float("nan")

    def is_better(self, challenger: float, champion: float) -> bool:
        """Whether the first value is strictly better than the second; a NaN is never better, and anything is better than a NaN."""
        if np.isnan(challenger) or np.isnan(champion):
            return not np.isnan(challenger) and bool(np.isnan(champion))
        if self.direction == "nearest":
            return abs(challenger - (self.target or 0.0)) < abs(champion - (self.target or 0.0))
        return challenger < champion if self.direction == "lower" else challenger > champion


def _of(function: Callable[..., float], column: str = "value") -> Callable[[pd.DataFrame], float]:
    return lambda rows: function(rows["actual"].to_numpy(dtype=float), rows[column].to_numpy())


def _scaled(function: Callable[..., float], key: str) -> Callable[[pd.DataFrame], float]:
    return lambda rows: function(rows["actual"].to_numpy(dtype=float), rows["value"].to_numpy(dtype=float), _scales(rows, key))


def _scales(rows: pd.DataFrame, key: str) -> Array:
    if key in rows:
        return rows[key].to_numpy(dtype=float)
    details = rows["detail"] if "detail" in rows else pd.Series({}, index=rows.index, dtype=object)
    scales = np.array([detail.get(key) if isinstance(detail, Mapping) else None for detail in details], dtype=float)
    if np.isnan(scales).all():
        raise MetricError(f"A scaled error needs the column {key!r} or detail[{key!r}] in its rows; give the history's naive_scale there.")
    return scales


def _covered(level: int) -> Callable[[pd.DataFrame], float]:
    return lambda rows: coverage(rows["actual"].to_numpy(dtype=float), rows[f"lo{level}"].to_numpy(), rows[f"hi{level}"].to_numpy())


def _interval(level: int) -> Callable[[pd.DataFrame], float]:
    return lambda rows: interval_score(
        rows["actual"].to_numpy(dtype=float), rows[f"lo{level}"].to_numpy(), rows[f"hi{level}"].to_numpy(), level
    )


def _quantile_loss(column: str, level: float) -> Callable[[pd.DataFrame], float]:
    return lambda rows: pinball(rows["actual"].to_numpy(dtype=float), rows[column].to_numpy(dtype=float), level)


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("mae", _of(mae), "lower"),
        Metric("rmse", _of(rmse), "lower"),
        Metric("wape", _of(wape), "lower"),
        Metric("bias", _of(bias), "nearest", target=0.0),
        Metric("mase", _scaled(mase, "scale"), "lower"),
        Metric("rmsse", _scaled(rmsse, "scale_squared"), "lower"),
        Metric("coverage80", _covered(80), "nearest", ("lo80", "hi80"), 0.80),
        Metric("coverage95", _covered(95), "nearest", ("lo95", "hi95"), 0.95),
        Metric("interval_score80", _interval(80), "lower", ("lo80", "hi80")),
        Metric("interval_score95", _interval(95), "lower", ("lo95", "hi95")),
        Metric("pinball10", _quantile_loss("lo80", 0.10), "lower", ("lo80",)),
        Metric("pinball90", _quantile_loss("hi80", 0.90), "lower", ("hi80",)),
        Metric("auc", _of(auc), "higher"),
        Metric("brier", _of(brier), "lower"),
        Metric("ece", _of(ece), "lower"),
        Metric("eta_squared", _of(eta_squared), "higher"),
        Metric("gini", _of(gini), "higher"),
    )
}
