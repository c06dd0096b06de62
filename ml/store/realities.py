"""How predictions turned out by month, and how inputs drift: written at every refresh and retrain, read by the Models screen."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
import sqlalchemy as sa

from ml.store.predictions import finite, plain, predictions
from ml.store.schema_models import input_drift, reality

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

MONTHS_JUDGED_AGAIN = 3
MOST_ROWS = 200_000
WORSE = "model.worse"  # the audit's word for an alarm
COLUMNS = (
    "release_id", "measure", "as_of", "entity_type", "entity_id", "target_date", "window_days",
    "value", "lo80", "hi80", "lo95", "hi95", "detail", "actual",
)  # fmt: skip


def known_rows(connection: sa.Connection, predictor: str, measures: Sequence[str], as_of: date) -> pd.DataFrame:
    """Stored rows (COLUMNS) whose truth is known and whose window ended in the last MONTHS_JUDGED_AGAIN calendar months up to `as_of`.

    Of windows longer than a day only the last answer of each week; of more than MOST_ROWS an even sample.
    """
    first = (pd.Timestamp(as_of).to_period("M") - (MONTHS_JUDGED_AGAIN - 1)).start_time.date()
    table = predictions.c
    known = sa.and_(
        table.predictor == predictor,
        table.measure.in_(list(measures)),
        table.actual.is_not(None),
        table.target_date.between(first, as_of),
        sa.or_(table.window_days == 1, table.as_of.in_(_ends_of_weeks(connection, predictor))),
    )
    rows = connection.execute(sa.select(sa.func.count()).where(known)).scalar_one()
    query = sa.select(*(table[name] for name in COLUMNS)).where(known)
    if rows > MOST_ROWS:
        query = query.where(table.id % -(-rows // MOST_ROWS) == 0)
    frame = pd.DataFrame(connection.execute(query).all(), columns=list(COLUMNS))
    numbers = dict.fromkeys(("value", "lo80", "hi80", "lo95", "hi95", "actual"), "float64")
    return frame.astype(numbers)


def _ends_of_weeks(connection: sa.Connection, predictor: str) -> list[date]:
    """The last day of each week on which the predictor said something."""
    days = connection.execute(sa.select(predictions.c.as_of).where(predictions.c.predictor == predictor).distinct()).scalars()
    last: dict[tuple[int, int], date] = {}
    for day in sorted(days):
        last[day.isocalendar()[:2]] = day
    return list(last.values())


def write_months(connection: sa.Connection, months: Iterable[Any]) -> int:
    """Keep judged months (`ml.evaluation.reality.Month`), replacing what was said of the same release, measure and month before."""
    rows = [_row(month) for month in months]
    keys = {(row["release_id"], row["predictor"], row["measure"], row["month"]) for row in rows}
    for release_id, predictor, measure, month in keys:
        connection.execute(
            sa.delete(reality).where(
                reality.c.release_id == release_id,
                reality.c.predictor == predictor,
                reality.c.measure == measure,
                reality.c.month == month,
            )
        )
    if rows:
        connection.execute(sa.insert(reality), rows)
    return len(rows)


def read_months(connection: sa.Connection, predictor: str) -> list[dict[str, Any]]:
    """Every judged month of a predictor, oldest first."""
    rows = connection.execute(sa.select(reality).where(reality.c.predictor == predictor).order_by(reality.c.month)).mappings()
    return [dict(row) for row in rows]


def write_drift(connection: sa.Connection, features: Sequence[dict[str, Any]], **values: Any) -> None:
    """Keep a comparison of inputs; `values` are run_id, at, as_of and learnt_until."""
    connection.execute(sa.insert(input_drift).values(features=plain(list(features)), **values))


def forget_drift(connection: sa.Connection, before: datetime) -> int:
    """Remove comparisons older than `before`; returns how many."""
    return connection.execute(sa.delete(input_drift).where(input_drift.c.at < before)).rowcount


def _row(month: "DataclassInstance") -> dict[str, Any]:
    values = asdict(month)
    numbers = [f.name for f in fields(month) if f.name in ("value", "baseline", "promised", "probability_worse")]
    return values | {name: finite(values[name]) for name in numbers}
