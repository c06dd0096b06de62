"""The company's logo for the sign-in page and the screens, from our own origin.

Only the logo of today is served, under its digest, so browsers may keep it for good. A drawing opened by itself may run and fetch nothing.
"""

from collections.abc import Callable
from contextlib import suppress

import sqlalchemy as sa
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from ml.store import logos
from ml.store.logos import Logo
from ml.store.values import load_preferences
from ui.store_access import UNAVAILABLE
from ui.web.problem import problem

PLACE = "/app/static/logo"  # Streamlit's header shows addresses below /app/static/ as they are, and no others of ours
HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'",
}


def address_of(digest: str) -> str:
    """Where the logo with that digest is fetched."""
    return f"{PLACE}/{digest}"


class LogoRoute:
    """The endpoint. `store` gives the engine when first needed; `digest` is that of today's logo as last looked up, empty without one."""

    def __init__(self, store: Callable[[], sa.Engine]) -> None:
        self._store = store
        self.digest = ""

    def look(self) -> None:
        """Look up today's logo; while the store is away the one known last stays."""
        with suppress(*UNAVAILABLE), self._store().connect() as connection:
            self.digest = load_preferences(connection).company_logo

    async def picture(self, request: Request) -> Response:
        """The picture; 404 for any other than today's."""
        logo = await to_thread.run_sync(self._find, request.path_params["digest"])
        if logo is None:
            return problem(404, "This is not the company's logo.")
        return Response(
            logo.content, headers={**HEADERS, "Content-Type": f"{logo.kind}; charset=utf-8" if "svg" in logo.kind else logo.kind}
        )

    def _find(self, digest: str) -> Logo | None:
        with self._store().connect() as connection:
            return logos.find(connection, digest) if digest == load_preferences(connection).company_logo else None
