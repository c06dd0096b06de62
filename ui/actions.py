"""Every write a screen can do, and every deferred export. Each asks for the right by itself and leaves an audit row: a callback runs before
the page, so before the page's guard."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from ml import clock
from ml.jobs.running import request_job
from ml.queries import administration
from ml.store import audit, logos, sessions, tokens, users
from ml.store.engine import begin_write
from ml.store.person import User
from ml.store.refused import Refused
from ml.store.values import load_preferences, set_preference
from ui import guard
from ui.screen import Screen
from ui.store_access import settings, store

REFRESH = "refresh"


class ActionError(RuntimeError):
    """An action could not be done; the sentence says why and what to do."""


class Write(NamedTuple):
    """One write: its transaction, who does it, and when (naive UTC)."""

    conn: sa.Connection
    user: User
    now: datetime

    @property
    def stamp(self) -> dict[str, Any]:
        """What the store's functions want to know for the audit."""
        return {"now": self.now, "by": self.user.email}


@contextmanager
def writing(action: str) -> Iterator[Write]:
    """One transaction for somebody who may do `action`; raises NotAllowed before anything is written."""
    user = guard.authorise(action)
    with begin_write(store()) as conn:
        yield Write(conn, user, clock.utc_now())


def refresh_now() -> None:
    """Read the company's data and predict anew, in a process of its own; a second press finds the first one running."""
    user = guard.authorise("refresh")
    request_job(settings(), store(), REFRESH, requested_by=user.email)


def export_of(screen: Screen, name: str, make: Callable[[], bytes]) -> Callable[[], bytes]:
    """What a download button calls when it is pressed: the file, if the person may still have what the screen showed them."""
    token = guard.session_token()

    def made() -> bytes:
        user = guard.authorise("export", token)
        if user.role == "viewer" and not screen.masked:
            raise ActionError("Your role changed while the page was open. Open the page again.")
        with begin_write(store()) as conn:
            audit.record(conn, user.email, "screen.export", name, {"masked": screen.masked}, at=clock.utc_now())
        return make()

    return made


def add_person(email: str, name: str, role: str) -> str:
    """Add a person and return their generated password, which nobody can look up again. Raises UserError."""
    password = secrets.token_urlsafe(users.GENERATED_PASSWORD_BYTES)
    with writing("people") as write:
        users.add(write.conn, email, name, role, password, **write.stamp)
    return password


def change_role(email: str, role: str) -> None:
    """Give somebody else another role; it counts from their next click. Raises UserError for the last admin, Refused for oneself."""
    with writing("people") as write:
        users.set_role(write.conn, _another(write.user, email), role, **write.stamp)


def undo_role(email: str, before: str) -> None:
    """Give somebody the role of before one's own last change of it. Raises Refused when it was changed again since."""
    with writing("people") as write:
        last = audit.last(write.conn, "user.role", _another(write.user, email))
        if last is None or last["who"] != write.user.email or last["detail"].get("from") != before:
            raise Refused(f"The role of {email} was changed again since; look at it first.", "changed_since")
        users.set_role(write.conn, email, before, **write.stamp)


def disable_person(email: str) -> None:
    """Shut somebody else out at once. Raises UserError for the last admin, Refused for oneself."""
    with writing("people") as write:
        users.disable(write.conn, _another(write.user, email), **write.stamp)


def enable_person(email: str) -> None:
    """Let a disabled person in again."""
    with writing("people") as write:
        users.enable(write.conn, email, **write.stamp)


def new_password(email: str) -> str:
    """Give somebody else a generated password and return it; all their sessions end. Raises Refused for oneself."""
    password = secrets.token_urlsafe(users.GENERATED_PASSWORD_BYTES)
    with writing("people") as write:
        users.set_password(write.conn, _another(write.user, email), password, **write.stamp)
    return password


def sign_out_person(email: str) -> None:
    """End all sessions of somebody else; they may sign in again. Raises Refused for oneself."""
    with writing("people") as write:
        person = users.get(write.conn, _another(write.user, email))
        ended = sessions.revoke_all(write.conn, person.id, now=write.now)
        audit.record(write.conn, write.user.email, "session.revoke", person.email, {"sessions": ended}, at=write.now)


def end_session_of(email: str, token_hash: str) -> None:
    """End one session of somebody else; without effect when it has ended or is not theirs. Raises Refused for oneself."""
    with writing("people") as write:
        end_one(write, users.get(write.conn, _another(write.user, email)), token_hash)


def end_one(write: Write, person: User, token_hash: str) -> None:
    """End a session of this person, named by its hash; without effect when it has ended or is somebody else's."""
    theirs = {entry["token_hash"] for entry in sessions.list_sessions(write.conn, person.id, now=write.now)}
    if token_hash in theirs and sessions.revoke(write.conn, token_hash, now=write.now):
        audit.record(write.conn, write.user.email, "session.revoke", person.email, {"sessions": 1}, at=write.now)


def make_token(name: str, email: str, scopes: list[str], days: int | None) -> str:
    """Make an access token for a person, ending after `days` (None: never), and return its secret. Raises TokenError, UserError."""
    with writing("tokens") as write:
        end = write.now + timedelta(days=days) if days is not None else None
        _, secret = tokens.add(write.conn, name, users.get(write.conn, email), scopes, expires_at=end, **write.stamp)
    return secret


def revoke_token(token_id: int) -> None:
    """End an access token at once. Raises TokenError when it has ended already."""
    with writing("tokens") as write:
        tokens.revoke(write.conn, token_id, **write.stamp)


def set_preferences(values: Mapping[str, Any]) -> None:
    """Choose these preferences, all or none. Raises PreferenceError naming the first that is not accepted."""
    with writing("preferences") as write:
        for name, value in values.items():
            set_preference(write.conn, name, value, who=write.user.email, at=write.now)


def set_logo(content: bytes) -> None:
    """Make this picture the company's logo. Raises LogoError for a file that cannot be one."""
    with writing("preferences") as write:
        digest = logos.keep(write.conn, content, **write.stamp)
        set_preference(write.conn, "company_logo", digest, who=write.user.email, at=write.now)


def confirm_preferences(names: tuple[str, ...]) -> None:
    """Keep these preferences as they are now, as looked at and found right by a person."""
    with writing("preferences") as write:
        now = load_preferences(write.conn)
        for name in names:
            set_preference(write.conn, name, getattr(now, name), who=write.user.email, at=write.now)


def undo_preferences(ids: tuple[int, ...]) -> None:
    """Take back the last change of preferences, known by its audit rows. Raises Refused when somebody changed something since."""
    with writing("preferences") as write:
        change = administration.last_change(write.conn)
        if change is None or change.ids != ids:
            raise Refused(f"The change of the audit rows {ids} is not the last one; load the page again.", "changed_since")
        for name, (before, _) in change.values.items():
            set_preference(write.conn, name, before, who=write.user.email, at=write.now)


def _another(user: User, email: str) -> str:
    """The address, if it is not one's own: nobody shuts themselves out by mistake."""
    if users.normal_email(email) == user.email:
        raise Refused(f"{email} is your own account; another administrator can change it.", "own_account")
    return email
