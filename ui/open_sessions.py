"""Where a person is signed in: one row per browser, with what ends it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import streamlit as st

from ml import clock
from ml.i18n import mark
from ui.format import md
from ui.screen import Screen
from ui.store_access import settings

AGENTS: tuple[tuple[str, str], ...] = (
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
SYSTEMS: tuple[tuple[str, str], ...] = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"),
)  # fmt: skip
QUESTION = mark("That browser has to sign in again. This cannot be undone.")
END, ENDED = mark("End this session"), mark("That browser is signed out.")


@contextmanager
def row(screen: Screen, session: Mapping[str, Any], *, here: str = "") -> Iterator[str]:
    """One session of `ml.store.sessions.list_sessions`; what ends it is drawn inside, with this short name in its key.

    The session with the hash `here` is that of this browser.
    """
    t, short = screen.t, session["token_hash"][:12]
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key=f"session-{short}"):
        with st.container(width="stretch", gap=None):
            badge = f" :green-badge[{t('this browser')}]" if session["token_hash"] == here else ""
            st.markdown(f"**{md(browser_name(session['agent']) or t('Unknown browser'))}**{badge}")
            st.caption(f"{md(session['address'] or '–')} · {_since(screen, session)}")
        yield short


def browser_name(agent: str | None) -> str:
    """A browser in two words: "Chrome · Windows"; empty when it is not known.

    >>> browser_name("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    'Firefox · Linux'
    """
    said = agent or ""
    found = [next((name for mark_, name in marks if mark_ in said), "") for marks in (AGENTS, SYSTEMS)]
    return " · ".join(filter(None, found))


def _since(screen: Screen, session: Mapping[str, Any]) -> str:
    f, zone = screen.f, settings().timezone
    since, used = (md(f.moment(clock.local(session[moment], zone))) for moment in ("created_at", "seen_at"))
    return screen.t("since {since}, last used {used}", since=since, used=used)
