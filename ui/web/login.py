"""The sign-in and sign-out pages: small HTML of our own without scripts, in the browser's language."""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import cache, partial
from html import escape
from math import ceil
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, quote, urlsplit

import sqlalchemy as sa
from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from ml.clock import utc_now
from ml.i18n import Translator, translator
from ml.store import sessions
from ui.store_access import UNAVAILABLE, proxies
from ui.web import cookies
from ui.web.headers import PLAIN_POLICY
from ui.web.language import accepted_language
from ui.web.logo import LogoRoute, address_of
from ui.web.peer import is_https, peer_address, throttle_key
from ui.web.sign_in import Outcome, sign_in, sign_out

log = logging.getLogger(__name__)
ASSETS = Path(__file__).resolve().parent / "assets"
LARGEST_FORM_BYTES = 16_384
SIGN = '<img src="/login/icon.svg" alt="" width="44" height="44">'
HASHES_AT_ONCE = 2  # each takes 64 MB for a twentieth of a second
HOME = "/"
NOT_TARGETS = ("/login", "/logout")


class BadForm(ValueError):
    """A posted form is too large or of another kind than our pages send."""


def safe_next(wish: str | None) -> str:
    """Where to go after signing in: a path of this site, else the first screen. Never another site, nor the sign-in page again.

    >>> safe_next("/demand?days=30"), safe_next("//evil.example"), safe_next("https://evil.example")
    ('/demand?days=30', '/', '/')
    """
    path = wish or HOME
    if not path.startswith("/") or path[1:2] in ("/", "\\") or not path.isascii() or not path.isprintable():
        return HOME
    try:
        parts = urlsplit(path)
    except ValueError:
        return HOME
    ours = not parts.scheme and not parts.netloc and "\\" not in path and not parts.path.startswith(NOT_TARGETS)
    return path if ours else HOME


class LoginPages:
    """The endpoints of /login and /logout. `store` gives the engine when first needed; `now` is the clock (naive UTC).

    `provider` says the name of the sign-in provider, None without one.
    """

    def __init__(
        self,
        store: Callable[[], sa.Engine],
        now: Callable[[], datetime] = utc_now,
        provider: Callable[[], str | None] = lambda: None,
        logo: LogoRoute | None = None,
    ) -> None:
        self._store = store
        self._logo = logo or LogoRoute(store)
        self._now = now
        self._provider = provider
        self._hashing = CapacityLimiter(HASHES_AT_ONCE)

    async def login(self, request: Request) -> Response:
        """GET: the form, or on to the wished page for somebody who is signed in. POST: try the password."""
        wish = safe_next(request.query_params.get("next"))
        try:
            if request.method == "POST":
                return await self._try(request)
            if await to_thread.run_sync(self._is_signed_in, cookies.session_token(request)):
                return RedirectResponse(wish, status_code=303)
            await to_thread.run_sync(self._logo.look)
            return self._page(request, wish)
        except UNAVAILABLE:
            log.exception("The store cannot be asked who signs in")
            notice = language_of(request)("The store cannot be read just now; please try again shortly.")
            return self._page(request, wish, notice=notice, status=503)

    async def logout(self, request: Request) -> Response:
        """GET: asks whether to sign out (a link alone must not). POST: end the session."""
        if request.method != "POST":
            return _logout_page(request)
        try:
            form = await _form(request)
        except BadForm:
            return _logout_page(request, status=400)
        if not cookies.form_is_ours(request, form.get("form_token", "")):
            return _logout_page(request, status=403)
        await to_thread.run_sync(partial(sign_out, self._store(), cookies.session_token(request), now=self._now()))
        response = RedirectResponse("/login", status_code=303)
        cookies.drop_session(response, secure=is_https(request.scope, proxies()))
        return response

    async def _try(self, request: Request) -> Response:
        t = language_of(request)
        try:
            form = await _form(request)
        except BadForm:
            return self._page(request, HOME, notice=t("The form could not be read; please try again."), status=400)
        wish, email = safe_next(form.get("next")), form.get("email", "")
        if not cookies.form_is_ours(request, form.get("form_token", "")):
            return self._page(request, wish, email, notice=t("The form had expired; please try again."), status=403)
        outcome = await to_thread.run_sync(partial(self._sign_in, request, email, form.get("password", "")), limiter=self._hashing)
        if outcome.wait:
            seconds = ceil(outcome.wait.total_seconds())
            page = self._page(request, wish, email, notice=_wait_sentence(t, seconds), status=429)
            page.headers["Retry-After"] = str(seconds)
            return page
        if outcome.token is None:
            return self._page(request, wish, email, notice=t("E-mail address or password is wrong."), status=401)
        response = RedirectResponse(wish, status_code=303)
        cookies.set_session(response, outcome.token, secure=is_https(request.scope, proxies()))
        return response

    def _sign_in(self, request: Request, email: str, password: str) -> Outcome:
        store, now, agent = self._store(), self._now(), request.headers.get("user-agent")
        outcome = sign_in(store, email, password, address=throttle_key(peer_address(request.scope, proxies())), agent=agent, now=now)
        if outcome.token:
            sign_out(store, cookies.session_token(request), now=now)
        return outcome

    def _is_signed_in(self, token: str | None) -> bool:
        if not token:
            return False
        with self._store().connect() as connection:
            return sessions.find(connection, token, now=self._now()) is not None

    def _page(self, request: Request, wish: str, email: str = "", *, notice: str = "", status: int = 200) -> Response:
        provider, logo = self._provider(), self._logo.digest
        return login_page(request, wish, email, notice=notice, status=status, provider=provider, logo=logo)


