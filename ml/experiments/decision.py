"""What to do with an experiment, as a code with its figures: scale, stop, go on or inconclusive; pesos a month; chance of harm."""

import math
from typing import Any, Literal

from ml.experiments.analysis import Tested
from ml.experiments.designs import METRICS
from ml.experiments.units import Observed

MONTH_DAYS = 30.4375
PRIOR_RELATIVE_SD = 0.10
PRIOR_POINTS_SD = 0.05
Verdict = Literal["scale", "stop", "go_on", "inconclusive", "unreadable"]


def decide(
    seen: Observed, tested: dict[str, Tested], guardrails: list[dict[str, Any]], looks: list[dict[str, Any]], *, readable: bool
) -> dict[str, Any]:
    """{verdict, reason, monthly {effect, low, high} or None, chance_of_harm, prior_sd, would_change}: only a planned look decides.

    Reasons: sample_ratio, guardrail, crossed, crossed_wrong, between_looks, no_worthwhile_effect, too_wide, not_testable.
    """
    primary = tested[seen.plan.primary]
    last = looks[-1] if looks else None
    is_over = bool(last) and last["number"] >= seen.plan.looks if last else False
    verdict, reason = _verdict(seen, primary, guardrails, last, readable=readable, is_over=is_over)
    shown = readable and (last is not None)
    return {
        "verdict": verdict,
        "reason": reason,
        "monthly": monthly(seen, tested, last) if shown else None,
        **(chance_of_harm(seen, primary) if shown else {"chance_of_harm": None, "prior_sd": None}),
        "would_change": _would_change(seen, primary) if verdict == "inconclusive" else None,
        "harmed": [one["metric"] for one in guardrails if one["state"] == "harmed"],
    }


def _verdict(
    seen: Observed,
    primary: Tested,
    guardrails: list[dict[str, Any]],
    last: dict[str, Any] | None,
    *,
    readable: bool,
    is_over: bool,
) -> tuple[Verdict, str]:
    if not readable:
        return "unreadable", "sample_ratio"
    if any(one["state"] == "harmed" for one in guardrails) and seen.days:
        return "stop", "guardrail"
    if last is None or (not is_over and not last["result"]["crossed"]):
        return "go_on", "between_looks"
    if last["result"]["crossed"]:
        good = (last["result"]["effect"] > 0) == (METRICS[seen.plan.primary].good == "up")
        return ("scale", "crossed") if good else ("stop", "crossed_wrong")
    if primary.problem:
        return "inconclusive", "not_testable"
    return ("stop", "no_worthwhile_effect") if _excludes(seen, primary) else ("inconclusive", "too_wide")


def _excludes(seen: Observed, primary: Tested) -> bool:
    """Whether the interval leaves out an effect worth finding in the wished direction."""
    worth = seen.plan.smallest_effect * abs(primary.control_mean)
    best = primary.ci_high if METRICS[seen.plan.primary].good == "up" else -primary.ci_low
    return best < worth


def monthly(seen: Observed, tested: dict[str, Tested], last: dict[str, Any] | None) -> dict[str, float] | None:
    """Money a month if all units of the experiment were treated: effect per unit and day × units; None where money was not measured."""
    name = seen.plan.primary if METRICS[seen.plan.primary].is_money else "revenue"
    one = tested.get(name)
    if one is None or math.isnan(one.effect) or not seen.days:
        return None
    effect, low, high = one.effect, one.ci_low, one.ci_high
    if last is not None and name == seen.plan.primary and last["result"]["repeated"]["low"] is not None:
        low, high = last["result"]["repeated"]["low"], last["result"]["repeated"]["high"]
    factor = len(seen.frame) * MONTH_DAYS / seen.days
    sign = 1.0 if METRICS[name].good == "up" else -1.0
    ends = sorted((sign * low * factor, sign * high * factor))
    return {"effect": sign * effect * factor, "low": ends[0], "high": ends[1]}


def chance_of_harm(seen: Observed, primary: Tested) -> dict[str, float | None]:
    """The probability that the true effect points the wrong way, under a normal prior around 0: for ratios a standard deviation of 10 %
    of the control mean, for shares 5 points. Stated with the answer, because a flat prior would call half of all nothings harmful."""
    from scipy.stats import norm

    metric = METRICS[seen.plan.primary]
    prior = PRIOR_POINTS_SD if metric.is_share else PRIOR_RELATIVE_SD * abs(primary.control_mean)
    if math.isnan(primary.se) or not prior > 0:
        return {"chance_of_harm": None, "prior_sd": None}
    weight = prior**2 / (prior**2 + primary.se**2)
    mean = weight * (primary.effect if metric.good == "up" else -primary.effect)
    return {"chance_of_harm": float(norm.cdf(0, mean, math.sqrt(weight) * primary.se)), "prior_sd": prior}


def _would_change(seen: Observed, primary: Tested) -> dict[str, float] | None:
    """How many times the days it took would narrow the interval to the smallest effect worth finding."""
    worth = seen.plan.smallest_effect * abs(primary.control_mean)
    if not worth or math.isnan(primary.se):
        return None
    half = (primary.ci_high - primary.ci_low) / 2
    return {
        "days": float(math.ceil(seen.kept.days * (half / worth) ** 2)),
        "units": float(math.ceil(len(seen.frame) * (half / worth) ** 2)),
    }
