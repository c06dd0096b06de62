"""What was said and how it turned out: predictions, their later truth, and the scores of every release."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import sqlalchemy as sa

from ml.store.customer_rows import refill
from ml.store.schema import predictions, scores

TRUTH_IS_SOUGHT_FOR_DAYS = 60
NUMBERS = ("value", "lo80", "hi80", "lo95", "hi95")
KEY = ("measure", "entity_type", "entity_id", "target_date", "window_days")


@dataclass(frozen=True)
class Score:
    """One figure of a record. `cutoff` None = over all cutoffs; `value` and `baseline` None = it could not be judged."""

    predictor: str
    measure: str
    metric: str
    cutoff: date | None
    window_days: int
    population: str
    count: int
    value: float | None
    baseline: float | None
    baseline_name: str


def write_predictions(connection: sa.Connection, frame: pd.DataFrame, *, run_id: int, release_id: str, predictor: str, as_of: date) -> int:
    """Keep an answer (PREDICTION_COLUMNS), replacing what the same release said at the same `as_of`; returns the number of rows.

    The rows by which customers are listed (`ml.store.customer_rows`) follow.
    """
    connection.execute(
        sa.delete(predictions).where(
            predictions.c.release_id == release_id, predictions.c.predictor == predictor, predictions.c.as_of == as_of
        )
    )
    if frame.empty:
        refill(connection, predictor, release_id)
        return 0
    fixed = {"run_id": run_id, "release_id": release_id, "predictor": predictor, "as_of": as_of}
    columns: dict[str, pd.Series] = {
        "measure": frame["measure"].astype(str),
        "entity_type": frame["entity_type"].astype(str),
        "entity_id": frame["entity_id"].astype(str),
        "target_date": pd.to_datetime(frame["target_date"]).dt.date,
        "window_days": frame["window_days"].astype(int),
        **{name: pd.to_numeric(frame[name]).astype(object).where(pd.to_numeric(frame[name]).notna(), None) for name in NUMBERS},
        "detail": frame["detail"].map(plain),
    }
    names = list(columns)
    rows = [fixed | dict(zip(names, values, strict=True)) for values in zip(*(column.tolist() for column in columns.values()), strict=True)]
    connection.execute(sa.insert(predictions), rows)
    refill(connection, predictor, release_id)
    return len(rows)


def read_predictions(connection: sa.Connection, release_id: str, predictor: str, as_of: date) -> pd.DataFrame:
    """One stored answer with all columns of the table, in the order it was written."""
    query = (
        sa.select(predictions)
        .where(predictions.c.release_id == release_id, predictions.c.predictor == predictor, predictions.c.as_of == as_of)
        .order_by(predictions.c.id)
    )
    return pd.DataFrame(connection.execute(query).mappings().all(), columns=predictions.c.keys())


def awaiting_truth(connection: sa.Connection, predictor: str, measures: Iterable[str], as_of: date) -> pd.DataFrame:
    """Stored rows of `measures` whose window has ended by `as_of` and whose truth is not known yet: id and the key columns.

    What a release said about days it had learnt from is no forecast and is left out. A truth that has not shown
    TRUTH_IS_SOUGHT_FOR_DAYS after the window's end is not looked for again.
    """
    earlier = predictions.alias("earlier")
    learnt_until = (
        sa.select(sa.func.min(earlier.c.as_of))
        .where(earlier.c.release_id == predictions.c.release_id, earlier.c.predictor == predictions.c.predictor)
        .scalar_subquery()
    )
    query = sa.select(predictions).where(
        predictions.c.predictor == predictor,
        predictions.c.measure.in_(list(measures)),
        predictions.c.actual.is_(None),
        predictions.c.target_date <= as_of,
        predictions.c.target_date > as_of - timedelta(days=TRUTH_IS_SOUGHT_FOR_DAYS),
        predictions.c.target_date > learnt_until,
    )
    frame = pd.DataFrame(connection.execute(query).mappings().all(), columns=predictions.c.keys())
    return frame.assign(target_date=pd.to_datetime(frame["target_date"]).astype("datetime64[us]"))


def write_truth(connection: sa.Connection, truth: Mapping[int, float]) -> int:
    """Put the truth beside stored predictions (row id -> actual); returns how many rows got one."""
    rows = [{"row": row, "truth": float(value)} for row, value in truth.items() if not math.isnan(value)]
    if rows:
        statement = sa.update(predictions).where(predictions.c.id == sa.bindparam("row")).values(actual=sa.bindparam("truth"))
        connection.execute(statement, rows)
    return len(rows)


def write_scores(connection: sa.Connection, record: Sequence[Score], *, run_id: int, release_id: str, at: datetime) -> None:
    """Keep the record of a release."""
    fixed = {"run_id": run_id, "release_id": release_id, "created_at": at}
    rows = [fixed | asdict(score) | {"value": finite(score.value), "baseline": finite(score.baseline)} for score in record]
    if rows:
        connection.execute(sa.insert(scores), rows)


def read_scores(connection: sa.Connection, release_id: str, predictor: str | None = None) -> list[Score]:
    """The record of a release as it was written."""
    query = sa.select(*(scores.c[field.name] for field in fields(Score))).where(scores.c.release_id == release_id).order_by(scores.c.id)
    if predictor is not None:
        query = query.where(scores.c.predictor == predictor)
    return [Score(*row) for row in connection.execute(query)]


def finite(value: float | None) -> float | None:
    """The value, or None for NaN and infinity, which no database keeps alike."""
    return None if value is None or not math.isfinite(value) else float(value)


def plain(value: Any) -> Any:
    """A JSON-ready copy of a detail: numpy numbers become Python's, days ISO text, NaN null.

    >>> plain({"day": date(2026, 1, 31), "share": float("nan"), "members": (1, 2)})
    {'day': '2026-01-31', 'share': None, 'members': [1, 2]}
    """
    if value is None or type(value) in (str, bool, int):
        return value
    if type(value) is float:
        return finite(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(item) for item in value]
    if isinstance(value, datetime | date):
        return (value.date() if isinstance(value, datetime) else value).isoformat()
    return plain(value.item()) if hasattr(value, "item") else value
