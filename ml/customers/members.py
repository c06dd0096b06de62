"""The three members of the blend fitted together on past cutoffs, and which cutoffs those are."""

from dataclasses import dataclass

import numpy as np
from scipy.special import logit

from ml.customers.features import Outcome, Panel, Snapshot
from ml.customers.logistic import Logistic, fit_logistic
from ml.customers.purchase import PurchaseProcess, fit_purchase
from ml.customers.trees import Trees, fit_churn_trees
from ml.customers.value import YEAR_DAYS, purchase_history

MOST_CUTOFFS = 6
FEWEST_ROWS_FOR_TREES = 60
_EDGE = 1e-4
_PRIOR = 0.02  # weak pull on the purchase process's parameters: five customers give a finite answer, five hundred do not feel it


@dataclass(frozen=True)
class Examples:
    """Past snapshots of the active population with what followed within H."""

    snapshots: list[Snapshot]
    outcomes: list[Outcome]

    @property
    def churned(self) -> list[np.ndarray]:
        """Per snapshot, who ordered nothing."""
        return [outcome.churned for outcome in self.outcomes]


@dataclass(frozen=True)
class Members:
    """What was fitted: the purchase process always, the others where there was something to learn from."""

    process: PurchaseProcess
    logistic: Logistic | None
    trees: Trees | None

    def log_odds(self, snapshot: Snapshot) -> np.ndarray:
        """Log-odds of churn by member, shape (customers, 3), NaN for a member that could not be fitted."""
        silence = self.process.silence(*purchase_history(snapshot), snapshot.horizon_days)
        missing = np.full(len(snapshot), np.nan)
        return np.column_stack(
            [
                logit(np.clip(silence, _EDGE, 1 - _EDGE)),
                missing if self.logistic is None else self.logistic.log_odds(snapshot),
                missing if self.trees is None else self.trees.margins(snapshot.values),
            ]
        )


def training_cutoffs(first_day: int, as_of: int, horizon_days: int, most: int = MOST_CUTOFFS) -> list[int]:
    """Up to `most` cutoffs whose H days had ended by `as_of`, newest first, each with some history before it.

    Where they do not reach back a year, the oldest gives its place to the day a year before `as_of`, which saw the same season.
    """
    newest = as_of - horizon_days
    oldest = first_day + max(horizon_days // 2, 14)
    if newest < oldest:
        return []
    step = max(7, min(horizon_days, (newest - oldest) // (most - 1)))
    found = [newest - number * step for number in range(most) if newest - number * step >= oldest]
    season = as_of - YEAR_DAYS
    if oldest <= season < found[-1]:
        found[-1] = season
    return found


def examples(panel: Panel, as_of: int, *, most: int = MOST_CUTOFFS) -> Examples:
    """Active customers at each training cutoff with their outcomes."""
    snapshots = [panel.snapshot(cutoff) for cutoff in training_cutoffs(panel.log.first_day, as_of, panel.horizon_days, most)]
    kept = [snapshot.take(np.flatnonzero(snapshot.active)) for snapshot in snapshots]
    kept = [snapshot for snapshot in kept if len(snapshot)]
    return Examples(kept, [panel.outcome(snapshot) for snapshot in kept])


def fit_members(now: Snapshot, past: Examples, seed: int) -> Members:
    """The members as of the cutoff of `now`, from its customers' histories and from past examples."""
    process = fit_purchase(*purchase_history(now), prior=_PRIOR)
    rows = sum(len(snapshot) for snapshot in past.snapshots)
    if not rows:
        return Members(process, None, None)
    truth = np.concatenate(past.churned)
    learnable = rows >= FEWEST_ROWS_FOR_TREES and 0 < truth.sum() < len(truth)
    trees = fit_churn_trees(past.snapshots, past.churned, seed) if learnable else None
    return Members(process, fit_logistic(past.snapshots, past.churned), trees)
