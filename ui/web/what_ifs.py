"""The JSON routes that ask the fitted models: the cost of one delivery, the price of one order."""

from collections.abc import Callable
from functools import partial
from typing import Any

import sqlalchemy as sa
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ml.i18n import Translator, translator
from ml.i18n.figures import Formatter
from ml.queries import what_if
from ml.queries.answers import NothingInService, serving_of
from ml.routing.delivery import estimate_delivery
from ml.store.values import load_preferences
from ui.loaded import LoadedModels
from ui.store_access import settings
from ui.web import sentences
from ui.web.bodies import BadRequest, PriceQuestion, RouteCostQuestion, read_body
from ui.web.language import accepted_language

HABITS = ("customer_type", "recency_days", "frequency", "monetary_total")


class WhatIfRoutes:
    """The endpoints. `store` gives the engine when first needed, `models` the fitted models in service."""

    def __init__(self, store: Callable[[], sa.Engine], models: LoadedModels) -> None:
        self._store = store
        self._models = models

    async def route_cost(self, request: Request) -> Response:
        """What one delivery costs, as the Routes screen says it."""
        asked = await read_body(request, RouteCostQuestion)
        return JSONResponse(await to_thread.run_sync(partial(self._route_cost, asked)))

    async def price(self, request: Request) -> Response:
        """What one order should cost in total."""
        asked = await read_body(request, PriceQuestion)
        t = translator(accepted_language(request.headers.get("accept-language")))
        return JSONResponse(await to_thread.run_sync(partial(self._price, asked, t)))

    def _route_cost(self, asked: RouteCostQuestion) -> dict[str, Any]:
        """Without a fitted model the company's rates alone give the answer: "calculated"."""
        where = (asked.latitude, asked.longitude, asked.quantity, asked.customer_type)
        with self._store().connect() as connection:
            served = self._models.serving(connection, "route_cost")
            if served is None:
                estimate = estimate_delivery(*where, load_preferences(connection))
                return what_if.route_cost_answer(estimate, settings().currency, None)
        return what_if.route_cost_answer(served.predictor.estimate_delivery(*where), settings().currency, served.release_id)

    def _price(self, asked: PriceQuestion, t: Translator) -> dict[str, Any]:
        with self._store().connect() as connection:
            served = self._models.serving(connection, "price")
            if served is None:
                raise NothingInService("There is no model of prices yet; `python -m ml retrain` makes one where order lines have prices.")
            habits = {name: getattr(asked, name) for name in HABITS}
            if asked.customer_id is not None:
                known = what_if.order_habits_of(connection, serving_of(connection, "price"), asked.customer_id)
                habits = {name: known[name] if given is None else given for name, given in habits.items()}
        missing = [name for name in HABITS if habits[name] is None and name != "customer_type"]
        if missing:
            wrong = [{"field": name, "wrong": "it is missing"} for name in missing]
            raise BadRequest(422, f"The field {missing[0]} is missing; give it, or the customer_id of a known customer.", errors=wrong)
        suggestion = served.predictor.suggest_for(quantity=asked.quantity, **habits)
        answer = what_if.price_answer(suggestion, settings().currency, served.release_id)
        return answer | {"reasoning": sentences.price_reasons(Formatter(t, settings().currency), suggestion.reasons)}
