"""How well each model did beside the simple rule, its versions, and what was found in the data."""

import streamlit as st

from ml.predictors import PREDICTORS
from ui import filters, guard, model_choice, model_months, presses, run_orders, states, tables, versions
from ui.format import md
from ui.glossary import term
from ui.screen import open_screen

CARD_PIXELS = 320

screen = open_screen(guard.require("admin", "analyst", "viewer"))
t, f = screen.t, screen.f

st.title(t("How good are the models?"), anchor=False, help=term(t, "simple rule"))
if screen.reading is not None:
    st.caption(t("Data up to {day}", day=md(f.day(screen.reading.as_of))), help=term(t, "as of"))
    states.late(screen)
presses.show(t)
run_orders.training(screen)
if versions.nothing_at_all(screen):
    st.stop()

model_choice.banners(screen)
model_months.worse_than_promised(screen)
model_choice.waiting(screen)
with st.grid(2, min_column_width=CARD_PIXELS):
    for name, _ in PREDICTORS:
        screen.drawn(versions.model, name)

names = versions.model_names(screen)
st.subheader(t("Error over time"), anchor=False)
name = filters.choose(screen, t("Model"), "model", names)
model_months.error_over_time(screen, name)

model_months.drift(screen)
model_choice.decisions(screen)
st.subheader(t("Versions"), anchor=False, help=term(t, "version"))
model_choice.versions_of(screen, name)
st.subheader(t("What was in service"), anchor=False)
rows, columns = versions.releases(screen)
tables.show(screen, rows, columns, alt=t("The versions of the models"), key="releases")
tables.export(screen, rows, columns, name="versions")

st.subheader(t("What was found in the data"), anchor=False)
rows, columns = versions.findings(screen)
if rows.empty:
    st.write(t("Nothing doubtful was found."))
else:
    tables.show(screen, rows, columns, alt=t("What the last reading found in the data"), key="findings")
    tables.export(screen, rows, columns, name="findings")
