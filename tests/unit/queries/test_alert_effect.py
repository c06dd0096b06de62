"""What the alerts earned is read against those held out by lot, from the orders, by intention to treat."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from ml.queries.alert_effect import FEWEST, effects
from ml.store import schema
from ml.store.schema_alerts import alert_eligible
from tests.people import quick_store

ALERT, AS_OF = date(2026, 10, 5), date(2026, 11, 20)


def store_with(held: int, contacted: int):
    rng, engine = np.random.default_rng(3), quick_store()
    seen, orders = [], []
    for number in range(held + contacted):
        arm, key = ("held_out" if number < held else "contact"), f"c{number}"
        seen.append({"customer_id": key, "quarter": "2026-Q4", "arm": arm, "as_of": ALERT, "at": datetime(2026, 10, 6), "horizon_days": 28})
        for place, day in enumerate([ALERT - timedelta(days=9), ALERT + timedelta(days=7)]):
            amount = float(rng.integers(8_000, 12_000)) + (9_000 if place and arm == "contact" else 0)
            orders.append({"customer_id": key, "day": day, "order_id": f"{key}-{place}", "amount": amount})
    with engine.begin() as connection:
        connection.execute(sa.insert(alert_eligible), seen)
        connection.execute(sa.insert(schema.customer_orders), orders)
    return engine


def test_the_effect_per_alert_with_its_range():
    with store_with(15, 60).connect() as connection:
        found = effects(connection, AS_OF)
    assert found["quarter"] == found["ever"]
    ever = found["ever"]
    assert (ever.alerted, ever.held_out) == (60, 15)
    assert ever.money.effect == pytest.approx(9_000, abs=1_200)
    assert ever.money.ci_low < 9_000 < ever.money.ci_high and ever.money.p < 0.05
    assert ever.orders is None  # everybody ordered once: nothing varies


def test_alerts_whose_days_are_not_over_and_tiny_groups_say_nothing():
    with store_with(FEWEST - 1, 60).connect() as connection:
        assert effects(connection, AS_OF)["ever"].money is None
        assert effects(connection, ALERT + timedelta(days=20))["ever"].alerted == 0
    with quick_store().connect() as connection:
        assert effects(connection, AS_OF)["ever"].held_out == 0
