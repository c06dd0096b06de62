"""What becomes of an exception in a route: one sentence as problem details, never a trace."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ml.experiments.errors import ExperimentError
from ml.pricing.model import PricingError
from ml.queries.answers import NothingInService
from ml.queries.churn_answers import UnknownCustomer
from ml.routing.delivery import RoutingError
from ml.store.experiments import ExperimentRefused
from ml.store.refused import Refused
from ml.store.releases import ReleaseError
from ui.store_access import UNAVAILABLE
from ui.web.bodies import BadRequest, bad_request
from ui.web.problem import problem

log = logging.getLogger(__name__)


async def unavailable(request: Request, error: Exception) -> Response:
    """The answer when the store fails in the middle of a request."""
    log.error("The store failed during %s", request.url.path, exc_info=error)
    return problem(503, "The store cannot be read just now; try again shortly.", headers={"Retry-After": "5"})


async def unusable_release(request: Request, error: Exception) -> Response:
    """The answer when no release passes its checks. What is wrong with the files is for the log."""
    log.error("No release can answer %s: %s", request.url.path, error)
    return problem(503, "No stored model passes its checks; an administrator runs `python -m ml retrain`.", headers={"Retry-After": "600"})


async def refused(_request: Request, error: Exception) -> Response:
    """The answer to a request that no route takes, as problem details."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return problem(status, "There is nothing here that takes this request.", headers=getattr(error, "headers", None))


def said_with(status: int, **headers: str) -> Callable[[Request, Exception], Any]:
    """A handler that answers with the error's own sentence."""

    async def say(_request: Request, error: Exception) -> Response:
        return problem(status, str(error), headers={name.replace("_", "-"): value for name, value in headers.items()})

    return say


STATUSES = {"experiment_unknown": 404, "unit_unknown": 404, "outcome_twice": 409, "key_twice": 409}


async def refused_experiment(_request: Request, error: Exception) -> Response:
    """The answer of a test that cannot do what was asked, in the error's own sentence."""
    return problem(STATUSES.get(error.code, 422) if isinstance(error, Refused) else 422, str(error))


EXCEPTION_HANDLERS: Mapping[Any, Any] = {
    HTTPException: refused,
    BadRequest: bad_request,
    NothingInService: said_with(503, Retry_After="60"),
    UnknownCustomer: said_with(404),
    ExperimentError: refused_experiment,
    ExperimentRefused: refused_experiment,
    PricingError: said_with(422),
    RoutingError: said_with(422),
    ReleaseError: unusable_release,
    **dict.fromkeys(UNAVAILABLE, unavailable),
}
