"""Whom to call: who may be contacted at all, what a call earns on average, and which customers a rule picks.

`reachable` is the one gate of every list, message, export and webhook: who asked not to be contacted and who is held out this quarter
passes through none of them.
"""

import math
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pandas as pd
import sqlalchemy as sa

from ml.queries.advice import LATE
from ml.queries.listing import Listing, at_least
from ml.store import holdout, schema
from ml.store.preferences import Preferences
from ml.store.quarters import quarter_of
from ml.store.values import load_preferences

MOST_CALLS = 20
RULES: tuple[str, ...] = ("profit", "probability", "all")
POPULATIONS: Mapping[str, str] = {"at_risk": "active", "win_back": "dormant"}


def kept_from(conn: sa.Connection, as_of: date) -> sa.Select[Any]:
    """The query of the customers nobody may contact on the day after `as_of` ("today" on the screens): opted out or held out."""
    known = schema.customer_facts.c
    held = holdout.held_out_in(quarter_of(as_of + timedelta(days=1)))
    nobody = sa.select(known.customer_id).where(known.contact_opt_out)
    out = nobody if load_preferences(conn).holdout == "off" else sa.union(nobody, held)
    return sa.select(out.subquery("kept_from_contact").c.customer_id)


def kept_from_contact(conn: sa.Connection, as_of: date) -> set[str]:
    """The customers of `kept_from`."""
    return set(conn.execute(kept_from(conn, as_of)).scalars())


def held_out(conn: sa.Connection, as_of: date) -> set[str]:
    """The customers left alone on purpose on the day after `as_of`; nobody where the company switched the hold-out off."""
    if load_preferences(conn).holdout == "off":
        return set()
    return set(conn.execute(holdout.held_out_in(quarter_of(as_of + timedelta(days=1)))).scalars())


def reachable(conn: sa.Connection, frame: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """The rows of a frame with customer_id that may stand in a list, message, export or webhook on the day after `as_of`."""
    return frame[~frame["customer_id"].isin(kept_from_contact(conn, as_of))]


def eligible(scored: Listing, chosen: Preferences) -> Listing:
    """The active customers of `customers.listed(…, everybody=True)` that the company's rule picks, those held out among them.

    Only for `ml.store.alerts.open_for`, which notes both arms and opens nothing for those held out: never show or send these rows. The
    fixed rule is limited to the same number a run as the rule by profit, most money first.
    """
    active = scored.where(scored.c.population == "active", sa.not_(scored.c.contact_opt_out))
    rows = picked(with_profit(active, chosen), chosen.alert_rule, chosen.churn_threshold, chosen.alert_limit)
    return rows.first(chosen.alert_limit)


def with_profit(risk: Listing, chosen: Preferences) -> Listing:
    """The rows of `customers.listed` with `expected_profit`: money at risk × margin × chance that the call helps - its cost.

    The money at risk is that of the next H days; a customer who is kept goes on buying, so it counts for `kept_days` (at least H).
    """
    kept, horizon = sa.literal(float(chosen.kept_days), sa.Float), sa.cast(risk.c.horizon_days, sa.Float)
    kept_money = risk.c.value_at_risk * at_least(kept / horizon, 1.0)
    return risk.adding(expected_profit=kept_money * chosen.gross_margin * chosen.save_rate - chosen.call_cost)


def worth_from(chosen: Preferences, horizon_days: int) -> float:
    """The money at risk in the next H days from which a call is expected to earn its cost.

    >>> worth_from(Preferences(call_cost=1500, gross_margin=0.5, save_rate=0.2, kept_days=90), 30)
    5000.0
    """
    return chosen.call_cost / (chosen.gross_margin * chosen.save_rate) / max(chosen.kept_days / max(horizon_days, 1), 1.0)


def is_worth_a_call(value_at_risk: float | None, horizon_days: int, chosen: Preferences) -> bool:
    """Whether the company's rule goes by profit, and a call to a customer with that money at risk is expected to earn its cost."""
    known = value_at_risk is not None and not math.isnan(value_at_risk)
    return chosen.alert_rule == "profit" and known and float(value_at_risk or 0) > worth_from(chosen, horizon_days)


def picked(rows: Listing, rule: str, threshold: float, most: int = MOST_CALLS) -> Listing:
    """The customers a rule picks out of those of `with_profit`, most money first: "profit" above 0 (at most `most`), "probability" at
    or above the threshold, "all"."""
    if rule == "profit":
        return rows.where(rows.c.expected_profit > 0).first(most)
    return rows.where(rows.c.probability >= threshold) if rule == "probability" else rows


def with_lateness(rows: Listing) -> Listing:
    """The rows with `lateness`: days silent in own pauses (`advice.own_pauses`), missing where no pause is known."""
    return rows.adding(lateness=rows.c.days_since_last_order / at_least(rows.c.gap_days, 1.0))


def latest_first(rows: Listing) -> Listing:
    """The rows of `with_lateness`, the latest first, then by spend."""
    return with_lateness(rows).by("-lateness", "-spend_365")


def by_rhythm(rows: Listing) -> Listing:
    """The list that needs no probability: the rows of `latest_first` whose own pause has passed."""
    late = latest_first(rows)
    return late.where(late.c.lateness > LATE)


def silent_for(rows: Listing, days: int) -> Listing:
    """The rows whose last order is at least `days` back."""
    return rows.where(rows.c.days_since_last_order >= days)


def gains(conn: sa.Connection, rows: Listing, most: int) -> list[float]:
    """Cumulative expected profit of 1, 2, … calls, best call first, for at most `most` calls."""
    known = rows.where(rows.c.expected_profit.is_not(None))
    best = known.by("-expected_profit").frame(conn, most=most, names=("expected_profit",))
    return [float(total) for total in best["expected_profit"].cumsum()]
