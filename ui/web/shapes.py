"""What the JSON routes answer, as models with described fields: the OpenAPI document is made of them, and tests hold answers to them."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ml.i18n import mark

AS_OF = mark("the last day of the data the answer was made from, YYYY-MM-DD")
RELEASE = mark("the version of the models that answered")
USABLE = mark("whether past windows showed that the risk says more than chance and the simple rule; null where the release does not say")
NOTES = mark("what pulled the probabilities towards the company's mean: few customers, short history")
BASIS = mark("whether money is net or gross of VAT, as the company records it: net, gross, mixed or unknown")
CURRENCY = mark("the currency of all money, ISO 4217")


class Shape(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(extra="forbid")


class Reason(Shape):
    """A ground as a code with its numbers."""

    code: str = Field(description=mark("which ground it is"))
    params: dict[str, Any] = Field(description=mark("the numbers that belong to it"))


class DemandDay(Shape):
    """One day of the forecast. The bounds hold 8 of 10 days."""

    date: str = Field(description=mark("the day, YYYY-MM-DD"))
    predicted_orders: float | None = Field(description=mark("orders expected"))
    lower_bound: float | None = Field(description=mark("lower end of the range of orders"))
    upper_bound: float | None = Field(description=mark("upper end of the range of orders"))
    predicted_revenue: float | None = Field(description=mark("sales expected; null where they are not forecast or not asked for"))
    revenue_lower_bound: float | None = Field(description=mark("lower end of the range of sales"))
    revenue_upper_bound: float | None = Field(description=mark("upper end of the range of sales"))
    open: bool = Field(description=mark("whether the company is expected to work that day"))


class DemandSummary(Shape):
    """The days together."""

    total_predicted_orders: float | None = Field(description=mark("orders of all days"))
    avg_daily_orders: float | None = Field(description=mark("orders per calendar day"))
    peak_day: str | None = Field(description=mark("the strongest open day, null without one"))
    low_day: str | None = Field(description=mark("the weakest open day, null without one"))
    total_predicted_revenue: float | None = Field(description=mark("sales of all days"))
    avg_daily_revenue: float | None = Field(description=mark("sales per calendar day"))
    business_days: int = Field(description=mark("how many of the days are open"))


class Demand(Shape):
    """The demand forecast."""

    forecast_days: int = Field(description=mark("how many days follow"))
    predictions: list[DemandDay] = Field(description=mark("one entry per day, from the day after the data"))
    summary: DemandSummary = Field(description=mark("the days together"))
    as_of: str | None = Field(description=AS_OF)
    release: str = Field(description=RELEASE)
    band_level: float = Field(description=mark("the share of days that should fall between the bounds"))
    revenue_basis: str = Field(description=BASIS)


class Segment(Shape):
    """One group of customers; means are per customer over the last 365 days."""

    cluster_id: int = Field(description=mark("the number of the segment"))
    name: str = Field(description=mark("vip, loyal, potential or at_risk"))
    customer_count: int = Field(description=mark("customers in it"))
    avg_recency_days: float | None = Field(description=mark("mean days since the last order"))
    avg_frequency: float | None = Field(description=mark("mean orders"))
    avg_monetary: float | None = Field(description=mark("mean spend"))
    total_value: float | None = Field(description=mark("spend of all its customers"))


class Segments(Shape):
    """The customer segments."""

    total_customers: int = Field(description=mark("customers in all segments"))
    timestamp: str = Field(description=mark("when the data was read, UTC"))
    segments: list[Segment] = Field(description=mark("the segments, best customers first"))
    as_of: str | None = Field(description=AS_OF)
    release: str = Field(description=RELEASE)
    value_basis: str = Field(description=BASIS)


class ChurnEntry(Shape):
    """The risk of one customer in the list of all."""

    customer_id: str = Field(description=mark("the customer's id in the company's data"))
    churn_probability: float = Field(description=mark("probability of no order within horizon_days, 0 to 1"))
    is_high_risk: bool = Field(
        description=mark("whether the probability reaches the company's threshold; by rhythm, two own usual pauses of silence")
    )
    risk_level: str = Field(
        description=mark(
            "bajo, medio (from half the threshold), alto (from the threshold) or crítico (from half way to 1); by rhythm, medio beyond one "
            "own usual pause of silence, alto from two, crítico from three"
        )
    )
    recommendation: str = Field(description=mark("what to do, one sentence in the accepted language"))
    days_until_action: int = Field(description=mark("days until it is time to act: 0 at high risk, else until the next order is late"))
    horizon_days: int = Field(description=mark("the silence in days that counts as leaving"))
    reasons: list[Reason] = Field(description=mark("up to three grounds, the strongest first; none by rhythm"))
    population: str = Field(description=mark("active or dormant (silent for so long that a call rarely helps)"))
    contact_opt_out: bool = Field(description=mark("whether the customer asked not to be contacted; never true in the list of all"))
    basis: str = Field(
        description=mark("what level, advice and days go by: probability, or rhythm where the probability has no usable signal")
    )
    days_since_last_order: float | None = Field(description=mark("days of silence"))
    typical_gap_days: float | None = Field(description=mark("the customer's own usual pause in days; null with too few orders"))
    value_at_risk: float | None = Field(
        description=mark("probability times recent spend of horizon_days, as recorded: what the call list goes by; null by rhythm")
    )
    value_12m: float | None = Field(description=mark("expected in twelve months, discounted as on the Customer screen, as recorded"))
    next_order_date: str | None = Field(description=mark("the likeliest day of the next order, YYYY-MM-DD; null where unknown"))
    next_order_lo: str | None = Field(description=mark("first day of the range that holds 8 of 10 next orders"))
    next_order_hi: str | None = Field(description=mark("last day of that range"))
    recommendation_code: str = Field(description=mark("its code: keep, watch, call, call_first, win_back, do_not_contact, no_rhythm"))


class Churn(ChurnEntry):
    """The risk of one customer."""

    as_of: str = Field(description=AS_OF)
    release: str = Field(description=RELEASE)
    usable_signal: bool | None = Field(description=USABLE)
    notes: list[Reason] = Field(description=NOTES)
    explanation: str = Field(description=mark("the reasons as one sentence in the accepted language"))


class ChurnList(Shape):
    """Everybody who may be contacted and is at or above the threshold asked for, or at high risk by the company's own rule."""

    total_customers: int = Field(description=mark("customers with a score who may be contacted"))
    high_risk_count: int = Field(description=mark("how many of them reach the company's own threshold"))
    threshold: float = Field(description=mark("the lowest probability listed; without one in the question, the company's"))
    as_of: str = Field(description=AS_OF)
    release: str = Field(description=RELEASE)
    usable_signal: bool | None = Field(description=USABLE)
    notes: list[Reason] = Field(description=NOTES)
    predictions: list[ChurnEntry] = Field(description=mark("one entry per customer, most money at risk first; by rhythm, the latest first"))


