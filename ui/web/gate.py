"""The gate before everything, for http and websocket alike: who is asking, may they pass. Whatever is not declared public wants a session.

It fails closed: when the store cannot say who is asking, nobody passes (503). It stands as pure ASGI because Starlette's
`BaseHTTPMiddleware` never sees websockets.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from anyio import to_thread
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ml.clock import utc_now
from ml.store import sessions, tokens
from ml.store.engine import begin_write
from ui.drafts import DRAFTS, of_session
from ui.store_access import UNAVAILABLE
from ui.web.access import PAGE, PUBLIC, READER, VISITOR, Access, access_for, as_page, is_for_people
from ui.web.cookies import session_token
from ui.web.live import is_automatic, only_the_page, typed
from ui.web.problem import problem

log = logging.getLogger(__name__)
POLICY_VIOLATION = 1008
TRY_AGAIN = 1013


class Gate:
    """ASGI middleware in front of routes and Streamlit. `store` gives the engine when first needed; `now` is the clock (naive UTC)."""

    def __init__(self, app: ASGIApp, store: Callable[[], sa.Engine], now: Callable[[], datetime] = utc_now) -> None:
        self.app = app
        self._store = store
        self._now = now
        self._touching: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let pass, send to the sign-in page, or refuse."""
        if scope["type"] == "http":
            access = access_for(scope)
            answer = await self._refusal(scope, access)
            await (answer or self.app)(as_page(scope) if access is PAGE else scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _refusal(self, scope: Scope, access: Access) -> Response | None:
        """None when the request may pass, else the answer it gets instead."""
        if scope["method"] not in (*access.methods, "HEAD"):
            detail = f"{scope['path']} takes {', '.join(access.methods)}; {scope['method']} came."
            return problem(405, detail, headers={"Allow": ", ".join(access.methods)})
        if access.who == PUBLIC:
            return None
        try:
            if access.who == READER and "authorization" in HTTPConnection(scope).headers:
                return await self._token_refusal(scope, None)
            if access.who.startswith("scope:"):
                return await self._token_refusal(scope, access.who.removeprefix("scope:"))
            if access.who == VISITOR and await self._read(sessions.is_known, session_token(HTTPConnection(scope))):
                return None
            return await self._session_refusal(scope, access)
        except UNAVAILABLE:
            log.exception("The gate could not ask the store who is calling %s", scope["path"])
            return problem(503, "The store cannot be read just now; try again shortly.", headers={"Retry-After": "5"})

    async def _token_refusal(self, scope: Scope, wanted: str | None) -> Response | None:
        scheme, _, secret = HTTPConnection(scope).headers.get("authorization", "").partition(" ")
        token = await self._read(tokens.find, secret.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            detail = "A bearer token is wanted (Authorization: Bearer …) that is known, not revoked or expired, and of an enabled user."
            return problem(401, detail, headers={"WWW-Authenticate": 'Bearer realm="3T Insights"'})
        if wanted is not None and wanted not in token.scopes:
            challenge = f'Bearer realm="3T Insights", error="insufficient_scope", scope="{wanted}"'
            detail = f"The token has {', '.join(sorted(token.scopes))}; this path wants the scope {wanted}."
            return problem(403, detail, headers={"WWW-Authenticate": challenge})
        if wanted is not None and not token.may(wanted):
            return problem(403, f"The token belongs to {token.user.email}, whose role {token.user.role} is not enough for {wanted}.")
        if tokens.needs_touch(token, self._now()):
            self._later(tokens.touch, token)
        return None

    async def _session_refusal(self, scope: Scope, access: Access) -> Response | None:
        session = await self._session(scope)
        if session is None:
            if not is_for_people(access, scope["path"]):
                return problem(401, "Nobody is signed in, or the session has ended; sign in at /login.")
            return RedirectResponse(f"/login?next={quote(_target(scope), safe='')}", status_code=303)
        role = access.who.removeprefix("role:")
        if access.who.startswith("role:") and session.user.role != role:
            return problem(403, f"This path is for the role {role}; {session.user.role} is signed in.")
        return None

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            session = await self._session(scope)
        except UNAVAILABLE:
            log.exception("The gate could not ask the store who opens the websocket")
            await _refuse_websocket(receive, send, TRY_AGAIN)
            return
        if session is None:
            await _refuse_websocket(receive, send, POLICY_VIOLATION)
        else:
            await self.app(scope, partial(self._receive_checked, scope, receive), send)

    async def _receive_checked(self, scope: Scope, receive: Receive) -> Message:
        """The browser's next message. Once the session has ended only the page itself runs, up to its guard: no callback, no fragment.

        What was typed is put aside, for the same person to find it again.
        """
        message = await receive()
        if message["type"] != "websocket.receive":
            return message
        try:
            session = await self._session(scope, automatic=is_automatic(message))
        except UNAVAILABLE:
            log.exception("The gate could not ask the store whether the session still lives")
            session = None
        if session is None:
            DRAFTS.keep(of_session(session_token(HTTPConnection(scope))), typed(message))
            return only_the_page(message)
        return message

    async def _session(self, scope: Scope, *, automatic: bool = False) -> sessions.Session | None:
        """The live session of the cookie. Its use is noted, unless the page called by itself (a fragment that refreshes on a timer)."""
        session = await self._read(sessions.find, session_token(HTTPConnection(scope)))
        if session and not automatic and sessions.needs_touch(session, self._now()):
            self._later(sessions.touch, session)
        return session

    async def _read(self, ask: Callable[..., Any], key: str | None) -> Any:
        def look() -> Any:
            with self._store().connect() as connection:
                return ask(connection, key, now=self._now())

        return await to_thread.run_sync(look) if key else None

    def _later(self, touch: Callable[..., None], what: Any) -> None:
        """Note a use without making the caller wait for the store's write lock; a note that is lost costs a minute of idle time."""

        def write() -> None:
            try:
                with begin_write(self._store()) as connection:
                    touch(connection, what, now=self._now())
            except UNAVAILABLE:
                log.warning("The last use of a session or token could not be noted", exc_info=True)

        task = asyncio.create_task(to_thread.run_sync(write))
        self._touching.add(task)
        task.add_done_callback(self._touching.discard)


async def _refuse_websocket(receive: Receive, send: Send, code: int) -> None:
    await receive()
    await send({"type": "websocket.close", "code": code, "reason": ""})


def _target(scope: Scope) -> str:
    query = scope.get("query_string", b"").decode("latin-1")
    return quote(scope["path"], safe="/") + (f"?{query}" if query else "")
