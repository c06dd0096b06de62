"""Who may call what: ACCESS is the registry of every path with a rule of its own. All other paths are Streamlit's and want a session."""

import re
from functools import cache
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.routing import compile_path
from starlette.types import Scope

from ml.i18n import mark

PUBLIC = "public"
SESSION = "session"
VISITOR = "visitor"
READER = "reader"


class Access(NamedTuple):
    """One path: its methods, who may call it, and what it answers.

    `who` is public; session (signed in); visitor (signed in, now or before); reader (signed in, or any live token); role:<role>; or
    scope:<token scope>. `is_page` says that a screen has the same address: a browser that opens it gets the screen, a program the answer.
    """

    path: str
    methods: tuple[str, ...]
    who: str
    answers: str
    is_page: bool = False


ACCESS: tuple[Access, ...] = (
    Access("/health", ("GET",), PUBLIC, mark("whether the app works: releases in service, data up to, scheduler heartbeat")),
    Access("/login", ("GET", "POST"), PUBLIC, mark("the sign-in page")),
    Access("/login/style.css", ("GET",), PUBLIC, mark("the sign-in page's style")),
    Access("/login/icon.svg", ("GET",), PUBLIC, mark("the sign-in page's sign")),
    Access("/app/static/logo/{digest}", ("GET",), PUBLIC, mark("the company's logo, for the sign-in page and the screens")),
    Access("/login/oidc", ("GET",), PUBLIC, mark("on to the sign-in provider, where one is set up")),
    Access("/login/oidc/callback", ("GET",), PUBLIC, mark("the way back from the sign-in provider")),
    Access("/c/{token}", ("GET",), PUBLIC, mark("the page of one customer's own next order, opened by a signed link")),
    Access("/logout", ("GET", "POST"), SESSION, mark("the sign-out page")),
    Access("/predict/demand/{days}", ("GET",), "scope:predictions:read", mark("the demand forecast of the next 1 to 90 days")),
    Access("/predict/demand", ("POST",), "scope:predictions:read", mark("the demand forecast, with or without revenue")),
    Access(
        "/predict/churn/all",
        ("POST",),
        "scope:predictions:read",
        mark("the risk of every customer who may be contacted"),
    ),
    Access("/predict/churn/{customer_id:path}", ("GET", "POST"), "scope:predictions:read", mark("the risk of one customer, with reasons")),
    Access("/predict/route-cost", ("POST",), "scope:predictions:read", mark("what one delivery costs")),
    Access("/predict/price", ("POST",), "scope:predictions:read", mark("what one order should cost in total")),
    Access("/segments", ("GET",), "scope:predictions:read", mark("the customer segments and their means"), is_page=True),
    Access("/experiments/active", ("GET",), "scope:experiments:read", mark("the tests that run today")),
    Access(
        "/experiments/{experiment_id}/arm/{customer_id:path}",
        ("GET",),
        "scope:experiments:read",
        mark("the group of a customer in a test; asking notes that the customer came to the point where groups differ"),
    ),
    Access("/experiments/{experiment_id}/outcomes", ("POST",), "scope:experiments:write", mark("takes outcomes of a test, once each")),
    Access("/metrics", ("GET",), "scope:metrics:read", mark("counters and health numbers as Prometheus text")),
    Access("/openapi.json", ("GET",), READER, mark("this interface as an OpenAPI 3.1 document")),
    Access("/docs", ("GET",), SESSION, mark("this interface as a readable page")),
    Access("/docs/style.css", ("GET",), SESSION, mark("the readable page's style")),
    Access("/static/{path:path}", ("GET",), VISITOR, mark("Streamlit's published files; a page whose session ended needs them too")),
    Access("/_stcore/metrics", ("GET",), "role:admin", mark("Streamlit's own counters")),
)
OTHER = Access("", ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"), SESSION, "Streamlit: screens, websocket, files")
PAGE = Access("", ("GET",), SESSION, "Streamlit: a screen")
MACHINE_PREFIXES = ("/_stcore/", "/static/", "/media/", "/component/", "/app/static/")


def access_for(scope: Scope) -> Access:
    """The rule of a request by its path, decoded; OTHER when the registry has none, PAGE when a browser opens a screen."""
    access = next((access for access in ACCESS if _pattern(access.path).fullmatch(scope["path"])), OTHER)
    return PAGE if access.is_page and _opened_by_browser(scope) else access


def as_page(scope: Scope) -> Scope:
    """The request for a screen whose address a JSON route has too, on its way to Streamlit, where every screen begins alike."""
    return {**scope, "path": "/", "raw_path": b"/"}


def is_for_people(access: Access, path: str) -> bool:
    """Whether a person's browser opens this path as a page (it is then sent to the sign-in page), rather than a script or program."""
    return access.who != READER and not access.who.startswith("scope:") and not path.startswith(MACHINE_PREFIXES)


def _opened_by_browser(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "authorization" not in headers and "text/html" in headers.get("accept", "")


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return compile_path(path)[0]
