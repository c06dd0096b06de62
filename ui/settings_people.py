"""Settings, people: who may come in, with which role; add, change, disable, new passwords, end sessions. One's own account is elsewhere."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from ml import clock
from ml.i18n import Translator, mark
from ml.queries import administration
from ml.store import sessions
from ml.store.users import ROLES
from ui import actions, data, open_sessions, presses
from ui.format import md
from ui.registry import page as page_of
from ui.screen import Screen
from ui.store_access import settings

ROLE_NAMES: Mapping[str, str] = {"admin": mark("administrator"), "analyst": mark("analyst"), "viewer": mark("viewer")}
ROLE_MEANINGS: Mapping[str, str] = {
    "admin": mark("may do everything, settings too"),
    "analyst": mark("sees all analysis and may refresh the data"),
    "viewer": mark("reads, without names and phones of customers"),
}
PAGE_ROWS = 20
LONGEST_NAME, LONGEST_EMAIL = 80, 200


def show(screen: Screen) -> None:
    """The form for a new person, then everybody."""
    t = screen.t
    with st.expander(t("Add a person"), icon=":material/person_add:"):
        _form(screen)
    everybody = data.ask(administration.people)
    pages = -(-len(everybody) // PAGE_ROWS)
    place = st.container(gap="small")
    page = st.pagination(pages, key="people-page", bind="query-params") if pages > 1 else 1
    rows = everybody.iloc[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
    signed_in = data.ask(sessions.sessions_of, [int(number) for number in rows["id"]], now=clock.utc_now())
    with place:
        for row in rows.to_dict("records"):
            _person(screen, row, signed_in[row["id"]])


def role_name(t: Translator, role: str) -> str:
    """The name of a role in the reader's language."""
    return t(ROLE_NAMES[role]) if role in ROLE_NAMES else role


def _form(screen: Screen) -> None:
    t, drawn = screen.t, presses.number("add-person")
    keys = {field: f"new-{field}-{drawn}" for field in ("email", "name", "role")}
    with st.form("add-person", border=False):
        st.text_input(t("E-mail address"), key=keys["email"], max_chars=LONGEST_EMAIL)
        st.text_input(t("Name of the person"), key=keys["name"], max_chars=LONGEST_NAME)
        st.radio(
            t("Role"),
            ROLES[::-1],
            format_func=lambda role: role_name(t, role),
            captions=[t(ROLE_MEANINGS[role]) for role in ROLES[::-1]],
            key=keys["role"],
        )
        presses.submit(t("Add and make a password"), "add-person", partial(_add, keys), mark("The person was added. Their password:"))


def _add(keys: Mapping[str, str]) -> str:
    given = {field: str(st.session_state.get(key) or "") for field, key in keys.items()}
    return actions.add_person(given["email"], given["name"], given["role"])


def _person(screen: Screen, row: Mapping[Any, Any], signed_in: list[dict[str, Any]]) -> None:
    t = screen.t
    with st.container(
        border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key=f"person-{row['id']}"
    ):
        with st.container(width="stretch", gap=None):
            colour = "blue" if row["role"] == "admin" else "gray"
            out = "" if row["enabled"] else f" :red-badge[{t('disabled')}]"
            st.markdown(f"**{md(row['name'])}** :{colour}-badge[{role_name(t, row['role'])}]{out}")
            st.caption(f"{md(row['email'])} · {_seen(screen, row)}")
        if row["id"] == screen.user.id:
            st.page_link(page_of("account").path, label=t("This is you: My account"), help="", width="content")
        else:
            with st.container(horizontal=True, width="content"):
                _sessions(screen, row, signed_in)
                _change(screen, row)


def _seen(screen: Screen, row: Mapping[Any, Any]) -> str:
    t = screen.t
    if pd.isna(row["seen_at"]):
        return t("not here lately")
    return t("last here {moment}", moment=md(screen.f.moment(clock.local(row["seen_at"].to_pydatetime(), settings().timezone))))


def _sessions(screen: Screen, row: Mapping[Any, Any], signed_in: list[dict[str, Any]]) -> None:
    """Where somebody else is signed in, each browser with a way to end it, and all at once; nothing where they are not."""
    if not signed_in:
        return
    t, email, out = screen.t, row["email"], f"out-{row['id']}"
    label = t("Signed in ({n})", n=screen.f.number(len(signed_in)))
    with st.popover(label, icon=":material/devices:", key=f"signed-in-{row['id']}-{presses.number(out)}"):
        for session in signed_in:
            with open_sessions.row(screen, session) as short:
                press = partial(actions.end_session_of, email, session["token_hash"])
                question, yes = t(open_sessions.QUESTION), t(open_sessions.END)
                presses.asked(t("Sign out"), question, yes, f"theirs-{short}", press, open_sessions.ENDED, folds=True)
        presses.asked(
            t("Sign out everywhere"),
            t("All sessions of this person end at once; they have to sign in again. This cannot be undone."),
            t("End all sessions"),
            f"out-{row['id']}",
            partial(actions.sign_out_person, email),
            mark("{who} is signed out everywhere."),
            folds=True,
            who=row["name"],
        )


def _change(screen: Screen, row: Mapping[Any, Any]) -> None:
    """What can be done with somebody else: each with a sentence on what it does."""
    t, email, number = screen.t, row["email"], row["id"]
    drawn = sum(presses.number(f"{kind}-{number}") for kind in ("role", "password", "disable", "enable"))
    with st.popover(t("Edit"), icon=":material/edit:", key=f"change-{number}-{drawn}"):
        if not row["enabled"]:
            _let_in(screen, row)
            return
        _new_role(screen, row)
        presses.asked(
            t("New password"),
            t("The password of before stops working and all sessions of this person end. This cannot be undone."),
            t("Make a new password"),
            f"password-{number}",
            partial(actions.new_password, email),
            mark("The new password of {who}:"),
            folds=True,
            who=row["name"],
        )
        st.caption(t("Shuts this person out at once: sessions end and access tokens stop working. Nothing is deleted."))
        presses.button(
            t("Disable"),
            f"disable-{number}",
            partial(actions.disable_person, email),
            mark("{who} is disabled."),
            back=partial(actions.enable_person, email),
            who=row["name"],
        )


def _let_in(screen: Screen, row: Mapping[Any, Any]) -> None:
    t, email = screen.t, row["email"]
    st.caption(t("May sign in again, with the password of before."))
    presses.button(
        t("Let in again"),
        f"enable-{row['id']}",
        partial(actions.enable_person, email),
        mark("{who} may come in again."),
        back=partial(actions.disable_person, email),
        who=row["name"],
    )


def _new_role(screen: Screen, row: Mapping[Any, Any]) -> None:
    t, email, number = screen.t, row["email"], row["id"]
    key = f"role-of-{number}-{presses.number(f'role-{number}')}-{t.language}"
    st.selectbox(
        t("Role"),
        ROLES,
        index=ROLES.index(row["role"]) if row["role"] in ROLES else None,
        format_func=lambda role: f"{role_name(t, role)}: {t(ROLE_MEANINGS[role])}",
        key=key,
    )
    presses.button(
        t("Save the role"),
        f"role-{number}",
        partial(_role, email, key),
        mark("{who} has the new role from the next click."),
        back=partial(actions.undo_role, email, row["role"]),
        who=row["name"],
    )


def _role(email: str, key: str) -> None:
    actions.change_role(email, str(st.session_state.get(key)))
