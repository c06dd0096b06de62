"""Settings, oneself: language, and the browsers in which one is signed in."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from ml import clock
from ml.i18n import LANGUAGES, mark
from ml.store import sessions
from ui import actions, data, guard, presses
from ui.format import md
from ui.screen import CHOSEN, Screen
from ui.store_access import settings

BROWSER = "browser"
NAMES: Mapping[str, str] = {"es": mark("Spanish"), "en": mark("English"), BROWSER: mark("As the browser")}
AGENTS: tuple[tuple[str, str], ...] = (
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
SYSTEMS: tuple[tuple[str, str], ...] = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def show(screen: Screen) -> None:
    """Language and sessions of whoever is signed in."""
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
    st.subheader(t("Where you are signed in"), anchor=False)
    here = sessions.hashed(guard.session_token() or "")
    own = data.ask(sessions.list_sessions, screen.user.id, now=clock.utc_now())
    for session in own:
        _session(screen, session, is_here=session["token_hash"] == here)
    if any(session["token_hash"] != here for session in own):
        presses.asked(
            t("Sign out everywhere else"),
            t("All your other browsers have to sign in again. This one stays signed in."),
            t("Sign out the others"),
            "end-others",
            actions.end_other_sessions,
            mark("You are signed in here only."),
        )
    elif not own:
        st.write(t("No session is open."))


def browser_name(agent: str | None) -> str:
    """A browser in two words: "Chrome · Windows"; empty when it is not known.

    >>> browser_name("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    'Firefox · Linux'
    """
    said = agent or ""
    found = [next((name for mark_, name in marks if mark_ in said), "") for marks in (AGENTS, SYSTEMS)]
    return " · ".join(filter(None, found))


def _session(screen: Screen, session: dict[str, Any], *, is_here: bool) -> None:
    t, f, zone = screen.t, screen.f, settings().timezone
    short = session["token_hash"][:12]
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key=f"session-{short}"):
        with st.container(width="stretch", gap=None):
            badge = f" :green-badge[{t('this browser')}]" if is_here else ""
            st.markdown(f"**{md(browser_name(session['agent']) or t('Unknown browser'))}**{badge}")
            moments = {
                "since": f.moment(clock.local(session["created_at"], zone)), "used": f.moment(clock.local(session["seen_at"], zone)),
            }  # fmt: skip
            said = t("since {since}, last used {used}", **{name: md(text) for name, text in moments.items()})
            st.caption(f"{md(session['address'] or '–')} · {said}")
        if not is_here:
            presses.button(
                t("Sign out"), f"end-{short}", partial(actions.end_session, session["token_hash"]), mark("That browser is signed out.")
            )


def _language(key: str) -> None:
    chosen = st.session_state.get(key)
    if chosen:
        actions.choose_language(None if chosen == BROWSER else chosen)
