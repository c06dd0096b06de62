"""The OpenAPI document is valid, names every path of the registry, describes every field, and is told as a page in both languages."""

import json
import re
from html.parser import HTMLParser

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from ml.i18n import LANGUAGES, translator
from ml.store import sessions, tokens, users
from ml.store.tokens import SCOPES
from tests.people import NOW, add_person, quick_hashes, quick_store  # noqa: F401
from tests.web.in_process import browser
from ui.web.access import ACCESS, PUBLIC
from ui.web.cookies import SESSION
from ui.web.docs_page import docs_html
from ui.web.openapi import document, plain_path
from ui.web.operations import ERRORS, OPERATIONS

EARLIER = {
    "Segments": "total_customers timestamp segments",
    "Segment": "cluster_id name customer_count avg_recency_days avg_frequency avg_monetary total_value",
    "Churn": "customer_id churn_probability is_high_risk risk_level recommendation days_until_action horizon_days reasons",
    "ChurnQuestion": "threshold",
    "Demand": "forecast_days predictions summary",
    "DemandDay": "date predicted_orders lower_bound upper_bound predicted_revenue revenue_lower_bound revenue_upper_bound",
    "DemandSummary": "total_predicted_orders avg_daily_orders peak_day low_day total_predicted_revenue avg_daily_revenue business_days",
    "DemandQuestion": "days_ahead include_revenue",
    "RouteCost": "estimated_cost distance_from_center_km delivery_time_estimate_hours priority_level basis",
    "RouteCostQuestion": "latitude longitude quantity customer_type",
    "Price": "suggested_price price_range_min price_range_max discount_recommended reasoning",
    "PriceQuestion": "customer_id quantity customer_type recency_days frequency monetary_total",
}
VOID = {"meta", "link", "br", "wbr", "img"}


@pytest.fixture
def store():
    engine = quick_store()
    with engine.begin() as connection:
        add_person(connection, "viewer")
        users.set_language(connection, "viewer@example.com", "es", now=NOW)
    return engine


def test_the_document_is_valid_openapi_3_1():
    assert document()["openapi"].startswith("3.1.")
    validate(document(), cls=OpenAPIV31SpecValidator)


@pytest.mark.parametrize("access", ACCESS, ids=lambda access: access.path)
def test_every_path_and_method_of_the_registry_is_in_it_with_who_may_call(access):
    told = document()["paths"][plain_path(access.path)]
    assert set(told) == {method.lower() for method in access.methods}
    for operation in told.values():
        assert operation["summary"] == access.answers
        assert (operation["security"] == []) is (access.who == PUBLIC)
        if access.who.startswith("scope:"):
            assert operation["security"] == [{"token": [access.who.removeprefix("scope:")]}]
            assert {"200", "401", "403"} <= set(operation["responses"])


def test_nothing_else_is_in_it_and_names_are_unique():
    assert set(document()["paths"]) == {plain_path(access.path) for access in ACCESS}
    names = [operation["operationId"] for path in document()["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))
    declared = {(access.path, method) for access in ACCESS for method in access.methods}
    assert {(one.path, one.method) for one in OPERATIONS} <= declared


@pytest.mark.parametrize("schema", EARLIER)
def test_the_fields_of_the_earlier_interface_are_there(schema):
    assert set(EARLIER[schema].split()) <= set(document()["components"]["schemas"][schema]["properties"])


def test_every_field_is_described():
    for name, schema in document()["components"]["schemas"].items():
        assert schema["description"], name
        for field, told in schema["properties"].items():
            assert len(told["description"]) > 8, (name, field)


def test_every_error_is_explained():
    assert {status for one in OPERATIONS for status in one.errors} <= set(ERRORS)


class Outline(HTMLParser):
    """Notices unclosed tags, scripts and addresses outside this site."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.ids: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self.open += [] if tag in VOID else [tag]
        self.ids |= {told["id"]} if "id" in told else set()
        self.links |= {value for name, value in attrs if name in ("href", "src")}
        if tag == "script" or any(name.startswith("on") or name == "style" for name in told):
            self.wrong.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_whole_without_scripts_or_anything_from_elsewhere(language):
    html, outline = docs_html(language), Outline()
    outline.feed(html)
    assert outline.wrong == outline.open == []
    assert f'<html lang="{language}">' in html
    assert {one.name for one in OPERATIONS} <= outline.ids
    assert {link.removeprefix("#") for link in outline.links if link.startswith("#")} <= outline.ids
    assert all(link.startswith(("/", "#", "?lang=")) and not link.startswith("//") for link in outline.links)
    for access in ACCESS:
        assert plain_path(access.path) in html.replace("<wbr>", "")


def test_the_page_says_every_text_in_its_language():
    spanish = docs_html("es").replace("&#x27;", "'")
    for access in ACCESS:
        assert access.answers not in spanish
    for schema in document()["components"]["schemas"].values():
        for told in schema["properties"].values():
            text = told["description"]
            assert translator("es")(text) != text
    assert "Interfaz para programas" in spanish
    assert not re.search(r"\b(the|with|which)\b", re.sub("<[^>]+>", " ", spanish))


def test_the_page_wants_a_session_and_speaks_the_persons_language(store):
    with browser(store) as client:
        assert client.get("/docs").headers["location"] == "/login?next=%2Fdocs"
        with store.begin() as connection:
            client.cookies.set(SESSION, sessions.create(connection, 1, now=NOW))
        assert '<html lang="es">' in client.get("/docs").text
        assert '<html lang="en">' in client.get("/docs?lang=en").text
        assert '<html lang="es">' in client.get("/docs?lang=<script>").text
        page = client.get("/docs")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert client.get("/docs/style.css").headers["content-type"].startswith("text/css")


def test_the_document_is_for_who_is_signed_in_and_for_any_token(store):
    with store.begin() as connection:
        _, secret = tokens.add(connection, "monitor", users.get(connection, "viewer@example.com"), [SCOPES[-1].name], now=NOW)
        session = sessions.create(connection, 1, now=NOW)
    with browser(store) as client:
        assert client.get("/openapi.json").status_code == 401
        assert client.get("/openapi.json", headers={"Authorization": "Bearer wrong"}).status_code == 401
        by_token = client.get("/openapi.json", headers={"Authorization": f"Bearer {secret}"})
        client.cookies.set(SESSION, session)
        by_session = client.get("/openapi.json")
    assert by_token.json() == by_session.json() == json.loads(json.dumps(document()))
