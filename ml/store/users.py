"""The people: who they are, their role, their password (argon2id), whether they may come in. Writes are audited in the same transaction.

A disabled person is out at once: their sessions are revoked here, and every look at a session or token asks for the person again.
"""

import secrets
import unicodedata
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ml.clock import utc_now
from ml.i18n import LANGUAGES
from ml.settings import Settings
from ml.store import audit, schema, sessions
from ml.store.engine import begin_write
from ml.store.person import COLUMNS, User, user_from
from ml.store.refused import Refused

ROLES: tuple[str, ...] = ("admin", "analyst", "viewer")
PASSWORD_LENGTHS = (10, 200)
GENERATED_PASSWORD_BYTES = 12
SYSTEM = "system"


class UserError(Refused):
    """A person cannot be added or changed like this; the sentence says what came, what is accepted and what to do."""


def normal_email(email: str) -> str:
    """The form in which addresses are kept and compared: trimmed, composed, lower case."""
    return unicodedata.normalize("NFKC", email).strip().lower()


def find(connection: sa.Connection, email: str) -> User | None:
    """The person with this e-mail address, or None."""
    row = _row(connection, email)
    return user_from(row) if row else None


def get(connection: sa.Connection, email: str) -> User:
    """The person with this e-mail address. Raises UserError when there is none."""
    user = find(connection, email)
    if user is None:
        raise UserError(f"There is no user {normal_email(email)!r}; `python -m ml users list` shows who there is.", "nobody")
    return user


def list_users(connection: sa.Connection) -> list[User]:
    """Everybody, by e-mail address, the disabled ones too."""
    return [user_from(row) for row in connection.execute(sa.select(*COLUMNS).order_by(schema.users.c.email)).mappings()]


def add(connection: sa.Connection, email: str, name: str, role: str, password: str | None, *, now: datetime, by: str = SYSTEM) -> User:
    """Add a person and return them; without a password they come in through the sign-in provider only.

    Raises UserError for a taken or unusable address, an unknown role or a password out of length."""
    address = _checked_email(email)
    _checked_role(role)
    if find(connection, address):
        raise UserError(f"There is already a user {address!r}; change the role or password instead of adding again.", "email_taken")
    values = {"email": address, "name": name.strip() or address.partition("@")[0], "role": role, "created_at": now}
    connection.execute(sa.insert(schema.users).values(**values, password_hash=None if password is None else hash_password(password)))
    audit.record(connection, by, "user.add", address, {"role": role}, at=now)
    return get(connection, address)


def disable(connection: sa.Connection, email: str, *, now: datetime, by: str = SYSTEM) -> User:
    """Shut a person out at once: no sign-in, sessions revoked, tokens refused. Raises UserError for the last admin."""
    user = get(connection, email)
    _keep_an_admin(connection, user)
    if user.enabled:
        _change(connection, user, disabled_at=now)
        sessions.revoke_all(connection, user.id, now=now)
        audit.record(connection, by, "user.disable", user.email, at=now)
    return get(connection, email)


def enable(connection: sa.Connection, email: str, *, now: datetime, by: str = SYSTEM) -> User:
    """Let a disabled person in again; they sign in anew."""
    user = get(connection, email)
    if not user.enabled:
        _change(connection, user, disabled_at=None)
        audit.record(connection, by, "user.enable", user.email, at=now)
    return get(connection, email)


def set_role(connection: sa.Connection, email: str, role: str, *, now: datetime, by: str = SYSTEM) -> User:
    """Give a person another role; it counts from their next click. Raises UserError for the last admin or an unknown role."""
    _checked_role(role)
    user = get(connection, email)
    if role != user.role:
        if role != "admin":
            _keep_an_admin(connection, user)
        _change(connection, user, role=role)
        audit.record(connection, by, "user.role", user.email, {"from": user.role, "to": role}, at=now)
    return get(connection, email)


def set_language(connection: sa.Connection, email: str, language: str | None, *, now: datetime, by: str = SYSTEM) -> User:
    """Choose a person's language; None follows the browser. Raises UserError for an unknown one."""
    if language is not None and language not in LANGUAGES:
        raise UserError(f"The language was {language!r}; accepted are {', '.join(LANGUAGES)}, or none for the browser's.")
    user = get(connection, email)
    _change(connection, user, language=language)
    audit.record(connection, by, "user.language", user.email, {"to": language}, at=now)
    return get(connection, email)


