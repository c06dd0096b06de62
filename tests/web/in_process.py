"""The gate, the routes and the sign-in pages in front of a stand-in for Streamlit, in the test's own process and at the test's own time."""

from contextlib import contextmanager
from datetime import timedelta

import httpx
import sqlalchemy as sa
from anyio.from_thread import start_blocking_portal
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from ml.store.engine import StoreError
from tests.people import NOW
from ui.web.cookies import FORM
from ui.web.gate import Gate
from ui.web.handlers import EXCEPTION_HANDLERS
from ui.web.headers import SecurityHeaders
from ui.web.routes import make_routes

METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]


def guarded_app(store: sa.Engine | None, later: float = 0, **parts) -> Starlette:
    """Our middleware and routes before a Streamlit that says "screen" to everything. Without a store, reading it fails.

    `parts` go to `make_routes`: counters, models, settings.
    """

    def opened() -> sa.Engine:
        if store is None:
            raise StoreError("The store is away.")
        return store

    def now():
        return NOW + timedelta(seconds=later)

    async def screen(_request):
        return PlainTextResponse("screen")

    return Starlette(
        routes=[*make_routes(opened, "overview", now, **parts), Route("/{path:path}", screen, methods=METHODS)],
        middleware=[Middleware(SecurityHeaders), Middleware(Gate, store=opened, now=now)],
        exception_handlers=EXCEPTION_HANDLERS,
    )


class _Through(httpx.BaseTransport):
    """Sends a blocking client's requests through an ASGI app."""

    def __init__(self, app: Starlette, address: str, portal) -> None:
        self._inner = httpx.ASGITransport(app, client=(address, 50_000))
        self._portal = portal

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def ask() -> httpx.Response:
            sent = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
            answer = await self._inner.handle_async_request(sent)
            return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())

        return self._portal.call(ask)


@contextmanager
def browser(store: sa.Engine | None, *, address: str = "203.0.113.9", later: float = 0, base: str = "http://insights.example", **parts):
    """A browser in front of `guarded_app`, at `address`, `later` seconds after NOW. It speaks English and follows no redirects."""
    with start_blocking_portal() as portal:
        transport = _Through(guarded_app(store, later, **parts), address, portal)
        with httpx.Client(transport=transport, base_url=base, headers={"Accept-Language": "en"}) as client:
            yield client


def sign_in(client: httpx.Client, email: str, password: str, *, next: str = "/", headers: dict | None = None) -> httpx.Response:
    """Fetch the form, unless it was fetched before, and send it filled in, as a browser does."""
    if FORM not in client.cookies:
        client.get("/login")
    token = client.cookies[FORM]
    fields = {"email": email, "password": password, "form_token": token, "next": next}
    return client.post("/login", data=fields, headers={"Origin": str(client.base_url).rstrip("/"), **(headers or {})})
