"""A small store with people in it, for tests of sign-in, sessions, tokens and access."""

import tempfile
import weakref
from datetime import datetime

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from ml.store import schema, users
from ml.store.person import User

NOW = datetime(2026, 10, 29, 12, 0)
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch):
    """Argon2id at its cheapest, in every test of a module that imports this fixture: the real cost is checked once, in test_users."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(users, "_hasher", lambda: cheap)
    users._dummy_hash.cache_clear()
    yield
    users._dummy_hash.cache_clear()


def quick_store() -> sa.Engine:
    """An empty store that lasts as long as its engine: a file without syncs, because threads that share one connection end each other's
    transactions."""
    folder = tempfile.TemporaryDirectory(prefix="store-")
    engine = sa.create_engine(f"sqlite:///{folder.name}/store.db")

    @sa.event.listens_for(engine, "connect")
    def _quick(connection, _record) -> None:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = WAL")

    schema.metadata.create_all(engine)
    weakref.finalize(engine, folder.cleanup)
    return engine


def add_person(connection: sa.Connection, role: str, name: str | None = None, now: datetime = NOW) -> User:
    """A person whose e-mail address is `<name or role>@example.com` and whose password is PASSWORD."""
    return users.add(connection, f"{name or role}@example.com", name or role, role, PASSWORD, now=now)


def audited(connection: sa.Connection) -> list[tuple[str, str, str]]:
    """The audit as (who, action, target), oldest first."""
    table = schema.audit.c
    return [tuple(row) for row in connection.execute(sa.select(table.who, table.action, table.target).order_by(table.id))]
