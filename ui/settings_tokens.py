"""Settings, access tokens: what programs sign in with. A secret is shown once, when it is made."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import streamlit as st

from ml import clock
from ml.i18n import mark
from ml.store import tokens, users
from ui import actions, data, presses
from ui.format import md
from ui.screen import Screen
from ui.store_access import settings

SCOPE_NAMES: Mapping[str, str] = {
    "predictions:read": mark("read forecasts, segments, risks, delivery costs and prices"),
    "experiments:read": mark("read running tests and a customer's group"),
    "experiments:write": mark("send outcomes of tests"),
    "metrics:read": mark("read counters and timings of the app"),
}
ENDS: Mapping[int, str] = {30: mark("in 30 days"), 90: mark("in 90 days"), 365: mark("in a year"), 0: mark("never")}
MOST_ENDED = 50


def show(screen: Screen) -> None:
    """The form for a new token, the open ones, and the ended ones behind a fold."""
    t, now = screen.t, clock.utc_now()
    st.caption(t("Programs use a token to read the JSON routes. Whoever has the secret can do what the token may."))
    with st.expander(t("Make a token"), icon=":material/key:"):
        _form(screen)
    known = data.ask(tokens.list_tokens)
    live = [token for token in known if token["revoked_at"] is None and (token["expires_at"] is None or token["expires_at"] > now)]
    ended = [token for token in known if token not in live]
    if not live:
        st.write(t("No token is open."))
    for token in live:
        _token(screen, token)
    if ended:
        with st.expander(t("Ended tokens ({n})", n=screen.f.number(len(ended)))):
            for token in ended[:MOST_ENDED]:
                state = t("revoked") if token["revoked_at"] else t("expired")
                st.caption(
                    f"{md(token['name'])} · {md(token['email'])} · {state} {md(_day(screen, token['revoked_at'] or token['expires_at']))}"
                )


def scope_name(screen: Screen, scope: str) -> str:
    """What a scope allows, in the reader's language."""
    return screen.t(SCOPE_NAMES[scope]) if scope in SCOPE_NAMES else scope


def _form(screen: Screen) -> None:
    t, drawn = screen.t, presses.number("make-token")
    people = [user for user in data.ask(users.list_users) if user.enabled]
    names = {user.email: f"{user.name} ({user.email})" for user in people}
    keys = {field: f"token-{field}-{drawn}-{t.language}" for field in ("name", "email", "days", "scopes")}
    with st.form("make-token", border=False):
        st.text_input(t("Who or what uses it"), key=keys["name"], max_chars=80)
        own = list(names).index(screen.user.email) if screen.user.email in names else 0
        st.selectbox(t("On behalf of"), list(names), index=own, format_func=lambda email: names[email], key=keys["email"])
        scopes = [scope.name for scope in tokens.SCOPES]
        st.multiselect(t("It may"), scopes, default=scopes[:1], format_func=lambda scope: scope_name(screen, scope), key=keys["scopes"])
        st.selectbox(t("It ends"), list(ENDS), index=1, format_func=lambda days: t(ENDS[days]), key=keys["days"])
        presses.submit(t("Make the token"), "make-token", partial(_make, keys), mark("The token was made. Its secret:"))


def _make(keys: Mapping[str, str]) -> str:
    given = {field: st.session_state.get(key) for field, key in keys.items()}
    return actions.make_token(str(given["name"] or ""), str(given["email"]), list(given["scopes"] or []), given["days"] or None)


def _token(screen: Screen, token: dict[str, Any]) -> None:
    t = screen.t
    with st.container(
        border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key=f"token-{token['id']}"
    ):
        with st.container(width="stretch", gap=None):
            st.markdown(f"**{md(token['name'])}** · {md(', '.join(scope_name(screen, scope) for scope in token['scopes']))}")
            used = t("last used {day}", day=md(_day(screen, token["last_used_at"]))) if token["last_used_at"] else t("not used yet")
            end = t("ends {day}", day=md(_day(screen, token["expires_at"]))) if token["expires_at"] else t("never ends")
            st.caption(f"{md(token['email'])} · {used} · {end}")
        presses.asked(
            t("Revoke"),
            t("Programs with the token “{name}” can read nothing any more. This cannot be undone.", name=token["name"]),
            t("Revoke the token"),
            f"revoke-{token['id']}",
            partial(actions.revoke_token, token["id"]),
            mark("The token “{name}” was revoked."),
            name=token["name"],
        )


def _day(screen: Screen, moment: datetime) -> str:
    return screen.f.day(clock.local(moment, settings().timezone))
