"""/metrics: its own scope, the Prometheus text format, labels from the registry only, and health numbers that are right."""

import re
from datetime import UTC, timedelta

import pytest
import sqlalchemy as sa

from ml.queries.metrics import Gauge, Sample, health_gauges
from ml.store import schema, tokens, users
from tests.people import NOW, add_person, quick_hashes, quick_store  # noqa: F401
from tests.web.filling import AS_OF, READ_AT, RELEASE, fill
from tests.web.in_process import browser
from ui.web.counters import Counters, prometheus_text

LINE = re.compile(r'^[a-z_]+(\{[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"(,[a-z_]+="(?:[^"\\\n]|\\[\\"n])*")*\})? -?[0-9.e+-]+$')


@pytest.fixture
def store():
    engine = quick_store()
    with engine.begin() as connection:
        add_person(connection, "viewer")
        fill(connection)
    return engine


def bearer(store, scope: str) -> dict[str, str]:
    with store.begin() as connection:
        _, secret = tokens.add(connection, scope, users.get(connection, "viewer@example.com"), [scope], now=NOW)
    return {"Authorization": f"Bearer {secret}"}


def test_every_line_is_prometheus_text_and_the_scope_is_its_own(store):
    with browser(store) as client:
        answer = client.get("/metrics", headers=bearer(store, "metrics:read"))
        assert client.get("/metrics", headers=bearer(store, "predictions:read")).status_code == 403
        assert client.get("/metrics").status_code == 401
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    assert all(LINE.match(line) for line in lines if not line.startswith("#"))
    names = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    for line in lines:
        if not line.startswith("#"):
            assert any(re.match(rf"{name}(_bucket|_sum|_count)?[ {{]", line) for name in names), line
    assert f'insights_release_since_timestamp_seconds{{predictor="demand",release="{RELEASE}"}}' in answer.text


def test_health_numbers(store):
    with store.begin() as connection:
        runs = [("refresh", "done", NOW), ("refresh", "failed", NOW + timedelta(days=1)), ("retrain", "done", NOW)]
        for number, (job, status, at) in enumerate(runs):
            row = {"job": job, "status": status, "scheduled_for": at, "finished_at": at, "origin": "cron", "attempt": 1}
            connection.execute(sa.insert(schema.job_run).values(id=number + 1, **row))
        connection.execute(sa.insert(schema.scheduler_state).values(owner="one", heartbeat_at=NOW, next_runs={}))
        found = {gauge.name: gauge.samples for gauge in health_gauges(connection, NOW)}
    unix = NOW.replace(tzinfo=UTC).timestamp()
    assert found["insights_read_timestamp_seconds"] == [Sample(READ_AT.replace(tzinfo=UTC).timestamp())]
    assert found["insights_data_age_days"] == [Sample((NOW.date() - AS_OF).days)]
    assert found["insights_scheduler_heartbeat_timestamp_seconds"] == [Sample(unix)]
    assert found["insights_job_last_done_timestamp_seconds"] == [Sample(unix, {"job": "refresh"}), Sample(unix, {"job": "retrain"})]
    assert Sample(1, {"job": "refresh", "status": "failed"}) in found["insights_job_runs"]
    assert found["insights_customers"] == [Sample(12)]


def test_an_empty_store_has_no_samples_for_what_does_not_exist():
    with quick_store().connect() as connection:
        found = {gauge.name: gauge.samples for gauge in health_gauges(connection, NOW)}
    assert found["insights_read_timestamp_seconds"] == found["insights_release_since_timestamp_seconds"] == []
    assert found["insights_customers"] == [Sample(0)]


def test_requests_are_counted_by_rule_and_in_buckets():
    counters = Counters()
    for seconds in (0.005, 0.03, 3.0):
        counters.note("/segments", "GET", 200, seconds)
    counters.note("/segments", "BREW", 405, 0.001)
    text = prometheus_text(counters, [])
    assert 'insights_http_requests_total{path="/segments",method="GET",status="200"} 3' in text
    assert 'insights_http_requests_total{path="/segments",method="other",status="405"} 1' in text
    assert 'insights_http_request_seconds_bucket{path="/segments",le="0.01"} 2' in text
    assert 'insights_http_request_seconds_bucket{path="/segments",le="0.05"} 3' in text
    assert 'insights_http_request_seconds_bucket{path="/segments",le="+Inf"} 4' in text
    assert 'insights_http_request_seconds_sum{path="/segments"} 3.036' in text


def test_labels_are_escaped():
    text = prometheus_text(Counters(), [Gauge("x_y", "What.", [Sample(1.5, {"name": 'a"b\\c\nd'})])])
    assert 'x_y{name="a\\"b\\\\c\\nd"} 1.5' in text


def test_the_running_app_counts_screens_and_routes_without_what_callers_typed(app):
    with app.client() as client:
        client.get("/health")
        client.get("/no-such-screen-typed-by-a-stranger")
    headers = bearer(app.store, "metrics:read")
    text = app.client(**headers).get("/metrics").text
    assert 'insights_http_requests_total{path="/health",method="GET",status="200"}' in text
    assert 'path="screens",method="GET",status="303"' in text
    assert "stranger" not in text
