"""What a stock of bottles means for a week of unsure demand: enough at a level, the risk of less, how many would be missing or left."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

Quantiles = Mapping[float, float]
STEPS = np.linspace(0.0, 1.0, 2001)


class Past(NamedTuple):
    """How a way of ordering would have gone: share of `weeks` in which it lasted, bottles left over and missing a week."""

    weeks: int
    enough: float
    left: float
    short: float


def quantile_at(quantiles: Quantiles, level: float) -> float:
    """Bottles at a level, between the levels that are kept.

    >>> round(quantile_at({0.8: 10.0, 0.9: 14.0}, 0.85), 6)
    12.0
    """
    known = sorted(quantiles)
    return float(np.interp(level, known, [quantiles[place] for place in known]))


def risk_of(quantiles: Quantiles, bottles: float) -> float:
    """The chance that more than `bottles` are needed, as far as the kept levels tell.

    >>> round(risk_of({0.5: 8.0, 0.9: 14.0}, 11.0), 2)
    0.3
    """
    known = sorted(quantiles)
    return 1 - float(np.interp(bottles, [quantiles[place] for place in known], known))


def short_of(quantiles: Quantiles, bottles: float) -> float:
    """Bottles that would be missing on average: the mean of what is needed beyond `bottles`, 0 where that is nothing.

    >>> round(short_of({0.0: 0.0, 1.0: 10.0}, 8.0), 2)
    0.2
    """
    known = sorted(quantiles)
    needed = np.interp(STEPS, known, [quantiles[place] for place in known])
    return float(np.trapezoid(np.maximum(needed - bottles, 0.0), STEPS))


def any_short(risks: Sequence[float]) -> float:
    """The chance that at least one of several runs short, were they independent.

    >>> round(any_short([0.1, 0.1]), 2)
    0.19
    """
    return 1 - float(np.prod([1 - risk for risk in risks]))


def fewer(bottles: float, less: float) -> int:
    """Whole bottles that are `less` (a share) under an order.

    >>> fewer(110, 0.1)
    99
    """
    return int(np.floor(round(bottles * (1 - less), 6)))


def past_weeks(services: Sequence[Mapping[str, Any]], level: float, less: float) -> Past | None:
    """How orders at `level`, each `less` under, would have gone in the replayed weeks, all products of `services` together.

    None where a product has no such weeks.
    """
    told = [_weeks_of(service, level) for service in services]
    if not told or any(len(weeks) == 0 for weeks in told):
        return None
    weeks = min(len(one) for one in told)
    needed, ordered = np.stack([one[-weeks:] for one in told], axis=1).T  # products × weeks each
    ordered = np.floor(np.round(ordered * (1 - less), 6))
    left, short = np.maximum(ordered - needed, 0).sum(axis=0), np.maximum(needed - ordered, 0).sum(axis=0)
    return Past(weeks, float((short == 0).mean()), float(left.mean()), float(short.mean()))


def _weeks_of(service: Mapping[str, Any], level: float) -> Any:
    """What was needed and ordered in each replayed week (weeks × 2), empty where that was not kept."""
    needed, ordered = service.get("needed") or [], (service.get("ordered") or {}).get(f"{level:g}") or []
    return np.array([needed, ordered], dtype=float).T if len(needed) == len(ordered) else np.empty((0, 2))
