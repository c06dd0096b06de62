"""The way to the sign-in provider and back: two addresses beside the sign-in page, which exist only when the settings name a provider."""

import base64
import json
import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ml.settings import Settings, SettingsError
from ui.store_access import UNAVAILABLE, proxies
from ui.web import cookies
from ui.web.identity import Attempt, Identity, ProviderError
from ui.web.login import language_of, login_page, safe_next
from ui.web.peer import is_https, peer_address, throttle_key
from ui.web.problem import problem
from ui.web.sign_in import Outcome, sign_in_by_provider, sign_out

if TYPE_CHECKING:
    from ui.web.oidc import Provider

log = logging.getLogger(__name__)
COOKIE = "insights_oidc"
PATH = "/login/oidc"
CALLBACK = f"{PATH}/callback"
MINUTES = 10


class SingleSignOn:
    """The endpoints. `store` and `settings` are asked when first needed; `now` is the clock (naive UTC)."""

    def __init__(self, store: Callable[[], sa.Engine], settings: Callable[[], Settings], now: Callable[[], datetime]) -> None:
        self._store = store
        self._settings = settings
        self._now = now
        self._made: tuple[Settings, Provider] | None = None
        self._making = threading.Lock()

    def provider(self) -> "Provider | None":
        """The provider of the settings; None when there is none, or the settings cannot be read."""
        try:
            settings = self._settings()
        except SettingsError:
            return None
        if not settings.oidc_issuer:
            return None
        from ui.web.oidc import Provider  # cryptography and authlib: only where they are used

        with self._making:
            if self._made is None or self._made[0] is not settings:
                self._made = (settings, Provider(settings))
            return self._made[1]

    async def begin(self, request: Request) -> Response:
        """Send the browser to the provider, with a cookie that the way back is held against."""
        provider, attempt, wish = self.provider(), Attempt.new(), safe_next(request.query_params.get("next"))
        if provider is None:
            return _off()
        try:
            address = await to_thread.run_sync(provider.address_for, attempt, _redirect_uri(request))
        except ProviderError as error:
            log.error("%s", error)
            return self._failed(request, wish, "away", 502)
        response = RedirectResponse(address, status_code=303)
        kept = base64.urlsafe_b64encode(json.dumps({**asdict(attempt), "next": wish}).encode()).decode()
        secure = is_https(request.scope, proxies())
        response.set_cookie(COOKIE, kept, max_age=MINUTES * 60, path=PATH, httponly=True, samesite="lax", secure=secure)
        return response

    async def back(self, request: Request) -> Response:
        """Open our own session for whoever the provider vouches for, if they may come in."""
        provider, (attempt, wish) = self.provider(), _kept(request)
        if provider is None:
            return _off()
        code, state = request.query_params.get("code", ""), request.query_params.get("state", "")
        if attempt is None or not secrets.compare_digest(state.encode("utf-8", "surrogatepass"), attempt.state.encode()):
            return self._failed(request, wish, "expired", 403)
        if not code:
            log.warning("The provider refused a sign-in: %r", request.query_params.get("error", "")[:100])
            return self._failed(request, wish, "refused", 403)
        try:
            who = await to_thread.run_sync(partial(self._identity, provider, code, attempt, _redirect_uri(request)))
            outcome = await to_thread.run_sync(partial(self._sign_in, request, who))
        except ProviderError as error:
            log.error("%s", error)
            return self._failed(request, wish, "refused", 403)
        except UNAVAILABLE:
            log.exception("The store cannot be asked who signs in")
            return self._failed(request, wish, "store", 503)
        if outcome.token is None:
            return self._failed(request, wish, "unknown", 403)
        response = RedirectResponse(wish, status_code=303)
        cookies.set_session(response, outcome.token, secure=is_https(request.scope, proxies()))
        response.delete_cookie(COOKIE, path=PATH)
        return response

    def _identity(self, provider: "Provider", code: str, attempt: Attempt, redirect_uri: str) -> Identity:
        return provider.identity(code, attempt, redirect_uri, now=self._now().replace(tzinfo=UTC).timestamp())

    def _sign_in(self, request: Request, who: Identity) -> Outcome:
        store, now, agent = self._store(), self._now(), request.headers.get("user-agent")
        address = throttle_key(peer_address(request.scope, proxies()))
        outcome = sign_in_by_provider(
            store, who, roles_from_claims=bool(self._settings().oidc_role_claim), address=address, agent=agent, now=now
        )
        if outcome.token:
            sign_out(store, cookies.session_token(request), now=now)
        return outcome

    def _failed(self, request: Request, wish: str, why: str, status: int) -> Response:
        t, provider = language_of(request), self.provider()
        name = provider.name if provider else ""
        sentences = {
            "away": t("{name} cannot be reached just now; please try again shortly.", name=name),
            "expired": t("The sign-in took too long or was begun in another window; please try again."),
            "refused": t("{name} did not confirm who you are; please try again.", name=name),
            "unknown": t("{name} knows you, but you have no access here. Ask an administrator.", name=name),
            "store": t("The store cannot be read just now; please try again shortly."),
        }
        response = login_page(request, wish, notice=sentences[why], status=status, provider=name)
        response.delete_cookie(COOKIE, path=PATH)
        return response


def _redirect_uri(request: Request) -> str:
    """Our address for the way back, as the browser knows this site; the provider accepts the registered one only."""
    scheme = "https" if is_https(request.scope, proxies()) else "http"
    return f"{scheme}://{request.headers.get('host', '')}{CALLBACK}"


def _kept(request: Request) -> tuple[Attempt | None, str]:
    """What the cookie holds: the attempt, and where the person wanted to go."""
    try:
        kept = json.loads(base64.urlsafe_b64decode(request.cookies.get(COOKIE, "").encode("ascii", "replace")))
        return Attempt(str(kept["state"]), str(kept["nonce"]), str(kept["verifier"])), safe_next(str(kept["next"]))
    except (ValueError, KeyError, TypeError):
        return None, "/"


def _off() -> Response:
    return problem(404, "No sign-in provider is set up (INSIGHTS_OIDC_ISSUER); sign in with a password at /login.")
