"""What changed in a week: counted by the day, with nothing of the weeks before and nothing twice."""

from datetime import datetime, time, timedelta

import pytest
import sqlalchemy as sa

from ml.queries.changes import DAYS, alerts_of_the_week, expected_a_week_ago, people_of_the_week
from ml.store import schema
from ml.store.schema_alerts import alerts
from tests.people import quick_store
from tests.unit.queries.test_next_orders import AS_OF, H


@pytest.fixture
def conn():
    with quick_store().begin() as connection:
        yield connection


def say(conn, ago: int, per_day: float, release: str = "r", days: int = 90) -> None:
    """A forecast of `per_day` orders a day for the next `days`, said `ago` days ago."""
    said = AS_OF - timedelta(days=ago)
    row = {"run_id": 1, "release_id": release, "predictor": "demand", "measure": "orders", "as_of": said, "window_days": 1, "detail": {}}
    ahead = [row | {"target_date": said + timedelta(days=day), "value": per_day} for day in range(1, days + 1)]
    company = [one | {"entity_type": "company", "entity_id": "all"} for one in ahead]
    conn.execute(sa.insert(schema.predictions), [*company, *(one | {"entity_type": "zone", "entity_id": "Maipú"} for one in ahead)])


def test_what_was_expected_a_week_ago_is_the_saying_nearest_to_that_day(conn):
    for ago, per_day in ((0, 1.0), (6, 2.0), (14, 9.0)):
        say(conn, ago, per_day)
    assert expected_a_week_ago(conn, "orders", AS_OF) is None
    say(conn, 9, 3.0)
    assert expected_a_week_ago(conn, "orders", AS_OF) == 3 * DAYS
    say(conn, 7, 4.0)
    say(conn, 7, 5.0, release="newer")
    assert expected_a_week_ago(conn, "orders", AS_OF) == 5 * DAYS
    assert expected_a_week_ago(conn, "revenue", AS_OF) is None


def test_a_saying_that_does_not_reach_the_whole_week_does_not_count(conn):
    say(conn, 7, 4.0, days=13)
    assert expected_a_week_ago(conn, "orders", AS_OF) is None


def test_customers_are_new_with_their_first_order_and_gone_on_the_day_their_silence_is_long_enough(conn):
    assert people_of_the_week(conn, AS_OF, H) == (0, 0)
    back = {"a": (6, 6), "b": (0, 0), "c": (7, 7), "d": (400, H), "e": (400, H + 6), "f": (400, H - 1), "g": (400, H + 7)}
    rows = [
        {
            "customer_id": key, "contact_opt_out": False, "orders_total": 1, "orders_365": 1, "spend_total": 1.0, "spend_365": 1.0,
            "first_order": AS_OF - timedelta(days=first), "last_order": AS_OF - timedelta(days=last),
        }
        for key, (first, last) in back.items()
    ]  # fmt: skip
    conn.execute(sa.insert(schema.customer_facts), rows)
    assert people_of_the_week(conn, AS_OF, H) == (2, 2)


def test_alerts_are_counted_by_what_became_of_them(conn):
    assert alerts_of_the_week(conn, AS_OF) == (0, 0, 0)
    first = datetime.combine(AS_OF - timedelta(days=DAYS - 1), time())
    old, made = first - timedelta(seconds=1), first
    states = [
        ("open", made, None),
        ("open", old, None),
        ("saved", old, made),
        ("saved", old, old),
        ("lost", made, made),
        ("not_a_risk", old, made),
    ]
    for number, (state, opened, closed) in enumerate(states):
        row = {
            "customer_id": str(number), "kind": "at_risk", "state": state, "opened_at": opened, "opened_by": "system", "as_of": AS_OF,
            "horizon_days": H, "detail": {}, "watch_until": AS_OF, "closed_at": closed,
        }  # fmt: skip
        conn.execute(sa.insert(alerts).values(**row))
    assert alerts_of_the_week(conn, AS_OF) == (2, 1, 2)
