"""The routes of experiments: what runs, a customer's group, outcomes once each, and one sentence for whatever is wrong."""

from datetime import timedelta

import pytest

from ml.experiments import creating
from ml.experiments.creating import When, Wish
from ml.store import experiments as kept_experiments
from ml.store import tokens, users
from tests.people import NOW, add_person, quick_hashes, quick_store  # noqa: F401
from tests.web.filling import fill
from tests.web.in_process import browser
from tests.web.models import settings_of
from ui.web import shapes

UNITS = [f"new-{number}" for number in range(20)]
PRICE = {"product_id": "P1", "price": 2_900}


@pytest.fixture
def store():
    engine = quick_store()
    with engine.begin() as connection:
        add_person(connection, "analyst")
        fill(connection)
        today = NOW.date() - timedelta(days=2)
        creating.create(connection, "dynamic_pricing", UNITS, When(today, 30, today, NOW, "ana"), Wish(treatment=PRICE, salt="s"))
    return engine


@pytest.fixture
def bearer(store) -> dict[str, str]:
    with store.begin() as connection:
        scopes = ["experiments:read", "experiments:write"]
        _, secret = tokens.add(connection, "form", users.get(connection, "analyst@example.com"), scopes, now=NOW)
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def client(store, tmp_path):
    values = settings_of(tmp_path)
    with browser(store, settings=lambda: values) as opened:
        yield opened


@pytest.fixture
def address(client, bearer) -> str:
    told = client.get("/experiments/active", headers=bearer).json()
    shapes.RunningExperiments.model_validate(told)
    assert (len(told["experiments"]), told["experiments"][0]["customers"]) == (1, 20)
    return f"/experiments/{told['experiments'][0]['experiment_id']}"


def test_the_group_of_a_customer_with_its_price_and_that_it_was_reached(client, bearer, store, address):
    told = [client.get(f"{address}/arm/{unit}", headers=bearer).json() for unit in UNITS]
    for one in told:
        shapes.Arm.model_validate(one)
        assert (one["treatment"] == PRICE) is one["in_treatment"] is (one["arm"] == "treatment")
    assert sum(one["in_treatment"] for one in told) == 10
    with store.connect() as connection:
        assert kept_experiments.units_of(connection, address.rpartition("/")[2])["reached_at"].notna().all()
    assert client.get(f"{address}/arm/nobody", headers=bearer).status_code == 404
    assert client.get("/experiments/none/arm/new-0", headers=bearer).status_code == 404


def test_outcomes_count_once_by_period_and_by_key(client, bearer, address):
    body = {"outcomes": [{"customer_id": "new-0", "revenue": 900, "orders_count": 1}, {"customer_id": "new-1", "revenue": 0}]}
    keyed = {**bearer, "Idempotency-Key": "one"}
    first = client.post(f"{address}/outcomes", json=body, headers=keyed)
    shapes.OutcomesKept.model_validate(first.json())
    assert first.json()["recorded"] == 2
    assert client.post(f"{address}/outcomes", json=body, headers=keyed).json() == first.json()
    assert client.post(f"{address}/outcomes", json=body, headers=bearer).json()["recorded"] == 0
    other = {"outcomes": [{"customer_id": "new-0", "revenue": 901}]}
    for headers, said in ((keyed, "another body"), (bearer, "never changed")):
        answer = client.post(f"{address}/outcomes", json=other, headers=headers)
        assert answer.status_code == 409 and said in answer.json()["detail"]


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ({"customer_id": "nobody", "revenue": 1}, 404),
        ({"customer_id": "new-3", "revenue": -1}, 422),
        ({"customer_id": "new-3", "revenue": 1, "timestamp": "2020-01-01"}, 422),
        ({"customer_id": "new-3", "clicks": 1}, 422),
        ({"customer_id": "new-3"}, 422),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(client, bearer, store, address, outcome, status):
    answer = client.post(f"{address}/outcomes", json={"outcomes": [{"customer_id": "new-2", "revenue": 5}, outcome]}, headers=bearer)
    assert answer.status_code == status and answer.headers["content-type"] == "application/problem+json"
    with store.connect() as connection:
        assert kept_experiments.outcomes_of(connection, address.rpartition("/")[2]).empty
