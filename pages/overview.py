"""The morning page: what comes, whom to call, how the month goes."""

import streamlit as st

from ml import clock
from ml.store.values import load_preferences
from ui import blocks, buyers, changes, guard, month, morning, states, tables
from ui.format import md
from ui.glossary import term
from ui.screen import open_screen
from ui.store_access import settings

screen = open_screen(guard.require("admin", "analyst", "viewer"))
t, f = screen.t, screen.f

st.title(morning.greeting(screen, clock.local(clock.utc_now(), settings().timezone).hour), anchor=False)
if screen.reading is None:
    states.nothing_yet(screen, "demand", t("Here you see every morning what comes, whom to call and how the month goes."))
    st.stop()
as_of = screen.reading.as_of
st.caption(t("Data up to {day}", day=md(f.day(as_of))), help=term(t, "as of"))
states.late(screen)

blocks.leads(morning.sentences(screen))
st.subheader(t("{month} so far", month=f.month(as_of)).capitalize(), anchor=False)
blocks.cards(month.cards(screen, as_of))
if last_year := month.against_last_year(screen, as_of):
    st.markdown(last_year)
if changed := changes.sentences(screen):
    st.subheader(t("What changed in a week"), anchor=False)
    blocks.leads(changed, "leads-changed")
few = month.concentration(screen)
if few:
    st.markdown(few, help=term(t, "concentration"))
    stands = screen.kept(buyers.standing)
    if stands:
        st.markdown(stands)

own_app = screen.read(load_preferences).company_app_url
if own_app:
    st.link_button(t("Open the company's own app"), own_app, icon=":material/open_in_new:")

with st.expander(t("The month beside other months")):
    rows, columns = month.beside_others(screen, as_of)
    tables.show(screen, rows, columns, alt=t("This month beside the last one and last year's, same days"), key="months")
    tables.export(screen, rows, columns, name="months")
with st.expander(t("Who brings the sales")):
    buyers.show(screen)
