"""The JSON routes about customers' risk: one customer, and everybody who may be contacted."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import sqlalchemy as sa
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from ml.i18n import Translator, advice, translator
from ml.i18n.figures import Formatter
from ml.queries import churn_answers, service
from ml.queries.answers import serving_of
from ml.store.values import load_preferences
from ui.store_access import settings
from ui.web import sentences
from ui.web.bodies import ChurnQuestion, read_body
from ui.web.language import accepted_language

JSON = "application/json"
KEPT_LISTS = 4


class Listed(NamedTuple):
    """Everybody who may be contacted, most money at risk first: probability, whether that is high, and the entry as JSON."""

    probabilities: list[float]
    high: list[bool]
    entries: list[str]


class ChurnRoutes:
    """The endpoints. `store` gives the engine when first needed. The list of all is kept until data, release or preferences change."""

    def __init__(self, store: Callable[[], sa.Engine]) -> None:
        self._store = store
        self._kept: dict[tuple[Any, ...], Listed] = {}

    async def one(self, request: Request) -> Response:
        """The risk of one customer; a body of a POST is not looked at."""
        t = translator(accepted_language(request.headers.get("accept-language")))
        return Response(await to_thread.run_sync(partial(self._one, request.path_params["customer_id"], t)), media_type=JSON)

    async def everybody(self, request: Request) -> Response:
        """Everybody who may be contacted and is at or above the threshold asked for, or at high risk by the company's own rule."""
        asked = await read_body(request, ChurnQuestion)
        t = translator(accepted_language(request.headers.get("accept-language")))
        return Response(await to_thread.run_sync(partial(self._everybody, asked.threshold, t)), media_type=JSON)

    def _one(self, customer_id: str, t: Translator) -> str:
        with self._store().connect() as connection:
            serving, chosen = serving_of(connection, "customers"), load_preferences(connection)
            answer = churn_answers.churn_answer(connection, serving, chosen, customer_id)
        explanation = sentences.churn_reasons(Formatter(t, settings().currency), answer)
        return _encoded(_in_words(answer, t) | {"explanation": explanation})

    def _everybody(self, threshold: float | None, t: Translator) -> str:
        with self._store().connect() as connection:
            serving, chosen = serving_of(connection, "customers"), load_preferences(connection)
            key = (serving.release_id, serving.as_of, service.latest_reading_id(connection), chosen, t.language)
            listed = self._kept.get(key)
            if listed is None:
                listed = _listed(churn_answers.churn_answers(connection, serving, chosen), t)
                if len(self._kept) >= KEPT_LISTS:
                    self._kept.clear()
                self._kept[key] = listed
            stamp = churn_answers.stamp(connection, serving)
        lowest = chosen.churn_threshold if threshold is None else threshold
        wanted = listed.high if threshold is None else [probability >= threshold for probability in listed.probabilities]
        picked = [entry for is_wanted, entry in zip(wanted, listed.entries, strict=True) if is_wanted]
        told = {
            "total_customers": len(listed.entries),
            "high_risk_count": sum(listed.high),
            "threshold": lowest,
            **stamp,
        }
        return f'{_encoded(told)[:-1]},"predictions":[{",".join(picked)}]}}'


def _listed(found: list[dict[str, Any]], t: Translator) -> Listed:
    probabilities = [answer["churn_probability"] for answer in found]
    return Listed(probabilities, [answer["is_high_risk"] for answer in found], [_encoded(_in_words(answer, t)) for answer in found])


def _in_words(answer: dict[str, Any], t: Translator) -> dict[str, Any]:
    code = answer["recommendation"]
    return answer | {"recommendation": advice.sentence(t, code, answer["basis"]), "recommendation_code": code}


def _encoded(answer: dict[str, Any]) -> str:
    return json.dumps(answer, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
