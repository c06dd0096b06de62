"""The ridge member: a recency-weighted, outlier-proof regression of the log level on calendar columns."""

from dataclasses import dataclass

import numpy as np

from ml.forecasting.days import DayTable
from ml.forecasting.features import Design, columns, design_for, penalties
from ml.forecasting.history import Array, Flags

HALF_LIFE_DAYS = 270.0
SELDOM_HALF_LIFE_DAYS = 900.0
HUBER_K = 1.5
HUBER_K_COUNTS = 3.0  # counts are skewed: a tight limit would pull their mean down
ROUNDS, SELDOM_ROUNDS = 8, 3
SMALLEST_LOG_RATIO, LARGEST_LOG_RATIO = -8.0, 3.0
SMEARING_DAYS = 200
SHIFT_DAYS = 28
SHIFT_ERRORS = 3.0
LARGEST_SHIFT = 1.0
SMEARING_RANGE = (0.8, 1.3)
LOG_FLOOR = 0.05
SELDOM = ("holiday", "custom")


@dataclass(frozen=True)
class Ridge:
    """Coefficients per column and the scale of the series. `poisson` tells a mean model of counts from a log model."""

    design: Design
    weights: Array
    groups: tuple[str, ...]
    scale: float
    poisson: bool

    def effects(self, table: DayTable, is_open: Flags, groups: tuple[str, ...] | None = None, regressors: Array | None = None) -> Array:
        """Sum of the log effects of the named groups (default all) on each day."""
        matrix, _ = columns(self.design, table, is_open, regressors)
        wanted = np.isin(self.groups, groups) if groups is not None else np.ones(len(self.groups), dtype=bool)
        return matrix[:, wanted] @ self.weights[wanted]

    def predict(self, table: DayTable, is_open: Flags, regressors: Array | None = None) -> Array:
        """The expected value of each day as if it were open."""
        return self.scale * _inverse(self.effects(table, is_open, None, regressors), self.poisson)


def fit_ridge(y: Array, table: DayTable, is_open: Flags, use: Flags, regressors: Array | None = None) -> Ridge:
    """Fit on the days in `use`. Weights halve every 270 days; Huber weights by iteration (Huber, 1964).

    The effects of days that come once a year are fitted last, to what the others leave, with every day in full and a longer memory:
    what they do is out of the ordinary by nature, and last year is the only witness.

    A series with ordinary zeros is fitted as counts with log link (quasi-Poisson, McCullagh and Nelder, 1989), any other as logs.
    """
    positive = y[use & (y > 0)]
    scale = float(np.median(positive)) if len(positive) else 1.0
    design = design_for(table, use)
    matrix, groups = columns(design, table, is_open, regressors)
    poisson = bool((y[use] == 0).mean() > 0.01)
    age = (design.end - table.days[use]).astype(float)
    recency = 0.5 ** (age / HALF_LIFE_DAYS)
    penalty = penalties(design, groups)
    solve, seldom = (_solve_poisson, _seldom_poisson) if poisson else (_solve_log, _seldom_log)
    weights = solve(matrix[use], y[use] / scale, recency, penalty)
    weights = seldom(matrix[use], y[use] / scale, 0.5 ** (age / SELDOM_HALF_LIFE_DAYS), penalty, weights, np.isin(groups, SELDOM))
    fitted = _inverse(matrix[use] @ weights, poisson)
    factor = _half_way_to_mean(y[use] / scale, fitted)
    factor *= _late_shift(y[use] / scale, factor * fitted)
    return Ridge(design, weights, tuple(groups), scale * factor, poisson)


def _half_way_to_mean(y: Array, fitted: Array) -> float:
    """A model of logs meets the median of a day, and totals need its mean: the factor half way from one to the other (Duan, 1983)."""
    ratio = float(y[-SMEARING_DAYS:].sum()) / max(float(fitted[-SMEARING_DAYS:].sum()), 1e-9)
    return float(np.sqrt(np.clip(ratio, *SMEARING_RANGE)))


