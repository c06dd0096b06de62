"""What everybody may do with their own account. Each asks for the right by itself and leaves an audit row, as in `ui.actions`."""

import streamlit as st

from ml import clock
from ml.i18n import LANGUAGES
from ml.store import attempts, audit, sessions, users
from ml.store.engine import begin_write
from ml.store.refused import Refused
from ml.store.sessions import Session
from ui import guard
from ui.actions import ActionError, end_one, writing
from ui.screen import CHOSEN
from ui.store_access import store


def choose_language(language: str | None) -> None:
    """Show the screens in this language from now on, in this session and at the next sign-in; None follows the browser."""
    if language is not None and language not in LANGUAGES:
        raise ActionError(f"The language {language!r} is not known; known are {', '.join(LANGUAGES)}.")
    with writing("language") as write:
        users.set_language(write.conn, write.user.email, language, **write.stamp)
    st.session_state[CHOSEN] = language


def change_password(now: str, new: str, again: str) -> None:
    """Give oneself another password; all own sessions but this one end. Raises Refused.

    A wrong password of today counts as a failed attempt to sign in from where this browser signed in: an open session is no way to guess.
    """
    user = guard.authorise("password")
    if new != again:
        raise Refused("The new password was not typed the same way twice.", "password_differs")
    users.check_length(new)
    here, attempt = _attempt()
    with store().connect() as connection:
        right = users.authenticate(connection, user.email, now)
    with writing("password") as write:
        if right:
            attempts.succeed(write.conn, attempt)
            users.set_password(write.conn, user.email, new, keep=here.token_hash, **write.stamp)
        else:
            audit.record(write.conn, user.email, "user.password_refuse", user.email, at=write.now)
    if not right:
        raise Refused(f"The password of today was wrong for {user.email}.", "password_wrong")


def end_session(token_hash: str) -> None:
    """End one of one's own sessions, named by its hash; without effect when it has ended or is somebody else's."""
    with writing("sessions") as write:
        end_one(write, write.user, token_hash)


def end_other_sessions() -> None:
    """End all of one's own sessions but this one."""
    with writing("sessions") as write:
        here = sessions.hashed(guard.session_token() or "")
        ended = sessions.revoke_all(write.conn, write.user.id, now=write.now, but=here)
        audit.record(write.conn, write.user.email, "session.revoke", write.user.email, {"sessions": ended}, at=write.now)


def _attempt() -> tuple[Session, int]:
    """This browser's session, and the number of an attempt that is written as failed. Raises Refused while the account must wait here."""
    now = clock.utc_now()
    with begin_write(store()) as connection:
        here = sessions.find(connection, guard.session_token(), now=now)
        if here is None:
            raise guard.NotAllowed("The session has ended. Sign in again.")
        address = here.address or ""
        if attempts.wait(connection, here.user.email, address, now=now):
            raise Refused(f"Too many wrong passwords for {here.user.email} at {address}; wait and try again.", "password_wait")
        return here, attempts.begin(connection, here.user.email, address, now=now)
