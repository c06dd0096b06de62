"""What the JSON routes say of customers' risk: one customer, and everybody who may be contacted. Field names are the earlier API's."""

from datetime import date
from typing import Any, NamedTuple

import pandas as pd
import sqlalchemy as sa

from ml.queries import advice, calls, customer, customers
from ml.queries.advice import Known
from ml.queries.customers import Gate
from ml.queries.service import Service
from ml.queries.standings import known_of
from ml.store.preferences import Preferences

NEXT_ORDER = ("next_order_date", "next_order_lo", "next_order_hi")


class UnknownCustomer(LookupError):
    """There is no such customer, or nothing can be said of them yet; the sentence says which."""


class Scored(NamedTuple):
    """What an answer is made of, alike for one customer and for a row of all. `next_order` is the likeliest day and the ends of the 80 %
    range, None where unknown."""

    customer_id: str
    known: Known
    reasons: list[dict[str, Any]]
    contact_opt_out: bool
    value_at_risk: float | None
    value_12m: float | None
    next_order: tuple[date | None, ...]


def churn_answer(connection: sa.Connection, serving: Service, chosen: Preferences, customer_id: str) -> dict[str, Any]:
    """The risk of one customer as the Customer screen shows it, opted out or not. Raises UnknownCustomer."""
    who = customer.profile(connection, customer_id)
    if who is None:
        raise UnknownCustomer(f"There is no customer {customer_id[:80]!r}; GET /segments and the screens know the ids.")
    said = customer.outlook(connection, serving, customer_id)
    if said is None:
        raise UnknownCustomer(f"Nothing can be said of customer {customer_id[:80]!r} yet: there was no sale by {serving.day.isoformat()}.")
    gate = customers.gate(connection, serving)
    kept = who.contact_opt_out or customer_id in calls.held_out(connection, serving.day)
    known, days = customer.known(said, chosen, kept_from_contact=kept), (said.next_date, said.next_lo, said.next_hi)
    scored = Scored(customer_id, known, said.reasons, who.contact_opt_out, said.value_at_risk, said.value_12m, days)
    return _answer(scored, chosen, serving.day, gate.usable) | _stamp(serving, gate)


def churn_answers(connection: sa.Connection, serving: Service, chosen: Preferences) -> list[dict[str, Any]]:
    """The risk of every scored customer who may be contacted, as the lists of the screens have it: most money at risk first, or the latest
    by their own rhythm first where the risk has no usable signal."""
    rows, usable = customers.listed(connection, serving), customers.has_signal(connection, serving)
    if usable is False:
        rows = calls.latest_first(rows)
    frame = customers.told(connection, serving, rows)
    days = [[None if pd.isna(day) else day.date() for day in frame[name]] for name in ("next_date", "next_lo", "next_hi")]
    names = ("reasons", "contact_opt_out", "value_at_risk", "value_12m")
    columns = (frame[name].tolist() for name in names)
    told = zip(frame["customer_id"].tolist(), known_of(frame, chosen), *columns, zip(*days, strict=True), strict=True)
    return [_answer(Scored(*row), chosen, serving.day, usable) for row in told]


def stamp(connection: sa.Connection, serving: Service) -> dict[str, Any]:
    """Of which day and release a risk is, and how far it may be relied on, as the Churn screen says it."""
    return _stamp(serving, customers.gate(connection, serving))


def _stamp(serving: Service, gate: Gate) -> dict[str, Any]:
    return {"as_of": serving.day.isoformat(), "release": serving.release_id, "usable_signal": gate.usable, "notes": gate.notes}


def _answer(scored: Scored, chosen: Preferences, as_of: date, usable: bool | None) -> dict[str, Any]:
    known = scored.known
    stands = advice.standing(known, chosen.churn_threshold, as_of, usable=usable)
    return {
        "customer_id": scored.customer_id,
        "churn_probability": round(float(known.probability), 4),
        "is_high_risk": stands.is_high,
        "risk_level": stands.level,
        "recommendation": stands.advice,
        "days_until_action": stands.days_until_action,
        "horizon_days": int(known.horizon_days),
        "reasons": advice.grounds(scored.reasons, usable=usable),
        "population": known.population,
        "contact_opt_out": scored.contact_opt_out,
        "basis": stands.basis,
        "days_since_last_order": _number(known.days_silent),
        "typical_gap_days": _number(known.gap_days),
        "value_at_risk": None if usable is False else _number(scored.value_at_risk),
        "value_12m": _number(customer.discounted(_present(scored.value_12m), chosen.discount_rate)),
        **dict(zip(NEXT_ORDER, (day.isoformat() if day else None for day in scored.next_order), strict=True)),
    }


def _number(value: float | None) -> float | None:
    known = _present(value)
    return None if known is None else round(known, 2)


def _present(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
