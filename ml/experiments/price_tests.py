"""Price tests that are over and may be read, as rows of the canonical table price_tests: what the price model learns elasticities from."""

from datetime import date, timedelta

import pandas as pd
import sqlalchemy as sa

from ml import clock
from ml.experiments import health
from ml.experiments.designs import Plan, plan_from
from ml.experiments.units import HOLD_OUT, observe
from ml.experiments.words import is_simulated
from ml.store import experiments as store
from ml.store.experiments import Kept

KIND = "dynamic_pricing"
COLUMNS = ("experiment_id", "customer_id", "arm", "product_id", "start", "end", "units", "unit_price", "is_simulated", "known_at")


def price_test_frame(connection: sa.Connection, timezone: str) -> pd.DataFrame:
    """One row per customer of every finished price test with COLUMNS; `known_at` is its last day, or the day a person ended it.

    Left out are tests whose groups are not what was drawn, or whose customers were in another test at the same time. `units` and
    `unit_price` (mean, by units) are those posted, NaN where the order lines tell.
    """
    parts = [
        _rows(connection, kept, plan_from(kept.plan), timezone)
        for kept in store.list_all(connection, ("completed",))
        if kept.type == KIND and kept.unit == "customer"
    ]
    whole = [part for part in parts if len(part)]
    return pd.concat(whole, ignore_index=True) if whole else pd.DataFrame(columns=list(COLUMNS))


def _rows(connection: sa.Connection, kept: Kept, plan: Plan, timezone: str) -> pd.DataFrame:
    last, known = _over(connection, kept, timezone)
    units = store.units_of(connection, kept.experiment_id)
    tested = units[units["arm"] < HOLD_OUT]
    if last < kept.start or not _may_be_read(connection, kept, plan, tested["unit_id"].tolist()):
        return pd.DataFrame(columns=list(COLUMNS))
    posted = _posted(store.outcomes_of(connection, kept.experiment_id))
    product = (plan.treatment or {}).get("product")
    return pd.DataFrame(
        {
            "experiment_id": kept.experiment_id,
            "customer_id": tested["unit_id"],
            "arm": tested["arm"].astype(float),
            "product_id": str(product) if product else None,
            "start": pd.Timestamp(kept.start),
            "end": pd.Timestamp(last),
            "units": tested["unit_id"].map(posted["units"]).astype(float),
            "unit_price": tested["unit_id"].map(posted["unit_price"]).astype(float),
            "is_simulated": is_simulated(kept.plan),
            "known_at": pd.Timestamp(known),
        }
    )


def _over(connection: sa.Connection, kept: Kept, timezone: str) -> tuple[date, date]:
    """The last day that counts in full, and the day on which the test was known to be over."""
    ends = [one for one in store.events_of(connection, kept.experiment_id) if one["action"] == "experiment.completed"]
    if not ends or ends[-1]["detail"].get("reason") == "end":
        return kept.end, kept.end
    day = clock.local(ends[-1]["at"], timezone).date()
    return (kept.end, kept.end) if day > kept.end else (day - timedelta(days=1), day)


def _may_be_read(connection: sa.Connection, kept: Kept, plan: Plan, unit_ids: list[str]) -> bool:
    others = store.overlapping(connection, unit_ids, kept.start, kept.end)
    return not others and health.sample_ratio(observe(connection, kept, plan))["light"] != "alarm"


def _posted(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Units and their mean price by customer, of the outcomes that tell them."""
    told = pd.DataFrame(outcomes["outcome"].tolist(), index=outcomes.index).reindex(columns=["units", "unit_price"]).astype(float)
    rows = told.assign(unit_id=outcomes["unit_id"], spent=told["units"] * told["unit_price"])
    sums = rows.dropna(subset=["units"]).groupby("unit_id")[["units", "spent"]].sum()
    return sums.assign(unit_price=(sums["spent"] / sums["units"]).where(sums["spent"] > 0))
