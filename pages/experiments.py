"""Experiments: the tests of prices, alerts and stock, what each found, and how to make one that can find something."""

import streamlit as st

from ml.queries import experiments as queries
from ml.queries import stamps
from ui import blocks, data, experiment_create, experiments, filters, guard, presses, states, stock_outcomes, tables
from ui.format import md
from ui.glossary import term
from ui.screen import open_screen

screen = open_screen(guard.require("admin", "analyst", "viewer"))
t, f = screen.t, screen.f
if screen.reading is None:
    st.title(t("Experiments"), anchor=False)
    states.nothing_yet(screen, "customers", t("Here you see what your tests of prices and alerts found, and you make new ones."))
    st.stop()

st.title(t("What works, and how sure is it?"), anchor=False, help=term(t, "experiment"))
st.caption(t("Data up to {day}", day=md(f.day(screen.reading.as_of))))
presses.show(t)
screen = screen.standing_on(data.ask(stamps.experiments))
views = {"tests": t("Tests")} | ({"new": t("New test")} if guard.may(screen.user, "experiments") else {})
if filters.choose(screen, t("View"), "view", views) == "new":
    experiment_create.show(screen)
    st.stop()

listed = screen.read(queries.listed, screen.today)
if listed.empty:
    st.info(t("There is no test yet. Make one under “New test”: it takes a minute, and says beforehand what it can find."))
    st.stop()
shown, columns = experiments.shown_list(screen, listed), experiments.list_columns(screen)
names = dict(zip(shown["experiment_id"], shown["title"] + " · " + shown["experiment_id"], strict=True))
chosen = filters.one_of(screen, t("Test"), "test", names)
kept, told, events = screen.read(queries.one, chosen)
blocks.cards(experiments.cards(screen, kept, told))
experiments.head(screen, kept, told)
st.subheader(t("May the numbers be read?"), anchor=False)
experiments.lights(screen, told)
st.subheader(t("What came"), anchor=False)
screen.drawn(experiments.results, chosen)
if told["guardrails"]:
    st.subheader(t("What must not suffer"), anchor=False)
    experiments.guardrails(screen, told)
stock_outcomes.show(screen, kept)
experiments.controls(screen, kept)
experiments.downloads(screen, kept)
st.subheader(t("Timeline"), anchor=False)
experiments.timeline(screen, events)
st.subheader(t("All tests"), anchor=False)
tables.show(screen, shown, columns, alt=t("All tests with their state, health and verdict"), key="tests")
tables.export(screen, shown, columns, name="experiments")
