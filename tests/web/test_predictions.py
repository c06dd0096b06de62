"""The routes that predict, over HTTP: their fields, what the screens say beside them, and one clear sentence for whatever is wrong."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from ml.queries import calls, customer, customers, service
from ml.store import schema, tokens, users
from ml.store.customer_rows import refill_all
from ml.store.preferences import Preferences
from ml.store.values import load_preferences, set_preference
from tests.people import NOW, add_person, quick_hashes, quick_store  # noqa: F401
from tests.web.filling import AS_OF, RELEASE, fill, risk_of
from tests.web.in_process import browser
from tests.web.models import put_in_service, settings_of
from ui.loaded import LoadedModels
from ui.web import shapes

CUSTOMERS = 12


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
        _, secret = tokens.add(connection, "ERP", users.get(connection, "viewer@example.com"), ["predictions:read"], now=NOW)
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def models(store, tmp_path) -> LoadedModels:
    """Fitted prices and routes, in service from a signed release."""
    with store.begin() as connection:
        put_in_service(connection, tmp_path, NOW)
    values = settings_of(tmp_path)
    return LoadedModels(lambda: values)


def post(client, path: str, bearer: dict, body=None, **headers):
    return client.post(path, json=body, headers={**bearer, **headers})


# --- demand


@pytest.mark.parametrize("body", [None, {}, {"days_ahead": 30, "include_revenue": True}, {"days_ahead": "30", "shop": "unknown"}])
def test_demand_asked_by_a_body_is_the_demand_of_the_address(store, bearer, body):
    with browser(store) as client:
        answer = post(client, "/predict/demand", bearer, body)
        assert answer.json() == client.get("/predict/demand/30", headers=bearer).json()
    shapes.Demand.model_validate(answer.json())


def test_demand_without_revenue_has_its_fields_empty(store, bearer):
    with browser(store) as client:
        answer = post(client, "/predict/demand", bearer, {"days_ahead": 7, "include_revenue": False}).json()
    assert len(answer["predictions"]) == 7
    assert {day["predicted_revenue"] for day in answer["predictions"]} == {None}
    assert (answer["summary"]["total_predicted_revenue"], answer["summary"]["avg_daily_revenue"]) == (None, None)
    assert answer["predictions"][0]["predicted_orders"] == 4.1


# --- risk


def test_the_risk_of_a_customer_is_the_one_of_the_customer_screen(store, bearer):
    with browser(store) as client:
        answer = client.get("/predict/churn/at_risk-1", headers=bearer)
        assert post(client, "/predict/churn/at_risk-1", bearer, {"anything": 1}).json() == answer.json()
    told = answer.json()
    shapes.Churn.model_validate(told)
    with store.connect() as connection:
        shown = customer.outlook(connection, service.in_service(connection)["customers"], "at_risk-1")
    assert told["churn_probability"] == pytest.approx(shown.probability) == risk_of(7)
    assert (told["horizon_days"], told["reasons"]) == (shown.horizon_days, shown.reasons)
    assert told["days_until_action"] == (shown.next_hi - AS_OF).days == 17
    assert (told["is_high_risk"], told["risk_level"], told["recommendation_code"]) == (False, "medio", "watch")
    assert (told["as_of"], told["release"]) == (AS_OF.isoformat(), RELEASE)


def test_both_routes_say_how_far_the_risk_may_be_relied_on(store, bearer):
    with browser(store) as client:
        silent = client.get("/predict/churn/at_risk-1", headers=bearer).json()
        assert (silent["usable_signal"], silent["notes"]) == (None, [])  # a release that does not say
        note = {"code": "few_customers", "params": {"active": 68, "needed": 100}}
        row = {"predictor": "customers", "measure": "usable_signal", "release_id": RELEASE, "as_of": AS_OF, "entity_type": "company"}
        with store.begin() as connection:
            told = {"entity_id": "all", "target_date": AS_OF, "window_days": 1, "value": 0.0, "run_id": 1, "detail": {"notes": [note]}}
            connection.execute(sa.insert(schema.predictions).values(**row, **told))
        for answer in (client.get("/predict/churn/at_risk-1", headers=bearer), post(client, "/predict/churn/all", bearer)):
            assert (answer.json()["usable_signal"], answer.json()["notes"]) == (False, [note])
        with store.connect() as connection:
            late = calls.latest_first(customers.listed(connection, service.in_service(connection)["customers"])).frame(connection)
        everybody = post(client, "/predict/churn/all", bearer, {"threshold": 0}).json()["predictions"]
        assert [one["customer_id"] for one in everybody] == late["customer_id"].tolist()  # by own rhythm, not by money


def test_without_a_usable_signal_level_and_advice_follow_the_rhythm_and_say_so(store, bearer):
    without_signal(store, {"vip-0": 61, "vip-1": 41, "loyal-0": 25, "at_risk-3": 3})
    with browser(store) as client:
        told = {who: client.get(f"/predict/churn/{who}", headers=bearer).json() for who in ("vip-0", "vip-1", "loyal-0", "at_risk-3")}
        shapes.Churn.model_validate(told["vip-0"])
        stood = [(one["risk_level"], one["is_high_risk"], one["recommendation_code"], one["days_until_action"]) for one in told.values()]
        assert stood == [
            ("crítico", True, "call_first", 0), ("alto", True, "call", 0), ("medio", False, "watch", 0), ("bajo", False, "keep", 17),
        ]  # fmt: skip
        assert {one["basis"] for one in told.values()} == {"rhythm"} and told["vip-0"]["churn_probability"] == risk_of(0)
        assert told["vip-0"]["reasons"] == [] and told["vip-0"]["explanation"] == "Orders every 20 days, 61 have passed."
        assert told["vip-0"]["recommendation"].startswith("Call today") and "no usable signal" in told["vip-0"]["recommendation"]
        listed = post(client, "/predict/churn/all", bearer).json()
        shapes.ChurnList.model_validate(listed)
    rest = [one for one in listed["predictions"] if one["customer_id"] not in told]  # 40 days of silence, usually 20
    assert [one["customer_id"] for one in listed["predictions"][:2]] == ["vip-0", "vip-1"] and len(rest) == CUSTOMERS - 4
    assert listed["high_risk_count"] == len(listed["predictions"]) == CUSTOMERS - 2
    assert {name: told["vip-0"][name] for name in listed["predictions"][0]} == listed["predictions"][0]


def without_signal(store, silent: dict[str, int]) -> None:
    """The release says that its risk has no usable signal; these customers have been silent for so many days."""
    table = schema.predictions
    row = {"predictor": "customers", "measure": "usable_signal", "release_id": RELEASE, "as_of": AS_OF, "entity_type": "company"}
    told = {"entity_id": "all", "target_date": AS_OF, "window_days": 1, "value": 0.0, "run_id": 1, "detail": {}}
    with store.begin() as connection:
        connection.execute(sa.insert(table).values(**row, **told))
        for who, days in silent.items():
            which = (table.c.entity_id == who) & (table.c.measure == "churn_probability")
            detail = connection.execute(sa.select(table.c.detail).where(which)).scalar_one()
            connection.execute(sa.update(table).where(which).values(detail={**detail, "days_since_last_order": days}))
        refill_all(connection)


@pytest.mark.parametrize(
    ("who", "level", "high", "code"),
    [
        ("vip-0", "bajo", False, "keep"),
        ("at_risk-0", "medio", False, "watch"),
        ("at_risk-3", "alto", True, "call"),
        ("at_risk-4", "crítico", True, "call_first"),
        ("at_risk-5", "crítico", True, "win_back"),
    ],
)
def test_levels_and_what_to_do(store, bearer, who, level, high, code):
    with browser(store) as client:
        told = client.get(f"/predict/churn/{who}", headers=bearer).json()
    if who == "at_risk-4":
        assert told["churn_probability"] == 0.85
    assert (told["risk_level"], told["is_high_risk"], told["recommendation_code"]) == (level, high, code)
    assert told["days_until_action"] == (0 if high else 17)


def test_sentences_come_in_the_language_that_is_accepted_and_in_spanish_by_default(store, bearer):
    with browser(store) as client:
        english = client.get("/predict/churn/at_risk-3", headers=bearer).json()
        spanish = client.get("/predict/churn/at_risk-3", headers={**bearer, "Accept-Language": ""}).json()
    assert english["recommendation"] == "Call this week and offer the next delivery."
    assert spanish["recommendation"] == "Llamar esta semana y ofrecer la próxima entrega."
    assert english["explanation"] == "Orders every 20 days, 40 have passed."
    assert spanish["explanation"] != english["explanation"]


@pytest.mark.parametrize("who", ["nobody", "", "a/b", "%00", "🧊", "x" * 5000, "'; DROP TABLE customer_facts", "../login", "all/"])
def test_a_customer_that_does_not_exist_is_404_in_one_sentence(store, bearer, who):
    with browser(store) as client:
        answer = client.get(f"/predict/churn/{who}", headers=bearer)
        if who == "../login":  # the client itself makes /predict/login of it
            assert answer.status_code == 303
            return
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["detail"].startswith("There is no customer")
    assert len(answer.json()["detail"]) < 400


def test_a_customer_without_a_score_is_404_and_says_why(store, bearer):
    with store.begin() as connection:
        connection.execute(sa.delete(schema.predictions).where(schema.predictions.c.entity_id == "vip-0"))
    with browser(store) as client:
        assert "Nothing can be said of customer 'vip-0' yet" in client.get("/predict/churn/vip-0", headers=bearer).json()["detail"]


def test_a_threshold_lists_whom_the_screens_list(store, bearer):
    with browser(store) as client:
        for threshold in (0, 0.3, 0.7, 1):
            answer = post(client, "/predict/churn/all", bearer, {"threshold": threshold})
            told = answer.json()
            shapes.ChurnList.model_validate(told)
            with store.connect() as connection:
                rows = customers.listed(connection, service.in_service(connection)["customers"])
                shown = calls.picked(calls.with_profit(rows, Preferences()), "probability", threshold).frame(connection)
            assert [one["customer_id"] for one in told["predictions"]] == shown["customer_id"].tolist()
            assert [one["churn_probability"] for one in told["predictions"]] == pytest.approx(shown["probability"].tolist())
            assert (told["total_customers"], told["high_risk_count"], told["threshold"]) == (CUSTOMERS, 3, threshold)


def everybody_entry(listed: list[dict], who: str) -> dict:
    return next(one for one in listed if one["customer_id"] == who)


def test_a_customer_alone_and_in_the_list_is_the_same(store, bearer):
    with browser(store) as client:
        listed = everybody_entry(post(client, "/predict/churn/all", bearer, {"threshold": 0}).json()["predictions"], "at_risk-2")
        alone = client.get("/predict/churn/at_risk-2", headers=bearer).json()
    assert {name: alone[name] for name in listed} == listed


def test_who_asked_not_to_be_contacted_is_in_no_list_and_no_count(store, bearer):
    with store.begin() as connection:
        table = schema.customer_facts
        connection.execute(sa.update(table).where(table.c.customer_id == "at_risk-4").values(contact_opt_out=True))
    with browser(store) as client:
        told = post(client, "/predict/churn/all", bearer, {"threshold": 0}).json()
        alone = client.get("/predict/churn/at_risk-4", headers=bearer).json()
    assert told["total_customers"] == len(told["predictions"]) == CUSTOMERS - 1
    assert told["high_risk_count"] == 2
    assert "at_risk-4" not in {one["customer_id"] for one in told["predictions"]}
    assert (alone["contact_opt_out"], alone["recommendation_code"]) == (True, "do_not_contact")


def test_the_list_follows_preferences_and_releases(store, bearer):
    with browser(store) as client:
        assert len(post(client, "/predict/churn/all", bearer).json()["predictions"]) == 3
        with store.begin() as connection:
            set_preference(connection, "churn_threshold", 0.9, who="admin@example.com", at=NOW)
        after = post(client, "/predict/churn/all", bearer).json()
        assert (after["threshold"], len(after["predictions"])) == (0.9, 1)
        with store.begin() as connection:
            connection.execute(sa.delete(schema.customer_facts))
            fill(connection, as_of=AS_OF + timedelta(days=1), release="20261030T083000-00000000")
        assert post(client, "/predict/churn/all", bearer).json()["release"] == "20261030T083000-00000000"


def test_before_the_first_release_every_route_says_so(bearer, store):
    with store.begin() as connection:
        for table in (schema.release_pointer, schema.predictions):
            connection.execute(sa.delete(table))
    with browser(store) as client:
        answers = [client.get("/predict/churn/vip-0", headers=bearer)]
        answers += [post(client, path, bearer) for path in ("/predict/churn/all", "/predict/demand")]
        answers.append(post(client, "/predict/price", bearer, {"quantity": 1}))
    assert [(answer.status_code, answer.headers["retry-after"]) for answer in answers] == [(503, "60")] * 4
    assert all("python -m ml retrain" in answer.json()["detail"] for answer in answers)


# --- what-ifs

PLACE = {"latitude": -33.42, "longitude": -70.61, "quantity": 10, "customer_type": "Hogar"}
ORDER = {"quantity": 4, "customer_type": "Hogar", "recency_days": 12, "frequency": 30, "monetary_total": 600_000}


def test_a_delivery_costs_what_the_model_in_service_says(store, bearer, models):
    with browser(store, models=models) as client:
        told = post(client, "/predict/route-cost", bearer, PLACE).json()
    shapes.RouteCost.model_validate(told)
    with store.connect() as connection:
        served = models.serving(connection, "route_cost")
    shown = served.predictor.estimate_delivery(-33.42, -70.61, 10, "Hogar")
    assert told["estimated_cost"] == pytest.approx(shown.estimated_cost, abs=0.01)
    assert told["distance_from_center_km"] == pytest.approx(shown.distance_from_center_km, abs=0.001)
    assert told["delivery_time_estimate_hours"] == pytest.approx(shown.delivery_time_estimate_hours, abs=0.001)
    assert (told["priority_level"], told["basis"], told["release"]) == (shown.priority_level, "calculated", served.release_id)
    parts = sum(told["components"][name] for name in ("line_haul", "local", "service"))
    assert parts == pytest.approx(told["estimated_cost"], abs=0.01)


def test_without_a_model_of_routes_the_companys_rates_answer(store, bearer):
    with browser(store) as client:
        told = post(client, "/predict/route-cost", bearer, {name: PLACE[name] for name in ("latitude", "longitude", "quantity")}).json()
    assert (told["basis"], told["release"]) == ("calculated", None)
    assert told["estimated_cost"] > 0


def test_a_rate_that_was_changed_counts_at_once(store, bearer, models):
    with browser(store, models=models) as client:
        before = post(client, "/predict/route-cost", bearer, PLACE).json()["estimated_cost"]
        with store.begin() as connection:
            for name in ("cost_per_km", "cost_per_hour"):
                set_preference(connection, name, 2 * getattr(load_preferences(connection), name), who="admin@example.com", at=NOW)
        assert post(client, "/predict/route-cost", bearer, PLACE).json()["estimated_cost"] == pytest.approx(2 * before, abs=0.02)


def test_an_order_costs_what_the_model_in_service_says(store, bearer, models):
    with browser(store, models=models) as client:
        told = post(client, "/predict/price", bearer, ORDER).json()
    shapes.Price.model_validate(told)
    with store.connect() as connection:
        shown = models.serving(connection, "price").predictor.suggest_for(**ORDER)
    assert told["suggested_price"] == pytest.approx(shown.suggested_price, abs=0.01)
    assert 4 * 3000 <= told["suggested_price"] <= 4 * 3100
    assert told["price_range_min"] <= told["suggested_price"] <= told["price_range_max"]
    assert (told["discount_recommended"], told["reasons"]) == (shown.discount_recommended, shown.reasons)
    assert told["reasoning"].endswith(".")
    assert "{" not in told["reasoning"]


def test_what_is_left_out_of_an_order_comes_from_the_customer(store, bearer, models):
    known = {"customer_type": "Hogar", "recency_days": 3, "frequency": 3, "monetary_total": 60_000}
    with browser(store, models=models) as client, store.begin() as connection:
        connection.execute(sa.insert(schema.predictions), [price_row(store)])
        connection.commit()
        by_customer = post(client, "/predict/price", bearer, {"customer_id": "vip-0", "quantity": 4})
        assert by_customer.json() == post(client, "/predict/price", bearer, {"quantity": 4, **known}).json()
        late = post(client, "/predict/price", bearer, {"customer_id": "vip-0", "quantity": 4, "recency_days": 400, "monetary_total": 9e9})
        assert late.json()["discount_recommended"] == pytest.approx(0.1)
        assert post(client, "/predict/price", bearer, {"customer_id": "nobody", "quantity": 4}).status_code == 404
        missing = post(client, "/predict/price", bearer, {"quantity": 4, "customer_type": "Hogar"})
    assert (missing.status_code, missing.json()["errors"][0]["field"]) == (422, "recency_days")
    assert missing.json()["detail"] == "The field recency_days is missing; give it, or the customer_id of a known customer."


def price_row(store) -> dict:
    with store.connect() as connection:
        release = service.in_service(connection)["price"].release_id
    keys = {"run_id": 1, "release_id": release, "predictor": "price", "measure": "elasticity", "as_of": AS_OF, "window_days": 1}
    return keys | {"entity_type": "product", "entity_id": "P1", "target_date": AS_OF, "value": -1.0, "detail": {}}


def test_a_release_that_fails_its_checks_is_503_without_details_of_files(store, bearer, tmp_path):
    with store.begin() as connection:
        release = put_in_service(connection, tmp_path, NOW)
    values = settings_of(tmp_path)
    file = tmp_path / "models" / "versions" / release / "price.joblib"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with browser(store, models=LoadedModels(lambda: values)) as client:
        answer = post(client, "/predict/price", bearer, ORDER)
        assert answer.status_code == 503
        assert "passes its checks" in answer.json()["detail"]
        assert "joblib" not in answer.text
        assert post(client, "/predict/route-cost", bearer, PLACE).status_code == 200


def test_a_broken_newer_release_gives_way_to_the_earlier_one(store, bearer, tmp_path):
    with store.begin() as connection:
        good = put_in_service(connection, tmp_path, NOW)
        broken = put_in_service(connection, tmp_path, NOW + timedelta(seconds=1))
    (tmp_path / "models" / "versions" / broken / "manifest.json").unlink()
    values = settings_of(tmp_path)
    with browser(store, models=LoadedModels(lambda: values)) as client:
        assert post(client, "/predict/price", bearer, ORDER).json()["release"] == good


# --- what is wrong

WRONG = {
    "/predict/demand": [({"days_ahead": 0}, "days_ahead"), ({"days_ahead": 91}, "days_ahead"), ({"days_ahead": 1.5}, "days_ahead")]
    + [({"days_ahead": "many"}, "days_ahead"), ({"include_revenue": "perhaps"}, "include_revenue"), ({"days_ahead": None}, "days_ahead")],
    "/predict/churn/all": [({"threshold": -0.1}, "threshold"), ({"threshold": 1.1}, "threshold"), ({"threshold": [0.5]}, "threshold")],
    "/predict/route-cost": [({**PLACE, "latitude": 91}, "latitude"), ({**PLACE, "longitude": "west"}, "longitude")]
    + [({**PLACE, "quantity": 0}, "quantity"), ({**PLACE, "quantity": 1e9}, "quantity"), ({**PLACE, "customer_type": 7}, "customer_type")],
    "/predict/price": [({**ORDER, "quantity": -1}, "quantity"), ({**ORDER, "frequency": -1}, "frequency")]
    + [({**ORDER, "monetary_total": "🧊" * 500}, "monetary_total"), ({**ORDER, "customer_id": ""}, "customer_id")],
}


@pytest.mark.parametrize(("path", "body", "field"), [(path, body, field) for path, cases in WRONG.items() for body, field in cases])
def test_a_wrong_value_is_one_sentence_that_names_the_field(store, bearer, path, body, field):
    with browser(store) as client:
        answer = post(client, path, bearer, body)
    told = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert told["detail"].startswith(f"The field {field} was ")
    assert told["detail"].count("\n") == 0
    assert len(told["detail"]) < 300
    assert told["errors"][0]["field"] == field


@pytest.mark.parametrize("raw", [b"{", b"[]", b"7", b"null", b'"x"', b"\xff\xfe", b'{"threshold": NaN}', b"threshold=0.5", b"[" * 5000])
def test_a_body_that_is_no_json_object_is_a_problem(store, bearer, raw):
    with browser(store) as client:
        answer = client.post("/predict/churn/all", content=raw, headers=bearer)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["detail"]) < 400


def test_a_missing_field_says_what_it_is(store, bearer):
    with browser(store) as client:
        told = post(client, "/predict/route-cost", bearer, {"latitude": -33.4, "longitude": -70.6}).json()
    assert told["detail"] == "The field quantity is missing; it is bottles of the delivery."


def test_a_body_that_is_too_large_is_refused(store, bearer):
    with browser(store) as client:
        assert client.post("/predict/demand", content=b" " * 20_000, headers=bearer).status_code == 413


def test_a_place_no_van_reaches_is_said(store, bearer):
    with browser(store) as client:
        answer = post(client, "/predict/route-cost", bearer, {**PLACE, "latitude": 40.4, "longitude": -3.7})
    assert (answer.status_code, "km from the depot" in answer.json()["detail"]) == (422, True)
