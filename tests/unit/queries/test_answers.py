"""The JSON answers have the fields callers rely on, and say what the screens' own reads say."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from ml.queries import customers, demand, service
from ml.queries.answers import HEARTBEAT_LATE, NothingInService, demand_answer, health_answer, segments_answer
from ml.store import schema
from tests.people import NOW, quick_store
from tests.web.filling import AS_OF, DAYS, READ_AT, RELEASE, SEGMENTS, fill, orders_on

DEMAND_FIELDS = {"forecast_days", "predictions", "summary"}
DAY_FIELDS = {
    "date", "predicted_orders", "lower_bound", "upper_bound", "predicted_revenue", "revenue_lower_bound", "revenue_upper_bound",
}  # fmt: skip
SUMMARY_FIELDS = {
    "total_predicted_orders", "avg_daily_orders", "peak_day", "low_day", "total_predicted_revenue", "avg_daily_revenue", "business_days",
}  # fmt: skip
SEGMENT_FIELDS = {"cluster_id", "name", "customer_count", "avg_recency_days", "avg_frequency", "avg_monetary", "total_value"}


@pytest.fixture
def connection():
    with quick_store().begin() as opened:
        fill(opened)
        yield opened


@pytest.mark.parametrize("days", [1, 7, 30, 90])
def test_demand_has_the_agreed_fields_for_every_length(connection, days):
    answer = demand_answer(connection, days)
    assert set(answer) >= DEMAND_FIELDS
    assert answer["forecast_days"] == len(answer["predictions"]) == days
    assert all(set(day) >= DAY_FIELDS for day in answer["predictions"])
    assert set(answer["summary"]) >= SUMMARY_FIELDS
    assert [day["date"] for day in answer["predictions"]] == [(AS_OF + timedelta(days=n)).isoformat() for n in range(1, days + 1)]


def test_demand_says_what_was_predicted(connection):
    answer = demand_answer(connection, 7)
    expected = [orders_on(n) for n in range(1, 8)]
    assert [day["predicted_orders"] for day in answer["predictions"]] == pytest.approx(expected)
    thursday = answer["predictions"][0]
    assert thursday == {
        "date": "2026-10-29", "predicted_orders": 4.1, "lower_bound": 2.05, "upper_bound": 6.15, "predicted_revenue": 82_000.0,
        "revenue_lower_bound": 41_000.0, "revenue_upper_bound": 123_000.0, "open": True,
    }  # fmt: skip
    summary = answer["summary"]
    assert summary["total_predicted_orders"] == pytest.approx(sum(expected))
    assert summary["avg_daily_orders"] == pytest.approx(sum(expected) / 7, abs=0.005)
    assert summary["total_predicted_revenue"] == pytest.approx(sum(expected) * 20_000)
    assert (summary["peak_day"], summary["low_day"], summary["business_days"]) == ("2026-11-04", "2026-10-29", 5)
    assert (answer["as_of"], answer["release"], answer["revenue_basis"]) == ("2026-10-28", RELEASE, "net")


def test_demand_equals_what_the_demand_screen_reads(connection):
    serving = service.in_service(connection)["demand"]
    shown = demand.daily_forecast(connection, serving, "orders", 30)
    answered = demand_answer(connection, 30)["predictions"]
    assert [day["predicted_orders"] for day in answered] == pytest.approx(shown["value"].tolist(), abs=0.005)
    assert [day["lower_bound"] for day in answered] == pytest.approx(shown["lo80"].tolist(), abs=0.005)
    assert [date.fromisoformat(day["date"]) for day in answered] == [day.date() for day in shown["day"]]


def test_a_company_without_revenue_answers_null(connection):
    connection.execute(sa.delete(schema.predictions).where(schema.predictions.c.measure == "revenue"))
    answer = demand_answer(connection, 3)
    assert [day["predicted_revenue"] for day in answer["predictions"]] == [None] * 3
    assert answer["summary"]["total_predicted_revenue"] is None
    assert answer["summary"]["avg_daily_revenue"] is None


def test_only_closed_days_have_no_peak(connection):
    table = schema.predictions
    connection.execute(sa.update(table).where(table.c.measure == "orders").values(detail={"open": False}, value=0.0))
    summary = demand_answer(connection, 7)["summary"]
    assert (summary["peak_day"], summary["low_day"], summary["business_days"]) == (None, None, 0)


def test_segments_have_the_agreed_fields_and_add_up(connection):
    answer = segments_answer(connection)
    assert set(answer) >= {"total_customers", "timestamp", "segments"}
    assert all(set(segment) >= SEGMENT_FIELDS for segment in answer["segments"])
    assert answer["total_customers"] == sum(segment["customer_count"] for segment in answer["segments"]) == 12
    assert answer["timestamp"] == READ_AT.isoformat() + "Z"
    for segment, (name, index, count, recency, frequency, spend) in zip(answer["segments"], SEGMENTS, strict=True):
        assert segment == {
            "cluster_id": index, "name": name, "customer_count": count, "avg_recency_days": recency + (count - 1) / 2,
            "avg_frequency": frequency, "avg_monetary": spend, "total_value": spend * count,
        }  # fmt: skip


def test_segments_equal_what_the_segments_screen_reads(connection):
    serving = service.in_service(connection)["segments"]
    shown = customers.segments(connection, serving)
    answered = segments_answer(connection)["segments"]
    assert [segment["customer_count"] for segment in answered] == shown["customers"].tolist()
    assert [segment["total_value"] for segment in answered] == pytest.approx(shown["total_spend"].tolist())


def test_the_release_in_service_answers(connection):
    fill_again = {"as_of": AS_OF + timedelta(days=1), "release": "20261030T083000-00000000", "factor": 2.0}
    connection.execute(sa.delete(schema.customer_facts))
    fill(connection, **fill_again)
    answer = demand_answer(connection, DAYS)
    assert (answer["release"], answer["as_of"]) == (fill_again["release"], "2026-10-29")
    assert answer["predictions"][0]["date"] == "2026-10-30"


def test_without_a_release_the_answer_says_what_to_run():
    with quick_store().begin() as connection:
        for ask in (lambda: demand_answer(connection, 7), lambda: segments_answer(connection)):
            with pytest.raises(NothingInService, match="`python -m ml retrain` makes them"):
                ask()


def test_health_says_starting_then_degraded_then_ok():
    with quick_store().begin() as connection:
        assert health_answer(connection, NOW)["status"] == "starting"
        fill(connection)
        assert health_answer(connection, NOW)["status"] == "degraded"
        connection.execute(sa.insert(schema.scheduler_state).values(owner="one", heartbeat_at=NOW, next_runs={}))
        health = health_answer(connection, NOW + HEARTBEAT_LATE - timedelta(seconds=1))
        assert health == {
            "status": "ok",
            "releases": {"customers": RELEASE, "demand": RELEASE, "segments": RELEASE},
            "data_up_to": "2026-10-28",
            "read_at": READ_AT.isoformat() + "Z",
            "scheduler": {"alive": True, "heartbeat_at": NOW.isoformat() + "Z"},
        }
        assert health_answer(connection, NOW + HEARTBEAT_LATE)["status"] == "degraded"
