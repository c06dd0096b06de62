"""Customers in four groups by how recently, how often and how much they buy."""

from functools import partial

import streamlit as st

from ml.queries import customers, segment_list
from ml.queries.segment_list import Asked
from ui import alerts, filters, group_moves, groups, guard, presses, records, states, tables, texts
from ui.screen import open_screen

screen = open_screen(guard.require("admin", "analyst", "viewer"))
t, f = screen.t, screen.f
service = states.need(screen, "segments", t("Here you see your customers in four groups, from the best to those about to be lost."))
summary = screen.read(customers.segments, service)

st.title(t("Who are your customers?"), anchor=False)
states.stamp(screen, service)
presses.show(t)
screen.drawn(groups.in_numbers, service)

st.subheader(t("Customers of a segment"), anchor=False)
options = {name: texts.label(t, texts.SEGMENTS, name) for name in summary["segment"]}
name = filters.choose(screen, t("Segment"), "segment", options)
wanted = filters.search(t("Search"), "q", t("Name or commune"))
asked = Asked(service, name, wanted, not screen.masked)
count = screen.read(segment_list.count, asked)
if not count:
    states.nothing_matches(t)
else:
    columns = groups.member_columns(screen)
    alt = t("Customers of the segment {name}", name=options[name])
    tables.show(screen, tables.Pages(count, partial(screen.kept, groups.page, asked)), columns, alt=alt, key=f"members-{name}", opens=True)
    tables.export(screen, partial(groups.everyone, screen, asked), columns, name=f"segment-{name}")

alerts.left_out(screen, service)

group_moves.moved(screen, service, int(summary["customers"].sum()))
group_moves.cohorts(screen, service)
group_moves.how_many(screen, service)
records.how_it_did(screen, service)
