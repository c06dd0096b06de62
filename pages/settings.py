"""People, access tokens, the company's values, what the environment decides, and what is still to set up."""

import streamlit as st

from ui import filters, guard, presses, settings_people, settings_setup, settings_system, settings_tokens, settings_values
from ui.screen import open_screen

screen = open_screen(guard.require("admin"))
t = screen.t
steps = settings_setup.steps()
left = sum(not step.done for step in steps)

st.title(t("Settings"), anchor=False)
tabs = {"setup": t("Set up ({n})", n=screen.f.number(left))} if left else {}
tabs |= {
    "people": t("People"),
    "values": t("Values"),
    "tokens": t("Access tokens"),
    "system": t("System"),
}
tab = filters.choose(screen, t("Part"), "tab", tabs)
presses.show(t)
if tab == "setup":
    settings_setup.show(screen, steps)
elif tab == "people":
    settings_people.show(screen)
elif tab == "values":
    settings_values.show(screen)
elif tab == "tokens":
    settings_tokens.show(screen)
else:
    settings_system.show(screen)
