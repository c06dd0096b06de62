"""A sign-in provider of our own on this machine: discovery, authorization, token and key addresses, strict about PKCE and the client."""

import base64
import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET = "insights-test", "provider-secret-for-tests"
CODE = "the-code"


@dataclass
class MockProvider:
    """What it says is decided by the test: `claims` are put over the usual ones (None takes one away), `wrong` breaks things."""

    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    wrong: str = ""
    methods: tuple[str, ...] = ("client_secret_basic",)
    now: float = 0.0
    asked: dict[str, list[str]] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    other_key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    issuer: str = ""

    def app(self) -> Starlette:
        """The provider as an ASGI app."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.discovery),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
                Route("/keys", self.keys),
                Route("/userinfo", self.about),
            ]
        )

    async def discovery(self, _request: Request) -> Response:
        issuer = "https://another.example" if self.wrong == "issuer" else self.issuer
        paths = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys", "userinfo_endpoint": "userinfo"}
        addresses = {name: f"{self.issuer}/{path}" for name, path in paths.items()}
        return JSONResponse({"issuer": issuer, "token_endpoint_auth_methods_supported": list(self.methods), **addresses})

    async def authorize(self, request: Request) -> Response:
        """What a browser gets that was sent here: at once back, as if the person had agreed."""
        self.asked = parse_qs(request.url.query)
        back = {"state": self.asked["state"][0], **({"error": "access_denied"} if self.wrong == "denied" else {"code": CODE})}
        return RedirectResponse(f"{self.asked['redirect_uri'][0]}?{urlencode(back)}", status_code=302)

    async def token(self, request: Request) -> Response:
        sent = parse_qs((await request.body()).decode())
        challenge = base64.urlsafe_b64encode(hashlib.sha256(sent["code_verifier"][0].encode()).digest()).decode().rstrip("=")
        basic = "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        posted = sent.get("client_secret") == [CLIENT_SECRET] and sent.get("client_id") == [CLIENT_ID]
        known = posted if "client_secret_basic" not in self.methods else request.headers.get("authorization") == basic
        right = known and sent["code"] == [CODE] and challenge == self.asked["code_challenge"][0]
        if not right or sent["redirect_uri"] != self.asked["redirect_uri"] or self.wrong == "token":
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        return JSONResponse({"access_token": "opaque", "token_type": "Bearer", "expires_in": 60, "id_token": self.id_token()})

    def id_token(self) -> str:
        usual = {
            "iss": self.issuer, "aud": CLIENT_ID, "sub": "person-1", "iat": int(self.now), "exp": int(self.now) + 300,
            "nonce": self.asked["nonce"][0], "email": "ana@example.com", "email_verified": True, "name": "Ana",
        }  # fmt: skip
        claims = {name: value for name, value in {**usual, **self.claims}.items() if value is not None}
        if self.wrong == "unsigned":
            parts = [json.dumps({"alg": "none", "kid": "one"}), json.dumps(claims)]
            return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts) + "."
        key = self.other_key if self.wrong == "signature" else self.key
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)

    async def keys(self, _request: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def about(self, request: Request) -> Response:
        known = request.headers.get("authorization") == "Bearer opaque"
        return JSONResponse(self.userinfo if known else {"error": "invalid_token"}, status_code=200 if known else 401)


def serve_provider(provider: MockProvider) -> uvicorn.Server:
    """Start it on a free port of this machine; `provider.issuer` says where."""
    server = uvicorn.Server(uvicorn.Config(provider.app(), host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.02)
    provider.issuer = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    return server
