"""The company's logo over HTTP: on the sign-in page, under its digest only, as a picture that can do nothing."""

from datetime import timedelta

import pytest

from ml.store import logos
from ml.store.values import set_preference
from tests.people import NOW, PASSWORD, add_person, quick_hashes, quick_store  # noqa: F401
from tests.web.in_process import browser, sign_in

DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>'
OTHER = DRAWING.replace(b"h9", b"h8")
ICON = '<img src="/login/icon.svg"'


@pytest.fixture
def store():
    engine = quick_store()
    with engine.begin() as connection:
        add_person(connection, "admin")
    return engine


def choose(store, content: bytes | None, hours: int = 0) -> str:
    with store.begin() as connection:
        at = NOW + timedelta(hours=hours)
        digest = logos.keep(connection, content, now=at, by="ana@example.com") if content else ""
        set_preference(connection, "company_logo", digest, who="ana@example.com", at=at)
    return digest


def test_the_sign_in_page_bears_the_logo_and_without_one_the_products_sign(store):
    with browser(store) as client:
        assert ICON in client.get("/login").text
        address = f"/app/static/logo/{choose(store, DRAWING)}"
        assert f'<img class="logo" src="{address}"' in client.get("/login").text and ICON not in client.get("/login").text
        assert address in sign_in(client, "admin@example.com", "wrong").text
        answer = client.get(address)
        assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, DRAWING, "image/svg+xml; charset=utf-8")
        assert "sandbox" in answer.headers["content-security-policy"] and "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff" and "immutable" in answer.headers["cache-control"]
        choose(store, None, 1)
        assert ICON in client.get("/login").text


def test_only_the_logo_of_today_is_handed_out(store):
    before, now = choose(store, DRAWING), choose(store, OTHER, 1)
    with browser(store) as client:
        assert client.get(f"/app/static/logo/{now}").content == OTHER
        for digest in (before, "", "x", f"{now}/", "..%2f..%2fetc"):
            assert client.get(f"/app/static/logo/{digest}").status_code in (303, 401, 404)
        choose(store, None, 2)
        assert client.get(f"/app/static/logo/{now}").status_code == 404


def test_while_the_store_is_away_the_sign_in_page_still_opens():
    with browser(None) as client:
        assert ICON in client.get("/login").text
