"""Who is asking, and may they. `require` is the first statement of every page; `authorise` stands in every write and deferred export.

The gate (ui.web.gate) keeps strangers out of the process; this keeps people to their role. Both ask the store, each time.
"""

from typing import NamedTuple, NoReturn
from urllib.parse import quote, urlencode

import streamlit as st

from ml.clock import utc_now
from ml.i18n import Translator, mark, translator
from ml.store import sessions
from ml.store.person import User
from ml.store.users import ROLES
from ui import drafts, states
from ui.screen import language_of
from ui.store_access import UNAVAILABLE, store
from ui.web.cookies import SESSION

OWNER = "signed_in_user"
BACK = "texts_came_back_at"
SHOWN = "screen_shown"


class NotAllowed(PermissionError):
    """Nobody is signed in, or their role does not hold the right; the sentence says which."""


class Action(NamedTuple):
    """Something a screen can do besides showing: its name, who may, and what it is in words."""

    name: str
    roles: tuple[str, ...]
    meaning: str


ACTIONS: tuple[Action, ...] = (
    Action("refresh", ("admin", "analyst"), mark("Read the newest data and predict anew")),
    Action("alerts", ("admin", "analyst"), mark("Work on alerts: open, contact, put off, assign, comment, close")),
    Action("customers", ("admin", "analyst"), mark("Write notes about customers, make and revoke their links")),
    Action("releases", ("admin", "analyst"), mark("Choose which version of a model serves")),
    Action("events", ("admin", "analyst"), mark("Enter promotions, price changes, strikes and closures, and take them back")),
    Action("messages", ("admin", "analyst"), mark("Look at messages before they go, send them now or again")),
    Action("experiments", ("admin", "analyst"), mark("Make experiments, pause and end them, decide on them")),
    Action("runs", ("admin", "analyst"), mark("Train the models, start, repeat and cancel runs")),
    Action("export", ROLES, mark("Download what a screen shows")),
    Action("language", ROLES, mark("Choose one's language")),
    Action("sessions", ROLES, mark("End one's own sessions")),
    Action("password", ROLES, mark("Change one's own password")),
    Action("people", ("admin",), mark("Add people, change what they may do, shut them out")),
    Action("tokens", ("admin",), mark("Make and revoke access tokens")),
    Action("preferences", ("admin",), mark("Change the company's values")),
)


def require(*roles: str) -> User:
    """The person of this browser, if their role is one of `roles` (none named: any role). Else the page says why not, and stops here."""
    try:
        user = current_user()
    except UNAVAILABLE:
        _store_is_away(translator(language_of(None)))
    t = translator(language_of(user))
    if user is None:
        _signed_out(t)
    if roles and user.role not in roles:
        _not_allowed(t)
    if st.session_state.get(OWNER) not in (None, user.id):  # a reconnected page of somebody who used this browser before
        st.session_state.clear()
    is_new = OWNER not in st.session_state
    st.session_state[OWNER] = user.id
    if drafts.give_back(user.id, session_token(), is_new_page=is_new) and is_new:
        st.session_state[BACK] = utc_now()
    return user


def remember(address: str) -> None:
    """Keep the address of the screen that is about to show, for the way back when the session has ended."""
    st.session_state[SHOWN] = address


def authorise(action: str, token: str | None = None) -> User:
    """The person of this browser, if their role may do `action`. Raises NotAllowed otherwise, KeyError for an undeclared action.

    A deferred export runs outside any page, where no cookie can be read: it hands in the `session_token()` it was made with.
    """
    declared = {entry.name: entry for entry in ACTIONS}[action]
    user = current_user(token)
    if user is None:
        raise NotAllowed(f"Nobody is signed in; {action} is for {', '.join(declared.roles)}. Sign in again.")
    if user.role not in declared.roles:
        raise NotAllowed(f"The role of {user.email} is {user.role}; {action} is for {', '.join(declared.roles)}.")
    return user


def may(user: User, action: str) -> bool:
    """Whether this person's role may do `action`: for showing or hiding a button; the action itself calls `authorise`."""
    return user.role in {entry.name: entry for entry in ACTIONS}[action].roles


def current_user(token: str | None = None) -> User | None:
    """The person whose live session this browser holds (or the session `token`), as the store knows them now; None when there is none."""
    with store().connect() as connection:
        session = sessions.find(connection, token or session_token(), now=utc_now())
    return session.user if session else None


def session_token() -> str | None:
    """The session id in the cookies with which this page's websocket was opened."""
    return st.context.cookies.get(SESSION)


def _signed_out(t: Translator) -> NoReturn:
    owner = st.session_state.get(OWNER)
    if owner is not None:
        drafts.set_aside(owner, session_token())
    with st.container(border=True):
        st.subheader(t("You are signed out"), anchor=False)
        st.write(t("Your session has ended, or an administrator has closed it. Sign in to go on."))
        st.caption(t("You come back to this screen, and what you had typed is in its field again."))
        st.html(f'<a href="/login?next={quote(_here(), safe="")}" target="_self">{t("Sign in")}</a>')
    st.stop()


def _here() -> str:
    """The path and the query of the screen that this page showed last."""
    path, query = quote(f"/{st.session_state.get(SHOWN, '')}"), urlencode(st.query_params.to_dict())
    return f"{path}?{query}" if query else path


def _not_allowed(t: Translator) -> NoReturn:
    with st.container(border=True):
        st.subheader(t("This screen is not for your role"), anchor=False)
        st.write(t("If you need it, ask an administrator to change your role."))
    st.stop()


def _store_is_away(t: Translator) -> NoReturn:
    number = states.logged("The guard could not ask the store who is here")
    drafts.hold()
    st.error(t("The store cannot be read just now; please try again shortly."))
    st.caption(t("If it lasts, tell your administrator this number: {number}", number=number))
    st.stop()
