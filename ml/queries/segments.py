"""Groups of customers over time: any day scored with today's centroids, who moved between two days, cohorts, and the 5 × 5 grid."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
import sqlalchemy as sa

from ml.customers.segments import WINDOW_DAYS, Segments
from ml.queries import calls, customers
from ml.queries.service import Service
from ml.store.schema import customer_orders, predictions

FEWEST_FOR_A_GRID = 300
GRID = 5
MOST_COHORTS, QUARTER_MONTHS, FEWEST_IN_COHORT = 12, 3, 10
PERIODS: tuple[str, ...] = tuple(f"p{number}" for number in range(1, 13))


@dataclass(frozen=True)
class Grouping:
    """The groups in service: the model that scores any day, and number of groups -> out-of-time R² of the next 90 days' spend."""

    model: Segments
    explained: dict[int, float]


@dataclass(frozen=True)
class Migration:
    """Who moved between two days: `moves` has before, after, customers; `downgrades` has customer_id, before, after, spend_before,
    spend_after, largest loss of rank and money first. Group names; "new" = no order by the first day."""

    moves: pd.DataFrame
    downgrades: pd.DataFrame


@dataclass(frozen=True)
class Cohorts:
    """How customers who began together stay: `rows` has cohort (its first day), customers, and p1 … p12, the share of them who ordered in
    that month or quarter after; each is `months` long (1 or 3)."""

    months: int
    rows: pd.DataFrame


def grouping(conn: sa.Connection, service: Service) -> Grouping | None:
    """The groups of the release in service; None for a release that does not say where they lie."""
    table = predictions
    detail = conn.execute(
        sa.select(table.c.detail).where(
            table.c.release_id == service.release_id,
            table.c.predictor == service.predictor,
            table.c.measure == "grouping",
            table.c.as_of == service.as_of,
        )
    ).scalar()
    if not detail:
        return None
    arrays = (np.array(detail[name], dtype=float) for name in ("center", "scale", "centroids"))
    return Grouping(Segments(tuple(detail["names"]), *arrays), {int(count): float(value) for count, value in detail["explained"].items()})


def on(conn: sa.Connection, model: Segments, day: date) -> pd.DataFrame:
    """Every customer with an order by `day` in its group: customer_id, segment, place (0 = best), recency_days, frequency, spend."""
    table = customer_orders
    begin = day - timedelta(days=WINDOW_DAYS)
    recent = sa.case((table.c.day > begin, table.c.amount), else_=0.0)
    counted = sa.case((table.c.day > begin, table.c.day))
    rows = conn.execute(
        sa.select(table.c.customer_id, sa.func.max(table.c.day), sa.func.count(sa.distinct(counted)), sa.func.sum(recent))
        .where(table.c.day <= day, table.c.amount > 0)
        .group_by(table.c.customer_id)
    ).all()
    frame = pd.DataFrame(rows, columns=["customer_id", "last", "frequency", "spend"]).astype({"frequency": "float64", "spend": "float64"})
    frame["recency_days"] = (pd.Timestamp(day) - pd.to_datetime(frame["last"])).dt.days.astype("float64")
    place = model.assign(*(frame[name].to_numpy() for name in ("recency_days", "frequency", "spend")))
    frame["place"], frame["segment"] = place, np.asarray(model.names, dtype=object)[place]
    return frame[["customer_id", "segment", "place", "recency_days", "frequency", "spend"]]


def migration(conn: sa.Connection, service: Service, before: date, after: date) -> Migration | None:
    """Who moved from one group to another between two days, both scored with today's groups; None where the release does not say where
    they lie. Downgrades list nobody who is not to be contacted."""
    found = grouping(conn, service)
    if found is None:
        return None
    first, second = on(conn, found.model, min(before, after)), on(conn, found.model, max(before, after))
    both = second.merge(first, on="customer_id", how="left", suffixes=("_after", "_before"))
    told = both.assign(before=both["segment_before"].fillna("new"), after=both["segment_after"])
    moves = told.groupby(["before", "after"], as_index=False).agg(customers=("customer_id", "count"))
    fell = told[told["place_after"] > told["place_before"]]
    fell = fell.assign(steps=fell["place_after"] - fell["place_before"])
    fell = calls.reachable(conn, fell, service.day).sort_values(["spend_before", "steps"], ascending=False)
    return Migration(moves, fell[["customer_id", "before", "after", "spend_before", "spend_after"]].reset_index(drop=True))


