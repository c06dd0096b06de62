"""The state-space member: level and weekdays as random walks, filtered for every pace of change at once and averaged by likelihood."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.forecasting.history import Array, Flags

LONGEST_DAYS = 730
# Variance of a day's step of the level and of each weekday, over that of the noise.
PACES = np.array([(level, week) for level in (1e-4, 1e-3, 4e-3, 0.015, 0.05, 0.15) for week in (0.0, 1e-4, 1e-3)])
COUNT_PACES = PACES[PACES[:, 0] <= 0.015]  # a few orders a day say too little to tell a fast level from chance
START_VARIANCE = np.array([0.05] + 7 * [0.1])
FORGET = 0.996
BURN_IN_DAYS = 30
CLIP = 3.0
TEMPER, COUNT_TEMPER = 0.25, 1.0  # days of money are less independent than the likelihood believes
LEAST_NOISE = 1e-4
MEAN_RANGE = (0.8, 1.3)


@dataclass(frozen=True)
class Filtered:
    """States after the last day, per pace: level and seven weekdays (paces × 8), weights of the paces, variance of the noise."""

    state: Array
    weights: Array
    noise: float

    @property
    def weekdays(self) -> Array:
        """Level plus weekday (paces × 7), not below 0."""
        return np.maximum(self.state[:, :1] + self.state[:, 1:], 0.0)


def expected_weekdays(y: Array, weekday: npt.NDArray[np.int64], use: Flags, *, small_count: bool) -> Array:
    """The expected value of each of the seven weekdays after the last day, from the days in `use`.

    Values are filtered as square roots, which makes their noise even, and set half way from median to mean; small counts, whose mean
    matters, as they are. Sources: Harvey (1989), local level with seasonal dummies; Raftery et al. (2010), averaging over forgetting.
    """
    rows = np.flatnonzero(use)[-LONGEST_DAYS:]
    scale = max(float(y[rows].mean()), 1e-9) if len(rows) else 0.0
    if scale <= 1e-9:
        return np.zeros(7)
    values = y[rows] / scale
    if small_count:
        run = _filter(values, weekday[rows], _noise(values, weekday[rows], robust=False), COUNT_PACES, COUNT_TEMPER)
        return np.asarray(scale * (run.weights @ run.weekdays), dtype=float)
    roots = np.sqrt(values)
    run = _filter(roots, weekday[rows], _noise(roots, weekday[rows], robust=True), PACES, TEMPER)
    to_mean = 1 + run.noise / max(float(run.weekdays.mean()) ** 2, 1e-3)
    return np.asarray(scale * (run.weights @ run.weekdays**2) * np.sqrt(np.clip(to_mean, *MEAN_RANGE)), dtype=float)


def _filter(values: Array, weekday: npt.NDArray[np.int64], noise: float, grid: Array, temper: float) -> Filtered:
    """One Kalman filter per pace through all days, oldest first; a day further than three standard errors off counts as that far."""
    paces = len(grid)
    state = np.zeros((paces, 8))
    state[:, 0] = values[: min(len(values), 28)].mean()
    variance = np.repeat(np.diag(START_VARIANCE)[None], paces, axis=0)
    step = np.zeros((paces, 8, 8))
    step[:, np.arange(8), np.arange(8)] = noise * grid[:, [0] + 7 * [1]]
    fit = np.zeros(paces)
    for i, (value, day) in enumerate(zip(values.tolist(), (weekday + 1).tolist(), strict=True)):
        variance += step
        toward = variance[:, :, 0] + variance[:, :, day]
        expected = toward[:, 0] + toward[:, day] + noise
        error = value - state[:, 0] - state[:, day]
        if i > BURN_IN_DAYS:
            fit = FORGET * fit - 0.5 * (np.log(expected) + np.minimum(error**2 / expected, CLIP**2))
        limit = CLIP * np.sqrt(expected)
        gain = toward / expected[:, None]
        state += gain * np.clip(error, -limit, limit)[:, None]
        variance -= gain[:, :, None] * toward[:, None, :]
    weights = np.exp((fit - fit.max()) * temper)
    return Filtered(state, weights / weights.sum(), noise)


def _noise(values: Array, weekday: npt.NDArray[np.int64], *, robust: bool) -> float:
    """Variance of a day around its level: from differences of neighbouring same weekdays, so that a shift of level counts once. The middle
    of small counts' differences is too coarse: for them their mean square, wild ones cut."""
    differences = np.concatenate([np.diff(values[weekday == day]) for day in range(7)])
    if not len(differences):
        return LEAST_NOISE
    spread = 1.4826 * float(np.median(np.abs(differences)))
    if robust or spread <= 0:
        return spread**2 / 2 + LEAST_NOISE
    return float(np.mean(np.square(np.clip(differences, -CLIP * spread, CLIP * spread)))) / 2 + LEAST_NOISE
