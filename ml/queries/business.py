"""How the business goes, from the facts of the last reading: this month against others, the weeks behind, who brings the sales."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
import sqlalchemy as sa

from ml.store import schema

PERIODS: tuple[str, ...] = ("this_month", "last_month", "last_year")
MEASURES: tuple[str, ...] = ("orders", "revenue", "bottles")


@dataclass(frozen=True)
class Concentration:
    """The fewest `customers` who together bring at least half of the last 365 days' sales: `who` they are, their `share`, of how many
    `buyers`."""

    customers: int
    share: float
    buyers: int
    who: tuple[str, ...]


def same_days(as_of: date) -> dict[str, tuple[date, date]]:
    """The days to compare: the month so far, and the same days of the month before and of the year before. Period -> (first, last).

    >>> same_days(date(2026, 3, 31))["last_month"]
    (datetime.date(2026, 2, 1), datetime.date(2026, 2, 28))
    """
    before = as_of.replace(day=1) - timedelta(days=1)
    starts = (as_of.replace(day=1), before.replace(day=1), as_of.replace(year=as_of.year - 1, day=1))
    return {name: (start, start.replace(day=_day(start, as_of.day))) for name, start in zip(PERIODS, starts, strict=True)}


def compared(conn: sa.Connection, as_of: date) -> pd.DataFrame:
    """Sums over the periods of `same_days`: index PERIODS, columns orders, revenue, bottles. NaN before the first day on record."""
    table = schema.daily_facts
    company = (table.c.entity_type == "company", table.c.entity_id == "all")
    known = dict(conn.execute(sa.select(table.c.measure, sa.func.min(table.c.day)).where(*company).group_by(table.c.measure)).all())
    sums = pd.DataFrame(float("nan"), index=list(PERIODS), columns=list(MEASURES))
    for period, (first, last) in same_days(as_of).items():
        rows = conn.execute(
            sa.select(table.c.measure, sa.func.sum(table.c.value))
            .where(*company, table.c.day.between(first, last))
            .group_by(table.c.measure)
        ).all()
        found = {measure: float(total) for measure, total in rows}
        for measure in MEASURES:
            if measure in known and known[measure] <= last:
                sums.loc[period, measure] = found.get(measure, 0.0)
    return sums


def weekly(conn: sa.Connection, as_of: date, weeks: int = 26) -> pd.DataFrame:
    """Sums of the last full `weeks` of seven days up to `as_of`: index = last day of the week, columns = the measures on record."""
    table = schema.daily_facts
    first = as_of - timedelta(days=7 * weeks - 1)
    rows = conn.execute(
        sa.select(table.c.day, table.c.measure, table.c.value).where(
            table.c.entity_type == "company", table.c.entity_id == "all", table.c.day.between(first, as_of)
        )
    ).all()
    found = pd.DataFrame(rows, columns=["day", "measure", "value"]).astype({"day": "datetime64[us]", "value": "float64"})
    if found.empty:
        return pd.DataFrame(columns=list(MEASURES), dtype="float64")
    weeks_ago = (pd.Timestamp(as_of) - found["day"]).dt.days // 7
    ends = pd.Timestamp(as_of) - pd.to_timedelta(weeks_ago * 7, unit="D")
    return found.assign(week=ends).pivot_table(index="week", columns="measure", values="value", aggfunc="sum", fill_value=0.0)


def concentration(conn: sa.Connection) -> Concentration | None:
    """Who brings half of the last year's sales; None without sales."""
    table = schema.customer_facts
    largest = sa.select(table.c.customer_id, table.c.spend_365).where(table.c.spend_365 > 0)
    rows = conn.execute(largest.order_by(table.c.spend_365.desc(), table.c.customer_id)).all()
    total, running = sum(row.spend_365 for row in rows), 0.0
    for place, row in enumerate(rows, start=1):
        running += row.spend_365
        if running >= total / 2:
            return Concentration(place, running / total, len(rows), tuple(known.customer_id for known in rows[:place]))
    return None


def by_commune(conn: sa.Connection, most: int) -> pd.DataFrame:
    """The `most` communes with the largest sales of the last 365 days: zone, sales, customers who bought, share of all sales."""
    table = schema.customer_facts
    sales = sa.func.sum(table.c.spend_365)
    bought = table.c.spend_365 > 0
    whole = conn.execute(sa.select(sales).where(bought)).scalar() or 0.0
    rows = conn.execute(
        sa.select(table.c.zone, sales, sa.func.count())
        .where(bought, table.c.zone.is_not(None))
        .group_by(table.c.zone)
        .order_by(sales.desc(), table.c.zone)
        .limit(most)
    ).all()
    found = pd.DataFrame([tuple(row) for row in rows], columns=["zone", "sales", "customers"]).astype({"sales": "float64"})
    return found.assign(share=found["sales"] / whole if whole else float("nan"))


def active_customers(conn: sa.Connection, as_of: date, within_days: int) -> tuple[int, int]:
    """How many customers ordered within the last `within_days`, and how many ever did."""
    table = schema.customer_facts
    since = as_of - timedelta(days=within_days)
    ever = sa.func.count(table.c.last_order)
    lately = sa.func.sum(sa.case((table.c.last_order > since, 1), else_=0))
    row = conn.execute(sa.select(lately, ever)).one()
    return int(row[0] or 0), int(row[1] or 0)


def _day(start: date, day: int) -> int:
    return min(day, monthrange(start.year, start.month)[1])
