"""Groups over time: any day with today's groups, who moved, cohorts by hand, and the grid."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from ml.queries import customers, segments, service
from ml.store.engine import open_store
from ml.store.schema import customer_orders
from tests.conftest import END, settings_for


@pytest.fixture(scope="module")
def company(trained_home):
    engine = open_store(settings_for(trained_home))
    with engine.connect() as conn:
        yield conn, service.in_service(conn)
    engine.dispose()


@pytest.fixture
def empty(tmp_path):
    engine = open_store(settings_for(tmp_path))
    with engine.connect() as conn:
        yield conn
    engine.dispose()


def test_the_stores_orders_give_the_same_groups_as_the_release(company):
    conn, serving = company
    found = segments.grouping(conn, serving["segments"])
    today = segments.on(conn, found.model, serving["segments"].day).set_index("customer_id")
    stored = customers.members(serving["segments"]).frame(conn).set_index("customer_id")
    assert set(today.index) == set(stored.index)
    assert (today["segment"].reindex(stored.index) == stored["segment"]).mean() == 1.0
    np.testing.assert_allclose(today["spend"].reindex(stored.index), stored["spend"], rtol=1e-6)


def test_who_moved_adds_up_and_only_a_worse_group_is_a_fall(company):
    conn, serving = company
    before = END - timedelta(days=120)
    told = segments.migration(conn, serving["segments"], before, END)
    assert told.moves["customers"].sum() == len(customers.members(serving["segments"]).frame(conn))
    order = {name: place for place, name in enumerate(customers.SEGMENTS)}
    falls = told.downgrades
    assert len(falls) and (falls["after"].map(order) > falls["before"].map(order)).all() and falls["spend_before"].is_monotonic_decreasing
    still = segments.migration(conn, serving["segments"], END, END)
    assert still.downgrades.empty and (still.moves["before"] == still.moves["after"]).all()
    turned = segments.migration(conn, serving["segments"], END, before)
    pd.testing.assert_frame_equal(turned.moves, told.moves)


def test_churn_to_come_is_lowest_where_customers_order_most(company):
    conn, serving = company
    told = segments.outlook(conn, serving["segments"], serving["customers"]).set_index("segment")["churn_rate"]
    assert told.between(0, 1).all() and told["vip"] == told.min()


def test_a_release_that_does_not_say_where_its_groups_lie_gives_none(company):
    conn, serving = company
    old = service.Service("segments", "older", END, serving["segments"].since, "", "")
    assert segments.grouping(conn, old) is None and segments.migration(conn, old, END, END) is None


def ordered(conn: sa.Connection, days: dict[str, tuple[date, ...]]) -> None:
    rows = [{"customer_id": who, "day": day, "order_id": f"{who}{day}", "amount": 10.0} for who, seen in days.items() for day in seen]
    conn.execute(sa.insert(customer_orders), rows)


def test_cohorts_by_hand(empty):
    days = {
        "a": (date(2026, 1, 5), date(2026, 2, 1), date(2026, 4, 2)),
        "b": (date(2026, 1, 31),),
        "c": (date(2026, 3, 3), date(2026, 4, 20)),
    }
    crowd = {f"{month}-{number}": (date(2026, month, 9),) for month in (1, 2, 3, 4) for number in range(12)}
    ordered(empty, days | crowd)
    told = segments.cohorts(empty, date(2026, 4, 29))
    rows = told.rows.set_index("cohort")
    first, third = rows.loc["2026-01-01"], rows.loc["2026-03-01"]
    assert told.months == 1
    assert first["customers"] == 14 and first["p1"] == pytest.approx(1 / 14) and first["p2"] == 0.0
    assert np.isnan(first["p3"]) and np.isnan(third["p1"])  # April has a day to go
    ended = segments.cohorts(empty, date(2026, 4, 30)).rows.set_index("cohort")
    assert ended.loc["2026-01-01", "p3"] == pytest.approx(1 / 14) and ended.loc["2026-03-01", "p1"] == pytest.approx(1 / 13)


def test_few_new_customers_stand_together_by_quarter(empty):
    ordered(empty, {
        "a": (date(2025, 10, 5), date(2025, 12, 24), date(2026, 3, 31)),
        "b": (date(2025, 12, 31), date(2026, 6, 1)),
        "c": (date(2026, 2, 3), date(2026, 6, 30)),
    })  # fmt: skip
    told = segments.cohorts(empty, date(2026, 6, 29))
    rows = told.rows.set_index("cohort")
    assert told.months == 3 and list(rows.index) == [pd.Timestamp("2026-01-01"), pd.Timestamp("2025-10-01")]
    assert list(rows["customers"]) == [1, 2]
    assert rows.loc["2025-10-01", "p1"] == 0.5 and np.isnan(rows.loc["2025-10-01", "p2"])  # the second quarter has a day to go
    ended = segments.cohorts(empty, date(2026, 6, 30)).rows.set_index("cohort")
    assert ended.loc["2025-10-01", "p2"] == 0.5 and ended.loc["2026-01-01", "p1"] == 1.0


def test_no_orders_no_cohorts(empty):
    assert segments.cohorts(empty, END).rows.empty


def test_the_grid_comes_with_300_buyers():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"recency_days": rng.integers(0, 300, 400), "frequency": rng.integers(1, 60, 400), "spend": 1000.0})
    told = segments.fifths(frame)
    assert told["customers"].sum() == 400 and set(told["recency"]) <= set(range(1, 6)) and segments.fifths(frame.head(299)) is None
    nearest = frame.assign(recency_days=np.arange(400))
    cells = segments.fifths(nearest)
    assert cells.groupby("recency")["customers"].sum().between(79, 81).all()
