"""Operations, data: where it comes from, what was read, what was found in it, and the sales by month both ways."""

import pandas as pd
import streamlit as st

from ml import clock
from ml.queries import operations
from ml.store.values import load_preferences
from ui import states, tables, texts, versions
from ui.format import md
from ui.screen import Screen
from ui.store_access import settings
from ui.tables import Column


def show(screen: Screen) -> None:
    """Findings, tables and months of the last reading; without one, how to get it."""
    t, reading = screen.t, screen.reading
    if reading is None:
        states.nothing_yet(screen, "demand", t("Here you see what was read of your data and what was found in it."))
        return
    st.caption(_source(screen))
    states.late(screen)
    st.subheader(t("What was found in the data"), anchor=False)
    rows, columns = screen.kept(versions.findings)
    if rows.empty:
        st.write(t("Nothing doubtful was found."))
    else:
        tables.show(screen, rows, columns, alt=t("What the last reading found in the data"), key="findings")
        tables.export(screen, rows, columns, name="findings")
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader(t("What was read"), anchor=False)
        rows, columns = screen.kept(table_rows), table_columns(screen)
        tables.show(screen, rows, columns, alt=t("The tables that were read, with rows and days"), key="tables")
    with right:
        st.subheader(t("Sales by month"), anchor=False)
        rows, columns = screen.kept(month_rows), month_columns(screen)
        if rows.empty:
            st.write(t("No sales have been read yet."))
            return
        tables.show(screen, rows, columns, alt=t("Sales by month, as recorded and with or without VAT"), key="months")
        tables.export(screen, rows, columns, name="sales-by-month")


def table_rows(screen: Screen) -> pd.DataFrame:
    """One row per table of the last reading: table, rows, first, last."""
    spans = screen.reading.tables if screen.reading else {}
    rows = [
        {"table": texts.label(screen.t, texts.TABLES, name), **{key: span.get(key) for key in ("rows", "first", "last")}}
        for name, span in spans.items()
    ]
    frame = pd.DataFrame(rows, columns=["table", "rows", "first", "last"])
    return frame.assign(first=pd.to_datetime(frame["first"]), last=pd.to_datetime(frame["last"]))


def table_columns(screen: Screen) -> list[Column]:
    """How the tables are listed."""
    t = screen.t
    return [
        Column("table", t("Table")), Column("rows", t("Rows"), "number"), Column("first", t("First day"), "day"),
        Column("last", t("Last day"), "day"),
    ]  # fmt: skip


def month_rows(screen: Screen) -> pd.DataFrame:
    """One row per month, newest first: month, amount, orders; net and gross where all amounts are one of the two."""
    reading, f = screen.reading, screen.f
    if reading is None:
        return pd.DataFrame(columns=["month", "amount", "orders"])
    frame = screen.read(operations.monthly_sales, reading.as_of)
    rate = 1 + screen.read(load_preferences).vat_rate
    both = {"net": {"net": 1.0, "gross": rate}, "gross": {"net": 1 / rate, "gross": 1.0}}.get(reading.amount_basis, {})
    months = [f.month(month, year=True).capitalize() for month in frame["month"]]
    return frame.assign(month=months, **{name: frame["amount"] * factor for name, factor in both.items()})


def month_columns(screen: Screen) -> list[Column]:
    """How the months are listed."""
    t = screen.t
    known = screen.reading is not None and screen.reading.amount_basis in ("net", "gross")
    money = [Column("net", t("Net"), "money"), Column("gross", t("Gross"), "money")] if known else [
        Column("amount", t("As recorded"), "money", t("The data does not say for all customers whether VAT is in it."))
    ]  # fmt: skip
    return [Column("month", t("Month")), *money, Column("orders", t("Orders"), "number")]


def _source(screen: Screen) -> str:
    t, f, reading = screen.t, screen.f, screen.reading
    if reading is None:
        return ""
    read = f.moment(clock.local(reading.read_at, settings().timezone))
    live = t("last copy, the source does not answer") if reading.from_snapshot else t("read live")
    bases = {"net": t("net of VAT"), "gross": t("with VAT"), "mixed": t("net or gross, by type of customer")}
    basis = bases.get(reading.amount_basis, t("net or gross is not known"))
    return t("{source} · {live}, {moment} · amounts: {basis}", source=md(reading.source), live=live, moment=md(read), basis=basis)