def set_password(connection: sa.Connection, email: str, password: str, *, now: datetime, by: str = SYSTEM, keep: str = "") -> User:
    """Set a new password and revoke all sessions of that person, but the one with the hash `keep`. Raises UserError for a bad length."""
    user = get(connection, email)
    _change(connection, user, password_hash=hash_password(password))
    sessions.revoke_all(connection, user.id, now=now, but=keep)
    audit.record(connection, by, "user.password", user.email, at=now)
    return user


def has_password(connection: sa.Connection, email: str) -> bool:
    """Whether this person can sign in with a password of ours; others come in through the sign-in provider only."""
    row = _row(connection, email)
    return row is not None and row["password_hash"] is not None


def authenticate(connection: sa.Connection, email: str, password: str) -> User | None:
    """The enabled person whose password this is, else None. Takes as long for an unknown address as for a known one. Reads only."""
    row = _row(connection, email)
    right = verify(row["password_hash"] if row else None, password)
    user = user_from(row) if row else None
    return user if right and user and user.enabled else None


def ensure_first_admin(settings: Settings, engine: sa.Engine, now: datetime | None = None) -> tuple[str, str | None]:
    """An admin's e-mail address, and the password when one was generated just now: it is told once, here, and kept as a hash only.

    Adds the admin of the settings when the store has no person at all; changes nobody otherwise.
    """
    with begin_write(engine) as connection:
        known = list_users(connection)
        if known:
            admins = [user.email for user in known if user.role == "admin" and user.enabled]
            return (admins[0] if admins else settings.admin_email, None)
        given = settings.admin_password.get_secret_value() if settings.admin_password else None
        password = given or secrets.token_urlsafe(GENERATED_PASSWORD_BYTES)
        user = add(connection, settings.admin_email, "", "admin", password, now=now or utc_now())
        return user.email, None if given else password


def hash_password(password: str) -> str:
    """The argon2id hash to keep (RFC 9106, the library's low-memory profile). Raises UserError for a password out of length."""
    check_length(password)
    return _hasher().hash(_normal(password))


def check_length(password: str) -> None:
    """Raises UserError for a password out of length."""
    shortest, longest = PASSWORD_LENGTHS
    if not shortest <= len(password) <= longest:
        raise UserError(f"The password has {len(password)} characters; accepted are {shortest} to {longest}.", "password_length")


def verify(kept: str | None, password: str) -> bool:
    """Whether `password` belongs to the kept hash. Without one, the work is done on a dummy so that time tells nothing."""
    if len(password) > PASSWORD_LENGTHS[1]:
        password = ""
    try:
        return _hasher().verify(kept or _dummy_hash(), _normal(password)) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def _row(connection: sa.Connection, email: str) -> sa.RowMapping | None:
    address = normal_email(email)
    if not address.isprintable():  # a database may refuse to compare it
        return None
    columns = (*COLUMNS, schema.users.c.password_hash)
    return connection.execute(sa.select(*columns).where(schema.users.c.email == address)).mappings().first()


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _dummy_hash() -> str:
    return _hasher().hash(secrets.token_urlsafe(GENERATED_PASSWORD_BYTES))


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


def _checked_email(email: str) -> str:
    address = normal_email(email)
    local, at, domain = address.partition("@")
    if (
        not (local and at and "." in domain.strip("."))
        or not address.isprintable()
        or len(address) > 200
        or any(c.isspace() or c == "@" for c in local + domain)
    ):
        raise UserError(f"The e-mail address was {email!r}; accepted is one like ana@example.com, up to 200 characters.", "email_unusable")
    return address


def _checked_role(role: str) -> None:
    if role not in ROLES:
        raise UserError(f"The role was {role!r}; accepted are {', '.join(ROLES)}.")


def _keep_an_admin(connection: sa.Connection, user: User) -> None:
    others = [other for other in list_users(connection) if other.role == "admin" and other.enabled and other.id != user.id]
    if user.role == "admin" and user.enabled and not others:
        raise UserError(f"{user.email} is the last admin; make somebody else an admin first.", "last_admin")


def _change(connection: sa.Connection, user: User, **values: Any) -> None:
    connection.execute(sa.update(schema.users).where(schema.users.c.id == user.id).values(**values))
