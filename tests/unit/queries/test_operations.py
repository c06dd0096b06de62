"""How the product is doing: scheduler, runs and audit by pages, visits by local day, sales by month."""

from datetime import date, datetime, timedelta

import pandas as pd
import pytest
import sqlalchemy as sa

from ml.queries import operations
from ml.store import audit, schema, sessions
from tests.people import NOW, add_person, quick_hashes, quick_store  # noqa: F401 - an autouse fixture


@pytest.fixture
def conn():
    with quick_store().begin() as opened:
        yield opened


def run(number: int, job="refresh", status="done", **values) -> dict:
    at = NOW - timedelta(hours=number)
    usual = {
        "attempt": 1,
        "requested_by": None,
        "error": None,
        "log_path": None,
        "started_at": at,
        "finished_at": at + timedelta(seconds=38),
    }
    return {"job": job, "scheduled_for": at, "origin": "cron", "status": status, **usual, **values}


def test_a_scheduler_is_silent_after_two_minutes_or_when_there_was_none(conn):
    assert operations.scheduler(conn).is_silent(NOW)
    for owner, seconds in (("old", 500), ("new", 30)):
        values = {"owner": owner, "heartbeat_at": NOW - timedelta(seconds=seconds), "next_runs": {owner: "2026-10-30T08:30:00"}}
        conn.execute(sa.insert(schema.scheduler_state).values(**values))
    told = operations.scheduler(conn)
    assert told.next_runs == {"new": datetime(2026, 10, 30, 8, 30)}
    assert not told.is_silent(NOW + timedelta(seconds=90)) and told.is_silent(NOW + timedelta(seconds=91))


def test_runs_come_newest_first_by_job_and_state_a_page_at_a_time(conn, monkeypatch):
    assert operations.last_run(conn) is None
    assert operations.runs(conn).empty and operations.run_pages(conn) == 1 and operations.run_kinds(conn) == ([], [])
    conn.execute(sa.insert(schema.job_run), [run(number) for number in range(5)])
    failed = run(7, "retrain", "failed", requested_by="ana@example.com", error="No disk.")
    conn.execute(sa.insert(schema.job_run), [failed, run(1, "retrain", "running", finished_at=None)])
    found = operations.runs(conn)
    assert operations.last_run(conn) == tuple(found.loc[0, ["job", "scheduled_for", "status"]])
    assert list(found["scheduled_for"]) == sorted(found["scheduled_for"], reverse=True) and len(found) == 7
    assert found["seconds"].iloc[0] == 38 and found["seconds"].isna().sum() == 1
    assert set(found["requested_by"]) == {None, "ana@example.com"} and None in set(found["error"])
    assert list(operations.runs(conn, "retrain", "failed")["error"]) == ["No disk."]
    assert operations.run_kinds(conn) == (["refresh", "retrain"], ["done", "failed", "running"])
    monkeypatch.setattr(operations, "PAGE_ROWS", 3)
    assert operations.run_pages(conn) == 3 and operations.run_pages(conn, "refresh") == 2
    assert [len(operations.runs(conn, page=page)) for page in (0, 1, 2, 3, 4)] == [3, 3, 3, 1, 0]


def test_the_audit_by_person_and_deed_a_page_at_a_time_or_whole(conn, monkeypatch):
    for number in range(7):
        audit.record(
            conn, "ana@example.com" if number % 2 else "'; DROP TABLE audit", f"x.{number % 3}", str(number), {"n": number}, at=NOW
        )
    monkeypatch.setattr(operations, "PAGE_ROWS", 5)
    assert operations.audit_pages(conn) == 2 and list(operations.audit(conn)["target"]) == ["6", "5", "4", "3", "2"]
    assert list(operations.audit(conn, page=2)["target"]) == ["1", "0"] and len(operations.audit(conn, page=None)) == 7
    assert list(operations.audit(conn, "ana@example.com", "x.0")["target"]) == ["3"]
    assert operations.audit_pages(conn, "nobody") == 1 and operations.audit(conn, "nobody").empty
    assert operations.audit_kinds(conn) == (["'; DROP TABLE audit", "ana@example.com"], ["x.0", "x.1", "x.2"])


def test_visits_count_different_people_by_local_day(conn):
    ana, _ = add_person(conn, "admin"), add_person(conn, "viewer")
    days = pd.date_range("2026-10-25", "2026-10-29")
    for hours in (0, 1):
        audit.record(conn, "admin@example.com", "session.open", "x", at=datetime(2026, 10, 28, 12 + hours))
    audit.record(conn, "viewer@example.com", "screen.export", "x", at=datetime(2026, 10, 28, 13))
    audit.record(conn, "viewer@example.com", "session.open", "x", at=datetime(2026, 10, 27, 2, 30))  # 23:30 on the 26th in Santiago
    audit.record(conn, "viewer@example.com", "session.refuse", "x", at=datetime(2026, 10, 27, 15))  # somebody tried their password
    audit.record(conn, "system", "preference.set", "x", at=datetime(2026, 10, 27, 15))
    sessions.create(conn, ana.id, now=datetime(2026, 10, 29, 15))
    found = operations.visits(conn, "America/Santiago", date(2026, 10, 29), 5)
    assert list(found["day"]) == list(days) and list(found["people"]) == [0, 1, 0, 2, 1]


def test_visits_of_an_empty_store_are_none(conn):
    assert list(operations.visits(conn, "UTC", date(2026, 10, 29), 3)["people"]) == [0, 0, 0]


def test_sales_by_month_as_recorded_newest_first(conn):
    assert operations.monthly_sales(conn, date(2026, 10, 28)).empty
    rows = [
        (date(2026, 9, 30), 100.0, 1.0),
        (date(2026, 10, 1), 30.0, 2.0),
        (date(2026, 10, 28), 12.0, 1.0),
        (date(2026, 10, 29), 99.0, 9.0),
    ]
    for day, revenue, orders in rows:
        for measure, value in (("revenue", revenue), ("orders", orders), ("bottles", 3.0)):
            for entity in (("company", "all"), ("zone", "Ñuñoa")):
                values = {"measure": measure, "entity_type": entity[0], "entity_id": entity[1], "day": day, "value": value}
                conn.execute(sa.insert(schema.daily_facts).values(**values))
    found = operations.monthly_sales(conn, date(2026, 10, 28))
    assert list(found["month"]) == [pd.Timestamp("2026-10-01"), pd.Timestamp("2026-09-01")]
    assert list(found["amount"]) == [42, 100] and list(found["orders"]) == [3, 1]
