"""OpenID Connect with one provider: where to send the browser, and who came back (authorization code with PKCE, state and nonce).

Blocking calls: run them in a thread. Tokens of the provider are read once and not kept; the session is our own.
"""

import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from ml.settings import OIDC_ROLES, Settings
from ui.web.identity import Attempt, Identity, ProviderError

TIMEOUT_SECONDS = 10
LEEWAY_SECONDS = 60
KEEP_SECONDS = 3600
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]  # no shared secrets, never "none"
UNREACHABLE = (requests.RequestException, ValueError, KeyError, TypeError)


class Provider:
    """One provider, as the settings describe it. Its discovery document is kept for an hour."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: tuple[float, dict[str, Any]] | None = None
        self._asking = threading.Lock()

    @property
    def name(self) -> str:
        """What the sign-in page calls it."""
        return self._settings.oidc_name or str(urlsplit(self._settings.oidc_issuer).hostname)

    def address_for(self, attempt: Attempt, redirect_uri: str) -> str:
        """Where to send the browser. Raises ProviderError."""
        endpoint = self._endpoint("authorization_endpoint")
        client = self._client(redirect_uri)
        address, _ = client.create_authorization_url(endpoint, state=attempt.state, nonce=attempt.nonce, code_verifier=attempt.verifier)
        return str(address)

    def identity(self, code: str, attempt: Attempt, redirect_uri: str, *, now: float) -> Identity:
        """Who came back with `code`, at the Unix time `now`. Raises ProviderError when anything does not hold."""
        client = self._client(redirect_uri)
        try:
            token = client.fetch_token(
                self._endpoint("token_endpoint"), grant_type="authorization_code", code=code, code_verifier=attempt.verifier
            )
            found: Any = self._get(self._endpoint("jwks_uri"))
            keys = KeySet.import_key_set(found)
            claims = self._checked(token["id_token"], token.get("access_token"), keys, attempt.nonce, now)
            return self._identity({**self._more(token.get("access_token"), claims), **claims})
        except (AuthlibBaseError, JoseError, *UNREACHABLE) as error:
            raise ProviderError(f"The sign-in at {self.name} does not hold: {type(error).__name__}: {_short(error)}.") from error

    def _client(self, redirect_uri: str) -> OAuth2Session:
        secret = self._settings.oidc_client_secret
        offered = self._document().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        method = "none" if secret is None else "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"
        return OAuth2Session(
            self._settings.oidc_client_id,
            secret.get_secret_value() if secret else None,
            token_endpoint_auth_method=method,
            scope=self._settings.oidc_scopes,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            default_timeout=TIMEOUT_SECONDS,
        )

    def _document(self) -> dict[str, Any]:
        with self._asking:
            if self._known is None or time.monotonic() - self._known[0] > KEEP_SECONDS:
                issuer = self._settings.oidc_issuer
                try:
                    found = self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
                except UNREACHABLE as error:
                    raise ProviderError(f"{issuer} cannot be asked for its addresses: {_short(error)}.") from error
                if found.get("issuer") != issuer:
                    raise ProviderError(f"The provider calls itself {found.get('issuer')!r}; INSIGHTS_OIDC_ISSUER is {issuer!r}.")
                self._known = (time.monotonic(), found)
            return self._known[1]

    def _endpoint(self, name: str) -> str:
        address = str(self._document().get(name, ""))
        if not address.startswith(("https://", f"{urlsplit(self._settings.oidc_issuer).scheme}://")):
            raise ProviderError(f"The provider's {name} is {address!r}, no https address.")
        return address

    def _get(self, address: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        wanted = {"Accept": "application/json", **(headers or {})}
        answer = requests.get(address, timeout=TIMEOUT_SECONDS, allow_redirects=False, headers=wanted)
        if answer.status_code != 200:
            raise ValueError(f"{address} answered {answer.status_code}")
        found = answer.json()
        if not isinstance(found, dict):
            raise TypeError(f"{address} answered no JSON object")
        return found

    def _checked(self, id_token: str, access_token: str | None, keys: KeySet, nonce: str, now: float) -> dict[str, Any]:
        """The claims of an ID token whose signature, issuer, audience, times and nonce hold."""
        read = jwt.decode(id_token, keys, algorithms=ALGORITHMS)
        client_id = self._settings.oidc_client_id
        wanted: dict[str, Any] = {
            "iss": {"essential": True, "value": self._settings.oidc_issuer},
            "aud": {"essential": True, "value": client_id},
            "nonce": {"essential": True, "value": nonce},
        }
        params = {"nonce": nonce, "client_id": client_id, "access_token": access_token}
        claims = CodeIDToken(read.claims, read.header, options=wanted, params=params)
        claims.validate(now=int(now), leeway=LEEWAY_SECONDS)
        return dict(claims)

    def _more(self, access_token: str | None, claims: Mapping[str, Any]) -> dict[str, Any]:
        """What only the userinfo endpoint tells, where the ID token lacks the address; of the same person, or nothing."""
        if claims.get(self._settings.oidc_email_claim) or not self._document().get("userinfo_endpoint"):
            return {}
        told = self._get(self._endpoint("userinfo_endpoint"), {"Authorization": f"Bearer {access_token}"})
        return told if told.get("sub") == claims["sub"] else {}

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        email = claims.get(self._settings.oidc_email_claim)
        if not isinstance(email, str) or "@" not in email:
            raise ProviderError(f"{self.name} names no e-mail address in the claim {self._settings.oidc_email_claim}.")
        if not (self._settings.oidc_trust_email or claims.get("email_verified") in (True, "true")):
            raise ProviderError(f"{self.name} does not mark the address of {email!r} as verified (see INSIGHTS_OIDC_TRUST_EMAIL).")
        return Identity(email, str(claims.get("name") or ""), self._role(claims))

    def _role(self, claims: Mapping[str, Any]) -> str | None:
        """The strongest role that the role claim names; None when it names none, or when claims do not decide."""
        if not self._settings.oidc_role_claim:
            return None
        found = claim(claims, self._settings.oidc_role_claim)
        values = found if isinstance(found, list) else [found]
        known = self._settings.oidc_role_values
        named = {known[value] for value in values if isinstance(value, str) and value in known}
        return next((role for role in OIDC_ROLES if role in named), None)


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, or by a path through nested ones.

    >>> claim({"app_metadata": {"role": "viewer"}}, "app_metadata.role"), claim({"https://x.cl/role": "admin"}, "https://x.cl/role")
    ('viewer', 'admin')
    """
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else "no reason given"
