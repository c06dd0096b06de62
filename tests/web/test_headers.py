"""Security headers on every kind of answer."""

import pytest

from tests.people import add_person, quick_hashes, quick_store  # noqa: F401
from tests.web.in_process import browser
from ui.web.headers import FIXED, HSTS, app_policy

KINDS = {"screen": "/", "page": "/login", "style": "/login/style.css", "health": "/health", "refused": "/segments", "redirect": "/demand"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_carries_them(app, kind):
    with app.client(app.session_of("viewer")) as client:
        answer = client.get(KINDS[kind])
    for name, value in FIXED:
        assert answer.headers[name] == value
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "server" not in answer.headers
    assert "strict-transport-security" not in answer.headers


def test_hsts_stands_behind_https_only():
    store = quick_store()
    with browser(store, base="https://insights.example") as client:
        assert client.get("/login").headers["strict-transport-security"] == HSTS
    with browser(store) as client:
        assert "strict-transport-security" not in client.get("/login").headers
        assert "strict-transport-security" not in client.get("/login", headers={"X-Forwarded-Proto": "https"}).headers


def test_the_policy_of_the_screens_allows_nothing_from_elsewhere():
    rules = {rule.split()[0]: rule.split()[1:] for rule in app_policy().split("; ")}
    allowed = {source for sources in rules.values() for source in sources if not source.startswith("'sha256-")}
    assert allowed == {"'self'", "'none'", "'unsafe-inline'", "data:", "blob:"}
    assert "'unsafe-inline'" not in rules["script-src"]
    assert "'unsafe-eval'" not in rules["script-src"]
    assert any(source.startswith("'sha256-") for source in rules["script-src"])


def test_answers_are_not_kept_by_the_browser_except_published_files():
    store = quick_store()
    with store.begin() as connection:
        add_person(connection, "viewer")
    with browser(store) as client:
        assert client.get("/login").headers["cache-control"] == "no-store"
        assert client.get("/health").headers["cache-control"] == "no-store"
        assert client.get("/demand").headers["cache-control"] == "no-store"
        assert "max-age" in client.get("/login/style.css").headers["cache-control"]
