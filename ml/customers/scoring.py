"""The measures this room is judged by, for its own record, the bench and the tests. Probabilities are of churn."""

import numpy as np
from scipy.stats import norm, rankdata


def auc(score: np.ndarray, truth: np.ndarray) -> float:
    """Area under the ROC curve with ties counted half; NaN when only one kind is present."""
    positive = truth.astype(bool)
    many, few = int(positive.sum()), int((~positive).sum())
    if not many or not few:
        return float("nan")
    return float((rankdata(score)[positive].sum() - many * (many + 1) / 2) / (many * few))


def auc_placements(score: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """DeLong's structural components: for each positive the share of negatives below it, for each negative that of positives above it."""
    positive = truth.astype(bool)
    ranks = rankdata(score)
    above = (ranks[positive] - rankdata(score[positive])) / max(int((~positive).sum()), 1)
    below = 1 - (ranks[~positive] - rankdata(score[~positive])) / max(int(positive.sum()), 1)
    return above, below


def auc_difference_error(score: np.ndarray, other: np.ndarray | None, truth: np.ndarray) -> float:
    """Standard error of an AUC, or of the difference of two on the same customers (DeLong, DeLong and Clarke-Pearson 1988)."""
    above, below = auc_placements(score, truth)
    if other is not None:
        above_other, below_other = auc_placements(other, truth)
        above, below = above - above_other, below - below_other
    if len(above) < 2 or len(below) < 2:
        return float("nan")
    return float(np.sqrt(above.var(ddof=1) / len(above) + below.var(ddof=1) / len(below)))


def average_precision(score: np.ndarray, truth: np.ndarray) -> float:
    """Area under the precision-recall curve (step-wise)."""
    order = np.argsort(-score, kind="stable")
    hits = truth[order].astype(float)
    if not hits.sum():
        return float("nan")
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float((precision * hits).sum() / hits.sum())


def brier(probability: np.ndarray, truth: np.ndarray) -> float:
    """Mean squared error of the probabilities."""
    return float(np.mean((probability - truth) ** 2)) if len(truth) else float("nan")


def calibration_error(probability: np.ndarray, truth: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error over bins of equal size: mean absolute difference of said and seen share."""
    if not len(truth):
        return float("nan")
    parts = np.array_split(np.argsort(probability, kind="stable"), min(bins, len(truth)))
    gaps = [abs(probability[part].mean() - truth[part].mean()) * len(part) for part in parts]
    return float(np.sum(gaps) / len(truth))


def share_found(score: np.ndarray, amount: np.ndarray, top: float = 0.1) -> float:
    """Share of the whole `amount` that the best `top` of customers by `score` hold."""
    whole = amount.sum()
    count = max(1, round(top * len(score)))
    return float(amount[np.argsort(-score, kind="stable")[:count]].sum() / whole) if whole > 0 else float("nan")


def normalised_gini(predicted: np.ndarray, actual: np.ndarray) -> float:
    """How well `predicted` ranks `actual` spend: 1 as well as knowing it, 0 as by chance."""

    def area(score: np.ndarray) -> float:
        bought = actual[np.argsort(-score, kind="stable")]
        return float(np.cumsum(bought).sum() / bought.sum() - (len(bought) + 1) / 2)

    if not len(actual) or actual.sum() <= 0:
        return float("nan")
    best = area(actual)
    return area(predicted) / best if best else float("nan")


def bound(mean: float, error: float, level: float) -> float:
    """The one-sided `level` bound of a normal estimate (0.9 upper, 0.1 lower)."""
    return float(mean + norm.ppf(level) * error)