class RouteCost(Shape):
    """What one delivery costs."""

    estimated_cost: float = Field(description=mark("what the delivery adds to a tour"))
    distance_from_center_km: float = Field(description=mark("straight kilometres from the depot"))
    delivery_time_estimate_hours: float = Field(description=mark("hours from leaving the depot until it is handed over"))
    priority_level: str = Field(description=mark("high, medium or low, by the share of a van it fills"))
    basis: str = Field(description=mark("learnt (corrected by ended tours) or calculated (the company's rates alone)"))
    components: dict[str, float] = Field(
        description=mark("parts of the cost (line_haul, local, service), kilometres, hours, van_share and correction")
    )
    currency: str = Field(description=CURRENCY)
    release: str | None = Field(description=mark("the version of the models that answered; null when no model is in service"))


class Price(Shape):
    """What one order should cost in total."""

    suggested_price: float = Field(description=mark("total of the order"))
    price_range_min: float = Field(description=mark("the lowest total inside the company's limits"))
    price_range_max: float = Field(description=mark("the highest total inside the company's limits"))
    discount_recommended: float = Field(description=mark("share off the usual price, 0 to 1"))
    reasoning: str = Field(description=mark("why, one sentence in the accepted language"))
    reasons: list[Reason] = Field(description=mark("the same as codes"))
    currency: str = Field(description=CURRENCY)
    release: str = Field(description=RELEASE)


class RunningExperiment(Shape):
    """A test that runs."""

    experiment_id: str = Field(description=mark("the test's id"))
    name: str = Field(description=mark("the name of the test"))
    type: str = Field(description=mark("dynamic_pricing, churn_alert or demand_forecast"))
    start_date: str = Field(description=mark("the first day that counts"))
    end_date: str = Field(description=mark("the last day that counts"))
    customers: int = Field(description=mark("how many customers take part"))


class RunningExperiments(Shape):
    """The tests that run today."""

    experiments: list[RunningExperiment] = Field(description=mark("one entry per test"))


class Arm(Shape):
    """A customer's group in a test."""

    experiment_id: str = Field(description=mark("the test's id"))
    customer_id: str = Field(description=mark("the customer's id in the company's data"))
    arm: str = Field(description=mark("control, treatment or hold_out"))
    in_treatment: bool = Field(description=mark("whether the customer gets the new thing"))
    treatment: dict[str, Any] | None = Field(description=mark("what the new thing is, such as product and price; null in control"))


class OutcomesKept(Shape):
    """What became of posted outcomes."""

    experiment_id: str = Field(description=mark("the test's id"))
    received: int = Field(description=mark("outcomes in the request"))
    recorded: int = Field(description=mark("how many of them were new"))


class Scheduler(Shape):
    """The process that starts the jobs."""

    alive: bool = Field(description=mark("whether it gave a sign of life within five minutes"))
    heartbeat_at: str | None = Field(description=mark("its last sign of life, UTC"))


class Health(Shape):
    """Whether the app works."""

    status: str = Field(description=mark("ok, starting (no models yet), degraded (the scheduler is silent) or unavailable (503)"))
    releases: dict[str, str] = Field(default_factory=dict, description=mark("the version in service of each model"))
    data_up_to: str | None = Field(None, description=AS_OF)
    read_at: str | None = Field(None, description=mark("when the data was read, UTC"))
    scheduler: Scheduler | None = Field(None, description=mark("the process that starts the jobs"))


class Problem(BaseModel):
    """An error (RFC 9457), sent as application/problem+json. Some errors add members."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description=mark("always about:blank"))
    title: str = Field(description=mark("the status in words"))
    status: int = Field(description=mark("the HTTP status"))
    detail: str = Field(description=mark("one sentence: what came, what is accepted, what to do"))
    errors: list[dict[str, str]] = Field(default_factory=list, description=mark("every field that is wrong: field, wrong"))
