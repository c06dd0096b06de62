"""Signed-in browsers. The browser holds an opaque random id; the store holds its SHA-256, so a copy of the store opens no door.

A session ends when it is revoked, when its person is disabled, after IDLE without use, or after ABSOLUTE in any case.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from ml.store import schema
from ml.store.person import COLUMNS, User, user_from

IDLE = timedelta(hours=12)
ABSOLUTE = timedelta(days=14)
TOUCH_EVERY = timedelta(minutes=1)
ID_BYTES = 32
AGENT_LENGTH = 200


@dataclass(frozen=True)
class Session:
    """A live session and whose it is. `token_hash` names it without opening it."""

    token_hash: str
    user: User
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str | None = None


def hashed(token: str) -> str:
    """The form in which a session id or an API token is kept: SHA-256 in hex (the ids are random, so no salt or stretching is needed)."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def create(connection: sa.Connection, user_id: int, *, now: datetime, address: str | None = None, agent: str | None = None) -> str:
    """Open a session for a person and return its id, which is not kept: it goes into the browser's cookie and nowhere else."""
    token = secrets.token_urlsafe(ID_BYTES)
    values = {"token_hash": hashed(token), "user_id": user_id, "created_at": now, "seen_at": now, "expires_at": now + ABSOLUTE}
    connection.execute(sa.insert(schema.sessions).values(**values, address=address, agent=(agent or "")[:AGENT_LENGTH] or None))
    return token


def find(connection: sa.Connection, token: str | None, *, now: datetime) -> Session | None:
    """The live session with this id, else None: unknown, forged, revoked, idle or expired ones and those of disabled people."""
    if not token:
        return None
    kept = schema.sessions.c
    query = (
        sa.select(kept.token_hash, kept.created_at.label("opened_at"), kept.seen_at, kept.expires_at, kept.address, *COLUMNS)
        .join_from(schema.sessions, schema.users)
        .where(kept.token_hash == hashed(token), *_alive(now))
    )
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    return Session(row["token_hash"], user_from(row), row["opened_at"], row["seen_at"], row["expires_at"], row["address"])


def is_known(connection: sa.Connection, token: str | None, *, now: datetime) -> bool:
    """Whether there is a session with this id, or was one until ABSOLUTE after its end."""
    kept = schema.sessions.c
    found = sa.select(kept.token_hash).where(kept.token_hash == hashed(token or ""), kept.expires_at > now - ABSOLUTE)
    return connection.execute(found).first() is not None


def touch(connection: sa.Connection, session: Session, *, now: datetime) -> None:
    """Note that the session was used at `now`; the caller asks `needs_touch` first so that not every request writes."""
    kept = schema.sessions.c
    connection.execute(sa.update(schema.sessions).where(kept.token_hash == session.token_hash, kept.seen_at < now).values(seen_at=now))


def needs_touch(session: Session, now: datetime) -> bool:
    """Whether the last noted use is older than TOUCH_EVERY."""
    return now - session.seen_at >= TOUCH_EVERY


def revoke(connection: sa.Connection, token_hash: str, *, now: datetime) -> bool:
    """End one session, named by its hash; whether it was open until now."""
    kept = schema.sessions.c
    ended = sa.update(schema.sessions).where(kept.token_hash == token_hash, kept.revoked_at.is_(None)).values(revoked_at=now)
    return bool(connection.execute(ended).rowcount)


def revoke_all(connection: sa.Connection, user_id: int, *, now: datetime, but: str = "") -> int:
    """End every session of a person, `but` the one of this hash; how many were open."""
    kept = schema.sessions.c
    theirs = (kept.user_id == user_id, kept.revoked_at.is_(None), kept.token_hash != but)
    ended = sa.update(schema.sessions).where(*theirs).values(revoked_at=now)
    return int(connection.execute(ended).rowcount)


def list_sessions(connection: sa.Connection, user_id: int, *, now: datetime) -> list[dict[str, Any]]:
    """A person's live sessions as {token_hash, created_at, seen_at, expires_at, address, agent}, last used first."""
    return sessions_of(connection, [user_id], now=now)[user_id]


def sessions_of(connection: sa.Connection, user_ids: Iterable[int], *, now: datetime) -> dict[int, list[dict[str, Any]]]:
    """The live sessions of each of these people, as in `list_sessions`; an empty list for who has none."""
    kept, found = schema.sessions.c, {number: list[dict[str, Any]]() for number in user_ids}
    columns = (kept.token_hash, kept.created_at, kept.seen_at, kept.expires_at, kept.address, kept.agent)
    query = sa.select(kept.user_id, *columns).join_from(schema.sessions, schema.users).where(kept.user_id.in_(found), *_alive(now))
    for row in connection.execute(query.order_by(kept.seen_at.desc())).mappings():
        found[row["user_id"]].append({column.name: row[column.name] for column in columns})
    return found


def forget_ended(connection: sa.Connection, *, now: datetime) -> int:
    """Delete the rows of sessions that ended more than ABSOLUTE ago; how many."""
    kept, before = schema.sessions.c, now - ABSOLUTE
    ended = sa.or_(kept.expires_at < before, kept.revoked_at < before)
    return int(connection.execute(sa.delete(schema.sessions).where(ended)).rowcount)


def _alive(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    kept = schema.sessions.c
    return (kept.revoked_at.is_(None), kept.expires_at > now, kept.seen_at > now - IDLE, schema.users.c.disabled_at.is_(None))
