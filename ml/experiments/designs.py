"""The kinds of experiment and what is fixed before the start: hypothesis, one primary metric, looks, cap, guardrails, split."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple

from ml.experiments.errors import ExperimentError
from ml.experiments.sequential import boundaries

FEW_UNITS = 500
MOST_LOOKS = 8
HOLD_OUT_SALT = "permanent hold-out"
Design = Literal["pairs", "coin", "unequal", "clusters"]


class Metric(NamedTuple):
    """What is counted per unit. `good` is the wished direction; `pre` are the covariates for CUPED; `is_money`: capped and in pesos."""

    name: str
    good: Literal["up", "down"]
    pre: tuple[str, ...] = ()
    is_money: bool = False
    is_share: bool = False


class Guardrail(NamedTuple):
    """A metric that must not get worse by more than `margin`: a share of the control mean, or points (0 to 1) for a share."""

    metric: str
    margin: float


class Kind(NamedTuple):
    """A kind of experiment: its primary metric first among its metrics, its guardrails, its realistic effect (relative), and its unit.

    `can_alternate`: the treatment can be given and taken each week, as a price can; a call cannot be taken back.
    """

    name: str
    metrics: tuple[str, ...]
    guardrails: tuple[Guardrail, ...]
    realistic: float
    unit: str
    days: int
    can_alternate: bool = False


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("revenue", "up", ("revenue",), is_money=True),
        Metric("margin", "up", ("margin", "revenue"), is_money=True),
        Metric("orders", "up", ("orders",)),
        Metric("churned", "down", ("orders", "revenue", "silence"), is_share=True),
        Metric("stock_outs", "down"),
        Metric("units_short", "down"),
        Metric("cost_clp", "down", is_money=True),
    )
}
KINDS: tuple[Kind, ...] = (
    Kind(
        "dynamic_pricing",
        ("revenue", "orders", "margin"),
        (Guardrail("orders", 0.10), Guardrail("churned", 0.05), Guardrail("margin", 0.05)),
        0.20,
        "customer",
        30,
        can_alternate=True,
    ),
    Kind("churn_alert", ("churned", "revenue", "orders"), (Guardrail("revenue", 0.10),), 0.50, "customer", 60),
    Kind("demand_forecast", ("stock_outs", "units_short", "cost_clp"), (Guardrail("cost_clp", 0.05),), 0.50, "product_zone", 30),
)


@dataclass(frozen=True)
class Plan:
    """What was fixed before the start. `smallest_effect` is relative; `cap` (per whole duration) comes from the time before."""

    hypothesis: str
    primary: str
    direction: Literal["up", "down"]
    smallest_effect: float
    design: Design
    salt: str
    weights: tuple[float, float] = (0.5, 0.5)
    alpha: float = 0.05
    looks: int = 1
    cap: float | None = None
    metrics: tuple[str, ...] = ()
    guardrails: tuple[Guardrail, ...] = ()
    segments: tuple[str, ...] = ("customer_type", "zone")
    hold_out: float = 0.0
    treatment: Mapping[str, Any] | None = None
    planner: Mapping[str, Any] | None = None
    imported: Mapping[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """The plan as JSON keeps it."""
        return asdict(self)

    @property
    def secondary(self) -> tuple[str, ...]:
        """The metrics beside the primary one."""
        return tuple(name for name in self.metrics if name != self.primary)

    @property
    def is_too_small(self) -> bool:
        """Whether the planner said before the start that a realistic effect cannot be seen."""
        return (self.planner or {}).get("can_see") is False

    def boundaries(self, fractions: Sequence[float]) -> list[float]:
        """The critical |z| of looks at these shares of the duration."""
        return [float(value) for value in boundaries(fractions, self.alpha)]


def plan_from(values: Mapping[str, Any]) -> Plan:
    """The plan that `as_dict` wrote; unknown keys are passed over."""
    known = {field.name for field in fields(Plan)}
    told = {name: value for name, value in values.items() if name in known}
    for name in ("weights", "metrics", "segments"):
        if name in told:
            told[name] = tuple(told[name])
    told["guardrails"] = tuple(Guardrail(**one) if isinstance(one, Mapping) else Guardrail(*one) for one in told.get("guardrails", ()))
    return Plan(**told)


def kind_of(name: str) -> Kind:
    """The kind of that name. Raises ExperimentError naming the known ones."""
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise ExperimentError(f"There is no kind of experiment {name!r}; known are {', '.join(kind.name for kind in KINDS)}.", "kind_unknown")


def look_days(start: date, end: date, looks: int) -> list[date]:
    """The last day of each of `looks` equal parts of the duration."""
    days = (end - start).days + 1
    return [start + timedelta(days=max(round(days * part / looks), 1) - 1) for part in range(1, looks + 1)]


def check_plan(plan: Plan) -> Plan:
    """The plan, if it can be carried out. Raises ExperimentError."""
    for name in (plan.primary, *plan.metrics, *(guard.metric for guard in plan.guardrails)):
        if name not in METRICS:
            raise ExperimentError(f"There is no metric {name!r}; known are {', '.join(METRICS)}.", "metric_unknown")
    if not 1 <= plan.looks <= MOST_LOOKS:
        raise ExperimentError(f"{plan.looks} looks came; 1 to {MOST_LOOKS} can be planned.", "looks")
    if len(plan.weights) != 2 or min(plan.weights) <= 0:
        raise ExperimentError(f"The split was {list(plan.weights)}; two shares above 0 are needed, such as 0.5 and 0.5.", "split")
    if not 0 <= plan.hold_out < 0.5 or not 0 < plan.alpha < 0.5 or not plan.smallest_effect > 0:
        raise ExperimentError(
            f"Hold-out {plan.hold_out}, alpha {plan.alpha} and smallest effect {plan.smallest_effect} cannot be used: a share below a "
            "half, one between 0 and a half, and one above 0 are needed.",
            "plan",
        )
    return plan
