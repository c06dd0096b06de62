"""How well each model did out of time, beside the simple rule, and the releases that were and are in service."""

from typing import NamedTuple

import pandas as pd
import sqlalchemy as sa

from ml.evaluation.metrics import METRICS
from ml.predictors import predictor_class
from ml.queries.service import Service
from ml.store import schema

SCORES = ("measure", "metric", "cutoff", "window_days", "population", "count", "value", "baseline", "baseline_name", "created_at")
RELEASES = ("predictor", "seq", "release_id", "at", "by", "reason")


def scores(conn: sa.Connection, service: Service) -> pd.DataFrame:
    """Every judgement of the release: the columns of SCORES. `cutoff` is NaT where it is over all cutoffs; the newest of each stands."""
    table = schema.scores
    rows = conn.execute(
        sa.select(*(table.c[name] for name in SCORES))
        .where(table.c.predictor == service.predictor, table.c.release_id == service.release_id)
        .order_by(table.c.created_at, table.c.id)
    ).all()
    frame = pd.DataFrame(rows, columns=list(SCORES))
    frame = frame.astype({"cutoff": "datetime64[us]", "created_at": "datetime64[us]", "value": "float64", "baseline": "float64"})
    return frame.drop_duplicates(["measure", "metric", "cutoff", "window_days", "population"], keep="last").reset_index(drop=True)


def score(frame: pd.DataFrame, measure: str, metric: str, window_days: int | None = None) -> "pd.Series | None":
    """The judgement over all cutoffs of one measure and metric in a frame of `scores`, None where there is none."""
    rows = frame[(frame["measure"] == measure) & (frame["metric"] == metric) & frame["cutoff"].isna() & frame["value"].notna()]
    if window_days is not None:
        rows = rows[rows["window_days"] == window_days]
    return None if rows.empty else rows.sort_values("window_days").iloc[-1]


def by_cutoff(frame: pd.DataFrame, measure: str, metric: str, window_days: int | None = None) -> pd.DataFrame:
    """The judgements of one measure and metric by cutoff, oldest first: cutoff, value, baseline."""
    rows = frame[(frame["measure"] == measure) & (frame["metric"] == metric) & frame["cutoff"].notna()]
    if window_days is not None:
        rows = rows[rows["window_days"] == window_days]
    return rows[["cutoff", "value", "baseline"]].sort_values("cutoff").reset_index(drop=True)


def releases(conn: sa.Connection, limit: int = 50) -> pd.DataFrame:
    """The releases put into service, newest first: the columns of RELEASES; `in_service` says which still is."""
    table = schema.release_pointer
    rows = conn.execute(sa.select(*(table.c[name] for name in RELEASES)).order_by(table.c.at.desc(), table.c.predictor).limit(limit)).all()
    frame = pd.DataFrame(rows, columns=list(RELEASES))
    return frame.assign(in_service=frame["seq"] == frame.groupby("predictor")["seq"].transform("max"))


def why_missing(conn: sa.Connection, predictor: str) -> str | None:
    """Why a predictor has no release, in the words of the last retrain; None when it did not say."""
    table = schema.job_run
    progress = conn.execute(
        sa.select(table.c.progress).where(table.c.job == "retrain", table.c.progress.is_not(None)).order_by(table.c.id.desc()).limit(1)
    ).scalar()
    outcome = (progress or {}).get("outcomes", {}).get(predictor, {})
    return outcome.get("reason")


class Verdict(NamedTuple):
    """Whether a measure is answered better than by the simple rule, by the metric that decides; `better` is None where unknown."""

    measure: str
    metric: str
    window_days: int
    value: float
    baseline: float | None
    better: bool | None


def verdicts(conn: sa.Connection, service: Service) -> list[Verdict]:
    """One Verdict per judged measure of a release, in the predictor's own order: the main question comes first."""
    frame = scores(conn, service)
    found = []
    for measure in predictor_class(service.predictor).measures:
        rows = frame[(frame["measure"] == measure.name) & (frame["metric"] == measure.metric) & frame["cutoff"].isna()]
        if rows.empty or pd.isna(rows.iloc[0]["value"]):
            continue
        row = rows.sort_values("window_days").iloc[0]
        known = not pd.isna(row["baseline"])
        better = bool(METRICS[str(row["metric"])].is_better(row["value"], row["baseline"])) if known else None
        found.append(
            Verdict(measure.name, row["metric"], int(row["window_days"]), row["value"], row["baseline"] if known else None, better)
        )
    return found
