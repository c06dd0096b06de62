"""How the three members become one probability: weights in log-odds, calibration, and shrinkage where there is little to learn from."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.special import expit

from ml.customers.logistic import fit_ridge_logistic

MEMBERS = ("purchase", "logistic", "trees")
SMALL = (0.45, 0.35, 0.20)  # weights for few customers: the trees alone lose three points of AUC at 150
LARGE = (0.15, 0.45, 0.40)
_HALFWAY = 1200.0  # customers at which a log stands between the two
_HOLD = 12.0  # how strongly the prior holds in a window, in customers' worth of log loss
_GRID = 10
_CALIBRATION_WINDOWS = 3


@dataclass(frozen=True)
class Window:
    """One past window judged out of time, active customers only: log-odds per member (n, 3), the naive rule's score, and the truth.

    `level` is what the last weeks before the cutoff said about the season (`level.present_level`).
    `year_ago` marks the window that began a year before the one asked about: it tells the season, and is no part of the record.
    `young` marks a window before which the log was too short for what a model is asked now: no part of the record where others are.
    """

    cutoff: int
    members: np.ndarray
    naive: np.ndarray
    churned: np.ndarray
    level: float = 0.0
    year_ago: bool = False
    young: bool = False


@dataclass(frozen=True)
class Blend:
    """Weights of MEMBERS (they add up to 1), and slope and intercept of the calibration in log-odds (1 and 0 = none)."""

    weights: tuple[float, float, float]
    slope: float = 1.0
    intercept: float = 0.0

    def log_odds(self, members: np.ndarray, level: float = 0.0) -> np.ndarray:
        """Blended log-odds from the members', shape (n, 3); a member that was not fitted is NaN and leaves its weight."""
        weight = np.where(np.isnan(members), 0.0, np.asarray(self.weights))
        total = np.maximum(weight.sum(axis=1), 1e-12)
        return self.intercept + level + self.slope * (np.nan_to_num(members) * weight).sum(axis=1) / total

    def probability(self, members: np.ndarray, level: float = 0.0) -> np.ndarray:
        """Blended probability of churn."""
        return expit(self.log_odds(members, level))


def prior_weights(customers: int) -> np.ndarray:
    """Where the weights start: SMALL for few customers, towards LARGE with their number."""
    share = customers / (customers + _HALFWAY)
    return (1 - share) * np.asarray(SMALL) + share * np.asarray(LARGE)


def fit_blend(windows: list[Window], customers: int) -> Blend:
    """Weights that would have served best on the past windows, shrunken to the prior; calibrated on three windows or more."""
    prior = prior_weights(customers)
    if not windows:
        return Blend(_triple(prior))
    weights = _best_weights(windows, prior, customers)
    blend = Blend(_triple(weights))
    if len(windows) < _CALIBRATION_WINDOWS:
        return blend
    slope = _slope(blend, windows)
    return Blend(blend.weights, slope, _intercept(Blend(blend.weights, slope), windows))


def _best_weights(windows: list[Window], prior: np.ndarray, customers: int) -> np.ndarray:
    steps = [np.array(parts) / _GRID for parts in product(range(_GRID + 1), repeat=3) if sum(parts) == _GRID]
    candidates = [*steps, prior]
    losses = [
        np.mean([_loss(window, weights) for window in windows]) + _HOLD / customers * np.sum((weights - prior) ** 2)
        for weights in candidates
    ]
    best = candidates[int(np.argmin(losses))]
    # one window alone moves the weights half of the way, three nearly the whole: they rarely err alike
    agreed = len(windows) ** 2
    return prior + agreed / (agreed + 1) * (best - prior)


def _loss(window: Window, weights: np.ndarray) -> float:
    """Log loss after the level is put right, so that a season does not choose the weights."""
    log_odds = Blend(_triple(weights)).log_odds(window.members)
    truth = window.churned.astype(float)
    fitted = np.clip(expit(log_odds + level_error(log_odds, truth)), 1e-6, 1 - 1e-6)
    return float(-np.mean(truth * np.log(fitted) + (1 - truth) * np.log(1 - fitted)))


def level_error(log_odds: np.ndarray, truth: np.ndarray) -> float:
    """What must be added to the log-odds for their mean probability to be that of the truth (within -3 and 3)."""
    shift = 0.0
    for _ in range(12):
        fitted = expit(log_odds + shift)
        shift += float(np.clip((truth - fitted).sum() / max(float((fitted * (1 - fitted)).sum()), 1e-9), -1, 1))
    return float(np.clip(shift, -3, 3))


def _slope(blend: Blend, windows: list[Window]) -> float:
    """Slope of the truth on the log-odds, each window at its own level, pulled towards 1."""
    shifted = [blend.log_odds(window.members) for window in windows]
    offsets = [log_odds + level_error(log_odds, window.churned) for log_odds, window in zip(shifted, windows, strict=True)]
    log_odds, truth = np.concatenate(offsets), np.concatenate([window.churned for window in windows]).astype(float)
    coefficients, _ = fit_ridge_logistic(log_odds[:, None], truth, 1.0)
    return float(np.clip(coefficients[0], 0.5, 1.5))


def _intercept(blend: Blend, windows: list[Window]) -> float:
    """The windows' mean error of level where they agree on it, nothing where they differ more; last year's window says half.

    Source of the shrinkage: James and Stein (1961), with the spread between windows as the variance of one.
    """
    errors = {window.cutoff: level_error(blend.log_odds(window.members, window.level), window.churned.astype(float)) for window in windows}
    recent = np.array([errors[window.cutoff] for window in windows if not window.year_ago])
    year_ago = np.array([errors[window.cutoff] for window in windows if window.year_ago])
    mean, spread = recent.mean(), recent.var(ddof=1) / len(recent) if len(recent) > 1 else np.inf
    steady = float(mean * max(0.0, 1 - spread / max(mean**2, 1e-12)))
    return float(np.clip((steady + year_ago.mean()) / 2 if len(year_ago) else steady, -1.0, 1.0))


def _triple(weights: np.ndarray) -> tuple[float, float, float]:
    first, second, third = (float(value) for value in weights)
    return first, second, third
