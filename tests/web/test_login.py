"""Signing in and out over HTTP: the form, wrong passwords, throttling, cookies, and where one lands."""

import re

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from ml.store import attempts, schema, sessions, users
from tests.people import NOW, PASSWORD, add_person, audited, quick_hashes, quick_store  # noqa: F401
from tests.web.in_process import browser, sign_in
from ui.web.cookies import FORM, SESSION
from ui.web.login import LARGEST_FORM_BYTES, safe_next

SPANISH = {"Accept-Language": "es-CL,es;q=0.9,en;q=0.8"}


@pytest.fixture
def store():
    engine = quick_store()
    with engine.begin() as connection:
        add_person(connection, "admin")
        add_person(connection, "viewer", "ana")
    return engine


def test_a_person_signs_in_and_lands_where_they_wanted(store):
    with browser(store) as client:
        assert client.get("/demand?days=7").headers["location"] == "/login?next=%2Fdemand%3Fdays%3D7"
        answer = sign_in(client, "ana@example.com", PASSWORD, next="/demand?days=7")
        assert (answer.status_code, answer.headers["location"]) == (303, "/demand?days=7")
        assert client.get("/demand?days=7").text == "screen"
        assert client.get("/login?next=/segments").headers["location"] == "/segments"
    with store.connect() as connection:
        assert audited(connection)[-1] == ("ana@example.com", "session.open", "203.0.113.9")


def test_the_session_cookie_is_opaque_and_kept_from_scripts_and_other_sites(store):
    with browser(store) as client:
        cookie = sign_in(client, "ana@example.com", PASSWORD).headers["set-cookie"]
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Max-Age=1209600"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    value = re.match(rf"{SESSION}=([^;]+)", cookie)[1]
    with store.connect() as connection:
        assert sessions.find(connection, value, now=NOW).user.email == "ana@example.com"
        assert value not in str(connection.execute(sa.select(schema.sessions)).all())


def test_over_https_the_cookies_are_secure(store):
    with browser(store, base="https://insights.example") as client:
        assert "Secure" in client.get("/login").headers["set-cookie"]
        assert "Secure" in sign_in(client, "ana@example.com", PASSWORD).headers["set-cookie"]


@pytest.mark.parametrize("email", ["ana@example.com", "nobody@example.com", "", "ñ\u0000'; DROP TABLE users--"])
def test_a_wrong_password_ten_times_waits_and_says_so(store, email):
    with browser(store) as client:
        answers = [sign_in(client, email, f"wrong password {n}") for n in range(10)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 5
    assert answers[5].headers["retry-after"] == "30"
    assert "wait 30 seconds" in answers[5].text
    assert all(SESSION not in answer.headers["set-cookie"] for answer in answers)
    with store.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.login_attempts)).scalar_one() == 5
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.sessions)).scalar_one() == 0


def test_while_an_account_waits_even_the_right_password_does_until_the_wait_ends_or_from_elsewhere(store):
    with browser(store) as client:
        for n in range(5):
            sign_in(client, "ana@example.com", f"wrong password {n}")
        assert sign_in(client, "ana@example.com", PASSWORD).status_code == 429
    with browser(store, address="198.51.100.7") as colleague:
        assert sign_in(colleague, "ana@example.com", PASSWORD).status_code == 303
    with browser(store, later=30) as client:
        assert sign_in(client, "ana@example.com", PASSWORD).status_code == 303


def test_a_forwarded_address_does_not_escape_the_wait(store):
    with browser(store) as client:
        answers = [
            sign_in(client, "ana@example.com", "wrong password", headers={"X-Forwarded-For": f"192.0.2.{n}"}).status_code for n in range(8)
        ]
    assert answers == [401] * 5 + [429] * 3


def test_wrong_account_and_wrong_password_read_the_same(store):
    with browser(store) as client:
        known, unknown = (sign_in(client, email, "wrong password").text for email in ("ana@example.com", "bob@example.com"))
    assert known.replace("ana@", "bob@") == unknown


def test_what_is_typed_as_an_unknown_account_is_not_kept_readable(store):
    with browser(store) as client:
        sign_in(client, "my-secret-password", PASSWORD)
    with store.connect() as connection:
        kept = str([connection.execute(sa.select(table)).all() for table in (schema.login_attempts, schema.audit)])
    assert "my-secret-password" not in kept
    assert ("unknown", "session.refuse", "203.0.113.9") in audited(store.connect())


def test_a_disabled_person_cannot_sign_in_and_is_out_at_the_next_request(store):
    with browser(store) as client:
        sign_in(client, "ana@example.com", PASSWORD)
        assert client.get("/demand").status_code == 200
        with store.begin() as connection:
            users.disable(connection, "ana@example.com", now=NOW)
        assert client.get("/demand").status_code == 303
        assert sign_in(client, "ana@example.com", PASSWORD).status_code == 401


@pytest.mark.parametrize("change", ["no token", "other token", "no cookie", "other origin", "null origin"])
def test_forms_that_are_not_ours_are_refused(store, change):
    with browser(store) as client:
        page = client.get("/login")
        fields = {"email": "ana@example.com", "password": PASSWORD, "form_token": token_of(page), "next": "/"}
        headers = {"Origin": {"other origin": "https://evil.example", "null origin": "null"}.get(change, str(client.base_url))}
        if change == "no token":
            del fields["form_token"]
        elif change == "other token":
            fields["form_token"] = "x" * 43
        elif change == "no cookie":
            client.cookies.clear()
        answer = client.post("/login", data=fields, headers=headers)
        assert answer.status_code == 403
        assert "The form had expired" in answer.text
        assert SESSION not in client.cookies


