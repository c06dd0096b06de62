"""The answer for little data: a weekday profile drawn to the overall mean, with bands as wide as so little data deserves."""

from dataclasses import dataclass

import numpy as np

from ml.forecasting.history import Array, Flags
from ml.forecasting.members import Span, usable

HALF_LIFE_DAYS = 45.0
EVIDENCE_DAYS = 4.0
DRAWN_APART_DAYS = 12.0
USUAL_NOISE = 0.25  # of the mean: a day is off by half; counts as one day of evidence, for two days that agree prove nothing


@dataclass(frozen=True)
class Profile:
    """Weekday factors and the size of what a day may differ: variance = noise × mean."""

    factors: Array
    noise: float

    def predict(self, span: Span) -> tuple[Array, "ProfileBands"]:
        """Values of the days after the history of `span`, 0 where closed, and the bands that go with them."""
        y, use = usable(span)
        age = (span.count - 1 - np.arange(span.count))[use]
        weight = 0.5 ** (age / HALF_LIFE_DAYS)
        factors = self.factors[span.table.weekday[: span.count][use]]
        evidence = float((weight * factors).sum())
        level = float((weight * y[use]).sum()) / evidence if evidence > 0 else 0.0
        future = slice(span.count, span.count + span.horizon)
        values = np.where(span.is_open[future], level * self.factors[span.table.weekday[future]], 0.0)
        count = float(weight.sum()) ** 2 / max(float((weight**2).sum()), 1e-9) if len(weight) else 0.0
        error = np.sqrt(self.noise / max(level * max(count, 1.0), 1e-9)) if level > 0 else 1.0
        drawn_apart = 1 + DRAWN_APART_DAYS / max(len(weight), 1)
        return values, ProfileBands(self.noise * drawn_apart, float(min(error, 1.0)))


@dataclass(frozen=True)
class ProfileBands:
    """Bands of a profile's answer: the noise of days (variance over mean, more for a short record) and the level's relative error."""

    noise: float
    level_error: float

    def daily(self, values: Array, is_open: Flags, level: int) -> tuple[Array, Array]:
        """Lower and upper edge of the `level` per cent band of each day; 0 on closed days."""
        low, high = self._edges(values, level)
        return np.where(is_open, low, 0.0), np.where(is_open, high, 0.0)

    def total(self, value: float, _days: int, level: int) -> tuple[float, float]:
        """Lower and upper edge of the `level` per cent band of a total, over whatever days."""
        low, high = self._edges(np.array([value]), level)
        return float(low[0]), float(high[0])

    def _edges(self, values: Array, level: int) -> tuple[Array, Array]:
        """Gamma quantiles of the noise and the level's own uncertainty."""
        from scipy import stats

        tail = (1 - level / 100) / 2
        mean = np.maximum(values, 1e-9)
        variance = self.noise * mean + (self.level_error * mean) ** 2
        low, high = (stats.gamma.ppf(p, mean**2 / variance, scale=variance / mean) for p in (tail, 1 - tail))
        return np.where(values > 0, np.minimum(low, values), 0.0), np.where(values > 0, np.maximum(high, values), 0.0)


def fit_profile(span: Span) -> Profile:
    """Learn weekday factors (each drawn to 1 by four days of evidence) and the noise of the open days."""
    y, use = usable(span)
    weekday = span.table.weekday[: span.count][use]
    values = y[use]
    mean = float(values.mean()) if len(values) else 0.0
    if mean <= 0:
        return Profile(np.ones(7), 1.0)
    sums = np.bincount(weekday, weights=values, minlength=7) / mean
    counts = np.bincount(weekday, minlength=7)
    factors = (sums + EVIDENCE_DAYS) / (counts + EVIDENCE_DAYS)
    expected = mean * factors[weekday]
    known = max(len(values) - 3, 0)
    noise = float((((values - expected) ** 2).sum() / mean + USUAL_NOISE * mean) / (known + 1))
    return Profile(factors, max(noise, 1e-9))
