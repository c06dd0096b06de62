"""One customer's screen says what the store holds, of that customer and nobody else."""

from datetime import date, datetime, timedelta

import pandas as pd
import pytest
import sqlalchemy as sa

from ml.queries import customer
from ml.queries.customer import MOST_FOUND, PAGE_ROWS, Event, Profile
from ml.queries.service import Service
from ml.store import schema
from ml.store.searching import search_text
from tests.people import quick_store

AS_OF = date(2026, 11, 20)
SERVICE = Service("customers", "r2", AS_OF, datetime(2026, 11, 1), "", "system")
PEOPLE = {"c1": "Ana Ñúñez", "c2": "Bruno Soto", "c3": None, "=1+1": "x" * 300}


def person(key: str, name: str | None, **changes) -> dict:
    facts = {
        "customer_id": key, "name": name, "customer_type": "Hogar", "zone": "Ñuñoa", "phone": "+56 9 1234 5678", "email": None,
        "contact_opt_out": False, "first_order": AS_OF - timedelta(days=90), "last_order": AS_OF, "orders_total": 3, "orders_365": 3,
        "spend_total": 60_000.0, "spend_365": 60_000.0, "spend_before_silence": 60_000.0, "typical_gap_days": 10.0,
        "unpaid_amount": None, "unpaid_since": None,
    }  # fmt: skip
    return facts | {"search": search_text(key, name, facts["phone"])} | changes


def said(measure: str, value: float | None, key: str = "c1", *, as_of: date = AS_OF, release: str = "r2", **detail) -> dict:
    return {
        "run_id": 1, "release_id": release, "predictor": "customers", "measure": measure, "as_of": as_of, "entity_type": "customer",
        "entity_id": key, "target_date": as_of + timedelta(days=28), "window_days": 28, "value": value, "detail": detail,
    }  # fmt: skip


@pytest.fixture
def conn():
    with quick_store().begin() as connection:
        rows = [person(key, name, spend_365=float(place)) for place, (key, name) in enumerate(PEOPLE.items())]
        connection.execute(sa.insert(schema.customer_facts), rows)
        yield connection


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", ["=1+1", "c3", "c2", "c1"]),
        ("nunez", ["c1"]),
        ("ana\u200b ñuñez", ["c1"]),
        ("C2", ["c2"]),
        ("9 1234 5678", ["=1+1", "c3", "c2", "c1"]),
        ("nobody", []),
        ("%", []),
        ("\x00'; DROP TABLE customer_facts", []),
    ],
)
def test_customers_are_found_largest_first(conn, wanted, found):
    assert customer.find(conn, wanted)["customer_id"].tolist() == found


def test_who_may_not_see_names_finds_none_by_trying(conn):
    for guess in ("nunez", "Ana", "12345678", "5678"):
        assert customer.find(conn, guess, by_id_only=True).empty
    assert customer.find(conn, "C2", by_id_only=True)["customer_id"].tolist() == ["c2"]
    assert customer.find(conn, "=1+", by_id_only=True)["customer_id"].tolist() == ["=1+1"]


def test_the_list_is_short_even_of_many(conn):
    conn.execute(sa.insert(schema.customer_facts), [person(f"n{number}", "Nora") for number in range(MOST_FOUND + 20)])
    assert len(customer.find(conn, "nora")) == MOST_FOUND


def test_a_profile_and_a_stranger(conn):
    who = customer.profile(conn, "c1")
    assert (who.name, who.zone, who.spend_total, customer.days_owed(who, AS_OF)) == ("Ana Ñúñez", "Ñuñoa", 60_000.0, None)
    for stranger in ("c9", "", "c1 ", "\x00", "\ud800", "c1'--", "x" * 5000):
        assert customer.profile(conn, stranger) is None


def test_days_owed_count_to_the_day_of_the_data(conn):
    conn.execute(sa.insert(schema.customer_facts), person("d", "D", unpaid_amount=45_000.0, unpaid_since=AS_OF - timedelta(days=12)))
    who = customer.profile(conn, "d")
    assert customer.days_owed(who, AS_OF) == 12
    assert customer.days_owed(who, AS_OF - timedelta(days=20)) == 0


def test_the_outlook_is_the_one_in_service(conn):
    reasons = [{"code": "late_for_own_rhythm", "params": {"days_since_last_order": 21.0, "typical_gap_days": 9.0}}]
    conn.execute(
        sa.insert(schema.predictions),
        [
            said("churn_probability", 0.18, population="active", reasons=reasons, days_since_last_order=21, typical_gap_days=9.0),
            said("next_order_date", 2.0, date="2026-11-22", lo="2026-11-20", hi="2026-11-26"),
            said("value_12m", 610_000.0),
            said("churn_probability", 0.99, as_of=AS_OF - timedelta(days=1)),
            said("churn_probability", 0.98, release="r1"),
            said("churn_probability", 0.97, "c2"),
        ],
    )
    found = customer.outlook(conn, SERVICE, "c1")
    assert (found.probability, found.horizon_days, found.population, found.value_12m) == (0.18, 28, "active", 610_000.0)
    assert (found.next_date, found.next_lo, found.next_hi) == (date(2026, 11, 22), date(2026, 11, 20), date(2026, 11, 26))
    assert (found.reasons, found.gap_days, found.value_at_risk) == (reasons, 9.0, None)
    assert customer.outlook(conn, SERVICE, "c3") is None