def test_signing_in_again_ends_the_session_before(store):
    with browser(store) as client:
        sign_in(client, "ana@example.com", PASSWORD)
        first = client.cookies[SESSION]
        sign_in(client, "admin@example.com", PASSWORD)
        with store.connect() as connection:
            assert sessions.find(connection, first, now=NOW) is None
            assert sessions.find(connection, client.cookies[SESSION], now=NOW).user.role == "admin"


def test_a_sign_in_clears_away_what_is_long_over(store):
    with store.begin() as connection:
        sessions.create(connection, 1, now=NOW - 3 * sessions.ABSOLUTE)
        attempts.begin(connection, "old", "192.0.2.1", now=NOW - 2 * attempts.TRUST)
    with browser(store) as client:
        sign_in(client, "ana@example.com", PASSWORD)
    with store.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.sessions)).scalar_one() == 1
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.login_attempts)).scalar_one() == 1


def test_signing_out_asks_first_and_ends_the_session_in_the_store(store):
    with browser(store) as client:
        sign_in(client, "ana@example.com", PASSWORD)
        token = client.cookies[SESSION]
        page = client.get("/logout")
        assert page.status_code == 200
        assert client.post("/logout", data={"form_token": "forged"}).status_code == 403
        assert client.get("/demand").status_code == 200
        answer = client.post("/logout", data={"form_token": token_of(page)})
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        assert SESSION not in client.cookies
        client.cookies.set(SESSION, token)
        assert client.get("/demand").status_code == 303
    assert audited(store.connect())[-1] == ("ana@example.com", "session.close", "ana@example.com")


def test_unreadable_forms_are_a_sentence(store):
    with browser(store) as client:
        too_large = client.post("/login", data={"email": "x" * LARGEST_FORM_BYTES})
        as_json = client.post("/login", json={"email": "ana@example.com"})
        not_ascii = client.post("/login", content=b"email=\xff", headers={"Content-Type": "application/x-www-form-urlencoded"})
        too_many = client.post("/login", data={f"field{n}": "x" for n in range(50)})
    assert [answer.status_code for answer in (too_large, as_json, not_ascii, too_many)] == [400] * 4
    assert "The form could not be read" in as_json.text


def test_the_page_speaks_the_browsers_language_and_carries_no_script(store):
    with browser(store) as client:
        spanish, english = client.get("/login", headers=SPANISH), client.get("/login", headers={"Accept-Language": "en-US"})
    assert '<html lang="es">' in spanish.text
    assert '<html lang="en">' in english.text
    assert ">Clave<" in spanish.text
    assert ">Password<" in english.text
    for page in (spanish, english):
        assert "<script" not in page.text
        assert "style=" not in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        assert {'name="email"', 'name="password"', 'type="password"'} <= set(re.findall(r'(?:name|type)="\w+"', page.text))


def test_what_was_typed_comes_back_harmless(store):
    hostile = '"><script>alert(1)</script>'
    with browser(store) as client:
        answer = sign_in(client, hostile, "wrong password", next=hostile)
    assert "<script" not in answer.text
    assert 'name="next" value="/"' in answer.text


def test_the_form_works_twice_in_two_tabs(store):
    with browser(store) as client:
        first, second = client.get("/login"), client.get("/login")
        assert token_of(first) == token_of(second) == client.cookies[FORM]


@pytest.mark.parametrize("path", ["/", "/demand", "/demand?days=30&x=%2F", "/churn#a", "/a/b"])
def test_own_paths_are_kept(path):
    assert safe_next(path) == path


ELSEWHERE = [
    None, "", "demand", "//evil.example", "///evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example",
    "\\\\evil.example", "javascript:alert(1)", "http:/x", " /x", "/a\\b", "/a\r\nSet-Cookie: x=1", "/ñ",
    "/login", "/login?next=/login", "/logout",
]  # fmt: skip


@pytest.mark.parametrize("path", ELSEWHERE)
def test_other_targets_lead_to_the_first_screen(path):
    assert safe_next(path) == "/"


@given(st.text(max_size=60))
def test_no_target_ever_leaves_the_site(text):
    for wish in (text, "/" + text, "//" + text, "/\\" + text):
        joined = httpx.URL("https://insights.example/login").join(safe_next(wish))
        assert joined.host == "insights.example"


def test_a_store_that_is_away_is_a_sentence_and_no_door(store):
    store.dispose()
    with browser(None) as client:
        page = client.get("/login")
        assert client.get("/demand").status_code == 303
        answer = client.post(
            "/login",
            data={"email": "ana@example.com", "password": PASSWORD, "form_token": token_of(page)},
            headers={"Accept-Language": "en"},
        )
        assert answer.status_code == 503
        assert "The store cannot be read just now" in answer.text
        client.cookies.set(SESSION, "x" * 43)
        assert client.get("/demand").status_code == 503


def token_of(page: httpx.Response) -> str:
    return re.search(r'name="form_token" value="([^"]+)"', page.text)[1]
