"""One row per unit with what came of it: read from the orders by intention to treat, or from posted outcomes; silent units are 0."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
import pandas as pd
import sqlalchemy as sa

from ml.experiments.designs import METRICS, Plan
from ml.store import experiments as store
from ml.store.experiments import Kept
from ml.store.values import load_preferences

PRE_DAYS = 90
POSTED = {"revenue": "revenue", "orders": "orders_count", "churned": "churned"}
HOLD_OUT = 2


@dataclass(frozen=True)
class Observed:
    """What an experiment has seen by `as_of` (None: nothing yet).

    `frame` has unit_id, arm (0 or 1), zone, customer_type, cluster, the metrics, `pre_<metric>` and `has_outcome`; `daily` is unit_id,
    day, revenue, orders of the days that count; `mismatches` units whose posted outcomes differ from the orders.
    """

    kept: Kept
    plan: Plan
    frame: pd.DataFrame
    daily: pd.DataFrame
    source: Literal["orders", "posted", "none"]
    as_of: date | None
    mismatches: int = 0

    @property
    def days(self) -> int:
        """How many of its days have been seen."""
        if self.as_of is None or self.as_of < self.kept.start:
            return 0
        return (min(self.as_of, self.kept.end) - self.kept.start).days + 1

    @property
    def fraction(self) -> float:
        """The share of its days that have been seen."""
        return self.days / self.kept.days

    @property
    def cap(self) -> float | None:
        """The cap on money for the days seen so far."""
        return None if self.plan.cap is None else self.plan.cap * max(self.fraction, 1 / self.kept.days)

    def values(self, metric: str) -> np.ndarray:
        """The metric per unit, money capped as planned."""
        values = self.frame[metric].to_numpy(dtype=float)
        return np.minimum(values, self.cap) if METRICS[metric].is_money and self.cap is not None else values

    def pairing(self) -> np.ndarray | None:
        """What pairs were formed by, (n,): sales before the start; None where there are none."""
        return self.frame["pre_revenue"].to_numpy(dtype=float) if "pre_revenue" in self.frame else None

    def covariates(self, metric: str) -> np.ndarray | None:
        """What CUPED may use of the time before, (n, k); None where nothing varies."""
        names = [f"pre_{name}" for name in METRICS[metric].pre if f"pre_{name}" in self.frame]
        if not names:
            return None
        columns = self.frame[names].to_numpy(dtype=float, copy=True)
        if self.plan.cap is not None and "pre_revenue" in names:
            place = names.index("pre_revenue")
            columns[:, place] = np.minimum(columns[:, place], self.plan.cap)
        varied = columns[:, np.ptp(columns, axis=0) > 0]
        return varied if varied.shape[1] else None


def before(connection: sa.Connection, unit_ids: Sequence[str], start: date, days: int) -> pd.DataFrame:
    """What each unit did in PRE_DAYS before `start` (or as long as data goes back), scaled to `days`: revenue, orders, margin,
    earlier (revenue of as long a time before that), silence (days since the last order); zone, customer_type.

    Indexed by unit, 0 where unknown.
    """
    first = store.first_order_day(connection)
    known_to = store.data_up_to(connection)
    last = min(start - timedelta(days=1), known_to) if known_to else start - timedelta(days=1)
    begin = max(last - timedelta(days=max(PRE_DAYS, days) - 1), first) if first else last
    span = max((last - begin).days + 1, 1)
    orders = store.orders_between(connection, begin, last)
    totals = _totals(orders, _margin_per_unit(connection), unit_ids)
    frame = totals[["revenue", "orders", "margin"]] * (days / span)
    earlier = store.orders_between(connection, begin - timedelta(days=span), begin - timedelta(days=1))
    frame["earlier"] = earlier.groupby("customer_id")["amount"].sum().reindex(frame.index).fillna(0.0) * (days / span)
    latest = orders.groupby("customer_id")["day"].max().reindex(frame.index)
    frame["silence"] = (pd.Timestamp(last) - latest).dt.days.fillna(span).astype(float)
    people = store.people(connection).set_index("customer_id").reindex(frame.index)
    frame["zone"], frame["customer_type"] = people["zone"], people["customer_type"]
    frame["is_known"] = people["contact_opt_out"].notna()
    return frame


def observe(connection: sa.Connection, kept: Kept, plan: Plan, *, until: date | None = None) -> Observed:
    """What the experiment has seen by `until` (None: by the last day of the data)."""
    units = store.units_of(connection, kept.experiment_id)
    frame = _with_before(units[units["arm"] < HOLD_OUT].reset_index(drop=True))
    posted = store.outcomes_of(connection, kept.experiment_id)
    data_to = store.data_up_to(connection)
    as_of = min([day for day in (data_to, until) if day is not None], default=None)
    facts = store.people(connection)["customer_id"]
    by_orders = (
        kept.unit == "customer"
        and not (plan.treatment or {}).get("posted_only")
        and as_of is not None
        and as_of >= kept.start
        and bool(frame["unit_id"].isin(facts).any())
    )
    if by_orders and as_of is not None:
        orders = store.orders_between(connection, kept.start, min(as_of, kept.end))
        seen = _from_orders(connection, frame, orders)
        return Observed(kept, plan, seen, _daily(orders, seen["unit_id"]), "orders", as_of, _mismatches(seen, posted))
    if until is not None:
        posted = posted[pd.to_datetime(posted["day"]) <= pd.Timestamp(until)]
    seen, daily = _from_posted(frame, posted, plan)
    last = max(posted["day"], default=None)
    return Observed(kept, plan, seen, daily, "posted" if len(posted) else "none", _posted_to(kept, last, until))


def _posted_to(kept: Kept, last: date | None, until: date | None) -> date | None:
    """Posted outcomes reach to the last posted day, or to `until` where that is asked for."""
    days = [day for day in (last, until if last else None) if day is not None]
    return min(max(days), kept.end) if days else None


def _with_before(units: pd.DataFrame) -> pd.DataFrame:
    pre = pd.DataFrame(units["pre"].tolist(), index=units.index).add_prefix("pre_").astype(float).fillna(0.0)
    return pd.concat([units[["unit_id", "arm", "cluster", "zone", "customer_type", "reached_at"]], pre], axis=1)


def _from_orders(connection: sa.Connection, frame: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    totals = _totals(orders, _margin_per_unit(connection), frame["unit_id"])
    for name in ("revenue", "orders", "margin"):
        frame[name] = totals[name].to_numpy()
    return frame.assign(churned=(frame["orders"] == 0).astype(float), has_outcome=True)


def _from_posted(frame: pd.DataFrame, posted: pd.DataFrame, plan: Plan) -> tuple[pd.DataFrame, pd.DataFrame]:
    names = dict.fromkeys([*plan.metrics, *(guard.metric for guard in plan.guardrails)])
    told = pd.DataFrame(posted["outcome"].tolist(), index=posted.index).astype(float) if len(posted) else pd.DataFrame(index=posted.index)
    for name in names:
        key = POSTED.get(name, name)
        values = told[key].fillna(0.0) if key in told else pd.Series(0.0, index=posted.index)
        by_unit = values.groupby(posted["unit_id"])
        total = by_unit.max() if METRICS[name].is_share else by_unit.sum()
        frame[name] = frame["unit_id"].map(total).fillna(0.0).astype(float)
    frame["has_outcome"] = frame["unit_id"].isin(posted["unit_id"])
    day = pd.DataFrame({"unit_id": posted["unit_id"], "day": pd.to_datetime(posted["day"])})
    for name, key in (("revenue", "revenue"), ("orders", "orders_count")):
        day[name] = told[key].fillna(0.0) if key in told else 0.0
    return frame, day


def _totals(orders: pd.DataFrame, margin: tuple[float, float], unit_ids: Sequence[str] | pd.Series) -> pd.DataFrame:
    """Revenue, orders (days with one) and margin per unit; margin = revenue - unit cost × units, or a share where units are unknown."""
    share, unit_cost = margin
    earned = np.where(orders["quantity"].notna(), orders["amount"] - unit_cost * orders["quantity"].astype(float), share * orders["amount"])
    told = orders.assign(margin=earned if unit_cost > 0 else share * orders["amount"])
    grouped = told.groupby("customer_id")
    frame = pd.DataFrame({"revenue": grouped["amount"].sum(), "orders": grouped["day"].nunique(), "margin": grouped["margin"].sum()})
    return frame.reindex(pd.Index(list(unit_ids), name="unit_id")).fillna(0.0).astype(float)


def _margin_per_unit(connection: sa.Connection) -> tuple[float, float]:
    """The company's gross margin, and what a unit costs at it by the average price of the last year."""
    share = load_preferences(connection).gross_margin
    last = store.data_up_to(connection)
    if last is None:
        return share, 0.0
    year = store.orders_between(connection, last - timedelta(days=364), last).dropna(subset=["quantity"])
    units = float(year["quantity"].astype(float).sum())
    return share, float(year["amount"].sum()) / units * (1 - share) if units > 0 else 0.0


def _daily(orders: pd.DataFrame, unit_ids: pd.Series) -> pd.DataFrame:
    mine = orders[orders["customer_id"].isin(unit_ids)]
    daily = mine.groupby(["customer_id", "day"], as_index=False).agg(revenue=("amount", "sum"))
    return daily.rename(columns={"customer_id": "unit_id"}).assign(orders=1.0)


def _mismatches(frame: pd.DataFrame, posted: pd.DataFrame) -> int:
    """Units whose posted revenue differs from the orders by more than a peso and a per mille."""
    told = [(unit, outcome["revenue"]) for unit, outcome in zip(posted["unit_id"], posted["outcome"], strict=True) if "revenue" in outcome]
    if not told:
        return 0
    posts = pd.DataFrame(told, columns=["unit_id", "posted"]).groupby("unit_id")["posted"].sum()
    read = frame.set_index("unit_id")["revenue"].reindex(posts.index).fillna(0.0)
    return int(((posts - read).abs() > 1 + 0.001 * read.abs()).sum())
