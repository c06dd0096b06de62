"""The control group without contact: what it would show with this company's own data, its draw, and what came of it so far.

Statistics of the result belong to `ml.experiments`; here stands what it reads, and whether it is worth beginning.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import sqlalchemy as sa

from ml.experiments.stats import SMALLEST_ARM, minimum_detectable_effect
from ml.queries import calls, customers
from ml.queries.service import Service, in_service
from ml.store import holdout
from ml.store.preferences import Preferences
from ml.store.quarters import first_day, last_day, quarter_of
from ml.store.schema import customer_orders
from ml.store.schema_alerts import alert_eligible, alert_events, alerts, customer_notes
from ml.store.values import load_preferences

MOST_QUARTERS = 8
QUARTER_DAYS = 91
WINDOWS = 4
ELIGIBLE = ("customer_id", "quarter", "arm", "as_of", "horizon_days", "probability", "value_at_risk", "expected_profit")


@dataclass(frozen=True)
class Plan:
    """Whether a control group would show anything. Money is per alerted customer and window of `horizon_days`.

    Of `customers` in the draw about `alerted` a quarter get an alert; one quarter shows effects from `detectable` on (None: too few
    customers for a figure); calls are expected to bring `expected`; `quarters` is when that would show, None = not within MOST_QUARTERS.
    """

    customers: int
    alerted: int
    horizon_days: int
    expected: float
    detectable: float | None
    quarters: int | None


@dataclass(frozen=True)
class Status:
    """The draw of the present quarter: customers by arm, those alerted by arm, and contacts made with the held-out anyway."""

    quarter: str
    until: date
    drawn: bool
    held_out: int
    in_draw: int
    eligible_held_out: int
    eligible_contact: int
    contacted_anyway: int


def plan(conn: sa.Connection, service: Service, chosen: Preferences) -> Plan:
    """What the company's own history says of a control group, by the smallest difference of mean spend after an alert that would show.

    The spread is that of the spend in past windows of H days of the customers the rule picks now; what the window before explains is taken
    off (CUPED); two unequal arms count as two equal ones of their harmonic mean (Kohavi, Tang and Xu 2020).
    """
    everybody = customers.listed(conn, service, everybody=True)
    drawable = set(holdout.drawable(conn)["customer_id"])
    picked = calls.eligible(everybody, chosen).frame(conn)
    picked = picked[picked["customer_id"].isin(drawable)]
    horizon = int(everybody.totals(conn, days=sa.func.max(everybody.c.horizon_days)).days or 0)
    alerted = max(len(picked), _alerted_lately(conn, service.day, drawable))
    expected = float((picked["value_at_risk"] * chosen.save_rate).mean()) if len(picked) else 0.0
    spread = _spread(conn, set(picked["customer_id"]), service.day, horizon) if horizon else None
    one = _detectable(spread, alerted, chosen.holdout_share, 1)
    quarters = next(
        (
            count
            for count in range(1, MOST_QUARTERS + 1)
            if (shown := _detectable(spread, alerted, chosen.holdout_share, count)) is not None and 0 < shown <= expected
        ),
        None,
    )
    return Plan(len(drawable), alerted, horizon, expected, one, quarters)


def draw_if_due(conn: sa.Connection, as_of: date, *, salt: str, now: datetime) -> int:
    """Draw the quarter of the day after `as_of` where the company wants a control group and it would show something; returns how many
    customers are held out. Called where facts and predictions of `as_of` are written, before anybody can see them."""
    chosen = load_preferences(conn)
    quarter = quarter_of(as_of + timedelta(days=1))
    service = in_service(conn).get("customers")
    if chosen.holdout == "off" or service is None or service.as_of is None or holdout.is_drawn(conn, quarter):
        return 0
    if plan(conn, service, chosen).quarters is None:
        return 0
    return holdout.draw_quarter(conn, quarter, share=chosen.holdout_share, salt=salt, now=now)


def status(conn: sa.Connection, as_of: date) -> Status:
    """The draw of the quarter of the day after `as_of`."""
    quarter = quarter_of(as_of + timedelta(days=1))
    arms = holdout.arms(conn, quarter)
    held = {customer for customer, arm in arms.items() if arm == holdout.HELD_OUT}
    seen = first_alerts(conn, quarter)
    counts = seen["arm"].value_counts()
    return Status(
        quarter,
        last_day(quarter),
        bool(arms),
        len(held),
        len(arms),
        int(counts.get(holdout.HELD_OUT, 0)),
        int(counts.get(holdout.CONTACT, 0)),
        len(contacted_anyway(conn, quarter)),
    )


def first_alerts(conn: sa.Connection, quarter: str) -> pd.DataFrame:
    """The first time each customer was picked in a quarter, with the arm drawn for it (held_out, contact, or outside the draw), columns
    ELIGIBLE: what the effect is read from by intention to treat, from the day after `as_of` and for `horizon_days`."""
    table = alert_eligible
    rows = conn.execute(
        sa.select(*(table.c[name] for name in ELIGIBLE)).where(table.c.quarter == quarter).order_by(table.c.at, table.c.customer_id)
    ).all()
    return pd.DataFrame(rows, columns=list(ELIGIBLE)).astype({"as_of": "datetime64[us]"})


def contacted_anyway(conn: sa.Connection, quarter: str) -> set[str]:
    """Held-out customers who were contacted in the quarter all the same, by an alert from before or by a noted contact."""
    held = {customer for customer, arm in holdout.arms(conn, quarter).items() if arm == holdout.HELD_OUT}
    begin, end = first_day(quarter), last_day(quarter)
    noted = sa.select(customer_notes.c.customer_id).where(customer_notes.c.kind == "contact", customer_notes.c.day.between(begin, end))
    pressed = (
        sa.select(alerts.c.customer_id)
        .join(alert_events, alert_events.c.alert_id == alerts.c.id)
        .where(
            alert_events.c.action == "contacted",
            alert_events.c.undone_at.is_(None),
            alert_events.c.at >= datetime.combine(begin, datetime.min.time()),
            alert_events.c.at < datetime.combine(end + timedelta(days=1), datetime.min.time()),
        )
    )
    return held & (set(conn.execute(noted).scalars()) | set(conn.execute(pressed).scalars()))


def held_out_until(conn: sa.Connection, as_of: date, customer_id: str) -> date | None:
    """The last day on which this customer is left alone, None for one who is not."""
    return last_day(quarter_of(as_of + timedelta(days=1))) if customer_id in calls.held_out(conn, as_of) else None


def _alerted_lately(conn: sa.Connection, as_of: date, drawable: set[str]) -> int:
    table = alert_eligible
    rows = conn.execute(sa.select(table.c.customer_id).distinct().where(table.c.as_of > as_of - timedelta(days=QUARTER_DAYS))).scalars()
    return len(drawable & set(rows))


def _spread(conn: sa.Connection, ids: set[str], as_of: date, horizon: int) -> tuple[float, float] | None:
    """Standard deviation of the spend in a window of H days of these customers, and the share of variance the window before explains."""
    table = customer_orders
    begin = as_of - timedelta(days=(WINDOWS + 1) * horizon)
    rows = conn.execute(sa.select(table.c.customer_id, table.c.day, table.c.amount).where(table.c.day > begin, table.c.day <= as_of)).all()
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "amount"])
    frame = frame[frame["customer_id"].isin(ids)]
    if len(ids) < SMALLEST_ARM or frame.empty:
        return None
    place = ((pd.Timestamp(as_of) - pd.to_datetime(frame["day"])).dt.days // horizon).rename("window")
    spend = frame.groupby([frame["customer_id"], place])["amount"].sum().unstack(fill_value=0)
    spend = spend.reindex(index=sorted(ids), columns=range(WINDOWS + 1), fill_value=0.0)
    after = spend[list(range(WINDOWS))].to_numpy(dtype=float).ravel()
    before = spend[list(range(1, WINDOWS + 1))].to_numpy(dtype=float).ravel()
    spread = float(after.std(ddof=1))
    if not spread > 0:
        return None
    together = float(np.corrcoef(before, after)[0, 1]) if before.std() > 0 else 0.0
    return spread, min(together**2, 0.99)


def _detectable(spread: tuple[float, float] | None, alerted: int, share: float, quarters: int) -> float | None:
    """The smallest effect that `quarters` would show, None where there are too few customers for any figure."""
    held, called = alerted * quarters * share, alerted * quarters * (1 - share)
    units = int(2 * held * called / (held + called)) if held and called else 0
    if spread is None or units < SMALLEST_ARM:
        return None
    return minimum_detectable_effect(spread[0], units, r2=spread[1])
