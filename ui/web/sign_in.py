"""Signing in and out, without HTTP: throttling, the password, the session and the audit row, each write in one transaction."""

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from ml.store import attempts, audit, sessions, users
from ml.store.engine import begin_write
from ml.store.person import User
from ui.web.identity import Identity

log = logging.getLogger(__name__)
UNKNOWN = "unknown"
PROVIDER = "sign-in provider"
BY_PROVIDER = {"by": PROVIDER}


@dataclass(frozen=True)
class Outcome:
    """What became of a sign-in: a session id, or none and how long to wait (zero: the password was wrong)."""

    token: str | None
    wait: timedelta = timedelta(0)


def sign_in(store: sa.Engine, email: str, password: str, *, address: str, agent: str | None, now: datetime) -> Outcome:
    """Try a password for an account from an address. Takes one password hash of time unless the account must wait there.

    What is typed where an address belongs may be a password, so an unknown account is kept as a hash and audited as "unknown".
    """
    with begin_write(store) as connection:
        known = users.find(connection, email)
        account = known.email if known else "#" + hashlib.sha256(users.normal_email(email).encode("utf-8", "surrogatepass")).hexdigest()
        wait = attempts.wait(connection, account, address, now=now)
        if wait > timedelta(0):
            return Outcome(None, wait)
        attempt = attempts.begin(connection, account, address, now=now)
    with store.connect() as connection:
        user = users.authenticate(connection, email, password)
    with begin_write(store) as connection:
        if user is None:
            audit.record(connection, known.email if known else UNKNOWN, "session.refuse", address, at=now)
            return Outcome(None)
        attempts.succeed(connection, attempt)
        attempts.forget_old(connection, now=now)
        sessions.forget_ended(connection, now=now)
        audit.record(connection, user.email, "session.open", address, at=now)
        return Outcome(sessions.create(connection, user.id, now=now, address=address, agent=agent))


def sign_in_by_provider(
    store: sa.Engine, who: Identity, *, roles_from_claims: bool, address: str, agent: str | None, now: datetime
) -> Outcome:
    """A session for somebody the sign-in provider vouches for, in one transaction; none for who may not come in.

    Where claims decide the role, who comes for the first time is added, and a changed role is taken over; the last admin cannot be
    demoted like this and is refused instead. Else the person must have been added before.
    """
    with begin_write(store) as connection:
        try:
            user = _provided(connection, who, now) if roles_from_claims else users.find(connection, who.email)
        except users.UserError as error:
            log.warning("The sign-in provider's %r is refused: %s", who.email, error)
            user = None
        if user is None or not user.enabled:
            audit.record(connection, user.email if user else UNKNOWN, "session.refuse", address, BY_PROVIDER, at=now)
            return Outcome(None)
        sessions.forget_ended(connection, now=now)
        audit.record(connection, user.email, "session.open", address, BY_PROVIDER, at=now)
        return Outcome(sessions.create(connection, user.id, now=now, address=address, agent=agent))


def _provided(connection: sa.Connection, who: Identity, now: datetime) -> User | None:
    """The person with the role that the claims give them; None when they give none."""
    if who.role is None:
        return None
    user = users.find(connection, who.email)
    if user is None:
        return users.add(connection, who.email, who.name, who.role, None, now=now, by=PROVIDER)
    return user if user.role == who.role else users.set_role(connection, who.email, who.role, now=now, by=PROVIDER)


def sign_out(store: sa.Engine, token: str | None, *, now: datetime) -> None:
    """End the session with this id, if it is open."""
    with begin_write(store) as connection:
        session = sessions.find(connection, token, now=now)
        if session is not None and sessions.revoke(connection, session.token_hash, now=now):
            audit.record(connection, session.user.email, "session.close", session.user.email, at=now)
