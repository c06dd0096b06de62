"""How the month goes, for the Overview: headline numbers, who brings the sales, the month beside other months."""

from datetime import date

import pandas as pd

from ml.queries import business
from ui.blocks import Card
from ui.format import md
from ui.glossary import term
from ui.screen import Screen
from ui.tables import Column

ACTIVE_DAYS = 90


def cards(screen: Screen, as_of: date) -> list[Card]:
    """Sales, average order, bottles (orders where no bottles are known) against last month's same days, and active customers."""
    t, f = screen.t, screen.f
    sums, weeks = screen.read(business.compared, as_of), screen.read(business.weekly, as_of)
    active, ever = screen.read(business.active_customers, as_of, ACTIVE_DAYS)
    against = t("{month}, same days", month=f.month(business.same_days(as_of)["last_month"][0]))
    now, then = sums.loc["this_month"], sums.loc["last_month"]
    counted, counted_label = _counted(screen, sums)
    return [
        Card(
            t("Sales ({basis})", basis=screen.basis),
            f.money(now["revenue"]),
            f.change(now["revenue"], then["revenue"]),
            against,
            help=term(t, "same days"),
            trend=_trend(weeks, "revenue"),
        ),
        Card(
            t("Average order ({basis})", basis=screen.basis),
            f.money(_ticket(now)),
            f.change(_ticket(now), _ticket(then)),
            against,
            trend=_ticket_trend(weeks),
        ),
        Card(counted_label, f.number(now[counted]), f.change(now[counted], then[counted]), against, trend=_trend(weeks, counted)),
        Card(
            t("Active customers"),
            f.number(active),
            note=t("of {n} ever", n=f.number(ever)),
            help=t("Customers with an order in the last {days} days. The others have been silent for longer.", days=ACTIVE_DAYS),
        ),
    ]


def against_last_year(screen: Screen, as_of: date) -> str:
    """The month so far against the same days of last year, as markdown; empty before the first year on record."""
    t, f, sums = screen.t, screen.f, screen.read(business.compared, as_of)
    now, then = sums.loc["this_month"], sums.loc["last_year"]
    counted, label = _counted(screen, sums)
    changes = {
        t("Sales"): f.change(now["revenue"], then["revenue"]),
        t("Average order"): f.change(_ticket(now), _ticket(then)),
        label: f.change(now[counted], then[counted]),
    }
    said = ", ".join(f"{name.lower()} **{md(change)}**" for name, change in changes.items() if change is not None)
    month = f.month(business.same_days(as_of)["last_year"][0], year=True)
    return t("Against {month}, same days: {changes}", month=md(month), changes=said) if said else ""


def concentration(screen: Screen) -> str:
    """ "6 customers = 58 % of the sales", as markdown; empty without sales."""
    few, t, f = screen.read(business.concentration), screen.t, screen.f
    if few is None:
        return ""
    return t.plural(
        "**{count} customer = {share} of the sales** of the last 12 months, out of {buyers} who bought",
        "**{count} customers = {share} of the sales** of the last 12 months, out of {buyers} who bought",
        few.customers,
        count=md(f.number(few.customers)),
        share=md(f.percent(few.share)),
        buyers=md(f.number(few.buyers)),
    )


def beside_others(screen: Screen, as_of: date) -> tuple[pd.DataFrame, list[Column]]:
    """This month, last month and last year, same days: the rows and how they are shown. A period before the records is left out."""
    t, f = screen.t, screen.f
    sums = screen.read(business.compared, as_of)
    spans = business.same_days(as_of)
    rows = sums.assign(
        period=[f"1–{last.day} {f.month(first, year=True)}" for first, last in (spans[name] for name in sums.index)],
        ticket=sums["revenue"] / sums["orders"].where(sums["orders"] > 0),
    ).dropna(subset=["orders"])
    columns = [
        Column("period", t("Period")),
        Column("revenue", t("Sales ({basis})", basis=screen.basis), "money"),
        Column("orders", t("Orders"), "number"),
        Column("ticket", t("Average order"), "money"),
    ]
    if sums["bottles"].notna().any():
        columns.append(Column("bottles", t("Bottles"), "number"))
    return rows, columns


def _counted(screen: Screen, sums: pd.DataFrame) -> tuple[str, str]:
    if sums["bottles"].notna().any():
        return "bottles", screen.t("Bottles")
    return "orders", screen.t("Orders")


def _ticket(sums: pd.Series) -> float | None:
    return float(sums["revenue"] / sums["orders"]) if sums["orders"] > 0 else None


def _trend(weeks: pd.DataFrame, measure: str) -> list[float] | None:
    return [float(value) for value in weeks[measure]] if measure in weeks and len(weeks) > 1 else None


def _ticket_trend(weeks: pd.DataFrame) -> list[float] | None:
    if not {"orders", "revenue"} <= set(weeks.columns):
        return None
    sold = weeks[weeks["orders"] > 0]
    return [float(value) for value in sold["revenue"] / sold["orders"]]
