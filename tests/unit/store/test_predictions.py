"""Answers are kept as they were said, their truth comes beside them, and records come back as they were."""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from ml.settings import load_settings
from ml.store.engine import begin_write, open_store
from ml.store.predictions import (
    TRUTH_IS_SOUGHT_FOR_DAYS,
    Score,
    awaiting_truth,
    plain,
    read_predictions,
    read_scores,
    write_predictions,
    write_scores,
    write_truth,
)
from tests.fakes import rows_of

AS_OF = date(2026, 10, 31)
NOW = datetime(2026, 11, 1, 5)


@pytest.fixture
def store(tmp_path):
    return open_store(load_settings(env_file=None, home=tmp_path))


def keep(store, frame, *, as_of=AS_OF, release="r1", predictor="orders") -> int:
    with begin_write(store) as connection:
        return write_predictions(connection, frame, run_id=1, release_id=release, predictor=predictor, as_of=as_of)


def kept(store, *, as_of=AS_OF, release="r1"):
    with store.connect() as connection:
        return read_predictions(connection, release, "orders", as_of)


def ahead(days: int, value: float = 3.0, as_of: date = AS_OF) -> pd.DataFrame:
    return rows_of("orders", [as_of + timedelta(days=n) for n in range(1, days + 1)], value)


def test_an_answer_is_kept_as_it_was_said(store):
    frame = ahead(2).assign(detail=[{"open": np.bool_(True), "n": np.int64(3)}, {"holiday": None, "share": float("nan")}])
    frame.loc[1, "lo80"] = np.nan
    assert keep(store, frame) == 2
    rows = kept(store)
    assert rows["target_date"].tolist() == [date(2026, 11, 1), date(2026, 11, 2)]
    assert rows["detail"].tolist() == [{"open": True, "n": 3}, {"holiday": None, "share": None}]
    assert rows["value"].tolist() == [3.0, 3.0]
    assert pd.isna(rows["lo80"].iloc[1])
    assert rows["actual"].isna().all()


def test_saying_it_again_replaces_it_and_leaves_other_days_and_releases(store):
    keep(store, ahead(3))
    keep(store, ahead(3), release="r2")
    keep(store, ahead(3), as_of=AS_OF + timedelta(days=1))
    assert keep(store, ahead(2, 4.0)) == 2
    assert kept(store)["value"].tolist() == [4.0, 4.0]
    assert len(kept(store, release="r2")) == len(kept(store, as_of=AS_OF + timedelta(days=1))) == 3
    assert keep(store, ahead(0)) == 0
    assert kept(store).empty


def test_truth_is_awaited_where_the_window_has_ended(store):
    keep(store, ahead(5))
    with store.connect() as connection:
        waiting = awaiting_truth(connection, "orders", ["orders"], AS_OF + timedelta(days=3))
        assert awaiting_truth(connection, "orders", ["other"], AS_OF + timedelta(days=3)).empty
        assert awaiting_truth(connection, "price", ["orders"], AS_OF + timedelta(days=3)).empty
        late = awaiting_truth(connection, "orders", ["orders"], AS_OF + timedelta(days=TRUTH_IS_SOUGHT_FOR_DAYS + 6))
    assert waiting["target_date"].dt.date.tolist() == [date(2026, 11, day) for day in (1, 2, 3)]
    assert late.empty
    with begin_write(store) as connection:
        assert write_truth(connection, dict(zip(waiting["id"], [5.0, float("nan"), 7.0], strict=True))) == 2
    assert kept(store)["actual"].fillna(-1).tolist() == [5.0, -1, 7.0, -1, -1]
    with store.connect() as connection:
        assert len(awaiting_truth(connection, "orders", ["orders"], AS_OF + timedelta(days=3))) == 1


def test_what_was_said_about_days_already_learnt_is_no_forecast(store):
    keep(store, ahead(3))
    said_later = rows_of("orders", [AS_OF - timedelta(days=2), AS_OF + timedelta(days=1)], 3.0)
    keep(store, said_later, as_of=AS_OF + timedelta(days=2))
    with store.connect() as connection:
        waiting = awaiting_truth(connection, "orders", ["orders"], AS_OF + timedelta(days=2))
    assert (waiting["target_date"] > pd.Timestamp(AS_OF)).all()
    assert len(waiting) == 3


def test_a_record_comes_back_as_it_was_and_without_nan(store):
    record = [
        Score("orders", "orders", "mae", None, 1, "all", 84, 0.4, 1.0, "one more"),
        Score("orders", "orders", "mae", date(2026, 9, 27), 1, "all", 28, float("nan"), float("inf"), "one more"),
    ]
    with begin_write(store) as connection:
        write_scores(connection, record, run_id=1, release_id="r1", at=NOW)
        write_scores(connection, [], run_id=1, release_id="r2", at=NOW)
    with store.connect() as connection:
        first, second = read_scores(connection, "r1")
        assert read_scores(connection, "r1", "price") == []
    assert first == record[0]
    assert (second.cutoff, second.value, second.baseline) == (date(2026, 9, 27), None, None)


def test_details_become_json():
    assert plain({1: np.float32(0.5), "when": datetime(2026, 1, 2, 3), "many": {3}}) == {"1": 0.5, "when": "2026-01-02", "many": [3]}
    assert plain([float("inf"), None, "text", True]) == [None, None, "text", True]
