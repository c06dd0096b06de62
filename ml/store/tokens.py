"""Bearer tokens of the JSON routes: shown once, kept as SHA-256, with scopes, belonging to a person and refused when that person is."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from ml.store import audit, schema
from ml.store.person import COLUMNS, User, user_from
from ml.store.refused import Refused
from ml.store.sessions import ID_BYTES, TOUCH_EVERY, hashed
from ml.store.users import ROLES, SYSTEM

PREFIX = "insights_"


class Scope(NamedTuple):
    """What a token may be allowed to do, if its person has one of the `roles` at that moment."""

    name: str
    meaning: str
    roles: tuple[str, ...] = ROLES


SCOPES: tuple[Scope, ...] = (
    Scope("predictions:read", "read forecasts, segments, risks, delivery costs and prices"),
    Scope("experiments:read", "read running tests and a customer's group"),
    Scope("experiments:write", "send outcomes of tests", ("admin", "analyst")),
    Scope("metrics:read", "read counters and health numbers"),
)


class TokenError(Refused):
    """A token cannot be made or revoked like this; the sentence says what came and what is accepted."""


@dataclass(frozen=True)
class Token:
    """A live token: what it may do and whose it is."""

    id: int
    name: str
    scopes: frozenset[str]
    user: User
    last_used_at: datetime | None

    def may(self, scope: str) -> bool:
        """Whether it has the scope, and its person a role for it now."""
        return scope in self.scopes and any(known.name == scope and self.user.role in known.roles for known in SCOPES)


def add(
    connection: sa.Connection,
    name: str,
    user: User,
    scopes: Iterable[str],
    *,
    now: datetime,
    expires_at: datetime | None = None,
    by: str = SYSTEM,
) -> tuple[int, str]:
    """Make a token for an enabled person: its number and the secret, which is shown this once and kept as a hash only.

    Raises TokenError for no or unknown scopes, an empty name, an end in the past, a disabled person, or one whose role has no such scope.
    """
    wanted, known = sorted(set(scopes)), {scope.name for scope in SCOPES}
    if not wanted or not set(wanted) <= known:
        raise TokenError(f"The scopes were {wanted}; accepted are one or more of {sorted(known)}.", "token_scope")
    if not name.strip() or len(name) > 80:
        raise TokenError(f"The token's name was {name[:80]!r}; accepted are 1 to 80 characters that say who uses it.", "token_name")
    if not user.enabled or (expires_at is not None and expires_at <= now):
        sentence = f"A token for {user.email} ending {expires_at} would never work; enable the user or choose a later end."
        raise TokenError(sentence, "token_useless")
    barred = [scope.name for scope in SCOPES if scope.name in wanted and user.role not in scope.roles]
    if barred:
        raise TokenError(f"{user.email} is {user.role}; {', '.join(barred)} wants another role. Choose somebody who has it.", "token_role")
    secret = PREFIX + secrets.token_urlsafe(ID_BYTES)
    values = {"name": name.strip(), "token_hash": hashed(secret), "scopes": wanted, "user_id": user.id, "created_at": now}
    number = connection.execute(sa.insert(schema.tokens).values(**values, expires_at=expires_at)).inserted_primary_key
    audit.record(connection, by, "token.add", f"{name.strip()} ({user.email})", {"scopes": wanted}, at=now)
    return int(number[0]) if number else 0, secret


def find(connection: sa.Connection, secret: str | None, *, now: datetime) -> Token | None:
    """The live token with this secret, else None: unknown, revoked or expired ones and those of disabled people."""
    if not secret:
        return None
    kept = schema.tokens.c
    query = (
        sa.select(kept.id.label("token_id"), kept.name.label("token_name"), kept.scopes, kept.last_used_at, *COLUMNS)
        .join_from(schema.tokens, schema.users)
        .where(kept.token_hash == hashed(secret), kept.revoked_at.is_(None), schema.users.c.disabled_at.is_(None))
        .where(sa.or_(kept.expires_at.is_(None), kept.expires_at > now))
    )
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    return Token(row["token_id"], row["token_name"], frozenset(row["scopes"]), user_from(row), row["last_used_at"])


def touch(connection: sa.Connection, token: Token, *, now: datetime) -> None:
    """Note that the token was used at `now`."""
    connection.execute(sa.update(schema.tokens).where(schema.tokens.c.id == token.id).values(last_used_at=now))


def needs_touch(token: Token, now: datetime) -> bool:
    """Whether the last noted use is older than a minute."""
    return token.last_used_at is None or now - token.last_used_at >= TOUCH_EVERY


def revoke(connection: sa.Connection, token_id: int, *, now: datetime, by: str = SYSTEM) -> None:
    """End a token. Raises TokenError when there is no open token of that number."""
    kept = schema.tokens.c
    ended = sa.update(schema.tokens).where(kept.id == token_id, kept.revoked_at.is_(None)).values(revoked_at=now)
    if not connection.execute(ended).rowcount:
        raise TokenError(f"There is no open token number {token_id}; `python -m ml tokens list` shows which there are.", "token_gone")
    audit.record(connection, by, "token.revoke", str(token_id), at=now)


def list_tokens(connection: sa.Connection) -> list[dict[str, Any]]:
    """All tokens as {id, name, scopes, email, created_at, expires_at, last_used_at, revoked_at}, newest first; never a secret."""
    kept = schema.tokens.c
    columns = (kept.id, kept.name, kept.scopes, schema.users.c.email, kept.created_at, kept.expires_at, kept.last_used_at, kept.revoked_at)
    query = sa.select(*columns).join_from(schema.tokens, schema.users).order_by(kept.id.desc())
    return [dict(row) for row in connection.execute(query).mappings()]