def outlook(conn: sa.Connection, segments: Service, scores: Service) -> pd.DataFrame:
    """What is to come per group: segment, churn_rate (mean probability of leaving of its active customers), horizon_days."""
    scored = customers.with_segment(customers.listed(conn, scores, everybody=True), segments)
    active = scored.where(scored.c.population == "active", scored.c.segment.is_not(None))
    rates = {"churn_rate": sa.func.avg(scored.c.probability), "horizon_days": sa.func.max(scored.c.horizon_days)}
    return active.groups(conn, "segment", **rates)


def cohorts(conn: sa.Connection, as_of: date) -> Cohorts:
    """Customers by the month or quarter of their first order, at most MOST_COHORTS, newest first, and who ordered again in each one after.

    Periods that have not ended by `as_of` are empty. Quarters where the usual one of the newest months has fewer than FEWEST_IN_COHORT.
    """
    table = customer_orders
    rows = conn.execute(sa.select(table.c.customer_id, table.c.day).where(table.c.day <= as_of, table.c.amount > 0).distinct()).all()
    frame = pd.DataFrame(rows, columns=["customer_id", "day"])
    if frame.empty:
        return Cohorts(1, pd.DataFrame(columns=["cohort", "customers", *PERIODS]))
    month = pd.to_datetime(frame["day"]).dt.year * 12 + pd.to_datetime(frame["day"]).dt.month - 1
    first, last = month.groupby(frame["customer_id"]).min(), int(month.max())
    newest = range(max(int(first.min()), last - MOST_COHORTS + 1), last + 1)
    months = 1 if first.value_counts().reindex(newest, fill_value=0).median() >= FEWEST_IN_COHORT else QUARTER_MONTHS
    tomorrow = as_of + timedelta(days=1)
    ended = (tomorrow.year * 12 + tomorrow.month - 1) // months - 1
    return Cohorts(months, _retention(frame["customer_id"], month // months, ended, months))


def _retention(customer_id: pd.Series, period: pd.Series, ended: int, months: int) -> pd.DataFrame:
    """The rows of Cohorts from the months (or quarters) since the year 0 of each customer's orders; `ended` is the last whole one."""
    first = period.groupby(customer_id).transform("min")
    seen = pd.DataFrame({"customer_id": customer_id, "cohort": first, "age": period - first}).drop_duplicates()
    sizes = seen[seen["age"] == 0].groupby("cohort").size()
    ages = range(1, len(PERIODS) + 1)
    shares = seen.groupby(["cohort", "age"]).size().unstack(fill_value=0).reindex(columns=ages, fill_value=0).div(sizes, axis=0)
    begun = shares.index.to_numpy(dtype="int64")
    for age in ages:
        shares[age] = shares[age].where(begun + age <= ended)
    shares.columns = list(PERIODS)
    told = shares.assign(customers=sizes).reset_index()
    told["cohort"] = [date(int(value) * months // 12, int(value) * months % 12 + 1, 1) for value in told["cohort"]]
    told = told.sort_values("cohort", ascending=False).head(MOST_COHORTS).reset_index(drop=True)
    return told[["cohort", "customers", *PERIODS]].astype({"cohort": "datetime64[us]"})


def grid(conn: sa.Connection, service: Service) -> pd.DataFrame | None:
    """The classic 5 × 5 grid of the customers in service's segments (`fifths`)."""
    return fifths(customers.members(service).frame(conn, names=("recency_days", "frequency", "spend")))


def fifths(members: pd.DataFrame) -> pd.DataFrame | None:
    """Recency and frequency by fifths (5 = best) of a frame with recency_days, frequency and spend: customers and spend of each cell;
    None under FEWEST_FOR_A_GRID customers with an order in the window."""
    buyers = members[members["frequency"] > 0]
    if len(buyers) < FEWEST_FOR_A_GRID:
        return None
    fifth = {
        "recency": np.ceil((1 - buyers["recency_days"].rank(pct=True, method="average") + 1 / len(buyers)) * GRID).clip(1, GRID),
        "frequency": np.ceil(buyers["frequency"].rank(pct=True, method="average") * GRID).clip(1, GRID),
    }
    told = pd.DataFrame({**fifth, "spend": buyers["spend"]}).astype({"recency": int, "frequency": int})
    return told.groupby(["recency", "frequency"], as_index=False).agg(customers=("spend", "size"), spend=("spend", "sum"))
