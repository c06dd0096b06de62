"""Three experiments of the demo company, made from its own orders: one finished, one running, one stopped by its sample ratio.

The finished one has a simulated effect, which the demo's hidden truths know; its outcomes are the orders times that effect, posted by week.
In the stopped one it is simulated who asked for a price. Both say so.
"""

from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import sqlalchemy as sa

from ml.experiments import creating
from ml.experiments.assignment import assign
from ml.experiments.creating import EVEN, When, Wish
from ml.experiments.stats import SRM_ALARM, srm
from ml.store import experiments as store
from ml.store.experiments import Kept

SALT = "demo experiments"
SHARES = (0.35, 0.25, 0.40)
FINISHED_DAYS, RUNNING_DAYS, STOPPED_DAYS = 56, 60, 42
ENDED_BEFORE, STARTED_BEFORE = 12, 20
FEW = 12
ASKED = 0.3
BY = "system"


def make_demo_experiments(connection: sa.Connection, *, now: datetime) -> int:
    """Make the three, once and only where there is no experiment yet; returns how many were made."""
    as_of = store.data_up_to(connection)
    if as_of is None or store.list_all(connection):
        return 0
    start = as_of - timedelta(days=ENDED_BEFORE + FINISHED_DAYS - 1)
    people = store.people(connection)
    known = people.loc[pd.to_datetime(people["first_order"]) < pd.Timestamp(start), "customer_id"]
    groups: list[list[str]] = [[], [], []]
    for customer in known:
        groups[assign(customer, SALT, SHARES)].append(customer)
    if min(len(group) for group in groups) < FEW:
        return 0
    _finished(connection, groups[0], start, now)
    since = as_of - timedelta(days=STARTED_BEFORE)
    creating.create(connection, "churn_alert", groups[1], When(since, RUNNING_DAYS, since, now, BY), Wish(salt=SALT))
    _stopped(connection, groups[2], since, now)
    return len(groups)


def _finished(connection: sa.Connection, customers: list[str], start: date, now: datetime) -> Kept:
    from ml.source.demo.truth import EXPERIMENT_LIFT

    wish = Wish(salt=SALT, looks=4, metrics=("revenue", "orders"), treatment={"posted_only": True, "simulated": True})
    kept = creating.create(connection, "dynamic_pricing", customers, When(start, FINISHED_DAYS, start, now, BY), wish)
    orders = store.orders_between(connection, kept.start, kept.end)
    arms = store.units_of(connection, kept.experiment_id).set_index("unit_id")["arm"]
    mine = orders[orders["customer_id"].isin(arms.index)]
    week = (mine["day"] - pd.Timestamp(kept.start)).dt.days // 7
    sums = {key: (float(part.sum()), len(part)) for key, part in mine.groupby(["customer_id", week])["amount"]}
    rows: list[dict[str, Any]] = []
    for customer, arm in arms.items():
        for number in range(FINISHED_DAYS // 7):
            amount, count = sums.get((customer, number), (0.0, 0))
            day = kept.start + timedelta(days=7 * number + 6)
            outcome = {"revenue": round(amount * (1 + EXPERIMENT_LIFT * int(arm)), 2), "orders_count": count}
            rows.append({"unit_id": str(customer), "period": day.isoformat(), "day": day, "outcome": outcome})
    store.add_outcomes(connection, kept.experiment_id, rows, who=BY, at=now)
    return kept


def _stopped(connection: sa.Connection, customers: list[str], since: date, now: datetime) -> None:
    """Only part of the control group reached the point of treatment: what a broken order form looks like."""
    wish = Wish(salt=SALT, treatment={"simulated": True})
    kept = creating.create(connection, "dynamic_pricing", customers, When(since, STOPPED_DAYS, since, now, BY), wish)
    units = store.units_of(connection, kept.experiment_id)
    control, treatment = (units.loc[units["arm"] == arm, "unit_id"].tolist() for arm in (0, 1))
    reached = control[: _few_enough(len(control), len(treatment))]
    for unit in [*reached, *treatment]:
        store.note_reached(connection, kept.experiment_id, unit, at=now)


def _few_enough(control: int, treatment: int) -> int:
    """How many of the control group may have reached the point of treatment for the sample ratio to raise its alarm."""
    return max((count for count in range(round(ASKED * control) + 1) if srm((count, treatment), EVEN) < SRM_ALARM / 2), default=0)
