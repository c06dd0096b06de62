"""Whether everything runs: what was read and found in the data, what ran and runs next, the reports of trainings, who did what."""

import streamlit as st

from ml.queries import operations
from ui import (
    blocks,
    data,
    filters,
    guard,
    operations_activity,
    operations_data,
    operations_messages,
    operations_people,
    operations_reports,
    operations_runs,
)
from ui.screen import open_screen

screen = open_screen(guard.require("admin", "analyst"))
t, f = screen.t, screen.f
scheduler = data.ask(operations.scheduler)
days = operations_people.visited(screen)
findings = screen.reading.findings if screen.reading else []

st.title(t("Is everything running?"), anchor=False)
found = blocks.Card(t("Found in the data"), f.number(len(findings)), note=t("kinds of findings"))
blocks.cards([*operations_runs.cards(screen, scheduler), found, operations_people.card(screen, days)])

parts = {
    "data": t("Data"),
    "runs": t("Runs"),
    "messages": t("Messages"),
    "activity": t("Activity"),
    "reports": t("Reports"),
    "people": t("People"),
}
part = filters.choose(screen, t("Part"), "part", parts)
if part == "data":
    operations_data.show(screen)
elif part == "runs":
    operations_runs.show(screen)
elif part == "messages":
    operations_messages.show(screen)
elif part == "activity":
    operations_activity.show(screen)
elif part == "reports":
    operations_reports.show(screen)
else:
    operations_people.show(screen, days)
