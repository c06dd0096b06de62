"""Sign-in through a provider, against one of our own on this machine: there and back, and everything that must not open a door."""

import logging
from collections.abc import Iterator
from datetime import UTC, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import sqlalchemy as sa

from ml.settings import Settings, load_settings
from ml.store import schema, sessions, users
from tests.people import NOW, add_person, audited, quick_hashes, quick_store  # noqa: F401
from tests.web.in_process import browser
from tests.web.provider import CLIENT_ID, CLIENT_SECRET, MockProvider, serve_provider
from ui.web.cookies import SESSION
from ui.web.single_sign_on import COOKIE

UNIX_NOW = NOW.replace(tzinfo=UTC).timestamp()


@pytest.fixture(scope="module")
def running() -> Iterator[MockProvider]:
    provider = MockProvider()
    server = serve_provider(provider)
    yield provider
    server.should_exit = True


@pytest.fixture
def provider(running) -> MockProvider:
    """The provider as it is when nothing is wrong."""
    running.claims, running.userinfo, running.wrong, running.methods, running.now = {}, {}, "", ("client_secret_basic",), UNIX_NOW
    running.asked = {}
    return running


@pytest.fixture
def store() -> sa.Engine:
    engine = quick_store()
    with engine.begin() as connection:
        add_person(connection, "admin")
        add_person(connection, "analyst", "ana")
    return engine


def settings_of(provider: MockProvider, **values) -> Settings:
    usual = {"oidc_client_id": CLIENT_ID, "oidc_client_secret": CLIENT_SECRET, "oidc_issuer": provider.issuer, "oidc_name": "Acme"}
    return load_settings(None, **{**usual, **values})


def go_there(client: httpx.Client, next: str = "/demand?days=7") -> httpx.URL:
    """Press the button of the sign-in page; where the provider sends the browser back to."""
    answer = client.get("/login/oidc", params={"next": next})
    assert answer.status_code == 303
    back = httpx.get(answer.headers["location"])
    return httpx.URL(back.headers["location"])


def come_back(client: httpx.Client, next: str = "/demand?days=7") -> httpx.Response:
    return client.get(go_there(client, next).raw_path.decode())


def signed_in(store: sa.Engine) -> list[str]:
    with store.connect() as connection:
        query = sa.select(schema.users.c.email).join_from(schema.sessions, schema.users).where(schema.sessions.c.revoked_at.is_(None))
        return list(connection.execute(query).scalars())


def test_a_known_person_comes_in_and_lands_where_they_wanted(store, provider):
    values = settings_of(provider)
    with browser(store, settings=lambda: values) as client:
        page = client.get("/login?next=/demand?days=7")
        assert "Sign in with Acme" in page.text
        assert 'href="/login/oidc?next=%2Fdemand%3Fdays%3D7"' in page.text
        answer = come_back(client)
        assert (answer.status_code, answer.headers["location"]) == (303, "/demand?days=7")
        assert COOKIE not in client.cookies
        with store.connect() as connection:
            session = sessions.find(connection, client.cookies[SESSION], now=NOW)
            assert audited(connection)[-1] == ("ana@example.com", "session.open", "203.0.113.9")
        assert (session.user.email, session.user.role) == ("ana@example.com", "analyst")


def test_the_browser_is_sent_with_pkce_state_and_nonce_to_the_registered_address(store, provider):
    values = settings_of(provider)
    with browser(store, settings=lambda: values) as client:
        sent = parse_qs(urlsplit(client.get("/login/oidc").headers["location"]).query)
        again = parse_qs(urlsplit(client.get("/login/oidc").headers["location"]).query)
        cookie = next(iter(client.cookies.jar))
    assert sent["response_type"] == ["code"] and sent["client_id"] == [CLIENT_ID] and sent["scope"] == ["openid email profile"]
    assert sent["redirect_uri"] == ["http://insights.example/login/oidc/callback"]
    assert sent["code_challenge_method"] == ["S256"] and len(sent["code_challenge"][0]) == 43
    assert all(sent[name] != again[name] and len(sent[name][0]) >= 43 for name in ("state", "nonce", "code_challenge"))
    assert (cookie.path, cookie.has_nonstandard_attr("HttpOnly"), cookie.get_nonstandard_attr("SameSite")) == ("/login/oidc", True, "lax")
    assert CLIENT_SECRET not in cookie.value


