"""The second member of the blend: a logistic regression on the logarithms of recency, frequency and money."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from ml.customers.features import Snapshot

_RIDGE = 1.0  # penalty on standardised coefficients, in units of one observation
_STEPS = 50


@dataclass(frozen=True)
class Logistic:
    """Standardisation and coefficients; `log_odds(snapshot)` of no order within H."""

    center: np.ndarray
    scale: np.ndarray
    coefficients: np.ndarray
    intercept: float

    def log_odds(self, snapshot: Snapshot) -> np.ndarray:
        """Log-odds of no order within H for each customer of the snapshot."""
        return self.intercept + ((log_rfm(snapshot) - self.center) / self.scale) @ self.coefficients


def log_rfm(snapshot: Snapshot) -> np.ndarray:
    """The regressors, shape (customers, 11): logs of silence, orders, age, spend per order, recent orders, silence in own gaps."""
    single = snapshot["orders"] < 2

    def lateness(name: str) -> np.ndarray:
        return np.where(single, 0.0, np.log(np.maximum(snapshot[name], 0.02)))

    return np.column_stack(
        [
            np.log1p(snapshot["days_since_last_order"]),
            np.log(snapshot["orders"]),
            np.log1p(snapshot["age_days"]),
            np.log(np.maximum(snapshot["mean_amount"], 1e-9)),
            np.log1p(snapshot["orders_2h"]),
            single.astype(float),
            lateness("silence_to_mean_gap"),
            lateness("silence_to_smooth_gap"),
            lateness("silence_to_longest_gap"),
            np.clip(np.nan_to_num(snapshot["silence_log_z"]), -4, 4),
            np.nan_to_num(snapshot["log_gap_spread"]),
        ]
    )


def fit_logistic(snapshots: list[Snapshot], churned: list[np.ndarray]) -> Logistic:
    """Ridge logistic regression on the rows of all snapshots together."""
    rows = np.vstack([log_rfm(snapshot) for snapshot in snapshots])
    center, scale = rows.mean(axis=0), rows.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    coefficients, intercept = fit_ridge_logistic((rows - center) / scale, np.concatenate(churned).astype(float), _RIDGE)
    return Logistic(center, scale, coefficients, intercept)


def fit_ridge_logistic(rows: np.ndarray, truth: np.ndarray, ridge: float) -> tuple[np.ndarray, float]:
    """Coefficients and intercept by Newton's method; the intercept is held by half an observation of each kind, so that one-sided
    data gives a finite answer."""
    design = np.column_stack([np.ones(len(rows)), rows])
    design = np.vstack([design, np.eye(1, design.shape[1]), np.eye(1, design.shape[1])])
    target = np.concatenate([truth, [1.0, 0.0]])
    weight = np.concatenate([np.ones(len(truth)), [0.5, 0.5]])
    penalty = np.diag([0.0] + [ridge] * rows.shape[1])
    beta = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        fitted = expit(design @ beta)
        gradient = design.T @ (weight * (target - fitted)) - penalty @ beta
        curvature = (design * (weight * fitted * (1 - fitted))[:, None]).T @ design + penalty + 1e-9 * np.eye(len(beta))
        step = np.linalg.solve(curvature, gradient)
        beta = beta + step * min(1.0, 4.0 / max(float(np.abs(step).max()), 1e-12))
        if float(np.abs(step).max()) < 1e-8:
            break
    return beta[1:], float(beta[0])
