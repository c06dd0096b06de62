"""OPERATIONS: what the registry ACCESS does not say of a route that answers programs: its body, its answer, its errors, an example."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel

from ml.i18n import mark
from ui.web import bodies, shapes


class Parameter(NamedTuple):
    """A part of the path: its name, JSON schema, meaning and an example."""

    name: str
    schema: Mapping[str, Any]
    meaning: str
    example: str


class Operation(NamedTuple):
    """One method of one path. `errors` are statuses beside those of every route that wants a token."""

    path: str
    method: str
    name: str
    answer: type[BaseModel] | None
    body: type[BaseModel] | None = None
    errors: tuple[int, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    example: Mapping[str, Any] | None = None


DAYS = Parameter("days", {"type": "integer", "minimum": 1, "maximum": bodies.LONGEST_FORECAST_DAYS}, mark("how many days, 1 to 90"), "30")
CUSTOMER = Parameter("customer_id", {"type": "string"}, mark("the customer's id in the company's data"), "C0001")
EXPERIMENT = Parameter("experiment_id", {"type": "string"}, mark("the test's id"), "dynamic_pricing_20261101")
ORDER = {"quantity": 10, "customer_type": "Hogar", "recency_days": 12, "frequency": 20, "monetary_total": 600_000}
OPERATIONS: tuple[Operation, ...] = (
    Operation("/health", "GET", "health", shapes.Health, errors=(503,)),
    Operation("/predict/demand/{days}", "GET", "demand", shapes.Demand, errors=(422, 503), parameters=(DAYS,)),
    Operation(
        "/predict/demand", "POST", "demandAsked", shapes.Demand, bodies.DemandQuestion, (400, 413, 422, 503),
        example={"days_ahead": 30, "include_revenue": True},
    ),
    Operation(
        "/predict/churn/all", "POST", "churnOfAll", shapes.ChurnList, bodies.ChurnQuestion, (400, 413, 422, 503), example={"threshold": 0.7}
    ),
    Operation("/predict/churn/{customer_id:path}", "GET", "churn", shapes.Churn, errors=(404, 503), parameters=(CUSTOMER,)),
    Operation("/predict/churn/{customer_id:path}", "POST", "churnPosted", shapes.Churn, errors=(404, 503), parameters=(CUSTOMER,)),
    Operation(
        "/predict/route-cost", "POST", "routeCost", shapes.RouteCost, bodies.RouteCostQuestion, (400, 413, 422, 503),
        example={"latitude": -33.42, "longitude": -70.61, "quantity": 10, "customer_type": "Hogar"},
    ),
    Operation("/predict/price", "POST", "price", shapes.Price, bodies.PriceQuestion, (400, 404, 413, 422, 503), example=ORDER),
    Operation("/segments", "GET", "segments", shapes.Segments, errors=(503,)),
    Operation("/experiments/active", "GET", "activeExperiments", shapes.RunningExperiments, errors=(503,)),
    Operation(
        "/experiments/{experiment_id}/arm/{customer_id:path}", "GET", "arm", shapes.Arm, errors=(404, 503),
        parameters=(EXPERIMENT, CUSTOMER),
    ),
    Operation(
        "/experiments/{experiment_id}/outcomes", "POST", "outcomes", shapes.OutcomesKept, bodies.OutcomesPosted,
        (400, 404, 409, 413, 422, 503), (EXPERIMENT,),
        {"outcomes": [{"customer_id": "C0001", "timestamp": "2026-11-20", "revenue": 24_000, "orders_count": 1}]},
    ),
    Operation("/metrics", "GET", "metrics", None, errors=(503,)),
    Operation("/openapi.json", "GET", "openapi", None),
)  # fmt: skip
ERRORS: Mapping[int, str] = {
    400: mark("the body is no JSON object"),
    401: mark("no live token"),
    403: mark("the token lacks the scope"),
    404: mark("there is no such customer, or nothing can be said of them yet"),
    409: mark("the same key or period came before with something else"),
    413: mark("the body is too large"),
    422: mark("a value is not accepted; the sentence says which and what is"),
    503: mark("there is no model in service yet, or the store cannot be read; Retry-After says when to try again"),
}


def operation_for(path: str, method: str) -> Operation | None:
    """What is known of a method of a path of ACCESS; None for pages and files."""
    return next((one for one in OPERATIONS if (one.path, one.method) == (path, method)), None)
