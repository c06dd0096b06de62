"""`<html lang>` of the screens: Streamlit's page always says "en"; screen readers and hyphenation need the reader's language.

The server writes it into the page, and a script of three lines follows when the person chooses another language in the open page.
"""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa
from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ml.clock import utc_now
from ml.i18n import LANGUAGES
from ml.store import sessions
from ui.store_access import UNAVAILABLE
from ui.web.cookies import session_token
from ui.web.language import accepted_language

WRITTEN = b'<html lang="en">'
ROOT = b'<div id="root"></div>'  # tells Streamlit's page from our own, which say their language themselves
MARK = "st-key-language-"  # the class of the language switch in ui/frame.py, which ends in the language that is shown
FOLLOW = (
    "new MutationObserver(() => {"
    f" const found = document.querySelector('[class*=\"{MARK}\"]')?.className.match(/{MARK}({'|'.join(LANGUAGES)})/);"
    " if (found && document.documentElement.lang !== found[1]) document.documentElement.lang = found[1];"
    " }).observe(document.documentElement, {childList: true, subtree: true, attributes: true, attributeFilter: ['class']})"
)
LEFT_OUT = (b"if-none-match", b"if-modified-since", b"accept-encoding")  # the page must come, whole and readable


class PageLanguage:
    """ASGI middleware inside the gate. `store` gives the engine when first needed; `now` is the clock (naive UTC)."""

    def __init__(self, app: ASGIApp, store: Callable[[], sa.Engine], now: Callable[[], datetime] = utc_now) -> None:
        self.app = app
        self._store = store
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; a page of Streamlit's gets its language on the way back."""
        if scope["type"] != "http" or scope["method"] != "GET" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self.app(scope, receive, send)
            return
        asked = {**scope, "headers": [pair for pair in scope["headers"] if pair[0].lower() not in LEFT_OUT]}
        held: list[Message] = []
        body = bytearray()

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_html(message):
                held.append(message)
            elif not held:
                await send(message)
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    await self._finish(scope, held[0], bytes(body), send)

        await self.app(asked, receive, collect)

    async def _finish(self, scope: Scope, start: Message, body: bytes, send: Send) -> None:
        headers = MutableHeaders(raw=list(start["headers"]))
        if ROOT in body:
            language = await self._language(scope)
            script = f"<script>{FOLLOW}</script>".encode()
            body = body.replace(WRITTEN, f'<html lang="{language}">'.encode(), 1).replace(ROOT, script + ROOT, 1)
            headers["Content-Length"] = str(len(body))
            headers["Cache-Control"] = "no-store"
            for name in ("ETag", "Last-Modified"):
                del headers[name]
        await send({**start, "headers": headers.raw})
        await send({"type": "http.response.body", "body": body})

    async def _language(self, scope: Scope) -> str:
        """The person's, else the browser's, else Spanish."""
        caller = HTTPConnection(scope)
        token = session_token(caller)

        def chosen() -> str | None:
            with self._store().connect() as connection:
                session = sessions.find(connection, token, now=self._now()) if token else None
                return session.user.language if session else None

        try:
            language = await to_thread.run_sync(chosen)
        except UNAVAILABLE:
            language = None
        return language if language in LANGUAGES else accepted_language(caller.headers.get("accept-language"))


def _is_html(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    return headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers
