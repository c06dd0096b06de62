"""How many orders, sales and bottles are coming, for the company and its parts, what stands behind it, and how past forecasts did."""

from functools import partial

import streamlit as st

from ml.queries import demand, stamps
from ui import (
    behind,
    blocks,
    data,
    demand_figure,
    event_list,
    expected,
    filters,
    guard,
    outlook,
    presses,
    purchase,
    records,
    states,
    tables,
    texts,
)
from ui.screen import open_screen

HORIZONS = (7, 14, 30, 60, 90)

screen = open_screen(guard.require("admin", "analyst", "viewer"))
t, f = screen.t, screen.f
service = states.need(screen, "demand", t("Here you see the orders, sales and bottles expected in the next 90 days, with their range."))

left, right = blocks.title_row()
with right:
    names = {name: t(texts.MEASURES[name]) for name in screen.read(demand.measures, service)}
    measure = filters.choose(screen, t("What to show"), "measure", names)
left.title(t(texts.DEMAND_QUESTIONS[measure]), anchor=False)
states.stamp(screen, service)
presses.show(t)
steps = {str(days): t("{n} days", n=days) for days in HORIZONS}
with st.container(horizontal=True, vertical_alignment="bottom"):
    horizon = int(filters.choose(screen, t("How far ahead"), "days", steps, default="30"))
    offered = behind.options(screen, service, measure)
    chosen = filters.pick(screen, t("Of what"), "part", offered, none=t("The whole company")) if offered else None
kind, _, entity = (chosen or "company:all").partition(":")
asked = outlook.Asked(service, measure, kind, entity, horizon, ways=bool(st.session_state.get(demand_figure.WAYS)))
now = screen.standing_on(data.ask(stamps.entered_events))
now.drawn(outlook.headline, asked)

table, side = st.columns([3, 2], gap="large")
with table:
    now.drawn(outlook.day_by_day, asked)
    rows, columns = partial(outlook.day_rows, now, asked), now.kept(outlook.exported_columns, asked)
    tables.export(screen, rows, columns, name=outlook.file_name(measure, offered.get(chosen or "")))
with side:
    now.drawn(outlook.beside, asked)
    if asked.whole:
        expected.members(screen, measure, outlook.days(now, asked), horizon)
        now.drawn(outlook.weather, asked)
        records.how_it_did(screen, service, measure)
    else:
        now.drawn(outlook.record_of_part, asked)

event_list.show(now)
if asked.whole:
    if measure == "bottles":
        purchase.plan(screen, service)
    now.drawn(outlook.past, asked)