def _late_shift(y: Array, fitted: Array) -> float:
    """The factor by which the last 28 days left the fit behind, where that is more than three standard errors; drawn to 1 (Stein, 1956).

    The penalties of the trend make it slow on purpose; a shift of level has to be followed all the same.
    """
    relative = (y - fitted) / np.maximum(fitted, 1e-9)
    middle = float(np.median(relative))
    noise = 1.4826 * float(np.median(np.abs(relative - middle)))
    shift = float(np.log(max(1 + float(np.median(relative[-SHIFT_DAYS:])) - middle, np.exp(-LARGEST_SHIFT))))
    if abs(shift) < 1e-9:
        return 1.0
    unsure = SHIFT_ERRORS * noise / np.sqrt(min(len(y), SHIFT_DAYS))
    return float(np.exp(np.clip(shift * max(0.0, 1 - (unsure / shift) ** 2), -LARGEST_SHIFT, LARGEST_SHIFT)))


def _inverse(eta: Array, poisson: bool) -> Array:
    """From the linear predictor to values in units of the scale."""
    eta = np.clip(eta, SMALLEST_LOG_RATIO, LARGEST_LOG_RATIO)
    return np.exp(eta) if poisson else np.maximum(np.exp(eta) - LOG_FLOOR, 0.0)


def _solve_log(matrix: Array, y: Array, recency: Array, penalty: Array) -> Array:
    target = np.log(y + LOG_FLOOR)
    robust = np.ones(len(y))
    weights = np.zeros(matrix.shape[1])
    for _ in range(ROUNDS):
        weights = _ridge(matrix, target, recency * robust, penalty)
        robust = _huber(target - matrix @ weights, HUBER_K)
    return weights


def _solve_poisson(matrix: Array, y: Array, recency: Array, penalty: Array) -> Array:
    level = max(float(np.average(y, weights=recency)), 1e-6)
    weights = np.zeros(matrix.shape[1])
    weights[0] = np.log(level)
    for _ in range(2 * ROUNDS):
        eta = np.clip(matrix @ weights, SMALLEST_LOG_RATIO, LARGEST_LOG_RATIO)
        mean = np.exp(eta)
        robust = _huber((y - mean) / np.sqrt(mean), HUBER_K_COUNTS)
        response = eta + (y - mean) / mean  # working response of the log link
        weights = _ridge(matrix, response, recency * robust * mean / level, penalty)
    return weights


def _seldom_log(matrix: Array, y: Array, recency: Array, penalty: Array, weights: Array, chosen: Flags) -> Array:
    """The weights with those of the chosen columns fitted anew to what the others leave, every day in full."""
    rest = np.log(y + LOG_FLOOR) - matrix[:, ~chosen] @ weights[~chosen]
    weights = weights.copy()
    weights[chosen] = _ridge(matrix[:, chosen], rest, recency, penalty[chosen])
    return weights


def _seldom_poisson(matrix: Array, y: Array, recency: Array, penalty: Array, weights: Array, chosen: Flags) -> Array:
    """The same for counts with log link."""
    level = max(float(np.average(y, weights=recency)), 1e-6)
    others = matrix[:, ~chosen] @ weights[~chosen]
    weights = weights.copy()
    for _ in range(SELDOM_ROUNDS):
        eta = np.clip(matrix @ weights, SMALLEST_LOG_RATIO, LARGEST_LOG_RATIO)
        mean = np.exp(eta)
        weights[chosen] = _ridge(matrix[:, chosen], eta + (y - mean) / mean - others, recency * mean / level, penalty[chosen])
    return weights


def _ridge(matrix: Array, target: Array, weights: Array, penalty: Array) -> Array:
    weighted = matrix * weights[:, None]
    left = matrix.T @ weighted + np.diag(penalty + 1e-6)
    return np.asarray(np.linalg.solve(left, weighted.T @ target), dtype=float)


def _huber(residual: Array, limit: float) -> Array:
    spread = 1.4826 * float(np.median(np.abs(residual - np.median(residual))))
    if spread <= 0:
        return np.ones(len(residual))
    return np.minimum(1.0, limit * spread / np.maximum(np.abs(residual), 1e-12))
