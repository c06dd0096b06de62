"""A predictor replayed at past cutoffs: fitted at T with what was known at T, asked at T, held against what came.

Nothing here filters data by date: `Predictor.fit` and `.predict` cut it. Cutoffs stand on a fixed calendar grid, so that two retrains a
month apart share most of them and their records can be compared like for like.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd

from ml.evaluation.metrics import METRICS, MetricError
from ml.predictors import make_predictor
from ml.predictors.base import SUPPORT_DAYS_FOR_SAME_DAY_TRUTH, Company, Measure, NotEnoughData, Predictor
from ml.source.tables import Tables
from ml.store.predictions import KEY, Score

CUTOFFS = 3
LONG_HORIZON_DAYS = 120  # a longer one is judged once: each further cutoff would cost a fit and another such span of history
LONG_GRID_DAYS = 28
HISTORY_BEFORE_A_CUTOFF_DAYS = 90
BESIDE: dict[str, tuple[str, ...]] = {  # what stands beside the deciding metric, by the unit of the measure
    "probability": ("auc", "brier", "ece"),
    "days": ("bias", "coverage80", "coverage95"),
    "index": (),
}
BESIDE_AMOUNTS = ("wape", "bias", "coverage80", "coverage95")
NO_BASELINE = ("coverage80", "coverage95")
TOTALS_METRIC = "wape"  # for windows longer than the shortest: an error scaled by daily changes says nothing about a total
ORDINAL_OF_A_SUNDAY = 7  # date.fromordinal(7) is a Sunday: every grid is aligned to weeks
Make = Callable[[str, Company], Predictor]


def judge(
    name: str, company: Company, tables: Tables, as_of: date, *, answer: pd.DataFrame | None = None, make: Make = make_predictor
) -> list[Score]:
    """The out-of-time record of a predictor: per judged measure, window and metric, over all cutoffs (cutoff None) and at each.

    `answer`, what the predictor says at `as_of`, tells how long the windows are where the company's own rhythm decides. Each cutoff is
    fitted once for all measures. A cutoff whose past is too short is left out; an empty list means that nothing could be judged.
    """
    measures = make(name, replace(company, only_judged=True)).measures
    return scores_of(name, measures, replay(name, company, tables, as_of, answer=answer, make=make))


def replay(
    name: str, company: Company, tables: Tables, as_of: date, *, answer: pd.DataFrame | None = None, make: Make = make_predictor
) -> pd.DataFrame:
    """The judged rows behind a record: the key columns, value, bands, detail, `baseline`, `actual`, `cutoff`; empty when there are none."""
    company = replace(company, only_judged=True)
    judged = [measure for measure in make(name, company).measures if measure.metric]
    plan = plan_cutoffs(judged, answer, as_of, first_day(tables))
    parts = [_replay(make(name, company), plan[cutoff], tables, cutoff, as_of) for cutoff in sorted(plan)]
    kept = [rows for rows in parts if len(rows)]
    return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame()


def scores_of(name: str, measures: Iterable[Measure], rows: pd.DataFrame) -> list[Score]:
    """The record that judged rows make: per judged measure, window and metric, over all cutoffs and at each."""
    if rows.empty:
        return []
    judged = [measure for measure in measures if measure.metric]
    return [score for measure in judged for score in _scores(name, measure, rows[rows["measure"] == measure.name])]


def first_day(tables: Tables) -> date | None:
    """The first day with an order, None without orders."""
    first = tables["orders"]["order_date"].min()
    return None if pd.isna(first) else first.date()


def plan_cutoffs(measures: Iterable[Measure], answer: pd.DataFrame | None, as_of: date, first: date | None) -> dict[date, list[Measure]]:
    """Which measures are judged at which cutoffs; none before HISTORY_BEFORE_A_CUTOFF_DAYS of history."""
    plan: dict[date, list[Measure]] = {}
    if first is None:
        return plan
    for measure in measures:
        for cutoff in cutoffs(as_of, horizon_of(measure, answer)):
            if cutoff >= first + timedelta(days=HISTORY_BEFORE_A_CUTOFF_DAYS):
                plan.setdefault(cutoff, []).append(measure)
    return plan


def cutoffs(as_of: date, horizon_days: int) -> list[date]:
    """The newest Sundays on the grid of a horizon whose truth is known by `as_of`, newest first: CUTOFFS of them, one for a long horizon.

    >>> [day.isoformat() for day in cutoffs(date(2026, 11, 21), 30)]
    ['2026-10-18', '2026-09-13', '2026-08-09']
    """
    is_long = horizon_days > LONG_HORIZON_DAYS
    step = LONG_GRID_DAYS if is_long else -(-horizon_days // 7) * 7
    latest = (as_of - timedelta(days=horizon_days)).toordinal()
    newest = latest - (latest - ORDINAL_OF_A_SUNDAY) % step
    return [date.fromordinal(newest - number * step) for number in range(1 if is_long else CUTOFFS)]


def horizon_of(measure: Measure, answer: pd.DataFrame | None) -> int:
    """Days until the truth of a measure is known: the length of its windows where they are longer than a day, else as declared.

    A measure about the day itself (horizon 0) is judged on the days after the cutoff: SUPPORT_DAYS_FOR_SAME_DAY_TRUTH of them.
    """
    if measure.horizon_days == 0:
        return SUPPORT_DAYS_FOR_SAME_DAY_TRUTH
    windows = answer.loc[answer["measure"] == measure.name, "window_days"] if answer is not None else pd.Series(dtype=int)
    return int(windows.max()) if len(windows) and windows.min() > 1 else measure.horizon_days


def _replay(predictor: Predictor, measures: Sequence[Measure], tables: Tables, cutoff: date, as_of: date) -> pd.DataFrame:
    try:
        predictor.fit(tables, cutoff)
    except NotEnoughData:
        return pd.DataFrame()
    return ask(predictor, measures, tables, cutoff, as_of)


def ask(predictor: Predictor, measures: Sequence[Measure], tables: Tables, cutoff: date, as_of: date) -> pd.DataFrame:
    """A fitted predictor asked at `cutoff` and held against what came by `as_of`: the columns of `replay`, empty when nothing is known.

    A measure about the day itself is asked SUPPORT_DAYS_FOR_SAME_DAY_TRUTH later (or at `as_of`), with cells held back to the cutoff.
    """
    forward = {m.name: m for m in measures if m.horizon_days > 0}
    same_day = {m.name: m for m in measures if m.horizon_days == 0}
    parts = []
    if forward:
        parts.append(_asked(predictor, tables, tables, cutoff, cutoff, as_of, forward))
    if same_day:
        asked_on = min(cutoff + timedelta(days=SUPPORT_DAYS_FOR_SAME_DAY_TRUTH), as_of)
        held_back = tables.known(asked_on, predictor.reads, cells_as_of=cutoff)
        parts.append(_asked(predictor, tables, held_back, cutoff, asked_on, as_of, same_day))
    kept = [part.assign(cutoff=cutoff) for part in parts if len(part)]
    return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame()


def _asked(
    predictor: Predictor, tables: Tables, seen: Tables, cutoff: date, asked_on: date, as_of: date, measures: dict[str, Measure]
) -> pd.DataFrame:
    predicted = predictor.predict(seen, asked_on)
    asked = predicted[predicted["measure"].isin(list(measures))]
    judged = predictor.judged(asked)
    rows = asked.loc[judged.index.union(_totals(asked, judged).index)]
    ends = pd.to_datetime(rows["target_date"])
    days = rows["window_days"].where(rows["window_days"] > 1, rows["measure"].map({n: _reach(m) for n, m in measures.items()}))
    rows = rows[(ends > pd.Timestamp(cutoff)) & (ends <= pd.Timestamp(cutoff) + pd.to_timedelta(days, unit="D"))].reset_index(drop=True)
    truth = predictor.actual(tables, rows, as_of) if len(rows) else None
    if truth is None:
        return rows.iloc[:0]
    naive = predictor.baseline(seen, asked_on).drop_duplicates(list(KEY))[[*KEY, "value"]].rename(columns={"value": "baseline"})
    return rows.assign(actual=truth).merge(naive, on=list(KEY), how="left").dropna(subset=["actual"])


def _totals(asked: pd.DataFrame, judged: pd.DataFrame) -> pd.DataFrame:
    """The rows of windows that sum up the days of a measure: they count besides the judged days of the same kind of entity."""
    with_days = judged.loc[judged["window_days"] == 1, ["measure", "entity_type"]].drop_duplicates()
    longer = asked[asked["window_days"] > 1].reset_index().merge(with_days, on=["measure", "entity_type"])
    return asked.loc[longer["index"]]


def _reach(measure: Measure) -> int:
    return measure.horizon_days or SUPPORT_DAYS_FOR_SAME_DAY_TRUTH


def _scores(name: str, measure: Measure, rows: pd.DataFrame) -> list[Score]:
    found: list[Score] = []
    shortest = rows["window_days"].min() if len(rows) else None
    for window in sorted(set(rows["window_days"].astype(int))):
        group = rows[rows["window_days"] == window]
        decides = measure.metric if window == shortest or _is_whole(measure, rows) else TOTALS_METRIC
        for metric in dict.fromkeys((decides, *BESIDE.get(measure.unit, BESIDE_AMOUNTS))):
            for cutoff, part in _parts(group):
                score = _score(name, measure, str(metric), cutoff, window, part)
                if score is not None:
                    found.append(score)
    return found


def _parts(rows: pd.DataFrame) -> list[tuple[date | None, pd.DataFrame]]:
    """All rows, then those of each cutoff."""
    return [(None, rows), *((cutoff, rows[rows["cutoff"] == cutoff]) for cutoff in sorted(set(rows["cutoff"])))]


def _is_whole(measure: Measure, rows: pd.DataFrame) -> bool:
    """Whether windows of several lengths are the same question (a horizon that moved), rather than days and their totals."""
    return measure.horizon_days > 0 and rows["window_days"].min() > 1


def _score(name: str, measure: Measure, metric: str, cutoff: date | None, window: int, rows: pd.DataFrame) -> Score | None:
    """One figure, or None where the metric does not apply (no bands, nothing known)."""
    judgement = METRICS[metric]
    if rows[list(judgement.needs)].isna().all(axis=None):
        return None
    try:
        value = judgement.score(rows)
        baseline = None if metric in NO_BASELINE else judgement.score(rows.assign(value=rows["baseline"]))
    except MetricError:
        return None
    if np.isnan(value) and cutoff is not None:
        return None
    return Score(
        predictor=name,
        measure=measure.name,
        metric=metric,
        cutoff=cutoff,
        window_days=window,
        population=measure.population,
        count=len(rows),
        value=value,
        baseline=baseline,
        baseline_name=measure.baseline,
    )
