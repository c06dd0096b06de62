"""The Streamlit script: who is asking, in which language, the navigation, the frame around the screen, and the screen."""

import logging
from pathlib import Path

import streamlit as st

from ml.i18n import translator
from ui import frame, guard, registry, states
from ui.screen import language_of, open_screen

ICON = Path(__file__).parent / "web" / "assets" / "icon.svg"
st.set_page_config(page_title="3T Insights", page_icon=str(ICON), layout="wide", initial_sidebar_state="auto")
logging.getLogger("insights").setLevel(logging.INFO)

user = guard.require()
with states.errors_shown(translator(language_of(user))):
    screen = open_screen(user, anew=True)
    t = screen.t
    chosen = st.navigation(
        {
            t(section): [
                st.Page(
                    entry.path,
                    title=t(entry.title),
                    icon=entry.icon,
                    url_path=entry.name,
                    default=entry.name == registry.HOME,
                    help=t(entry.help),
                )
                for entry in entries
            ]
            for section, entries in registry.pages_for(user.role).items()
        }
        | {"": [st.Page(e.path, title=t(e.title), url_path=e.name, visibility="hidden") for e in registry.pages_aside(user.role)]},
        expanded=True,
    )
    guard.remember(chosen.url_path)
    frame.style()
    frame.sidebar(screen)
    with states.errors_shown(t):
        frame.alarm(screen)
        frame.told(screen)
        chosen.run()
