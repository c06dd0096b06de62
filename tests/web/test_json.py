"""The JSON routes over HTTP: fields, limits, problem details, and an answer that follows the release in service."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from ml.store import schema, tokens
from ml.store.customer_rows import refill_all
from tests.people import NOW, add_person, quick_hashes, quick_store  # noqa: F401
from tests.web.filling import AS_OF, RELEASE, fill
from tests.web.in_process import browser


@pytest.fixture
def store():
    engine = quick_store()
    with engine.begin() as connection:
        add_person(connection, "viewer")
        fill(connection)
    return engine


@pytest.fixture
def bearer(store) -> dict[str, str]:
    with store.begin() as connection:
        from ml.store import users

        _, secret = tokens.add(connection, "ERP", users.get(connection, "viewer@example.com"), ["predictions:read"], now=NOW)
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("days", ["1", "7", "90", "007"])
def test_days_from_1_to_90_are_answered(store, bearer, days):
    with browser(store) as client:
        answer = client.get(f"/predict/demand/{days}", headers=bearer)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["forecast_days"] == len(answer.json()["predictions"]) == int(days)


@pytest.mark.parametrize("days", ["0", "91", "100000", "abc", "-1", "1.5", "7;DROP", "%207", "٣", "1e1", "0x10", "9" * 3000])
def test_other_days_are_a_problem_that_says_what_is_accepted(store, bearer, days):
    with browser(store) as client:
        answer = client.get(f"/predict/demand/{days}", headers=bearer)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["status"], told["title"], told["type"], told["parameter"]) == (422, answer.reason_phrase, "about:blank", "days")
    assert "accepted is a whole number from 1 to 90" in told["detail"]
    assert len(told["detail"]) < 200


def test_days_are_looked_at_only_after_the_token(store):
    with browser(store) as client:
        assert client.get("/predict/demand/100000").status_code == 401


def test_segments_and_demand_follow_the_release_in_service(store, bearer):
    with browser(store) as client:
        before = client.get("/predict/demand/7", headers=bearer).json()
        assert client.get("/predict/demand/7", headers=bearer).json() == before
        with store.begin() as connection:
            connection.execute(sa.delete(schema.customer_facts))
            fill(connection, as_of=AS_OF + timedelta(days=1), release="20261030T083000-00000000", factor=2.0)
        after = client.get("/predict/demand/7", headers=bearer).json()
        assert (before["release"], after["release"]) == (RELEASE, "20261030T083000-00000000")
        assert after["predictions"][0]["date"] > before["predictions"][0]["date"]
        assert client.get("/segments", headers=bearer).json()["total_customers"] == 12


def test_before_the_first_release_the_routes_say_so_and_health_is_starting(bearer):
    empty = quick_store()
    with empty.begin() as connection:
        _, secret = tokens.add(connection, "ERP", add_person(connection, "viewer"), ["predictions:read"], now=NOW)
    headers = {"Authorization": f"Bearer {secret}"}
    with browser(empty) as client:
        for path in ("/segments", "/predict/demand/7"):
            answer = client.get(path, headers=headers)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
            assert "There are no predictions of" in answer.json()["detail"]
        assert client.get("/health").json()["status"] == "starting"


def test_health_tells_no_secret_and_is_503_when_the_store_is_away(store):
    with browser(store) as client:
        health = client.get("/health")
    assert set(health.json()) == {"status", "releases", "data_up_to", "read_at", "scheduler"}
    with browser(None) as client:
        away = client.get("/health")
    assert (away.status_code, away.json()) == (503, {"status": "unavailable"})


def test_a_store_that_fails_in_the_middle_of_an_answer_is_a_problem(store, bearer):
    with browser(store) as client:
        with store.begin() as connection:
            schema.predictions.drop(connection)
        answer = client.get("/predict/demand/7", headers=bearer)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert "predictions" not in answer.text


def test_names_from_the_data_stay_text(store, bearer):
    with store.begin() as connection:
        table = schema.predictions
        hostile = {"name": '<script>"\u2028', "recency_days": 1, "frequency": 1, "spend": 1}
        connection.execute(sa.update(table).where(table.c.predictor == "segments").values(detail=hostile))
        refill_all(connection)
    with browser(store) as client:
        answer = client.get("/segments", headers=bearer)
    assert answer.json()["segments"][0]["name"] == '<script>"\u2028'
    assert answer.headers["x-content-type-options"] == "nosniff"
