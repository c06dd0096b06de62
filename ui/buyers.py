"""Who brings the sales, for the Overview: how the few who bring half of them stand, the largest customers, the largest communes."""

import pandas as pd
import streamlit as st

from ml.queries import business, next_orders
from ui import data, tables, texts, week
from ui.format import md
from ui.one_customer import name_of
from ui.screen import Screen
from ui.tables import NAME, Column

MOST = 10


def standing(screen: Screen) -> str:
    """How many of those who bring half of the sales are due, overdue, early or silent for too long, as markdown; empty when unknown."""
    few, known = screen.read(business.concentration), _known(screen)
    if few is None or known.empty:
        return ""
    counts = known.loc[known["customer_id"].isin(few.who), "state"].value_counts()
    parts = [f"{screen.t(week.STATES[state])} {screen.f.number(counts[state])}" for state in next_orders.STATES if state in counts]
    return screen.t("How they stand today: {states}", states=md(" · ".join(parts))) if parts else ""


def show(screen: Screen) -> None:
    """The largest customers, each with its state, and the largest communes; what is not known is left out."""
    t = screen.t
    customers, communes = screen.kept(customer_rows), screen.read(business.by_commune, MOST)
    if len(customers):
        columns = customer_columns(screen)
        tables.show(screen, customers, columns, alt=t("The customers with the largest sales of 12 months"), key="largest", opens=True)
        tables.export(screen, customers, columns, name="largest-customers")
    if len(communes):
        columns = commune_columns(screen)
        tables.show(screen, communes, columns, alt=t("The communes with the largest sales of 12 months"), key="communes")
        tables.export(screen, communes, columns, name="communes")
    if not len(customers) and not len(communes):
        st.caption(t("No rows."))


def customer_rows(screen: Screen) -> pd.DataFrame:
    """The MOST largest customers who may be contacted, largest first, as they are listed."""
    known = _known(screen)
    if known.empty:
        return known
    largest = known[known["spend_365"] > 0].sort_values(["spend_365", "customer_id"], ascending=[False, True]).head(MOST)
    top = data.ask(next_orders.told, screen.services["customers"], largest)
    names = [name_of(screen, name, key) for name, key in zip(top["name"], top["customer_id"], strict=True)]
    return top.assign(who=names, shown_state=[texts.label(screen.t, week.STATES, state) for state in top["state"]])


def customer_columns(screen: Screen) -> list[Column]:
    """How the largest customers are listed."""
    t = screen.t
    return [
        Column("who", t("Customer"), width=NAME),
        Column("spend_365", t("Sales in 12 months"), "money"),
        Column("shown_state", t("State")),
        Column("last_order", t("Last order"), "day"),
    ]


def commune_columns(screen: Screen) -> list[Column]:
    """How the largest communes are listed."""
    t = screen.t
    return [
        Column("zone", t("Commune"), width=NAME),
        Column("sales", t("Sales in 12 months"), "money"),
        Column("share", t("Share of the sales"), "bar"),
        Column("customers", t("Customers"), "number"),
    ]


def _known(screen: Screen) -> pd.DataFrame:
    """Customers who may be contacted with their state; empty without a model of customers."""
    service = screen.services.get("customers")
    if service is None or service.as_of is None:
        return pd.DataFrame(columns=["customer_id", "state"])
    return screen.read(next_orders.coming, service, screen.services.get("segments"))
