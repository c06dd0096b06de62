"""What came of what was said: per release, measure and month, the error in service beside the simple rule's and what was promised.

The rows are the stored predictions whose truth is known. The naive rule's answer was kept with each (`detail.naive`), so that the
comparison is on the same rows. Windows of many days overlap from one day to the next: of those the last answer of each week counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from ml.evaluation.backtest import BESIDE, BESIDE_AMOUNTS, NO_BASELINE
from ml.evaluation.bootstrap import SCALES, Draws, losses, probability_positive, thinned
from ml.evaluation.metrics import METRICS, MetricError
from ml.predictors.base import Measure, Predictor
from ml.store.predictions import KEY, Score

TOLERANCE = 0.10  # share by which the loss in service may exceed the promised one
SURE = 0.90
FEWEST_ROWS = 12
PERIODS = 2
SEED = 20240101
NAIVE = "naive"


@dataclass(frozen=True)
class Month:
    """One figure of a release in a month of service; `promised` is its own record's, None where it has none."""

    release_id: str
    predictor: str
    measure: str
    month: date
    metric: str
    window_days: int
    count: int
    value: float | None
    baseline: float | None
    promised: float | None
    probability_worse: float | None = None


def with_naive(predictor: Predictor, answer: pd.DataFrame, naive: pd.DataFrame) -> pd.DataFrame:
    """The answer with the naive rule's value in the detail of its judged rows, where the rule has one."""
    if answer.empty or naive.empty:
        return answer
    wanted = answer.index.isin(predictor.judged(answer).index)
    told = naive.drop_duplicates(list(KEY)).set_index(list(KEY))["value"]
    values = told.reindex(pd.MultiIndex.from_frame(answer[list(KEY)])).to_numpy(dtype=float)
    details: list[Any] = [
        {**detail, NAIVE: float(value)} if judged and np.isfinite(value) else detail
        for detail, judged, value in zip(answer["detail"], wanted, values, strict=True)
    ]
    return answer.assign(detail=details)


def judge_months(predictor: str, measures: Iterable[Measure], rows: pd.DataFrame, promised: Mapping[str, Iterable[Score]]) -> list[Month]:
    """The months of stored rows (columns of the table `predictions`, truth known) of one predictor; `promised` is release -> its record.

    Only rows with a naive value count: those were judged ones when they were said.
    """
    found: list[Month] = []
    if rows.empty:
        return found
    judged = rows.assign(
        baseline=rows["detail"].map(lambda cell: cell.get(NAIVE) if isinstance(cell, dict) else None),
        month=pd.to_datetime(rows["target_date"]).dt.to_period("M").dt.start_time.dt.date,
        cutoff=rows["as_of"],
    )
    judged = judged[judged["baseline"].notna()].astype({"baseline": float})
    for measure in measures:
        if not measure.metric:
            continue
        of_measure = _deciding(measure, judged[judged["measure"] == measure.name])
        for (release, _), part in of_measure.groupby(["release_id", "month"]) if len(of_measure) else ():
            found += _figures(predictor, measure, str(release), part["month"].iloc[0], part, list(promised.get(str(release), ())))
    return found


def is_worse_than_promised(months: Iterable[Month], today: date) -> bool:
    """Whether the newest PERIODS whole months of one release and measure were each worse than promised, beyond tolerance and luck."""
    whole = sorted((m for m in months if m.probability_worse is not None and m.month < today.replace(day=1)), key=lambda m: m.month)
    newest = whole[-PERIODS:]
    follow = all((b.month.year - a.month.year) * 12 + b.month.month - a.month.month == 1 for a, b in zip(newest, newest[1:], strict=False))
    return len(newest) == PERIODS and follow and all((m.probability_worse or 0) > SURE for m in newest)


def _deciding(measure: Measure, rows: pd.DataFrame) -> pd.DataFrame:
    """The shortest window; of windows longer than a day the last answer of each week; the scale of MASE where it is asked for."""
    if rows.empty:
        return rows
    if rows["window_days"].min() == 1:
        rows = rows[rows["window_days"] == 1]
    else:
        week = pd.to_datetime(rows["as_of"]).dt.to_period("W").astype(str)
        rows = rows[rows["as_of"] == rows.groupby([week, "release_id"])["as_of"].transform("max")]
    scale = SCALES.get(str(measure.metric))
    if scale:
        rows = rows.assign(**{scale: [cell.get(scale) for cell in rows["detail"]]}).astype({scale: float})
        rows = rows[rows[scale] > 0]
    return rows


def _figures(predictor: str, measure: Measure, release: str, month: date, rows: pd.DataFrame, record: list[Score]) -> list[Month]:
    found = []
    window = int(rows["window_days"].min())
    for metric in dict.fromkeys((str(measure.metric), *BESIDE.get(measure.unit, BESIDE_AMOUNTS))):
        value = _score(metric, rows)
        if value is None:
            continue
        naive = None if metric in NO_BASELINE else _score(metric, rows.assign(value=rows["baseline"]))
        promise = _promised(record, measure.name, metric)
        worse = _worse(metric, rows, promise) if metric == measure.metric and promise is not None else None
        found.append(Month(release, predictor, measure.name, month, metric, window, len(rows), value, naive, promise, worse))
    return found


def _score(metric: str, rows: pd.DataFrame) -> float | None:
    judgement = METRICS[metric]
    if rows[list(judgement.needs)].isna().all(axis=None):
        return None
    try:
        value = judgement.score(rows.astype(dict.fromkeys(judgement.needs, float)))
    except MetricError:
        return None
    return value if np.isfinite(value) else None


def _promised(record: list[Score], measure: str, metric: str) -> float | None:
    scores = [s for s in record if s.measure == measure and s.metric == metric and s.cutoff is None and s.value is not None]
    return min(scores, key=lambda score: score.window_days).value if scores else None


def _worse(metric: str, rows: pd.DataFrame, promised: float) -> float | None:
    """How sure the loss of the month exceeds the promised one by more than TOLERANCE; None with too little to say so."""
    rows = thinned(rows.astype({"value": float, "actual": float})).assign(cutoff="")  # a day is one block however often it was foretold
    if len(rows) < FEWEST_ROWS:
        return None
    direction = METRICS[metric].direction
    limit = promised if direction == "lower" else 1 - promised if direction == "higher" else abs(promised - (METRICS[metric].target or 0))

    def excess(weights: Draws) -> Draws:
        return losses(metric, rows, "value", weights) - limit * (1 + TOLERANCE)

    sure = probability_positive(excess, rows, ("value",), SEED)
    return sure if np.isfinite(sure) else None
