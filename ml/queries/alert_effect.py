"""What the churn alerts earned: customers who got an alert against those held out by lot, by intention to treat."""

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
import sqlalchemy as sa

from ml.experiments.errors import ExperimentError
from ml.experiments.stats import PermutationResult, permutation_test
from ml.store.experiments import orders_between
from ml.store.holdout import CONTACT, HELD_OUT
from ml.store.quarters import quarter_of
from ml.store.schema_alerts import alert_eligible

FEWEST = 5


@dataclass(frozen=True)
class Effect:
    """Per alert: money and orders (within the alert's days), each with its 95 % range; None where a group has fewer than FEWEST."""

    alerted: int
    held_out: int
    money: PermutationResult | None
    orders: PermutationResult | None


def effects(conn: sa.Connection, as_of: date) -> dict[str, Effect]:
    """{"quarter", "ever"} -> Effect, of the alerts whose days are over by `as_of`. The split is unequal, so arms are drawn again."""
    table = alert_eligible
    columns = [table.c[name] for name in ("customer_id", "quarter", "arm", "as_of", "horizon_days")]
    rows = conn.execute(sa.select(*columns).where(table.c.arm.in_((CONTACT, HELD_OUT)))).all()
    frame = pd.DataFrame(rows, columns=["customer_id", "quarter", "arm", "as_of", "horizon_days"])
    ends = [day + timedelta(days=days) for day, days in zip(frame["as_of"], frame["horizon_days"], strict=True)]
    frame = frame[[end <= as_of for end in ends]].reset_index(drop=True) if len(frame) else frame
    counted = _counted(conn, frame)
    quarter = quarter_of(as_of + timedelta(days=1))
    return {"quarter": _effect(counted[counted["quarter"] == quarter]), "ever": _effect(counted)}


def _counted(conn: sa.Connection, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with money, orders (in the days after the alert) and before (money in as many days until it)."""
    if frame.empty:
        return frame.assign(money=0.0, orders=0.0, before=0.0)
    longest = timedelta(days=int(frame["horizon_days"].max()))
    orders = orders_between(conn, frame["as_of"].min() - longest, frame["as_of"].max() + longest)
    own = frame.reset_index().merge(orders, on="customer_id", how="left")
    apart = (own["day"] - pd.to_datetime(own["as_of"])).dt.days
    after, before = (apart > 0) & (apart <= own["horizon_days"]), (apart <= 0) & (apart > -own["horizon_days"])
    sums = {
        "money": own[after].groupby("index")["amount"].sum(),
        "orders": own[after].groupby("index")["day"].nunique(),
        "before": own[before].groupby("index")["amount"].sum(),
    }
    return frame.assign(**{name: values.reindex(frame.index).fillna(0.0).astype(float) for name, values in sums.items()})


def _effect(counted: pd.DataFrame) -> Effect:
    arm = (counted["arm"] == CONTACT).astype(int).to_numpy()
    called = int(arm.sum())
    apart = len(arm) - called
    if min(called, apart) < FEWEST:
        return Effect(called, apart, None, None)
    x = counted["before"].to_numpy(dtype=float)
    return Effect(called, apart, *(_tested(counted[name], arm, x) for name in ("money", "orders")))


def _tested(y: pd.Series, arm: object, x: object) -> PermutationResult | None:
    try:
        return permutation_test(y.to_numpy(dtype=float), arm, x, permutations=999)  # type: ignore[arg-type]
    except ExperimentError:  # nothing varies: nothing can be said yet
        return None
