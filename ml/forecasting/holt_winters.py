"""The Holt–Winters member: level, damped trend and weekday factors, a grid of smoothing parameters advanced together."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.forecasting.history import Array, Flags

LONGEST_DAYS = 730  # the slowest row of the grid has forgotten more
STATE_DAYS = 500
LONG_STEP = 21
FORGET = 0.995
CLIP = 3.0
BEST = 24
GRID = np.array(
    [(a, 0.0, g, 1.0) for a in (0.01, 0.03, 0.07, 0.15, 0.3) for g in (0.02, 0.06, 0.15)]
    + [(a, b, g, phi) for a in (0.03, 0.07, 0.15, 0.3) for b in (0.01, 0.05) for g in (0.02, 0.06, 0.15) for phi in (0.9, 0.97)]
)


@dataclass(frozen=True)
class HoltWinters:
    """The chosen rows of the grid: their forecasts are averaged. The state is rebuilt from the history handed in."""

    chosen: tuple[int, ...]

    def predict(self, y: Array, weekday: npt.NDArray[np.int64], use: Flags, future_weekday: npt.NDArray[np.int64], is_open: Flags) -> Array:
        """Forecasts for the days after `y`, one per day of `future_weekday`, as if open. The trend moves on open days only."""
        grid = GRID[list(self.chosen)]
        run = advance(y, weekday, use, grid, STATE_DAYS)
        steps = np.maximum(np.cumsum(is_open), 1)
        return np.maximum(run.forecast(grid, steps, future_weekday).mean(axis=1), 0.0)


@dataclass(frozen=True)
class Run:
    """State after the last day of a run: per grid row level, trend, weekday factors, and the discounted loss."""

    level: Array
    trend: Array
    season: Array
    loss: Array

    def forecast(self, grid: Array, steps: npt.NDArray[np.int64], weekday: npt.NDArray[np.int64]) -> Array:
        """Forecasts (days × grid rows) `steps` open days ahead."""
        phi = grid[:, 3]
        damp = np.where(phi < 1, phi * (1 - phi ** steps[:, None]) / np.maximum(1 - phi, 1e-9), 0.0)
        return (self.level + damp * self.trend) * self.season[weekday]


def fit_holt_winters(y: Array, weekday: npt.NDArray[np.int64], use: Flags) -> HoltWinters:
    """Choose the 24 rows of the grid with the least error one and 21 open days ahead (Holt, 1957; Gardner, 1985)."""
    run = advance(y, weekday, use, GRID)
    return HoltWinters(tuple(int(row) for row in np.argsort(run.loss, kind="stable")[:BEST]))


def advance(y: Array, weekday: npt.NDArray[np.int64], use: Flags, grid: Array, longest: int = LONGEST_DAYS) -> Run:
    """Run all grid rows through the last `longest` days in `use`, oldest first; errors are clipped at three times their usual size."""
    rows = np.flatnonzero(use)[-longest:]
    values, days = y[rows], weekday[rows]
    alpha, beta, gamma, phi = grid.T
    first = values[: min(len(values), 28)]
    level = np.full(len(grid), max(float(first.mean()), 1e-9) if len(first) else 1e-9)
    trend = np.zeros(len(grid))
    season = np.repeat(_first_factors(values, days)[:, None], len(grid), axis=1)
    loss, usual = np.zeros(len(grid)), np.full(len(grid), np.abs(first - first.mean()).mean() + 1e-9 if len(first) else 1.0)
    ahead = np.full((len(rows) + LONG_STEP, len(grid)), np.nan)
    reach = np.where(phi < 1, phi * (1 - phi**LONG_STEP) / np.maximum(1 - phi, 1e-9), 0.0)
    for i, (value, day) in enumerate(zip(values.tolist(), days.tolist(), strict=True)):
        base = level + phi * trend
        factor = season[day]
        error = value - base * factor
        size = np.abs(error)
        loss = FORGET * loss + size + (np.abs(value - ahead[i] * factor) if i >= LONG_STEP else size)
        error = np.minimum(np.maximum(error, -CLIP * usual), CLIP * usual)
        usual = usual + 0.03 * (np.abs(error) - usual)
        moved = np.maximum(base + alpha * error / np.maximum(factor, 0.05), 1e-9)
        trend = phi * trend + beta * (moved - base)
        season[day] = np.minimum(np.maximum(factor + gamma * error / moved, 0.02), 20.0)
        level = moved
        ahead[i + LONG_STEP] = level + reach * trend
    return Run(level, trend, season, loss)


def _first_factors(values: Array, days: npt.NDArray[np.int64]) -> Array:
    """Weekday factors of the first twelve weeks, drawn to 1 by two days of evidence."""
    early, early_days = values[:84], days[:84]
    mean = max(float(early.mean()), 1e-9) if len(early) else 1.0
    counts = np.bincount(early_days, minlength=7)
    sums = np.bincount(early_days, weights=early, minlength=7)
    return np.maximum((sums / mean + 2.0) / (counts + 2.0), 0.05)
