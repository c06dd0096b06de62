"""Settings, values: the company's logo. A file is looked at before it is kept; the last change of the values takes it back."""

from functools import partial

import streamlit as st

from ml.i18n import mark
from ml.store import logo_files
from ml.store.logo_files import LogoError
from ui import actions, blocks, preference_texts, presses
from ui.screen import Screen
from ui.web.logo import address_of

NAME = "company_logo"
ENDINGS = ["png", "jpg", "jpeg", "svg"]


def show(screen: Screen, digest: str) -> None:
    """The logo of today with the way to remove it, and a file to put in its place."""
    t, text = screen.t, preference_texts.TEXTS[NAME]
    with st.container(border=True, key="logo"):
        st.markdown(f"**{t(text.label)}**")
        st.caption(f"{t(text.help)} {t(text.unit)}.")
        if digest:
            with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
                st.html(f'<img class="company-logo" src="{address_of(digest)}" alt="{t(text.label)}">', width="content")
                presses.button(
                    t("Remove the logo"), "logo-remove", partial(actions.set_preferences, {NAME: ""}), mark("The logo is removed.")
                )
        _new(screen, t(text.label))


def _new(screen: Screen, label: str) -> None:
    given = blocks.file_chooser(screen.t, label, ENDINGS, key=f"logo-file-{presses.number('logo')}", shows_label=False)
    if given is None:
        return
    content = given.getvalue()
    try:
        logo_files.kind_of(content)
    except LogoError as refusal:
        st.error(screen.t(presses.REFUSALS[refusal.code]))
        return
    presses.button(screen.t("Use this logo"), "logo", partial(actions.set_logo, content), mark("The logo is in its place."), strong=True)