def test_behind_https_the_way_back_and_the_cookies_are_https(store, provider):
    values = settings_of(provider)
    with browser(store, settings=lambda: values, base="https://insights.example") as client:
        answer = client.get("/login/oidc")
        assert "redirect_uri=https%3A%2F%2Finsights.example%2Flogin%2Foidc%2Fcallback" in answer.headers["location"]
        assert "Secure" in answer.headers["set-cookie"]
        assert "Secure" in come_back(client).headers["set-cookie"]


WRONG_TOKENS = {
    "signed by another key": {"wrong": "signature"},
    "not signed at all": {"wrong": "unsigned"},
    "token address refuses": {"wrong": "token"},
    "of another issuer": {"claims": {"iss": "https://another.example"}},
    "for another client": {"claims": {"aud": "another-client"}},
    "for two clients, not meant for us": {"claims": {"aud": [CLIENT_ID, "another"], "azp": "another"}},
    "of another attempt": {"claims": {"nonce": "another"}},
    "without nonce": {"claims": {"nonce": None}},
    "expired": {"claims": {"exp": int(UNIX_NOW) - 120}},
    "without end": {"claims": {"exp": None}},
    "without subject": {"claims": {"sub": None}},
    "of the future": {"claims": {"iat": int(UNIX_NOW) + 600, "nbf": int(UNIX_NOW) + 600}},
    "bound to another access token": {"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}},
    "address not verified": {"claims": {"email_verified": False}},
    "address not said to be verified": {"claims": {"email_verified": None}},
    "no address": {"claims": {"email": None}},
    "an address that is none": {"claims": {"email": ["ana@example.com"]}},
}


@pytest.mark.parametrize("case", WRONG_TOKENS)
def test_what_does_not_hold_opens_nothing(store, provider, case, caplog):
    values = settings_of(provider)
    for name, value in WRONG_TOKENS[case].items():
        setattr(provider, name, value)
    with caplog.at_level(logging.ERROR), browser(store, settings=lambda: values) as client:
        answer = come_back(client)
        assert answer.status_code == 403
        assert "Acme did not confirm who you are" in answer.text
        assert SESSION not in client.cookies
    assert signed_in(store) == []
    assert caplog.messages and CLIENT_SECRET not in caplog.text


def test_the_provider_says_no(store, provider):
    values = settings_of(provider)
    provider.wrong = "denied"
    with browser(store, settings=lambda: values) as client:
        answer = come_back(client)
    assert (answer.status_code, "Acme did not confirm who you are" in answer.text) == (403, True)


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(store, provider):
    values = settings_of(provider)
    with browser(store, settings=lambda: values) as other, browser(store, settings=lambda: values) as client:
        path = go_there(other).raw_path.decode()
        for attempt in (client.get(path), client.get("/login/oidc/callback"), client.get("/login/oidc/callback?code=x&state=")):
            assert attempt.status_code == 403
            assert "please try again" in attempt.text
        go_there(client)
        assert client.get(path).status_code == 403  # the state of another browser
        client.cookies.set(COOKIE, "%%%", path="/login/oidc")
        assert client.get(path).status_code == 403
    assert signed_in(store) == []


def test_an_answer_counts_once(store, provider):
    values = settings_of(provider)
    with browser(store, settings=lambda: values) as client:
        path = go_there(client).raw_path.decode()
        assert client.get(path).status_code == 303
        assert client.get(path).status_code == 403
    assert signed_in(store) == ["ana@example.com"]


def test_who_was_never_added_or_is_disabled_has_no_access(store, provider):
    values = settings_of(provider)
    provider.claims = {"email": "stranger@example.com"}
    with browser(store, settings=lambda: values) as client:
        assert "Acme knows you, but you have no access here" in come_back(client).text
        provider.claims = {}
        with store.begin() as connection:
            users.disable(connection, "ana@example.com", now=NOW)
        assert come_back(client).status_code == 403
    assert signed_in(store) == []
    with store.connect() as connection:
        assert [row[:2] for row in audited(connection)[-2:]] == [("system", "user.disable"), ("ana@example.com", "session.refuse")]
        assert users.find(connection, "stranger@example.com") is None


@pytest.mark.parametrize("next", ["//evil.example", "https://evil.example", "/login"])
def test_the_way_back_never_leaves_the_site(store, provider, next):
    values = settings_of(provider)
    with browser(store, settings=lambda: values) as client:
        assert come_back(client, next).headers["location"] == "/"


ROLES = {"oidc_role_claim": "app.groups", "oidc_roles": "admin=bosses,analyst=sales,viewer=staff"}


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        ("staff", "viewer"),
        (["staff", "sales"], "analyst"),
        (["x", "bosses"], "admin"),
        ("viewer", None),
        ([], None),
        (7, None),
        (None, None),
    ],
)
def test_roles_from_claims_add_who_comes_for_the_first_time(store, provider, groups, role):
    values = settings_of(provider, **ROLES)
    provider.claims = {"email": "New@Example.com", "app": {"groups": groups}}
    with browser(store, settings=lambda: values) as client:
        assert come_back(client).status_code == (303 if role else 403)
    with store.connect() as connection:
        found = users.find(connection, "new@example.com")
        assert (found.role if found else None) == role
        assert users.authenticate(connection, "new@example.com", "") is None


