"""The predictions of a release about customers, turned into one row per customer: what the lists choose, order and page by."""

from collections.abc import Callable
from datetime import date
from typing import Any

import sqlalchemy as sa

from ml.store.schema import predictions
from ml.store.schema_customers import customer_scores, customer_segments

SCORES = ("value_at_risk", "expected_value", "expected_orders", "value_12m")
FIGURES = ("recency_days", "frequency", "spend")
Cells = dict[str, sa.ColumnElement[Any]]


def refill(connection: sa.Connection, predictor: str, release_id: str) -> int:
    """Write the rows of a release anew from its newest predictions, in the caller's transaction; returns how many there are.

    To be called whenever its predictions were written or removed; a predictor that says nothing of customers has no rows.
    """
    if predictor not in TABLES:
        return 0
    table, cells = TABLES[predictor]
    connection.execute(sa.delete(table).where(table.c.release_id == release_id))
    mine = (predictions.c.predictor == predictor) & (predictions.c.release_id == release_id)
    newest = sa.select(sa.func.max(predictions.c.as_of)).where(mine).scalar_subquery()
    columns = {"release_id": sa.literal(release_id), "customer_id": predictions.c.entity_id, "as_of": sa.func.max(predictions.c.as_of)}
    columns |= cells()
    said = sa.select(*(cell.label(name) for name, cell in columns.items())).where(
        mine, predictions.c.as_of == newest, predictions.c.entity_type == "customer"
    )
    known = sa.func.count(_only(MEASURES[predictor], predictions.c.id)) > 0
    rows = said.group_by(predictions.c.entity_id).having(known)
    return connection.execute(sa.insert(table).from_select(list(columns), rows)).rowcount


def refill_older(connection: sa.Connection, before: date) -> None:
    """Write anew the rows of the releases that said nothing since `before`, whose predictions may have been removed."""
    for predictor, (table, _) in TABLES.items():
        for release_id in connection.execute(sa.select(table.c.release_id).where(table.c.as_of < before).distinct()).scalars().all():
            refill(connection, predictor, release_id)


def refill_all(connection: sa.Connection) -> int:
    """Write the rows of every release anew; returns how many there are."""
    said = sa.select(predictions.c.predictor, predictions.c.release_id).where(predictions.c.predictor.in_(TABLES)).distinct()
    for table, _ in TABLES.values():
        connection.execute(sa.delete(table))
    return sum(refill(connection, row.predictor, row.release_id) for row in connection.execute(said).all())


def _score_cells() -> Cells:
    churn, detail = MEASURES["customers"], predictions.c.detail
    order = {"next_days": predictions.c.value, "next_lo_days": predictions.c.lo80, "next_hi_days": predictions.c.hi80}
    return {
        "population": sa.func.coalesce(_of(churn, detail["population"].as_string()), "active"),
        "probability": _of(churn, predictions.c.value),
        "horizon_days": _of(churn, predictions.c.window_days),
        "days_since_last_order": _of(churn, detail["days_since_last_order"].as_float()),
        "gap_days": _of(churn, detail["typical_gap_days"].as_float()),
        **{measure: _of(measure, predictions.c.value) for measure in SCORES},
        **{name: _of("next_order_date", column) for name, column in order.items()},
    }


def _segment_cells() -> Cells:
    segment, detail = MEASURES["segments"], predictions.c.detail
    return {
        "segment": sa.func.coalesce(_of(segment, detail["name"].as_string()), "potential"),
        "cluster_id": _of(segment, sa.cast(predictions.c.value, sa.Integer)),
        **{name: _of(segment, detail[name].as_float()) for name in FIGURES},
    }


def _of(measure: str, value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A value of the customer's one row of a measure."""
    return sa.func.max(_only(measure, value))


def _only(measure: str, value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.case((predictions.c.measure == measure, value))


MEASURES = {"customers": "churn_probability", "segments": "segment"}  # without it there is no row
TABLES: dict[str, tuple[sa.Table, Callable[[], Cells]]] = {
    "customers": (customer_scores, _score_cells),
    "segments": (customer_segments, _segment_cells),
}