async def asset(request: Request) -> Response:
    """The style and the sign of the sign-in page."""
    return FileResponse(ASSETS / request.url.path.rpartition("/")[2], headers={"Cache-Control": "public, max-age=3600"})


async def _form(request: Request) -> dict[str, str]:
    """The fields of a posted form, the first value of each. Raises BadForm when it is too large or not of our kind."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise BadForm("The form was not sent as application/x-www-form-urlencoded; post it from the sign-in page.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM_BYTES:
            raise BadForm(f"The form is larger than {LARGEST_FORM_BYTES} bytes; post it from the sign-in page.")
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=20, errors="replace")
    except ValueError:
        raise BadForm("The form's fields cannot be read; post it from the sign-in page.") from None
    return {name: values[0] for name, values in fields.items()}


def _wait_sentence(t: Translator, seconds: int) -> str:
    if seconds < 60:
        return t.plural(
            "Too many wrong passwords. Please wait {n} second and try again.",
            "Too many wrong passwords. Please wait {n} seconds and try again.",
            seconds,
        )
    return t.plural(
        "Too many wrong passwords. Please wait {n} minute and try again.",
        "Too many wrong passwords. Please wait {n} minutes and try again.",
        ceil(seconds / 60),
    )


def login_page(
    request: Request, wish: str, email: str = "", *, notice: str = "", status: int = 200, provider: str | None = None, logo: str = ""
) -> Response:
    """The sign-in page; `provider` is the name of the sign-in provider, if there is one, `logo` the digest of the company's, if any."""
    t, token = language_of(request), cookies.form_token(request)
    focus = ("", " autofocus") if email else (" autofocus", "")
    form = f"""<form method="post" action="/login">
<input type="hidden" name="form_token" value="{escape(token)}">
<input type="hidden" name="next" value="{escape(wish)}">
<label for="email">{escape(t("E-mail address"))}</label>
<input id="email" name="email" type="email" value="{escape(email[:200])}" autocomplete="username" required maxlength="200"{focus[0]}>
<label for="password">{escape(t("Password"))}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="200"{focus[1]}>
<button type="submit">{escape(t("Sign in"))}</button>
</form>"""
    if provider:
        other = escape(t("Sign in with {name}", name=provider))
        form += f'\n<a class="provider" href="/login/oidc?next={quote(wish, safe="")}">{other}</a>'
    title = f"{t('Sign in')} · 3T Insights"
    texts = {"title": title, "heading": "3T Insights", "lead": t("Sign in with your e-mail address and password.")}
    return _page(request, token, status, form=form, notice=notice, logo=logo, **texts)


def _logout_page(request: Request, *, status: int = 200) -> Response:
    t, token = language_of(request), cookies.form_token(request)
    notice = t("The form had expired; please try again.") if status >= 400 else ""
    form = f"""<form method="post" action="/logout">
<input type="hidden" name="form_token" value="{escape(token)}">
<button type="submit">{escape(t("Sign out"))}</button>
</form>
<a class="back" href="/">{escape(t("Stay signed in"))}</a>"""
    texts = {"title": f"{t('Sign out')} · 3T Insights", "heading": t("Sign out?"), "lead": t("You will need your password to come back.")}
    return _page(request, token, status, form=form, notice=notice, **texts)


def _page(request: Request, token: str, status: int, *, form: str, notice: str, logo: str = "", **texts: str) -> Response:
    shown = f'<p class="notice" role="alert">{escape(notice)}</p>' if notice else ""
    plain = {name: escape(text) for name, text in texts.items()}
    html = _template().substitute(
        plain,
        language=language_of(request).language,
        form=form,
        notice=shown,
        sign=f'<img class="logo" src="{address_of(logo)}" alt="">' if logo else SIGN,
    )
    response = HTMLResponse(html, status, headers={"Content-Security-Policy": PLAIN_POLICY, "Vary": "Accept-Language"})
    cookies.set_form_token(response, token, secure=is_https(request.scope, proxies()))
    return response


def language_of(request: Request) -> Translator:
    """The language of a page before anybody has signed in."""
    return translator(accepted_language(request.headers.get("accept-language")))


@cache
def _template() -> Template:
    return Template((ASSETS / "page.html").read_text(encoding="utf-8"))
