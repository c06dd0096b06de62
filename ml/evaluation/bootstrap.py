"""Is one answer worse than another by more than luck? A paired block bootstrap: whole blocks of rows, the same for both answers.

The bootstrap gives the standard error and Student's t the probability: the plain share of draws is too sure of itself with few blocks. All
days that one forecast says on one day share its error of level, which no block within the window can show: it is taken from the signed
errors (`level_correlation`) and widens the standard error. The simulation behind both stands in docs/decisions/gate.md.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.evaluation.metrics import METRICS

Array = npt.NDArray[np.float64]
Draws = npt.NDArray[np.float64]
DRAWS = 400
BLOCK_DAYS = 7
FEWEST_BLOCKS = 4  # weeks or entities
USUAL_CORRELATION, USUAL_WINDOWS = 0.25, 2  # what errors of one forecast share before any were seen; counts as two seen windows would
MOST_ROWS = 20_000
NOTHING = 1e-12
SCALES = {"mase": "scale", "rmsse": "scale_squared"}


def draw_blocks(blocks: npt.ArrayLike, seed: int, draws: int = DRAWS) -> Draws:
    """How often each row is drawn, (draws, rows): as many blocks as there are, with replacement; rows of a block go together.

    Source: Künsch (1989), blocks of dependent observations.
    """
    codes = np.unique(np.asarray(blocks), return_inverse=True)[1]
    count = int(codes.max()) + 1 if len(codes) else 0
    if count == 0:
        return np.zeros((draws, 0))
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws).astype(float)[:, codes]


def blocks_of(rows: pd.DataFrame) -> pd.Series:
    """Which rows belong together. Days of a series: weeks of a cutoff; windows of several entities: the entity, over all cutoffs.

    Needs entity_id, target_date, window_days and, where there are several, cutoff.
    """
    if _is_daily(rows):
        days = (pd.to_datetime(rows["target_date"]) - pd.Timestamp("2000-01-02")).dt.days
        return (days // BLOCK_DAYS).astype(str) + "|" + _cutoffs(rows)
    return rows["entity_id"].astype(str)


def losses(metric: str, rows: pd.DataFrame, value: str, weights: Draws) -> Array:
    """The loss of the column `value` in each draw: the error itself, the distance to the target, or (of a ranking) the distance to 1."""
    scores = scorer(metric, rows, value)(weights)
    judgement = METRICS[metric]
    if judgement.direction == "nearest":
        return np.abs(scores - (judgement.target or 0.0))
    return scores if judgement.direction == "lower" else 1 - scores


def scorer(metric: str, rows: pd.DataFrame, value: str) -> Callable[[Draws], Array]:
    """A function of row weights (draws, rows) that gives the metric in each draw. Sums are one product, rankings one sort for all draws."""
    actual, said = rows["actual"].to_numpy(dtype=float), rows[value].to_numpy(dtype=float)
    error = np.abs(actual - said)
    if metric in SCALES:
        power = 2 if metric == "rmsse" else 1
        return _ratio(error**power / rows[SCALES[metric]].to_numpy(dtype=float), np.ones_like(error), root=power == 2)
    sums = {
        "mae": (error, np.ones_like(error), False),
        "rmse": (error**2, np.ones_like(error), True),
        "brier": (error**2, np.ones_like(error), False),
        "wape": (error, np.abs(actual), False),
        "bias": (said - actual, np.abs(actual), False),
    }
    if metric in sums:
        above, below, root = sums[metric]
        return _ratio(above, below, root=root)
    ranked = {"auc": _auc, "gini": _gini, "eta_squared": _eta_squared}
    if metric in ranked:
        return ranked[metric](actual, said)
    return _repeated(metric, rows.assign(value=rows[value]))


def probability_worse(metric: str, rows: pd.DataFrame, value: str, rival: str, margin: float, seed: int) -> float:
    """How sure the loss of `value` exceeds that of `rival` by more than the share `margin`; NaN as `probability_positive` says."""

    def excess(weights: Draws) -> Array:
        return losses(metric, rows, value, weights) - losses(metric, rows, rival, weights) * (1 + margin)

    return probability_positive(excess, rows, (value, rival), seed)


def probability_positive(statistic: Callable[[Draws], Array], rows: pd.DataFrame, said: Sequence[str], seed: int) -> float:
    """How sure a figure of the rows is truly above 0: Student's t with the bootstrap's standard error, blocks - 1 degrees of freedom.

    `statistic` gives the figure for row weights (draws, rows); `said` names the columns it judges. A draw in which it cannot be computed
    (one class only) is left out. NaN when none remains, where the rows allow no figure, or of fewer than FEWEST_BLOCKS weeks or entities.
    """
    from scipy.special import stdtr

    if blocks_of(rows).nunique() < FEWEST_BLOCKS:
        return float("nan")
    blocks = _days_of(rows) if _is_daily(rows) else blocks_of(rows)
    count = blocks.nunique()
    drawn = statistic(draw_blocks(blocks, seed))
    drawn, found = drawn[np.isfinite(drawn)], float(statistic(np.ones((1, len(rows))))[0])
    if not len(drawn) or not np.isfinite(found):
        return float("nan")
    error = np.sqrt(drawn.var() * count / (count - 1) * _widening(rows, said))
    if error < NOTHING:
        return float(found > NOTHING)
    return float(stdtr(count - 1, found / error))


def level_correlation(rows: pd.DataFrame, said: Sequence[str]) -> float:
    """How much the errors of one forecast in one window have in common (intraclass correlation), over the columns `said`.

    Needs actual, entity_id and those columns; `cutoff` tells windows apart. The mean error of a window, less what its scatter explains, is
    the level's; USUAL_CORRELATION is mixed in, because one or two windows say little.
    """
    windows, found = [rows["entity_id"].astype(str), _cutoffs(rows)], []
    for column in said:
        error = rows[column].astype(float) - rows["actual"].astype(float)
        size = np.sqrt((error**2).groupby(windows[0]).transform("mean"))
        told = (error / size.where(size > 0)).groupby(windows).agg(["mean", "var", "count"]).dropna()
        if len(told):
            scatter = float(told["var"].mean())
            level = max(float((told["mean"] ** 2 - told["var"] / told["count"]).mean()), 0.0)
            found.append(level / (level + scatter))
    seen = len(found) * windows[1].nunique()
    return (windows[1].nunique() * sum(found) + USUAL_WINDOWS * USUAL_CORRELATION) / (seen + USUAL_WINDOWS)


def thinned(rows: pd.DataFrame, most: int = MOST_ROWS) -> pd.DataFrame:
    """At most about `most` rows, whole entities, always the same ones: a hash of the entity decides, so that two samples can be paired."""
    if len(rows) <= most:
        return rows
    share = pd.util.hash_array(rows["entity_id"].astype(str).to_numpy(dtype=object)) / np.float64(2**64)
    return rows[share < most / len(rows)]


def _is_daily(rows: pd.DataFrame) -> bool:
    return bool(rows["window_days"].max() == 1)


def _cutoffs(rows: pd.DataFrame) -> pd.Series:
    return rows["cutoff"].astype(str) if "cutoff" in rows else pd.Series("", index=rows.index)


def _days_of(rows: pd.DataFrame) -> pd.Series:
    return rows["target_date"].astype(str) + "|" + _cutoffs(rows)


def _widening(rows: pd.DataFrame, said: Sequence[str]) -> float:
    """By how much a common level makes the variance of a window's mean loss larger than its days suggest; 1 for windows of many days.

    Sizes of errors (and their squares) correlate with the square of the errors' own correlation.
    """
    if not _is_daily(rows):
        return 1.0
    shared = level_correlation(rows, said) ** 2
    days = _days_of(rows).nunique() / _cutoffs(rows).nunique()
    return float((1 + (days - 1) * shared) / (1 - shared))


def _ratio(above: Array, below: Array, *, root: bool = False) -> Callable[[Draws], Array]:
    def score(weights: Draws) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = (weights @ above) / (weights @ below)
        return np.sqrt(mean) if root else mean

    return score


def _auc(actual: Array, said: Array) -> Callable[[Draws], Array]:
    """P(score of a 1 > score of a 0), ties half, with weights: one sort, then sums within and below each tie."""
    groups = np.unique(said, return_inverse=True)[1]

    def score(weights: Draws) -> Array:
        found = np.empty(len(weights))
        for place, weight in enumerate(weights):
            ones = np.bincount(groups, weight * actual)
            zeros = np.bincount(groups, weight * (1 - actual))
            pairs = ones.sum() * zeros.sum()
            below = np.cumsum(zeros) - zeros
            found[place] = (ones * (below + zeros / 2)).sum() / pairs if pairs > 0 else np.nan
        return found

    return score


def _gini(actual: Array, said: Array) -> Callable[[Draws], Array]:
    """The weighted concentration by `said` over the one by the amounts themselves; ties share their amounts evenly."""
    groups, ideal = (np.unique(-column, return_inverse=True)[1] for column in (said, actual))

    def concentration(weight: Array, order: npt.NDArray[np.intp]) -> float:
        people = np.bincount(order, weight)
        money = np.bincount(order, weight * actual)
        total, everyone = money.sum(), people.sum()
        if total <= 0:
            return float("nan")
        share = np.cumsum(money) / total
        return float((people * (2 * share - money / total)).sum() / everyone - 1)

    def score(weights: Draws) -> Array:
        found = np.empty(len(weights))
        for place, weight in enumerate(weights):
            best = concentration(weight, ideal)
            found[place] = concentration(weight, groups) / best if best > 0 else np.nan
        return found

    return score


def _eta_squared(actual: Array, said: Array) -> Callable[[Draws], Array]:
    groups = np.unique(said, return_inverse=True)[1]

    def score(weights: Draws) -> Array:
        found = np.empty(len(weights))
        for place, weight in enumerate(weights):
            mean = np.average(actual, weights=weight)
            spread = (weight * (actual - mean) ** 2).sum()
            size, total = np.bincount(groups, weight), np.bincount(groups, weight * actual)
            inside = size > 0
            between = (size[inside] * (total[inside] / size[inside] - mean) ** 2).sum()
            found[place] = between / spread if spread > 0 else np.nan
        return found

    return score


def _repeated(metric: str, rows: pd.DataFrame) -> Callable[[Draws], Array]:
    """Any other metric of the registry: the rows as often as they were drawn."""

    def score(weights: Draws) -> Array:
        places = np.arange(len(rows))
        return np.array([METRICS[metric].score(rows.iloc[np.repeat(places, weight.astype(int))]) for weight in weights])

    return score
