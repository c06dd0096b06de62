"""`<html lang>` of the screens: the person's language, else the browser's; other answers pass untouched."""

import base64
import hashlib
from contextlib import contextmanager

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, HTMLResponse, JSONResponse
from starlette.routing import Route

from ml.store import sessions, users
from ml.store.engine import StoreError
from tests.people import NOW, add_person, quick_hashes, quick_store  # noqa: F401
from ui.web.cookies import SESSION
from ui.web.headers import app_policy
from ui.web.page_language import FOLLOW, PageLanguage

HTML = {"Accept": "text/html"}
OWN = '<!doctype html><html lang="en"><p>Our own page</p></html>'


def index() -> str:
    from pathlib import Path

    import streamlit

    return str(Path(streamlit.__file__).parent / "static" / "index.html")


@contextmanager
def browser(store, language: str = "en-GB"):
    def opened():
        if store is None:
            raise StoreError("The store is away.")
        return store

    async def screen(_request):
        return FileResponse(index(), headers={"Cache-Control": "no-cache"})

    async def own(_request):
        return HTMLResponse(OWN)

    async def data(_request):
        return JSONResponse({"html": '<html lang="en">'})

    app = Starlette(
        routes=[Route("/own", own), Route("/data", data), Route("/{path:path}", screen)],
        middleware=[Middleware(PageLanguage, store=opened, now=lambda: NOW), Middleware(GZipMiddleware)],  # as Streamlit's inner one
    )

    class Through(httpx.BaseTransport):
        def handle_request(self, request):
            async def ask():
                answer = await httpx.ASGITransport(app).handle_async_request(httpx.Request("GET", request.url, headers=request.headers))
                body = await answer.aread()
                return httpx.Response(answer.status_code, headers={**answer.headers, "content-encoding": "identity"}, content=body)

            return portal.call(ask)

    with (
        start_blocking_portal() as portal,
        httpx.Client(transport=Through(), base_url="http://insights.example", headers={**HTML, "Accept-Language": language}) as client,
    ):
        yield client


@pytest.fixture
def store():
    engine = quick_store()
    with engine.begin() as connection:
        add_person(connection, "viewer")
    return engine


@pytest.mark.parametrize(("browsers", "written"), [("en-GB", "en"), ("es-CL", "es"), ("de-DE", "es")])
def test_a_stranger_and_a_person_without_a_choice_get_the_browsers(store, browsers, written):
    with store.begin() as connection:
        token = sessions.create(connection, 1, now=NOW)
    with browser(store, browsers) as client:
        assert f'<html lang="{written}">' in client.get("/").text
        client.cookies.set(SESSION, token)
        assert f'<html lang="{written}">' in client.get("/demand").text


def test_the_persons_choice_counts_before_the_browsers(store):
    with store.begin() as connection:
        users.set_language(connection, "viewer@example.com", "es", now=NOW, by="test")
        token = sessions.create(connection, 1, now=NOW)
    with browser(store, "en-GB") as client:
        client.cookies.set(SESSION, token)
        answer = client.get("/demand")
    assert '<html lang="es">' in answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


def test_a_page_that_the_browser_has_kept_is_sent_again(store):
    with browser(store) as client:
        answer = client.get("/", headers={"If-Modified-Since": "Sat, 21 Nov 2037 00:00:00 GMT", "If-None-Match": "*"})
    assert answer.status_code == 200
    assert '<html lang="en">' in answer.text


def test_without_the_store_the_browsers_language_is_written():
    with browser(None, "es") as client:
        client.cookies.set(SESSION, "any")
        assert '<html lang="es">' in client.get("/").text


def test_our_own_pages_and_data_pass_untouched(store):
    with browser(store, "es") as client:
        assert client.get("/own").text == OWN
        assert client.get("/data").json() == {"html": '<html lang="en">'}
        assert "<script>new MutationObserver" not in client.get("/", headers={"Accept": "application/json"}).text


def test_the_script_that_follows_a_choice_is_the_one_the_policy_allows(store):
    with browser(store) as client:
        assert client.get("/").text.count(f"<script>{FOLLOW}</script>") == 1
    allowed = base64.b64encode(hashlib.sha256(FOLLOW.encode()).digest()).decode()
    assert f"'sha256-{allowed}'" in app_policy()
