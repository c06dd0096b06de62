"""What programs send to the JSON routes: each body as a model with described fields, and one clear sentence for what is wrong."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from ml.i18n import mark
from ui.web.problem import problem

LARGEST_BODY_BYTES = 16_384
LONGEST_FORECAST_DAYS = 90
MOST_BOTTLES = 100_000
MOST_MONEY = 1e12
MOST_DAYS = 36_500
Body = TypeVar("Body", bound=BaseModel)
CustomerType = Annotated[str | None, Field(max_length=80, description=mark("the customer type as the company writes it, such as Hogar"))]


class BadRequest(ValueError):
    """A request that cannot be answered: the status, the sentence, and members for the problem details."""

    def __init__(self, status: int, sentence: str, **members: Any) -> None:
        super().__init__(sentence)
        self.status, self.members = status, members


class Question(BaseModel):
    """A body that was sent: unknown fields are passed over, numbers must be finite."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class ChurnQuestion(Question):
    """From which probability on a customer is listed."""

    threshold: float | None = Field(
        None, ge=0, le=1, description=mark("the lowest probability to list, 0 to 1; left out: the company's threshold")
    )


class DemandQuestion(Question):
    """How far ahead, and with or without revenue."""

    days_ahead: int = Field(30, ge=1, le=LONGEST_FORECAST_DAYS, description=mark("how many days from the day after the data, 1 to 90"))
    include_revenue: bool = Field(True, description=mark("whether the revenue fields are filled in; else they are null"))


class RouteCostQuestion(Question):
    """One delivery: where to, how much, to whom."""

    latitude: float = Field(ge=-90, le=90, description=mark("where to, in degrees north (Santiago: -33.4)"))
    longitude: float = Field(ge=-180, le=180, description=mark("where to, in degrees east (Santiago: -70.6)"))
    quantity: float = Field(gt=0, le=MOST_BOTTLES, description=mark("bottles of the delivery"))
    customer_type: CustomerType = None


class PriceQuestion(Question):
    """One order. With a customer_id, what is left out of the others comes from the company's data."""

    customer_id: str | None = Field(None, min_length=1, max_length=200, description=mark("whose order; left out: somebody not known yet"))
    quantity: float = Field(gt=0, le=MOST_BOTTLES, description=mark("units ordered of the product that such customers buy most"))
    customer_type: CustomerType = None
    recency_days: float | None = Field(None, ge=0, le=MOST_DAYS, description=mark("days since the customer's last order"))
    frequency: float | None = Field(None, ge=0, le=MOST_BOTTLES, description=mark("the customer's orders in the last 365 days"))
    monetary_total: float | None = Field(None, ge=0, le=MOST_MONEY, description=mark("what the customer bought for in the last 365 days"))


class OutcomePosted(Question):
    """What came of one unit on one day."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    customer_id: str = Field(min_length=1, max_length=200, description=mark("the customer's (or unit's) id"))
    timestamp: str | None = Field(None, max_length=40, description=mark("the day, YYYY-MM-DD; left out: today"))
    period: str | None = Field(None, max_length=40, description=mark("names the period instead of the day; the same period counts once"))
    revenue: float | None = Field(None, ge=0, le=MOST_MONEY, description=mark("sales of the period"))
    orders_count: int | None = Field(None, ge=0, le=MOST_BOTTLES, description=mark("orders of the period"))
    churned: bool | None = Field(None, description=mark("whether the customer left"))
    units: float | None = Field(None, ge=0, le=MOST_MONEY, description=mark("in a price test: units of the product sold in the period"))
    unit_price: float | None = Field(None, gt=0, le=MOST_MONEY, description=mark("in a price test: what was charged for a unit"))
    stock_outs: int | None = Field(None, ge=0, le=MOST_BOTTLES, description=mark("days without stock"))
    units_short: float | None = Field(None, ge=0, le=MOST_MONEY, description=mark("units that could not be delivered"))
    cost_clp: float | None = Field(None, ge=0, le=MOST_MONEY, description=mark("cost of the stock"))


class OutcomesPosted(Question):
    """Outcomes of a test, all kept or none."""

    outcomes: list[OutcomePosted] = Field(min_length=1, max_length=500, description=mark("one entry per customer and period"))


async def read_body(request: Request, model: type[Body]) -> Body:
    """The body of a request as `model`; an empty one is {}. Raises BadRequest: 413 too large, 400 no JSON object, 422 a field is wrong."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LARGEST_BODY_BYTES:
            raise BadRequest(413, f"The body is larger than {LARGEST_BODY_BYTES} bytes; send the fields that /docs names and no others.")
    try:
        return model.model_validate_json(bytes(raw).strip() or b"{}")
    except ValidationError as error:
        raise _said(error, model) from None


async def bad_request(_request: Request, error: Exception) -> Response:
    """The answer to a BadRequest, as problem details."""
    status, members = (error.status, error.members) if isinstance(error, BadRequest) else (400, {})
    return problem(status, str(error), **members)


def _said(error: ValidationError, model: type[BaseModel]) -> BadRequest:
    found = error.errors(include_url=False, include_context=False)
    if not found[0]["loc"]:
        fields = ", ".join(model.model_fields)
        return BadRequest(400, f"The body is no JSON object ({_first_line(found[0]['msg'])}); send one with the fields {fields}.")
    told = [{"field": ".".join(str(part) for part in one["loc"]), "wrong": _wrong(one)} for one in found]
    name, wrong = told[0]["field"], told[0]["wrong"]
    if found[0]["type"] == "missing":
        return BadRequest(422, f"The field {name} is missing; it is {model.model_fields[name].description}.", errors=told)
    return BadRequest(422, f"The field {name} was {_shown(found[0]['input'])}; {wrong}.", errors=told)


def _wrong(one: Any) -> str:
    text = _first_line(one["msg"])
    return "it is missing" if one["type"] == "missing" else text.replace("Input should", "it should").replace("String should", "it should")


def _first_line(text: str) -> str:
    return text.splitlines()[0][:200]


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
