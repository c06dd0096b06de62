"""Who will order in the coming week: due, overdue or early by the own rhythm, and how late is too late."""

from functools import partial

import streamlit as st

from ml.queries import customers, next_orders
from ui import blocks, charts, filters, guard, records, rhythm, states, tables, texts, week, work_words
from ui.glossary import term
from ui.screen import open_screen

screen = open_screen(guard.require("admin", "analyst", "viewer"))
t, f = screen.t, screen.f
service = states.need(screen, "customers", t("Here you see who will probably order this week, who is overdue, and what it is worth."))
asked = (service, screen.services.get("segments"))
offered = screen.kept(week.offered, *asked)

st.title(t("Who will order this week?"), anchor=False)
states.stamp(screen, service)
gate = screen.read(customers.gate, service)
cautions = work_words.cautions(screen, gate)
below = screen.phone and gate.usable is not False  # how to read the figures; the list's control stands on a phone's first screen
for caution in [] if below else cautions:
    st.info(caution)
blocks.cards(screen.kept(week.cards, *asked))

tabs = {name: t("{state} ({n})", state=t(week.STATES[name]), n=f.number(offered.counts[name])) for name in week.TABS}
tabs["all"] = t("All ({n})", n=f.number(offered.counts["all"]))
state = filters.choose(screen, t("List"), "list", tabs)
st.caption(week.meaning(screen, state, usable=gate.usable))
with st.container(horizontal=True):
    names = {name: texts.label(t, texts.SEGMENTS, name) for name in offered.segments}
    wanted = {
        column: filters.pick(screen, label, name, options) if len(options) > 1 else None
        for column, label, name, options in (
            ("zone", t("Commune"), "zone", {zone: zone for zone in offered.zones}),
            ("customer_type", t("Type"), "type", {kind: kind for kind in offered.types}),
            ("segment", t("Segment"), "segment", names),
        )
    }

listed = (*asked, state, tuple(wanted.items()))
count, summary = screen.kept(week.summary, *listed)
if not count:
    states.nothing_matches(t)
else:
    st.markdown(summary)
    rows, columns = tables.Pages(count, partial(screen.kept, week.page, *listed)), week.columns(screen, usable=gate.usable)
    tables.show(screen, rows, columns, alt=t("Customers who may order this week"), key=f"coming-{state}", opens=True)
    tables.export(screen, partial(week.everyone, screen, *listed), week.exported(screen, usable=gate.usable), name=f"next-orders-{state}")
for caution in cautions if below else []:
    st.info(caution)
week.left_out(screen, offered.counts["too_late"], service)

learnt = screen.read(next_orders.lateness, service)
st.subheader(t("How late is too late?"), anchor=False, help=term(t, "too late"))
if learnt is None:
    st.write(t("There are too few customers with a rhythm to learn this from your own data; 30 are needed."))
else:
    st.markdown(week.lesson(screen, learnt))
    charts.draw(rhythm.how_late(screen, learnt), alt=t("Share of customers who came back, by times their own pause"), key="late")

records.how_it_did(screen, service)
