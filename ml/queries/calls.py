"""Whom to call: who may be contacted at all, what a call earns on average, and which customers a rule picks.

`reachable` is the one gate of every list, message, export and webhook: who asked not to be contacted and who is held out this quarter
passes through none of them.
"""

from collections.abc import Mapping
from datetime import date, timedelta

import pandas as pd
import sqlalchemy as sa

from ml.store import holdout, schema
from ml.store.preferences import Preferences
from ml.store.quarters import quarter_of
from ml.store.values import load_preferences

MOST_CALLS = 20
YEAR_DAYS = 365
RULES: tuple[str, ...] = ("profit", "probability", "all")
POPULATIONS: Mapping[str, str] = {"at_risk": "active", "win_back": "dormant"}


def kept_from_contact(conn: sa.Connection, as_of: date) -> set[str]:
    """The customers nobody may contact on the day after `as_of` ("today" on the screens): opted out, or held out this quarter."""
    table = schema.customer_facts
    return set(conn.execute(sa.select(table.c.customer_id).where(table.c.contact_opt_out)).scalars()) | held_out(conn, as_of)


def held_out(conn: sa.Connection, as_of: date) -> set[str]:
    """The customers left alone on purpose on the day after `as_of`; nobody where the company switched the hold-out off."""
    if load_preferences(conn).holdout == "off":
        return set()
    arms = holdout.arms(conn, quarter_of(as_of + timedelta(days=1)))
    return {customer for customer, arm in arms.items() if arm == holdout.HELD_OUT}


def reachable(conn: sa.Connection, frame: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """The rows of a frame with customer_id that may stand in a list, message, export or webhook on the day after `as_of`."""
    return frame[~frame["customer_id"].isin(kept_from_contact(conn, as_of))]


def eligible(frame: pd.DataFrame, chosen: Preferences, as_of: date) -> pd.DataFrame:
    """The active customers of a frame of `customers.risk(…, everybody=True)` that the company's rule picks, those held out among them.

    Only for `ml.store.alerts.open_for`, which notes both arms and opens nothing for those held out: never show or send these rows. The
    fixed rule is limited to the same number a run as the rule by profit, most money first.
    """
    active = frame[(frame["population"] == "active") & ~frame["contact_opt_out"]]
    rows = picked(with_profit(active, chosen), chosen.alert_rule, chosen.churn_threshold, chosen.alert_limit)
    return rows.head(chosen.alert_limit).assign(kind="at_risk", as_of=as_of)


def with_profit(risk: pd.DataFrame, chosen: Preferences) -> pd.DataFrame:
    """A frame of `customers.risk` with `expected_profit`: money at risk × margin × chance that the call helps - its cost.

    The money at risk is that of the next H days; a customer who is kept goes on buying, so it counts for `kept_days` (at least H).
    """
    windows = (chosen.kept_days / risk["horizon_days"]).clip(lower=1)
    return risk.assign(expected_profit=risk["value_at_risk"] * windows * chosen.gross_margin * chosen.save_rate - chosen.call_cost)


def worth_from(chosen: Preferences, horizon_days: int) -> float:
    """The money at risk in the next H days from which a call is expected to earn its cost.

    >>> worth_from(Preferences(call_cost=1500, gross_margin=0.5, save_rate=0.2, kept_days=90), 30)
    5000.0
    """
    return chosen.call_cost / (chosen.gross_margin * chosen.save_rate) / max(chosen.kept_days / max(horizon_days, 1), 1.0)


def picked(frame: pd.DataFrame, rule: str, threshold: float, most: int = MOST_CALLS) -> pd.DataFrame:
    """The customers a rule picks out of a frame of `with_profit`, most money first: "profit" above 0 (at most `most`), "probability" at
    or above the threshold, "all"."""
    if rule == "profit":
        return frame[frame["expected_profit"] > 0].head(most)
    return frame[frame["probability"] >= threshold] if rule == "probability" else frame


def latest_first(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows with `lateness` (days silent in own pauses; missing where no pause is known), the latest first, then by spend."""
    late = frame.assign(lateness=frame["days_since_last_order"] / frame["gap_days"].clip(lower=1))
    return late.sort_values(["lateness", "spend_365"], ascending=False, na_position="last")


def by_rhythm(frame: pd.DataFrame) -> pd.DataFrame:
    """The list that needs no probability: the rows of `latest_first` whose own pause has passed."""
    late = latest_first(frame)
    return late[late["lateness"] > 1]


def silent_for(frame: pd.DataFrame, days: int) -> pd.DataFrame:
    """The rows whose last order is at least `days` back."""
    return frame[frame["days_since_last_order"] >= days]


def value_before_silence(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with `yearly_value`: mean spend per year from the first to the last order (at least a year is counted)."""
    lived = (frame["last_order"] - frame["first_order"]).dt.days.clip(lower=YEAR_DAYS) / YEAR_DAYS
    return frame.assign(yearly_value=frame["spend_total"] / lived)


def gains(frame: pd.DataFrame, most: int) -> list[float]:
    """Cumulative expected profit of 1, 2, … calls, best call first, for at most `most` calls."""
    return [float(total) for total in frame["expected_profit"].sort_values(ascending=False).head(most).cumsum()]
