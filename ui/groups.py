"""The parts of the Segments screen: headline numbers, the segments in numbers, the customers of one."""

import pandas as pd
import streamlit as st

from ml.queries import customers, segment_list, segments
from ml.queries.segment_list import Asked
from ml.queries.service import Service
from ui import charts, data, group_moves, tables, texts
from ui.blocks import CARD_PIXELS, MOST_CARDS
from ui.format import mask_name, md
from ui.glossary import term
from ui.screen import Screen
from ui.tables import NAME, Column


def in_numbers(screen: Screen, service: Service) -> None:
    """The segments: a card each, their shares of customers and sales, the table, and the classic grid."""
    t, summary = screen.t, screen.read(customers.segments, service)
    cards(screen, summary)
    shares = {t("Share of customers"): list(summary["share"]), t("Share of sales"): list(summary["spend_share"])}
    labels = [texts.label(t, texts.SEGMENTS, name) for name in summary["segment"]]
    charts.draw(charts.two_bars(screen, labels, shares), alt=t("Share of customers and of sales by segment"), key="segments")
    scores = screen.services.get("customers")
    if scores is not None and scores.as_of is not None:
        summary = summary.merge(screen.read(segments.outlook, service, scores), on="segment", how="left")
    tables.show(screen, summary_rows(screen, summary), summary_columns(screen, summary), alt=t("The segments in numbers"), key="summary")
    group_moves.grid(screen, screen.read(segments.grid, service))


def cards(screen: Screen, summary: pd.DataFrame) -> None:
    """One card per segment: how many customers, what share of the sales they bring, and one line of advice."""
    t, f = screen.t, screen.f
    with st.grid(MOST_CARDS, min_column_width=CARD_PIXELS):
        for row in summary.to_dict("records"):
            name = str(row["segment"])
            with st.container(border=True, height="stretch", gap="xsmall"):
                st.metric(
                    texts.label(t, texts.SEGMENTS, name),
                    md(f.number(row["customers"])),
                    delta=md(t("{share} of the sales", share=f.percent(row["spend_share"]))),
                    delta_color="off",
                    delta_arrow="off",
                )
                st.caption(texts.label(t, texts.ADVICE, name))


def summary_rows(screen: Screen, summary: pd.DataFrame) -> pd.DataFrame:
    """The segments as they are listed."""
    names = [texts.label(screen.t, texts.SEGMENTS, name) for name in summary["segment"]]
    return summary.assign(name=names, churn_rate=summary["churn_rate"] if "churn_rate" in summary else float("nan"))


def summary_columns(screen: Screen, summary: pd.DataFrame) -> list[Column]:
    """How the segments are listed; what share will leave only where customers have scores."""
    t = screen.t
    leaving = summary["horizon_days"].dropna() if "horizon_days" in summary else pd.Series(dtype="float64")
    share = [_leaving(screen, int(leaving.max()))] if len(leaving) else []
    return [
        Column("name", t("Segment")),
        Column("total_spend", t("Sales in all"), "money"),
        Column("customers", t("Customers"), "number"),
        Column("recency_days", t("Days since the last order"), "number", term(t, "recency")),
        Column("frequency", t("Orders in 12 months"), "number", term(t, "frequency"), digits=1),
        Column("spend", t("Sales per customer ({basis})", basis=screen.basis), "money", term(t, "spend")),
        *share,
    ]


def _leaving(screen: Screen, days: int) -> Column:
    t = screen.t
    told = t("Mean probability that an active customer of this group orders nothing in that time.")
    return Column("churn_rate", t("Will leave within {days} days", days=days), "bar", told)


def page(screen: Screen, asked: Asked, start: int) -> pd.DataFrame:
    """The rows of the list from `start` on, as one page shows them."""
    return member_rows(screen, data.ask(segment_list.page, asked, start, tables.PAGE_ROWS))


def everyone(screen: Screen, asked: Asked) -> pd.DataFrame:
    """The whole list as it is exported: as it stands when somebody asks for the file."""
    return member_rows(screen, data.ask(segment_list.page, asked._replace(service=data.newest(asked.service))))


def member_rows(screen: Screen, rows: pd.DataFrame) -> pd.DataFrame:
    """Customers of a segment as they are listed; names masked for viewers."""
    names = segment_list.shown_names(rows)
    return rows.assign(who=names.map(mask_name) if screen.masked else names, place=rows["zone"].fillna("").astype(str))


def member_columns(screen: Screen) -> list[Column]:
    """How the customers of a segment are listed."""
    t = screen.t
    return [
        Column("who", t("Customer"), width=NAME),
        Column("spend", t("Sales in 12 months"), "money", term(t, "spend")),
        Column("recency_days", t("Days since the last order"), "number", term(t, "recency")),
        Column("frequency", t("Orders in 12 months"), "number", term(t, "frequency")),
        Column("place", t("Commune")),
        Column("last_order", t("Last order"), "day"),
    ]