def test_a_changed_role_is_taken_over_but_the_last_admin_is_not_demoted(store, provider):
    values = settings_of(provider, **ROLES)
    provider.claims = {"app": {"groups": "staff"}}
    with browser(store, settings=lambda: values) as client:
        assert come_back(client).status_code == 303
        with store.connect() as connection:
            assert users.get(connection, "ana@example.com").role == "viewer"
        provider.claims = {"email": "admin@example.com", "app": {"groups": "staff"}}
        assert come_back(client).status_code == 403
    with store.connect() as connection:
        assert users.get(connection, "admin@example.com").role == "admin"
    assert signed_in(store) == ["ana@example.com"]


def test_other_providers_ways(store, provider):
    """The secret goes in the body; the address stands in another claim, is not marked, or is told at userinfo only."""
    provider.methods = ("client_secret_post",)
    provider.claims = {"email": None, "email_verified": None, "preferred_username": "ana@example.com"}
    values = settings_of(provider, oidc_email_claim="preferred_username", oidc_trust_email=True)
    with browser(store, settings=lambda: values) as client:
        assert come_back(client).status_code == 303
    provider.claims = {"email": None, "email_verified": None}
    values = settings_of(provider)
    for subject, status in (("person-1", 303), ("person-2", 403)):
        provider.userinfo = {"sub": subject, "email": "ana@example.com", "email_verified": True}
        with browser(store, settings=lambda: values) as client:
            assert come_back(client).status_code == status


def test_a_provider_that_is_away_or_another_is_said_and_the_password_still_works(store, provider):
    provider.wrong = "issuer"
    away = settings_of(provider, oidc_issuer="http://127.0.0.1:9")
    for values in (settings_of(provider), away):
        with browser(store, settings=lambda values=values: values) as client:
            answer = client.get("/login/oidc")
            assert answer.status_code == 502
            assert "Acme cannot be reached just now" in answer.text
            assert 'name="password"' in answer.text


def test_without_settings_there_is_no_button_and_no_address(store):
    values = load_settings(None)
    with browser(store, settings=lambda: values) as client:
        assert "/login/oidc" not in client.get("/login").text
        for path in ("/login/oidc", "/login/oidc/callback?code=x&state=y"):
            assert client.get(path).status_code == 404


def test_a_session_that_was_open_before_is_closed(store, provider):
    values = settings_of(provider)
    with browser(store, settings=lambda: values) as client:
        come_back(client)
        first = client.cookies[SESSION]
        come_back(client)
        assert client.cookies[SESSION] != first
        with store.connect() as connection:
            assert sessions.find(connection, first, now=NOW + timedelta(seconds=1)) is None
