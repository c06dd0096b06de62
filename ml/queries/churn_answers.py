"""What the JSON routes say of customers' risk: one customer, and everybody who may be contacted. Field names are the earlier API's."""

from datetime import date
from typing import Any, NamedTuple

import pandas as pd
import sqlalchemy as sa

from ml.queries import calls, customer, customers
from ml.queries.service import Service
from ml.store.preferences import Preferences

LOW, MEDIUM, HIGH, CRITICAL = LEVELS = ("bajo", "medio", "alto", "crítico")
ADVICE: tuple[str, ...] = ("keep", "watch", "call", "call_first", "win_back", "do_not_contact")


class UnknownCustomer(LookupError):
    """There is no such customer, or nothing can be said of them yet; the sentence says which."""


class Scored(NamedTuple):
    """What a risk is made of, alike for one customer and for a row of all: days as dates, None where unknown."""

    customer_id: str
    probability: float
    population: str
    horizon_days: int
    latest_expected: date | None
    reasons: list[dict[str, Any]]
    contact_opt_out: bool
    held_out: bool = False


def churn_answer(connection: sa.Connection, serving: Service, chosen: Preferences, customer_id: str) -> dict[str, Any]:
    """The risk of one customer as the Customer screen shows it, opted out or not. Raises UnknownCustomer."""
    who = customer.profile(connection, customer_id)
    if who is None:
        raise UnknownCustomer(f"There is no customer {customer_id[:80]!r}; GET /segments and the screens know the ids.")
    said = customer.outlook(connection, serving, customer_id)
    if said is None:
        raise UnknownCustomer(f"Nothing can be said of customer {customer_id[:80]!r} yet: there was no sale by {serving.day.isoformat()}.")
    scored = Scored(
        customer_id, said.probability, said.population, said.horizon_days, said.next_hi, said.reasons, who.contact_opt_out,
        customer_id in calls.held_out(connection, serving.day),
    )  # fmt: skip
    return _answer(scored, chosen, serving.day) | stamp(connection, serving)


def churn_answers(connection: sa.Connection, serving: Service, chosen: Preferences) -> list[dict[str, Any]]:
    """The risk of every scored customer who may be contacted, as the lists of the screens have it: most money at risk first, or the latest
    by their own rhythm first where the risk has no usable signal."""
    rows = customers.listed(connection, serving)
    if customers.has_signal(connection, serving) is False:
        rows = calls.latest_first(rows)
    frame = customers.told(connection, serving, rows)
    latest = [None if pd.isna(day) else day.date() for day in frame["next_hi"]]
    columns = (frame[name].tolist() for name in ("customer_id", "probability", "population", "horizon_days"))
    told = zip(*columns, latest, frame["reasons"].tolist(), frame["contact_opt_out"].tolist(), strict=True)
    return [_answer(Scored(*row), chosen, serving.day) for row in told]


def stamp(connection: sa.Connection, serving: Service) -> dict[str, Any]:
    """Of which day and release a risk is, and how far it may be relied on, as the Churn screen says it."""
    gate = customers.gate(connection, serving)
    return {"as_of": serving.day.isoformat(), "release": serving.release_id, "usable_signal": gate.usable, "notes": gate.notes}


def risk_level(probability: float, threshold: float) -> str:
    """The level of a probability: alto from the company's threshold, crítico from half way between it and 1, medio from half of it.

    >>> [risk_level(p, 0.7) for p in (0.1, 0.35, 0.7, 0.85)]
    ['bajo', 'medio', 'alto', 'crítico']
    """
    if probability >= threshold:
        return CRITICAL if probability >= (1 + threshold) / 2 else HIGH
    return MEDIUM if probability >= threshold / 2 else LOW


def _answer(scored: Scored, chosen: Preferences, as_of: date) -> dict[str, Any]:
    probability = float(scored.probability)
    is_high = probability >= chosen.churn_threshold
    level = risk_level(probability, chosen.churn_threshold)
    return {
        "customer_id": scored.customer_id,
        "churn_probability": round(probability, 4),
        "is_high_risk": is_high,
        "risk_level": level,
        "recommendation": _advice(scored, level),
        "days_until_action": 0 if is_high else _days_until_action(scored, as_of),
        "horizon_days": int(scored.horizon_days),
        "reasons": scored.reasons,
        "population": scored.population,
        "contact_opt_out": scored.contact_opt_out,
    }


def _advice(scored: Scored, level: str) -> str:
    """A code of ADVICE; whoever asked not to be contacted, or is left alone by lot, is not, whatever the risk."""
    if scored.contact_opt_out or scored.held_out:
        return "do_not_contact"
    if scored.population == "dormant":
        return "win_back"
    return dict(zip(LEVELS, ADVICE, strict=False))[level]


def _days_until_action(scored: Scored, as_of: date) -> int:
    """Days until the order is late: the end of the 80 % range of the next order, at most the horizon."""
    if scored.latest_expected is None:
        return int(scored.horizon_days)
    return min(max((scored.latest_expected - as_of).days, 0), int(scored.horizon_days))
