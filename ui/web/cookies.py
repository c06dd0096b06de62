"""The two cookies: the session's opaque id, and the token that ties a form to the browser that asked for it."""

import secrets

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from ml.store.sessions import ABSOLUTE

SESSION = "insights_session"
FORM = "insights_form"
TOKEN_LENGTHS = range(20, 200)


def session_token(connection: HTTPConnection) -> str | None:
    """The session id the browser sent, if any; whether it opens anything is for the store to say."""
    return connection.cookies.get(SESSION)


def set_session(response: Response, token: str, *, secure: bool) -> None:
    """Give the browser its session id: not readable by scripts, not sent along by other sites, over https only where https is used."""
    response.set_cookie(SESSION, token, max_age=int(ABSOLUTE.total_seconds()), path="/", httponly=True, samesite="lax", secure=secure)


def drop_session(response: Response, *, secure: bool) -> None:
    """Take the session id back from the browser."""
    response.delete_cookie(SESSION, path="/", httponly=True, samesite="lax", secure=secure)


def form_token(request: Request) -> str:
    """The browser's form token, a new one when it has none: goes into the cookie and into the form."""
    kept = request.cookies.get(FORM, "")
    return kept if len(kept) in TOKEN_LENGTHS and kept.isascii() else secrets.token_urlsafe(32)


def set_form_token(response: Response, token: str, *, secure: bool) -> None:
    """Keep the form token in the browser until it closes."""
    response.set_cookie(FORM, token, path="/", httponly=True, samesite="lax", secure=secure)


def form_is_ours(request: Request, sent: str) -> bool:
    """Whether a posted form came from a page of ours: its token is the cookie's, and the browser names no other origin."""
    kept = request.cookies.get(FORM, "")
    origin = request.headers.get("origin")
    same_origin = origin is None or origin.partition("://")[2] == request.headers.get("host")
    return same_origin and bool(kept) and secrets.compare_digest(kept.encode(), sent.encode("utf-8", "surrogatepass"))
