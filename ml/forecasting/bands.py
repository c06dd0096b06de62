"""How far off a forecast may be: bands of days and of totals, from the errors of earlier forecasts of the same series.

A day's band is the forecast plus sqrt(forecast × level) times an edge: part the quantile of the series' own errors at earlier cutoffs
(conformal, Vovk et al., 2005), part a constant learnt across the development series. Totals have bands of their own, from the errors
of totals: sums of daily bands would be far too wide, root-n sums too narrow (errors of neighbouring days go together).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ml.forecasting.history import Array, Flags

Errors = tuple[Array, Array, Flags]

# Learnt on seventeen sources, each judged by what the others say (docs/decisions/forecasting.md): quantiles of daily errors over
# the series' own mean absolute error at earlier cutoffs, and of total errors over their predicted spread.
PROBABILITIES = np.array([0.005, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.995])
DAILY_EDGES = np.array([-5.0, -2.8, -2.05, -1.47, -0.73, -0.06, 0.7, 1.53, 2.3, 3.1, 5.9])
TOTAL_EDGES = np.array([-2.9, -2.0, -1.55, -1.14, -0.52, 0.0, 0.52, 1.14, 1.55, 2.0, 2.9])  # level errors lean neither way
COUNT_TOTAL_EDGES = np.array([-2.58, -1.96, -1.64, -1.28, -0.67, 0.0, 0.67, 1.28, 1.64, 1.96, 2.58])  # the normal's
EXCESS_ZEROS = 0.05
OWN_SHARE = 0.3
WIDENING = 0.15
MIDDLE_STEP = 15.0
LONGEST_WIDENING = 60
ERROR_CORRELATION = 0.12
LEVEL_ERROR = 0.05
COUNT_ERROR_CORRELATION = 0.03  # most of a small count's noise is chance of the day
COUNT_LEVEL_ERROR = 0.06
SHORT_RECORD_DAYS = 400  # under this no year has been seen twice: what the season does to the next weeks is unknown
SHORT_RECORD_FACTOR = 1.07
TOTAL_WINDOWS = (7, 30)
PRIOR_WINDOWS = 10.0
LEAST_SIGMA = 1e-9
LARGEST_MISS = 10.0  # times the level: a slip of the pen, a hundred times an ordinary day, says nothing about the days to come
LEAST_LEVEL_SHARE = 0.1  # a forecast of next to nothing that was wrong says how wrong, not how many times
NO_ERRORS_SIGMA = 0.5


@dataclass(frozen=True)
class Bands:
    """Error sizes of one series. `sigma`: mean absolute error over sqrt(forecast × level); `own`: sorted errors over that and sigma.

    `spreads`: relative standard error of totals by window. `dispersion`: variance over mean of small counts, None for other
    series; `zero_share`: how often an open day was 0.
    """

    level: float
    sigma: float
    own: Array = field(repr=False)
    spreads: dict[int, float]
    dispersion: float | None = None
    zero_share: float = 0.0

    def daily(self, values: Array, is_open: Flags, level: int) -> tuple[Array, Array]:
        """Lower and upper edge of the `level` per cent band of each day, `values` being the forecasts one day ahead and on."""
        tail = (1 - level / 100) / 2
        growth = 1 + WIDENING * (np.minimum(np.arange(1, len(values) + 1), LONGEST_WIDENING) / MIDDLE_STEP - 1)
        if self.dispersion is not None:
            return self._count_band(values, is_open, growth, tail)
        scale = np.sqrt(values * self.level) * self.sigma * growth
        low = np.maximum(values + scale * self._edge(tail), 0.0)
        high = np.maximum(values + scale * self._edge(1 - tail), values)
        return np.where(is_open, np.minimum(low, values), 0.0), np.where(is_open, high, 0.0)

    def total(self, value: float, days: int, level: int) -> tuple[float, float]:
        """Lower and upper edge of the `level` per cent band of a total over `days` days."""
        tail = (1 - level / 100) / 2
        edges = TOTAL_EDGES if self.dispersion is None else COUNT_TOTAL_EDGES
        low, high = (value * (1 + self._spread(days) * float(np.interp(p, PROBABILITIES, edges))) for p in (tail, 1 - tail))
        return max(low, 0.0), max(high, value)

    def _count_band(self, values: Array, is_open: Flags, growth: Array, tail: float) -> tuple[Array, Array]:
        """Whole-number quantiles of a negative binomial with variance = dispersion × mean; where days at 0 are far more than it expects,
        the lower edge is 0 once their share exceeds the tail."""
        from scipy import stats

        assert self.dispersion is not None
        mean = np.maximum(values, 1e-6)
        excess = np.maximum(self.dispersion * growth - 1, 1e-3)
        size, probability = mean / excess, 1 / (1 + excess)
        low, high = (stats.nbinom.ppf(p, size, probability) for p in (tail, 1 - tail))
        expected = float(stats.nbinom.pmf(0, size, probability)[is_open].mean()) if is_open.any() else 0.0
        if self.zero_share > max(expected + EXCESS_ZEROS, tail):
            low = np.zeros(len(low))
        low, high = np.minimum(low, np.floor(values)), np.maximum(high, np.ceil(values))
        return np.where(is_open, low, 0.0), np.where(is_open, high, 0.0)

    def _edge(self, probability: float) -> float:
        learnt = float(np.interp(probability, PROBABILITIES, DAILY_EDGES))
        if len(self.own) < 10:
            return learnt
        return OWN_SHARE * conformal_quantile(self.own, probability) + (1 - OWN_SHARE) * learnt

    def _spread(self, days: int) -> float:
        known = sorted(self.spreads)
        return float(np.interp(days, known, [self.spreads[window] for window in known]))


def conformal_quantile(ordered: Array, probability: float) -> float:
    """The quantile of sorted errors that a next error exceeds with the right chance; beyond the outermost it goes on a tenth further."""
    count = len(ordered)
    rank = probability * (count + 1) if probability >= 0.5 else (count + 1) - (1 - probability) * (count + 1)
    if rank < 1:
        return float(ordered[0] * (1.1 if ordered[0] < 0 else 0.9))
    if rank > count:
        return float(ordered[-1] * (1.1 if ordered[-1] > 0 else 0.9))
    return float(np.interp(rank, np.arange(1, count + 1), ordered))


def learn_bands(
    errors: list[Errors],
    level: float,
    history_days: int,
    *,
    small_count: bool,
    zero_share: float = 0.0,
    older: Sequence[Errors] = (),
) -> Bands:
    """Error sizes from earlier forecasts: per cutoff the truth (NaN = unknown), the forecast, and the open days.

    `older`: the same at cutoffs before those, of a lighter forecast; totals, of which a cutoff gives so few, learn from them too.
    """
    errors, older = _without_slips(errors, level), _without_slips(older, level)
    differences, means = [], []
    for truth, forecast, is_open in errors:
        rows = is_open & ~np.isnan(truth) & (forecast > 0)
        differences.append(truth[rows] - forecast[rows])
        means.append(forecast[rows])
    difference, mean = np.concatenate(differences), np.concatenate(means)
    scaled = difference / np.sqrt(np.maximum(mean, LEAST_LEVEL_SHARE * level) * level)
    sigma = max(float(np.abs(scaled).mean()) if len(scaled) else NO_ERRORS_SIGMA, LEAST_SIGMA)
    own = np.sort(scaled / sigma)
    if history_days < SHORT_RECORD_DAYS:
        sigma *= SHORT_RECORD_FACTOR
    dispersion = _dispersion(difference**2, mean) if small_count else None
    spreads = {window: _total_spread([*errors, *older], window, sigma, small_count=small_count) for window in TOTAL_WINDOWS}
    return Bands(level, sigma, own, spreads, dispersion, zero_share)


def _without_slips(errors: Sequence[Errors], level: float) -> list[Errors]:
    return [(np.minimum(truth, LARGEST_MISS * np.maximum(forecast, level)), forecast, is_open) for truth, forecast, is_open in errors]


def _dispersion(squared: Array, means: Array) -> float:
    """Variance over mean, drawn to 1.1 by twenty days of evidence, at least 1 (Poisson)."""
    if not len(means):
        return 1.5
    ratio = float(squared.sum() / means.sum())
    return max((ratio * len(means) + 1.1 * 20) / (len(means) + 20), 1.0)


def _total_spread(errors: list[Errors], window: int, sigma: float, *, small_count: bool) -> float:
    """Relative standard error of totals: own totals' errors, drawn to what daily errors that go together and an unsure level imply."""
    own, open_days = [], []
    for truth, forecast, is_open in errors:
        for begin in range(0, len(truth) - window + 1, window):
            rows = slice(begin, begin + window)
            known = ~np.isnan(truth[rows])
            expected = float(forecast[rows][known].sum())
            if expected > 0 and known.sum() >= 0.8 * window:
                own.append(float(truth[rows][known].sum()) / expected - 1)
                open_days.append(int(is_open[rows].sum()))
    number = max(float(np.mean(open_days)) if open_days else window * 5 / 7, 1.0)
    daily = (1.25 * sigma) ** 2
    correlation, level_error = (COUNT_ERROR_CORRELATION, COUNT_LEVEL_ERROR) if small_count else (ERROR_CORRELATION, LEVEL_ERROR)
    implied = daily * (1 / number + correlation * (1 - 1 / number)) + level_error**2
    return float(np.sqrt((np.sum(np.square(np.clip(own, -1, 1))) + PRIOR_WINDOWS * implied) / (len(own) + PRIOR_WINDOWS)))
