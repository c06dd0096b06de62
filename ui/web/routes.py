"""The HTTP routes beside the screens. The gate has decided who is calling before any of these runs."""

import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ml.clock import utc_now
from ml.queries import answers, metrics, service
from ml.settings import Settings
from ui.loaded import MODELS, LoadedModels
from ui.store_access import UNAVAILABLE, settings
from ui.web.access import ACCESS
from ui.web.bodies import LONGEST_FORECAST_DAYS, BadRequest, DemandQuestion, read_body
from ui.web.churn_routes import ChurnRoutes
from ui.web.counters import TEXT, Counters, prometheus_text
from ui.web.customer_page import CustomerPage
from ui.web.docs_page import DocsPages
from ui.web.experiment_routes import ExperimentRoutes
from ui.web.login import LoginPages, asset
from ui.web.logo import PLACE, LogoRoute
from ui.web.single_sign_on import SingleSignOn
from ui.web.what_ifs import WhatIfRoutes

log = logging.getLogger(__name__)
KEPT_ANSWERS = 200
JSON = "application/json"


class JsonRoutes:
    """The endpoints that answer programs. `store` gives the engine when first needed; `now` is the clock (naive UTC).

    An answer is kept until another release is in service or other data has been read.
    """

    def __init__(self, store: Callable[[], sa.Engine], now: Callable[[], datetime], counters: Counters) -> None:
        self._store = store
        self._now = now
        self._counters = counters
        self._kept: dict[tuple[Any, ...], bytes] = {}

    async def health(self, _request: Request) -> Response:
        """Whether the app works; 503 when the store cannot be read."""
        try:
            body = await to_thread.run_sync(self._health)
        except UNAVAILABLE:
            log.exception("The store cannot be read")
            return Response(json.dumps({"status": "unavailable"}), status_code=503, media_type=JSON)
        return Response(body, media_type=JSON)

    async def metrics(self, _request: Request) -> Response:
        """Counters of this process and the health of the whole, as Prometheus text."""
        return Response(await to_thread.run_sync(self._metrics), media_type=TEXT)

    async def demand(self, request: Request) -> Response:
        """The demand forecast of the next `days` days."""
        came = request.path_params["days"]
        days = int(came) if came.isascii() and came.isdigit() and len(came) <= 3 else 0
        if not 1 <= days <= LONGEST_FORECAST_DAYS:
            sentence = f"The days were {came[:40]!r}; accepted is a whole number from 1 to {LONGEST_FORECAST_DAYS}."
            raise BadRequest(422, sentence, parameter="days", minimum=1, maximum=LONGEST_FORECAST_DAYS)
        return await self._answer(answers.demand_answer, days, True)

    async def demand_asked(self, request: Request) -> Response:
        """The demand forecast as the body asks for it."""
        asked = await read_body(request, DemandQuestion)
        return await self._answer(answers.demand_answer, asked.days_ahead, asked.include_revenue)

    async def segments(self, _request: Request) -> Response:
        """The customer segments."""
        return await self._answer(answers.segments_answer)

    async def _answer(self, query: Callable[..., dict[str, Any]], *args: Any) -> Response:
        return Response(await to_thread.run_sync(partial(self._current, query, *args)), media_type=JSON)

    def _current(self, query: Callable[..., dict[str, Any]], *args: Any) -> bytes:
        with self._store().connect() as connection:
            serving = tuple((entry.predictor, entry.release_id, entry.as_of) for entry in service.in_service(connection).values())
            key = (query.__name__, args, serving, service.latest_reading_id(connection))
            body = self._kept.get(key)
            if body is None:
                if len(self._kept) >= KEPT_ANSWERS:
                    self._kept.clear()
                body = self._kept[key] = _encoded(query(connection, *args))
        return body

    def _health(self) -> bytes:
        with self._store().connect() as connection:
            return _encoded(answers.health_answer(connection, self._now()))

    def _metrics(self) -> str:
        with self._store().connect() as connection:
            return prometheus_text(self._counters, metrics.health_gauges(connection, self._now()))


def make_routes(
    store: Callable[[], sa.Engine],
    home: str,
    now: Callable[[], datetime] = utc_now,
    *,
    counters: Counters | None = None,
    models: LoadedModels = MODELS,
    settings: Callable[[], Settings] = settings,
) -> list[Route]:
    """Every route of the registry ACCESS that is ours, with its endpoint; and the first screen's own name leads to "/", where it lives."""
    api, provider = JsonRoutes(store, now, counters or Counters()), SingleSignOn(store, settings, now)
    logo = LogoRoute(store)
    pages = LoginPages(store, now, lambda: found.name if (found := provider.provider()) else None, logo)
    churn, what_ifs, docs = ChurnRoutes(store), WhatIfRoutes(store, models), DocsPages(store, now)
    tests = ExperimentRoutes(store, now, settings)
    endpoints: Mapping[str, Any] = {
        "/health": api.health,
        "/metrics": api.metrics,
        "/openapi.json": docs.document,
        "/docs": docs.page,
        "/docs/style.css": docs.style,
        "/login": pages.login,
        "/login/style.css": asset,
        "/login/icon.svg": asset,
        f"{PLACE}/{{digest}}": logo.picture,
        "/login/oidc": provider.begin,
        "/login/oidc/callback": provider.back,
        "/logout": pages.logout,
        "/c/{token}": CustomerPage(store, settings, now).page,
        "/predict/demand/{days}": api.demand,
        "/predict/demand": api.demand_asked,
        "/predict/churn/all": churn.everybody,
        "/predict/churn/{customer_id:path}": churn.one,
        "/predict/route-cost": what_ifs.route_cost,
        "/predict/price": what_ifs.price,
        "/segments": api.segments,
        "/experiments/active": tests.active,
        "/experiments/{experiment_id}/arm/{customer_id:path}": tests.arm,
        "/experiments/{experiment_id}/outcomes": tests.outcomes,
    }
    ours = [Route(entry.path, endpoints[entry.path], methods=list(entry.methods)) for entry in ACCESS if entry.path in endpoints]
    return [*ours, Route(f"/{home}", _to_first_screen, methods=["GET"])]


async def _to_first_screen(request: Request) -> Response:
    return RedirectResponse(f"/?{request.url.query}" if request.url.query else "/", status_code=303)


def _encoded(answer: Mapping[str, Any]) -> bytes:
    return json.dumps(answer, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
