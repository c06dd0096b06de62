"""One's own account: language, password, and where one is signed in."""

import streamlit as st

from ui import guard, own_account, presses
from ui.screen import open_screen

screen = open_screen(guard.require("admin", "analyst", "viewer"))
t = screen.t

st.title(t("My account"), anchor=False)
presses.show(t)
left, right = st.columns(2, gap="large")
with left:
    own_account.language(screen)
    own_account.password(screen)
with right:
    own_account.signed_in(screen)
