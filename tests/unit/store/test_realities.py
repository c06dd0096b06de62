"""Judged months replace what was said of the same month; of overlapping windows only the last answer of each week is read."""

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from ml.evaluation.reality import Month
from ml.settings import load_settings
from ml.store import realities
from ml.store.engine import begin_write, open_store
from ml.store.predictions import write_predictions
from ml.store.schema import predictions
from ml.store.schema_models import input_drift
from tests.fakes import rows_of

AS_OF = date(2026, 10, 31)
MONTH = Month("r1", "demand", "orders", date(2026, 10, 1), "mae", 1, 30, 1.5, 2.0, 1.4, 0.6)


@pytest.fixture
def store(tmp_path):
    return open_store(load_settings(env_file=None, home=tmp_path))


def tell(connection, as_of: date, days: int, window: int = 1, measure: str = "orders") -> None:
    answer = rows_of(measure, [as_of + timedelta(days=n + window - 1) for n in range(1, days + 1)], 5.0, window)
    write_predictions(connection, answer, run_id=1, release_id="r1", predictor=measure, as_of=as_of)


def test_a_month_is_kept_once_and_replaced(store):
    with begin_write(store) as connection:
        realities.write_months(connection, [MONTH, Month(**{**MONTH.__dict__, "metric": "wape", "value": float("nan")})])
        realities.write_months(connection, [Month(**{**MONTH.__dict__, "value": 1.6})])
        (kept,) = realities.read_months(connection, "demand")
    assert (kept["value"], kept["metric"], kept["probability_worse"]) == (1.6, "mae", 0.6)


def test_only_known_truths_of_the_last_three_months_are_read(store):
    with begin_write(store) as connection:
        tell(connection, date(2026, 7, 25), 20)
        tell(connection, date(2026, 10, 20), 30)
        connection.execute(sa.update(predictions).where(predictions.c.target_date <= AS_OF).values(actual=4.0))
        rows = realities.known_rows(connection, "orders", ["orders"], AS_OF)
    assert (rows["target_date"].min(), rows["target_date"].max()) == (date(2026, 8, 1), AS_OF)
    assert rows["actual"].tolist() == [4.0] * len(rows)


def test_of_windows_the_last_answer_of_each_week(store):
    with begin_write(store) as connection:
        for day in range(14):
            tell(connection, date(2026, 9, 7) + timedelta(days=day), 1, 28, "risk")
        connection.execute(sa.update(predictions).values(actual=1.0))
        rows = realities.known_rows(connection, "risk", ["risk"], AS_OF)
    assert rows["as_of"].tolist() == [date(2026, 9, 13), date(2026, 9, 20)]


def test_old_comparisons_of_inputs_are_forgotten(store):
    with begin_write(store) as connection:
        for day in (1, 20):
            at = datetime(2026, 10, day)
            realities.write_drift(connection, [{"feature": "x", "psi": float("nan")}], run_id=1, at=at, as_of=AS_OF, learnt_until=AS_OF)
        assert realities.forget_drift(connection, datetime(2026, 10, 10)) == 1
        (kept,) = connection.execute(sa.select(input_drift.c.features)).scalars()
    assert kept == [{"feature": "x", "psi": None}]
