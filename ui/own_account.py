"""Oneself: language, password, and the browsers in which one is signed in."""

from collections.abc import Mapping
from functools import partial

import streamlit as st

from ml import clock
from ml.i18n import LANGUAGES, mark
from ml.store import sessions, users
from ui import actions_account, data, guard, open_sessions, presses
from ui.screen import CHOSEN, Screen

BROWSER = "browser"
NAMES: Mapping[str, str] = {"es": mark("Spanish"), "en": mark("English"), BROWSER: mark("As the browser")}


def language(screen: Screen) -> None:
    """The choice of one's language."""
    t = screen.t
    st.subheader(t("Language"), anchor=False)
    key, options = f"own-language-{t.language}-{screen.user.language}", [*LANGUAGES, BROWSER]
    st.segmented_control(
        t("Language"),
        options,
        default=st.session_state.get(CHOSEN) or screen.user.language or BROWSER,
        format_func=lambda code: t(NAMES[code]),
        key=key,
        required=True,
        label_visibility="collapsed",
        on_change=_language,
        args=(key,),
    )


def password(screen: Screen) -> None:
    """The form for a new password; who comes in through the sign-in provider has none here."""
    t, drawn, (shortest, longest) = screen.t, presses.number("own-password"), users.PASSWORD_LENGTHS
    st.subheader(t("Your password"), anchor=False)
    if not data.ask(users.has_password, screen.user.email):
        st.write(t("You come in through the company's sign-in provider; your password is changed there."))
        return
    keys = [f"password-{field}-{drawn}" for field in ("now", "new", "again")]
    with st.form("own-password", border=False, width=420):
        labels = (t("Password of today"), t("New password"), t("New password, once more"))
        for label, key, fill in zip(labels, keys, ("current-password", "new-password", "new-password"), strict=True):
            st.text_input(label, key=key, type="password", autocomplete=fill, max_chars=longest)
        st.caption(t("At least {n} characters. Your other browsers have to sign in again.", n=screen.f.number(shortest)))
        presses.submit(t("Change the password"), "own-password", partial(_password, keys), mark("Your new password counts from now on."))


def signed_in(screen: Screen) -> None:
    """One's open sessions, each with a way to end it."""
    t, here = screen.t, sessions.hashed(guard.session_token() or "")
    st.subheader(t("Where you are signed in"), anchor=False)
    own = data.ask(sessions.list_sessions, screen.user.id, now=clock.utc_now())
    for session in own:
        with open_sessions.row(screen, session, here=here) as short:
            if session["token_hash"] != here:
                press = partial(actions_account.end_session, session["token_hash"])
                question, yes = t(open_sessions.QUESTION), t(open_sessions.END)
                presses.asked(t("Sign out"), question, yes, f"end-{short}", press, open_sessions.ENDED)
    if any(session["token_hash"] != here for session in own):
        presses.asked(
            t("Sign out everywhere else"),
            t("All your other browsers have to sign in again. This one stays signed in."),
            t("Sign out the others"),
            "end-others",
            actions_account.end_other_sessions,
            mark("You are signed in here only."),
        )
    elif not own:
        st.write(t("No session is open."))


def _language(key: str) -> None:
    chosen = st.session_state.get(key)
    if chosen:
        presses.plainly(actions_account.choose_language, None if chosen == BROWSER else chosen)


def _password(keys: list[str]) -> None:
    actions_account.change_password(*(str(st.session_state.get(key) or "") for key in keys))