def test_a_segment_or_none(conn):
    service = Service("segments", "r2", AS_OF, datetime(2026, 11, 1), "", "system")
    conn.execute(sa.insert(schema.predictions), said("segment", 0.0, name="vip") | {"predictor": "segments"})
    assert customer.segment(conn, service, "c1") == "vip"
    assert customer.segment(conn, service, "c2") is None


def orders_of(key: str, count: int) -> list[dict]:
    return [
        {"customer_id": key, "day": AS_OF - timedelta(days=number), "order_id": f"{key}-{number:04}", "amount": 1000.0 + number,
         "quantity": None, "is_paid": None}
        for number in range(count)
    ]  # fmt: skip


def test_orders_come_in_pages_newest_first(conn):
    conn.execute(sa.insert(schema.customer_orders), [*orders_of("c1", 2 * PAGE_ROWS + 1), *orders_of("c2", 1)])
    assert [customer.order_pages(conn, key) for key in ("c1", "c2", "c3")] == [3, 1, 1]
    pages = [customer.orders(conn, "c1", number) for number in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [PAGE_ROWS, PAGE_ROWS, 1, 0]
    assert pages[0]["day"].iloc[0] == pd.Timestamp(AS_OF)
    assert pd.concat(pages)["order_id"].is_unique
    assert customer.orders(conn, "c1", -5)["order_id"].tolist() == pages[0]["order_id"].tolist()
    assert pages[0]["is_paid"].isna().all()
    days = customer.order_days(conn, "c1")
    assert (len(days), days["day"].is_monotonic_increasing, days["amount"].iloc[-1]) == (2 * PAGE_ROWS + 1, True, 1000.0)


def test_two_orders_of_a_day_are_one_dot(conn):
    same = [order | {"day": AS_OF} for order in orders_of("c1", 2)]
    conn.execute(sa.insert(schema.customer_orders), same)
    days = customer.order_days(conn, "c1")
    assert (len(days), days["amount"].iloc[0], days["orders"].iloc[0]) == (1, 2001.0, 2)


def test_past_probabilities_one_per_day_of_the_newest_release(conn):
    week = AS_OF - timedelta(days=7)
    for seq, release in enumerate(("r1", "r2"), 1):
        pointer = {"predictor": "customers", "seq": seq, "release_id": release, "at": datetime(2026, 11, seq), "by": "s", "reason": ""}
        conn.execute(sa.insert(schema.release_pointer).values(**pointer))
    for day in (week, AS_OF, AS_OF):
        values = {"source": "s", "fingerprint": "f", "from_snapshot": False, "is_demo": True, "amount_basis": "net"}
        conn.execute(sa.insert(schema.reading).values(read_at=datetime(2026, 11, 21), as_of=day, tables={}, findings=[], **values))
    conn.execute(
        sa.insert(schema.predictions),
        [
            said("churn_probability", 0.2, as_of=week, release="r1"),
            said("churn_probability", 0.3, release="r1"),
            said("churn_probability", 0.6),
            said("churn_probability", 0.9, "c2"),
            said("value_12m", 5.0),
        ],
    )
    found = customer.past_probabilities(conn, "c1")
    assert [(row.as_of.date(), row.probability) for row in found.itertuples()] == [(week, 0.2), (AS_OF, 0.6)]
    assert customer.past_probabilities(conn, "c3").empty


def days_frame(*offsets: int) -> pd.DataFrame:
    days = [pd.Timestamp(2026, 1, 1) + pd.Timedelta(days=offset) for offset in offsets]
    return pd.DataFrame({"day": days, "amount": [1000.0 + offset for offset in offsets], "orders": 1})


def risk_frame(*values: float) -> pd.DataFrame:
    days = [pd.Timestamp(2026, 6, 1) + pd.Timedelta(days=7 * place) for place in range(len(values))]
    return pd.DataFrame({"as_of": days, "probability": list(values)})


def test_the_story_in_order():
    who = Profile(**{k: v for k, v in person("a", "A", unpaid_amount=9.0, unpaid_since=date(2026, 5, 1)).items() if k != "search"})
    told = customer.timeline(who, days_frame(0, 10, 20, 80, 90), risk_frame(0.2, 0.25, 0.45, 0.5, 0.2))
    assert [(event.code, event.day.isoformat()) for event in told] == [
        ("risk_fell", "2026-06-29"), ("risk_rose", "2026-06-15"), ("unpaid_since", "2026-05-01"), ("last_order", "2026-04-01"),
        ("largest_order", "2026-04-01"), ("came_back", "2026-03-22"), ("first_order", "2026-01-01"),
    ]  # fmt: skip
    assert told[-2] == Event(date(2026, 3, 22), "came_back", {"days": 60.0})
    assert told[0].params == {"before": 0.45, "now": 0.2}


def test_a_story_of_one_order_or_none():
    who = Profile(**{k: v for k, v in person("a", "A", typical_gap_days=None).items() if k != "search"})
    assert [event.code for event in customer.timeline(who, days_frame(3), risk_frame())] == ["first_order"]
    assert customer.timeline(who, days_frame(), risk_frame(0.5)) == []
