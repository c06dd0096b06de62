"""Is an answer too good to be true? Alarms that need a person's yes, because a leak looks like skill until somebody asks."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.evaluation.metrics import METRICS, auc
from ml.predictors.base import Measure

AUC_ABOVE_ITS_OWN_PROBABILITIES = 0.10
ERRORS_OF_CHANCE = 2.0  # a hundred rows reach an AUC 0.1 off by luck alone
R2_SUSPICIOUS = 0.98
R2_ABOVE_PHYSICS = 0.05
TOO_GOOD_RATIO = 0.02  # an error below this share of the naive rule's
TOO_GOOD_AUC = 0.995
ROWS_FOR_AN_ALARM = 20


class Alarm(NamedTuple):
    """Why an answer is suspicious: a code of `promotion.REASONS` and the values of its sentence."""

    code: str
    params: dict[str, Any]


def alarms(measure: Measure, rows: pd.DataFrame) -> list[Alarm]:
    """What is suspicious about a measure's judged rows (value, actual, baseline, detail); empty with fewer than ROWS_FOR_AN_ALARM."""
    rows = rows[rows["actual"].notna() & rows["value"].notna()]
    if len(rows) < ROWS_FOR_AN_ALARM:
        return []
    found = _better_than_it_says(measure, rows) if measure.unit == "probability" else _fits_too_well(measure, rows)
    return [*found, *_too_good(measure, rows)]


def implied_auc(probability: npt.ArrayLike) -> float:
    """The AUC to expect if the probabilities are right: of every pair, weighted by the chance that it is one 1 and one 0.

    Ties count half; NaN when no such pair can come. Well calibrated and ordered chances cannot order outcomes better than this on average.
    """
    chance = np.asarray(probability, dtype=float)
    ones = chance[order := np.argsort(chance, kind="stable")]
    levels = np.unique(chance[order], return_inverse=True)[1]
    yes, no = np.bincount(levels, ones), np.bincount(levels, 1 - ones)
    itself = np.bincount(levels, ones * (1 - ones))
    below = np.cumsum(no) - no
    pairs = yes.sum() * no.sum() - itself.sum()
    return float((yes * below + (yes * no - itself) / 2).sum() / pairs) if pairs > 0 else float("nan")


def auc_error(area: float, ones: int, noughts: int) -> float:
    """The standard error of an AUC of `area` over that many ones and noughts (Hanley & McNeil 1982); NaN without either.

    >>> round(auc_error(0.654, 40, 85), 3)
    0.054
    """
    if not ones or not noughts:
        return float("nan")
    both_ones, both_noughts = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (ones - 1) * (both_ones - area**2) + (noughts - 1) * (both_noughts - area**2)
    return float(np.sqrt(max(spread, 0.0) / (ones * noughts)))


def r_squared(actual: npt.ArrayLike, said: npt.ArrayLike) -> float:
    """Share of the variance of `actual` that `said` explains; NaN when nothing varies."""
    truth, guess = np.asarray(actual, dtype=float), np.asarray(said, dtype=float)
    spread = float(((truth - truth.mean()) ** 2).sum())
    return 1 - float(((truth - guess) ** 2).sum()) / spread if spread > 0 else float("nan")


def _better_than_it_says(measure: Measure, rows: pd.DataFrame) -> list[Alarm]:
    reached, implied = auc(rows["actual"], rows["value"]), implied_auc(rows["value"])
    left = int((rows["actual"] > 0).sum())
    luck = ERRORS_OF_CHANCE * auc_error(implied, left, len(rows) - left)
    if not reached > implied + AUC_ABOVE_ITS_OWN_PROBABILITIES + luck:
        return []
    return [Alarm("leak_ranking", {"measure": measure.name, "auc": reached, "implied": implied})]


def _fits_too_well(measure: Measure, rows: pd.DataFrame) -> list[Alarm]:
    if measure.unit == "index":
        return []
    formula = rows["detail"].map(lambda cell: cell.get("formula") if isinstance(cell, dict) else None).astype(float)
    reached = r_squared(rows["actual"], rows["value"])
    physics = formula.fillna(rows["baseline"].astype(float))
    known = physics.notna()
    simple = r_squared(rows.loc[known, "actual"], physics[known]) if known.any() else float("nan")
    ahead = reached - (simple if np.isfinite(simple) else 0.0)
    if not (reached > R2_SUSPICIOUS and ahead > R2_ABOVE_PHYSICS):
        return []
    return [Alarm("leak_fit", {"measure": measure.name, "r2": reached, "physics": simple if np.isfinite(simple) else None})]


def _too_good(measure: Measure, rows: pd.DataFrame) -> list[Alarm]:
    judgement = METRICS[str(measure.metric)]
    if not set(judgement.needs) <= set(rows):
        return []
    reached = judgement.score(rows)
    naive = judgement.score(rows.assign(value=rows["baseline"])) if rows["baseline"].notna().any() else float("nan")
    if judgement.direction == "lower":
        suspicious = np.isfinite(naive) and reached < TOO_GOOD_RATIO * naive
    else:
        suspicious = judgement.name == "auc" and reached > TOO_GOOD_AUC
    if not suspicious:
        return []
    baseline = naive if np.isfinite(naive) else None
    return [Alarm("too_good", {"measure": measure.name, "metric": judgement.name, "challenger": reached, "baseline": baseline})]
