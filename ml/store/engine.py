"""Our own database behind one door: SQLite by default, Postgres in the schema `insights` when its address is given.

`open_store` connects, migrates and checks whose store it is; `begin_write` is the transaction of everybody who writes.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, OperationalError

from ml.settings import Settings, source_identity, source_label
from ml.store.migrations import UnknownRevision, migrate
from ml.store.schema import SCHEMA, meta

BUSY_SECONDS = 30
MIGRATION_LOCK = 0x3713  # pg_advisory_xact_lock: any number of ours; migrations of one database queue behind it
WAL_ATTEMPTS = 50
WAL_PAUSE_SECONDS = 0.1
WRITE_OPTION = "insights_write"
PATIENCE_OPTION = "insights_patience_seconds"
PATIENCE_PAUSE_SECONDS = 1.0


class StoreError(RuntimeError):
    """The store cannot be opened or is not ours to use; the sentence says what came and what to do."""


def open_store(settings: Settings) -> sa.Engine:
    """The store's engine, migrated to the newest schema and checked to belong to the company of INSIGHTS_SOURCE.

    Safe to call from several processes at once: migrations run under a lock. Raises StoreError when the database cannot be reached or
    written, or when it holds another company's predictions.
    """
    url = store_url(settings.store_url)
    try:
        engine = open_sqlite(url) if url.get_backend_name() == "sqlite" else _postgres(url)
        with _schema_change(engine) as connection:
            migrate(connection)
            _claim(connection, settings)
    except (DatabaseError, sqlite3.Error, OSError, UnknownRevision) as error:
        raise StoreError(
            f"The store {_label(url)} cannot be used: {_plain(error)}. Check INSIGHTS_DATABASE_URL or INSIGHTS_HOME."
        ) from None
    return engine


def store_url(url: str) -> sa.URL:
    """The address as SQLAlchemy understands it: `postgres://` and `postgresql://` mean psycopg2."""
    parsed = sa.make_url(url.replace("postgres://", "postgresql://", 1) if url.startswith("postgres://") else url)
    return parsed.set(drivername="postgresql+psycopg2") if parsed.drivername == "postgresql" else parsed


@contextmanager
def begin_write(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection inside one transaction that may write: BEGIN IMMEDIATE on SQLite, so that two writers queue instead of failing.

    An engine of `patient` waits for a store that is away or locked before the transaction begins.
    """
    connection, transaction = _begun(engine)
    with connection, transaction:
        yield connection


def patient(engine: sa.Engine, seconds: float) -> sa.Engine:
    """The same store for a process that nobody waits for: its writes wait up to that long for a store that is away or locked."""
    return engine.execution_options(**{PATIENCE_OPTION: seconds})


def _begun(engine: sa.Engine) -> tuple[sa.Connection, sa.RootTransaction]:
    deadline = time.monotonic() + engine.get_execution_options().get(PATIENCE_OPTION, 0.0)
    while True:
        connection = None
        try:
            connection = engine.connect().execution_options(**{WRITE_OPTION: True})
            return connection, connection.begin()
        except OperationalError:
            if connection is not None:
                connection.close()
            if time.monotonic() >= deadline:
                raise
            time.sleep(PATIENCE_PAUSE_SECONDS)


def open_sqlite(url: sa.URL) -> sa.Engine:
    """An engine on a SQLite file with our rules: write-ahead log, busy timeout, BEGIN IMMEDIATE for writers."""
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy emits BEGIN below: the driver's own would come too late and never IMMEDIATE
        for pragma in (f"busy_timeout = {BUSY_SECONDS * 1000}", "foreign_keys = ON", "synchronous = NORMAL"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get(WRITE_OPTION, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    _switch_to_wal(engine)
    return engine


def _switch_to_wal(engine: sa.Engine) -> None:
    """Write-ahead logging is kept in the file; the first switch ignores the busy timeout, so it is tried again while others hold it."""
    for attempt in range(WAL_ATTEMPTS):
        raw = engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:  # the driver's own error: SQLAlchemy does not wrap a raw connection's
            if "locked" not in str(error) or attempt == WAL_ATTEMPTS - 1:
                raise OperationalError("PRAGMA journal_mode = WAL", None, error) from error
            time.sleep(WAL_PAUSE_SECONDS)
        finally:
            raw.close()


def _postgres(url: sa.URL) -> sa.Engine:
    return sa.create_engine(url, pool_pre_ping=True, execution_options={"schema_translate_map": {None: SCHEMA}})


@contextmanager
def _schema_change(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A write transaction that no other migration can enter: SQLite's own write lock, or an advisory lock that ends with it."""
    with begin_write(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            connection.execute(sa.schema.CreateSchema(SCHEMA, if_not_exists=True))
        yield connection


def _claim(connection: sa.Connection, settings: Settings) -> None:
    """Remember the company on first use; raise StoreError when the store remembers another one."""
    identity = "demo" if settings.is_demo else source_identity(settings.source_url)
    kept = dict(connection.execute(sa.select(meta.c.key, meta.c.value)).all())
    if "source" not in kept:
        label = "the demo company" if settings.is_demo else source_label(settings.source_url)
        connection.execute(sa.insert(meta), [{"key": "source", "value": identity}, {"key": "source_label", "value": label}])
    elif kept["source"] != identity:
        raise StoreError(
            f"This store belongs to another company ({kept.get('source_label', 'unknown')}): "
            "give INSIGHTS_DATABASE_URL a database of its own for each INSIGHTS_SOURCE."
        )


def _label(url: sa.URL) -> str:
    return url.render_as_string(hide_password=True) if url.get_backend_name() == "sqlite" else f"{url.host or ''}/{url.database or ''}"


def _plain(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split()).rstrip(".")
