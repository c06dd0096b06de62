"""Who may order this week: states by the own rhythm, chances that add up, and a curve as it was learnt."""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from ml.queries import next_orders
from ml.queries.next_orders import WEEK, chosen, coming, lateness, states
from ml.queries.service import Service
from ml.store import schema
from ml.store.customer_rows import refill_all
from tests.people import quick_store

AS_OF, H = date(2026, 11, 20), 28
SERVICE = Service("customers", "r", AS_OF, datetime(2026, 11, 1), "", "system")
PEOPLE = {  # silent, own pause, risk, population, opted out
    "due": (5, 9.0, 0.2, "active", False),
    "overdue": (15, 9.0, 0.4, "active", False),
    "early": (1, 20.0, 0.1, "active", False),
    "late": (28, 9.0, 0.6, "active", False),
    "dormant": (90, 60.0, 0.9, "dormant", False),
    "new": (3, None, 0.5, "active", False),
    "quiet": (5, 9.0, 0.2, "active", True),
}
CURVE = [
    {"multiple": m, "share": s, "lo95": s - 0.1, "hi95": s + 0.1, "customers": n} for m, s, n in ((1, 0.8, 90), (2, 0.6, 50), (3, 0.4, 30))
]


def row(measure: str, value: float | None, key: str, kind: str = "customer", **detail) -> dict:
    return {
        "run_id": 1, "release_id": "r", "predictor": "customers", "measure": measure, "as_of": AS_OF, "entity_type": kind, "entity_id": key,
        "target_date": AS_OF + timedelta(days=H), "window_days": H, "value": value,
        **({"lo80": 2.0, "hi80": 20.0} if measure == "next_order_date" else {"lo80": None, "hi80": None}), "detail": detail,
    }  # fmt: skip


@pytest.fixture
def conn():
    rows, facts = [], []
    for key, (silent, gap, risk, population, opted_out) in PEOPLE.items():
        detail = {"population": population, "reasons": [], "days_since_last_order": silent, "typical_gap_days": gap}
        dates = {name: (AS_OF + timedelta(days=days)).isoformat() for name, days in (("lo", 2), ("date", 7), ("hi", 20))}
        rows += [row("churn_probability", risk, key, **detail), row("next_order_date", 7.0, key, **dates)]
        rows += [
            row(measure, value, key) for measure, value in (("expected_orders", 2.0), ("expected_value", 40_000.0), ("value_at_risk", 1.0))
        ]
        facts.append(
            {
                "customer_id": key, "name": key, "customer_type": "Hogar", "zone": "Ñuñoa" if silent < 10 else "Maipú",
                "contact_opt_out": opted_out, "orders_total": 5, "orders_365": 5, "spend_total": 50_000.0, "spend_365": 50_000.0,
            }
        )  # fmt: skip
    with quick_store().begin() as connection:
        connection.execute(sa.insert(schema.predictions), rows)
        refill_all(connection)
        connection.execute(sa.insert(schema.customer_facts), facts)
        yield connection


def learn(conn, too_late: float | None = 3.0) -> None:
    conn.execute(sa.insert(schema.predictions), row("too_late", too_late, "all", "company", within_days=H, curve=CURVE))


def state_of(frame: pd.DataFrame) -> dict[str, str]:
    return dict(zip(frame["customer_id"], frame["state"], strict=True))


def test_everybody_has_the_state_of_the_own_rhythm(conn):
    learn(conn)
    expected = {"due": "due", "overdue": "overdue", "early": "early", "late": "too_late", "dormant": "too_late", "new": "unknown"}
    assert state_of(coming(conn, SERVICE, None)) == expected


@pytest.mark.parametrize("learnt", ["nothing", "never"])
def test_without_a_limit_learnt_only_the_dormant_are_too_late(conn, learnt):
    if learnt == "never":
        learn(conn, None)
    assert state_of(coming(conn, SERVICE, None))["late"] == "overdue"
    assert state_of(coming(conn, SERVICE, None))["dormant"] == "too_late"


def test_chance_and_money_of_the_week(conn):
    frame = coming(conn, SERVICE, None).set_index("customer_id")
    counted = frame["chance"].dropna()
    assert counted.sum() == pytest.approx(len(counted) * (1 - np.exp(-2.0 * WEEK / H)), rel=1e-3)
    assert frame.loc["early", "chance"] > frame.loc["due", "chance"] > frame.loc["late", "chance"] > frame.loc["dormant", "chance"]
    assert frame.loc["due", "expected_money"] == pytest.approx(frame.loc["due", "chance"] * 20_000)
    assert frame["expected_money"].is_monotonic_decreasing
    assert "quiet" not in frame.index
    assert frame["segment"].isna().all()


def test_an_order_is_worth_what_the_last_year_says_where_nothing_is_expected(conn):
    conn.execute(sa.delete(schema.predictions).where(schema.predictions.c.measure == "expected_value"))
    refill_all(conn)
    assert set(coming(conn, SERVICE, None)["order_value"]) == {10_000.0}


def test_filters_and_all(conn):
    learn(conn)
    frame = coming(conn, SERVICE, None)
    everybody = chosen(frame, "all", {"zone": None, "customer_type": "Hogar"})
    assert set(everybody["customer_id"]) == {"due", "overdue", "early", "new"}
    assert chosen(frame, "all", {"zone": "Maipú"})["customer_id"].tolist() == ["overdue"]
    assert chosen(frame, "due", {"zone": "nowhere"}).empty


def test_the_segment_stands_beside_where_there_is_one(conn):
    segments = Service("segments", "s", AS_OF, datetime(2026, 11, 1), "", "system")
    named = row("segment", 0.0, "due", name="vip") | {"predictor": "segments", "release_id": "s"}
    conn.execute(sa.insert(schema.predictions), named)
    refill_all(conn)
    frame = coming(conn, SERVICE, segments).set_index("customer_id")
    assert frame.loc["due", "segment"] == "vip"
    assert pd.isna(frame.loc["early", "segment"])


def test_the_curve_is_read_as_it_was_learnt(conn):
    assert lateness(conn, SERVICE) is None
    learn(conn)
    learnt = lateness(conn, SERVICE)
    assert (learnt.too_late, learnt.within_days, learnt.curve["customers"].tolist()) == (3.0, H, [90, 50, 30])


def test_the_edge_of_the_week_is_due():
    frame = pd.DataFrame({"days_since_last_order": [3, 2, 10, 11], "gap_days": 10.0, "population": "active"})
    frame["lateness"] = frame["days_since_last_order"] / frame["gap_days"]
    assert states(frame, None).tolist() == ["due", "early", "due", "overdue"]
    assert frame["gap_days"].iloc[0] - 3 == WEEK


def test_nobody_is_nobody(conn):
    conn.execute(sa.delete(schema.predictions))
    refill_all(conn)
    frame = coming(conn, SERVICE, None)
    assert frame.empty
    assert set(next_orders.STATES) >= set(next_orders.COMING)
