"""When a customer orders next, given that an order comes within H: a middle and an 80 % interval, in days after the cutoff.

Two ways to the quantiles: trees for many buyers, and for few a log-normal rhythm cut off at the present silence. Either is
widened or narrowed by what past windows showed (conformalised quantile regression: Romano, Patterson and Candes 2019).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from ml.customers.features import Outcome, Snapshot
from ml.customers.trees import Trees, fit_trees

LEVELS = (0.1, 0.5, 0.9)
COVERAGE = 0.81  # of past windows, so that the next, a little different, holds 0.80
_FEW_CUSTOMERS = 600
_MOST_ROWS = 40_000
_FEWEST_DAYS, _CLOSED_SHARE = 200, 0.02
_PULL = 3.0  # how many gaps of the population stand beside a customer's own


@dataclass(frozen=True)
class Rhythm:
    """Log-normal gaps: the population's mean and spread of log days, to which a customer's own are pulled."""

    log_mean: float
    log_spread: float

    def quantiles(self, snapshot: Snapshot) -> np.ndarray:
        """Days to the next order within H at LEVELS, shape (customers, 3), given the silence so far."""
        repeats = snapshot["orders"] - 1
        smooth = np.nan_to_num(np.log(np.maximum(snapshot["smooth_gap"], 1.0)), nan=self.log_mean)
        mean = (np.minimum(repeats, 6) * smooth + _PULL * self.log_mean) / (np.minimum(repeats, 6) + _PULL)
        own = np.nan_to_num(snapshot["log_gap_spread"], nan=self.log_spread)
        spread = np.maximum((repeats * own + 2 * _PULL * self.log_spread) / (repeats + 2 * _PULL), 0.15)
        silence = snapshot["days_since_last_order"]
        # in the upper tail, where both ends are far out, survival keeps its digits
        begin = ndtr(-(np.log(silence + 0.5) - mean) / spread)
        end = ndtr(-(np.log(silence + snapshot.horizon_days + 0.5) - mean) / spread)
        shares = begin[:, None] - (begin - end)[:, None] * np.asarray(LEVELS)
        days = np.exp(mean[:, None] - spread[:, None] * ndtri(np.clip(shares, 1e-300, 1 - 1e-16))) - silence[:, None]
        flat = np.asarray(LEVELS) * snapshot.horizon_days
        return np.where(np.isfinite(days), days, flat)


@dataclass(frozen=True)
class NextOrder:
    """Quantiles of the days to the next order, the conformal correction in days on either side, and weekdays without orders.

    `closed` holds weekdays as day number modulo 7: no date is given on one of them.
    """

    rhythm: Rhythm
    trees: Trees | None
    correction: float = 0.0
    closed: frozenset[int] = frozenset()

    def quantiles(self, snapshot: Snapshot) -> np.ndarray:
        """Uncorrected days at LEVELS, shape (customers, 3), within (0, H] and in order."""
        days = self.rhythm.quantiles(snapshot) if self.trees is None else self.trees.margins(snapshot.values)
        return np.sort(np.clip(days, 0.5, snapshot.horizon_days), axis=1)

    def days(self, snapshot: Snapshot) -> np.ndarray:
        """Whole days (low, middle, high) after the cutoff, shape (customers, 3): 1 is tomorrow, never earlier."""
        low, middle, high = self.quantiles(snapshot).T
        middle = self._open(np.clip(np.round(middle), 1, snapshot.horizon_days), snapshot)
        low = np.clip(np.ceil(low - self.correction), 1, middle)
        high = np.clip(np.floor(high + self.correction), middle, snapshot.horizon_days)
        # an end on a closed day may as well stand on the next open one within
        low = np.minimum(self._open(low, snapshot), middle)
        return np.column_stack([low, middle, high]).astype(int)

    def _open(self, days: np.ndarray, snapshot: Snapshot) -> np.ndarray:
        """The same days, or the next that is no closed weekday; the last before where that lies beyond H."""
        ahead = back = days
        for _ in range(len(self.closed)):
            ahead = ahead + self._is_closed(snapshot.cutoff + ahead)
            back = back - self._is_closed(snapshot.cutoff + back)
        return np.where(ahead <= snapshot.horizon_days, ahead, np.where(back >= 1, back, days))

    def _is_closed(self, day_numbers: np.ndarray) -> np.ndarray:
        return np.isin(day_numbers.astype(int) % 7, list(self.closed))


def fit_next_order(snapshots: list[Snapshot], outcomes: list[Outcome], seed: int) -> NextOrder:
    """Quantiles learnt from those who ordered within H of each past cutoff (active customers), corrected to hold COVERAGE.

    The correction of the trees comes from customers that a second set of trees has not seen.
    """
    buyers = [np.flatnonzero(~outcome.churned) for outcome in outcomes]
    taken = [snapshot.take(rows) for snapshot, rows in zip(snapshots, buyers, strict=True)]
    days = np.concatenate([outcome.days_to_next[rows] for outcome, rows in zip(outcomes, buyers, strict=True)])
    rhythm = NextOrder(_population_rhythm(taken), None)
    if max(len(snapshot) for snapshot in snapshots) < _FEW_CUSTOMERS or len(days) < _FEW_CUSTOMERS:
        said = np.vstack([rhythm.quantiles(snapshot) for snapshot in taken])
        return NextOrder(rhythm.rhythm, None, conformal_correction(said, days))
    values = np.vstack([snapshot.values for snapshot in taken])
    seen = np.concatenate([snapshot.customer for snapshot in taken]) % 2 == 0
    half = NextOrder(rhythm.rhythm, _quantile_trees(values[seen], days[seen], seed))
    unseen = Snapshot(taken[0].cutoff, taken[0].horizon_days, np.flatnonzero(~seen), values[~seen])
    correction = conformal_correction(half.quantiles(unseen), days[~seen])
    return NextOrder(rhythm.rhythm, _quantile_trees(values, days, seed), correction)


def closed_weekdays(day_numbers: np.ndarray) -> frozenset[int]:
    """Weekdays (day number modulo 7) with under 2 % of all customer-days; none where there are fewer than 200 to tell from."""
    if len(day_numbers) < _FEWEST_DAYS:
        return frozenset()
    shares = np.bincount(day_numbers % 7, minlength=7) / len(day_numbers)
    return frozenset(np.flatnonzero(shares < _CLOSED_SHARE).tolist())


def _quantile_trees(values: np.ndarray, days: np.ndarray, seed: int) -> Trees:
    parameters = {"objective": "reg:quantileerror", "quantile_alpha": list(LEVELS), "eta": 0.06, "min_child_weight": 20}
    return fit_trees(values, days.astype(np.float32), parameters, rounds=60, seed=seed, most_rows=_MOST_ROWS)


def conformal_correction(quantiles: np.ndarray, days: np.ndarray) -> float:
    """Days by which the interval must grow on either side (negative: may shrink) to have held COVERAGE of `days`."""
    if not len(days):
        return 0.0
    misses = np.maximum(quantiles[:, 0] - days, days - quantiles[:, 2])
    level = min(1.0, COVERAGE * (len(days) + 1) / len(days))
    return float(np.quantile(misses, level, method="higher"))


def _population_rhythm(snapshots: list[Snapshot]) -> Rhythm:
    gaps = np.concatenate([snapshot["smooth_gap"] for snapshot in snapshots])
    spreads = np.concatenate([snapshot["log_gap_spread"] for snapshot in snapshots])
    logs = np.log(np.maximum(gaps[~np.isnan(gaps)], 1.0))
    known = spreads[~np.isnan(spreads)]
    fallback = np.log(max(snapshots[0].horizon_days / 2, 1.0)) if snapshots else 3.0
    return Rhythm(float(np.median(logs)) if len(logs) else float(fallback), float(max(np.median(known), 0.3)) if len(known) else 0.8)
