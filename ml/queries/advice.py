"""How a customer stands and what to do about it: by the probability of leaving, or by the own rhythm where that has no usable signal.

One rule for the JSON answers, the Customer screen, the customer's own page and the messages: `ml.queries.customers.has_signal` is False,
and the probability decides nothing and is no ground for anything said; the days of silence in own usual pauses do.
"""

import math
from datetime import date
from typing import Any, NamedTuple

LOW, MEDIUM, HIGH, CRITICAL = LEVELS = ("bajo", "medio", "alto", "crítico")
ADVICE: tuple[str, ...] = ("keep", "watch", "call", "call_first", "win_back", "do_not_contact", "no_rhythm")
BY_PROBABILITY, BY_RHYTHM = BASES = ("probability", "rhythm")
LATE, VERY_LATE, MUCH_TOO_LATE = 1.0, 2.0, 3.0  # own usual pauses of silence: the rhythm list begins, a call is due, it is urgent


class Known(NamedTuple):
    """What is known of a customer on a day; None for a pause or a day that is not.

    `kept_from_contact`: opted out, or left alone by lot. `worth_a_call`: the company's rule picks whom a call is expected to earn more than
    it costs, and this is one.
    """

    probability: float
    population: str
    horizon_days: int
    latest_expected: date | None
    days_silent: float | None
    gap_days: float | None
    kept_from_contact: bool = False
    worth_a_call: bool = False


class Standing(NamedTuple):
    """How a customer stands: on which of BASES, one of LEVELS, whether that is high, what to do (of ADVICE), and in how many days."""

    basis: str
    level: str
    is_high: bool
    advice: str
    days_until_action: int


def standing(known: Known, threshold: float, as_of: date, *, usable: bool | None) -> Standing:
    """How a customer stands on `as_of`. `threshold` is the company's, `usable` the verdict on the probability (None: not said).

    By probability it is time to act at high risk or where a call is worth it, else when the 80 % range of the next order ends; by rhythm
    when the own pause has passed.
    """
    if usable is False:
        pauses = own_pauses(known.days_silent, known.gap_days)
        level, is_high = rhythm_level(pauses), pauses is not None and pauses >= VERY_LATE
        return Standing(BY_RHYTHM, level, is_high, _advice(known, level, unknown=pauses is None), _days_until_late(known))
    level, is_high = risk_level(known.probability, threshold), known.probability >= threshold
    days = 0 if is_high else _days_until_unexpected(known, as_of)
    told = _advice(known, level)
    if known.worth_a_call and told in ("keep", "watch"):
        return Standing(BY_PROBABILITY, level, is_high, "call", 0)
    return Standing(BY_PROBABILITY, level, is_high, told, days)


def own_pauses(days_silent: float | None, gap_days: float | None) -> float | None:
    """The days of silence in own usual pauses (a pause counts a day at least); None where either is unknown.

    >>> own_pauses(21, 9.0), own_pauses(3, 0.5), own_pauses(21, None)
    (2.3333333333333335, 3.0, None)
    """
    if not _is_known(days_silent) or not _is_known(gap_days):
        return None
    return float(days_silent) / max(float(gap_days), 1.0)  # type: ignore[arg-type]


def risk_level(probability: float, threshold: float) -> str:
    """The level of a probability: alto from the company's threshold, crítico from half way between it and 1, medio from half of it.

    >>> [risk_level(p, 0.7) for p in (0.1, 0.35, 0.7, 0.85)]
    ['bajo', 'medio', 'alto', 'crítico']
    """
    if probability >= threshold:
        return CRITICAL if probability >= (1 + threshold) / 2 else HIGH
    return MEDIUM if probability >= threshold / 2 else LOW


def rhythm_level(pauses: float | None) -> str:
    """The level of a silence in own pauses: medio beyond one (where the rhythm list begins), alto from two, crítico from three.

    >>> [rhythm_level(pauses) for pauses in (None, 1.0, 1.1, 2.0, 3.0)]
    ['bajo', 'bajo', 'medio', 'alto', 'crítico']
    """
    if pauses is None or pauses <= LATE:
        return LOW
    return CRITICAL if pauses >= MUCH_TOO_LATE else HIGH if pauses >= VERY_LATE else MEDIUM


def grounds(reasons: list[dict[str, Any]], *, usable: bool | None) -> list[dict[str, Any]]:
    """The reasons that may be given: none of a probability that decides nothing."""
    return [] if usable is False else reasons


def _advice(known: Known, level: str, *, unknown: bool = False) -> str:
    """A code of ADVICE; whoever is kept from contact is not contacted, however it stands."""
    if known.kept_from_contact:
        return "do_not_contact"
    if known.population == "dormant":
        return "win_back"
    return "no_rhythm" if unknown else dict(zip(LEVELS, ADVICE, strict=False))[level]


def _days_until_unexpected(known: Known, as_of: date) -> int:
    if known.latest_expected is None:
        return int(known.horizon_days)
    return min(max((known.latest_expected - as_of).days, 0), int(known.horizon_days))


def _days_until_late(known: Known) -> int:
    if not _is_known(known.days_silent) or not _is_known(known.gap_days):
        return int(known.horizon_days)
    left = max(float(known.gap_days), 1.0) - float(known.days_silent)  # type: ignore[arg-type]
    return min(max(math.ceil(left), 0), int(known.horizon_days))


def _is_known(value: float | None) -> bool:
    return value is not None and not math.isnan(value)
