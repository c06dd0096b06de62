"""Opens the company's database or files, read only. One SQLAlchemy engine for all kinds, so that one code path reads them."""

import re
from collections.abc import Collection
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from ml.source.errors import SourceError, SourceUnreachable
from ml.source.files import Format, load_folder

STATEMENT_TIMEOUT_MS = 120_000
CONNECT_TIMEOUT_S = 10
REFUSED = "42501"  # Postgres: insufficient_privilege
_POSTGRES = re.compile(r"^postgres(ql)?(\+psycopg2)?://")
ACCEPTED = "postgresql://user:password@host:5432/database, sqlite:///file or csv:folder"


def open_source(url: str, *, timezone: str = "UTC", tables: Collection[str] | None = None, csv: Format | None = None) -> sa.Engine:
    """A read-only engine for `postgresql://…`, `postgres://…`, `sqlite:///file` or `csv:folder`.

    Postgres: every transaction is READ ONLY, REPEATABLE READ, in `timezone`, with a statement timeout set LOCAL (a transaction pooler keeps
    no session settings). SQLite: opened with mode=ro. A folder: its files (of the names in `tables`, if given) are loaded into memory,
    all CSV columns as text. Raises SourceError (not an address) or SourceUnreachable (no such file or folder); no message has a password.
    """
    if url.startswith("csv:"):
        return load_folder(Path(url.removeprefix("csv:")), tables=tables, form=csv or Format())
    if url.startswith("sqlite:///"):
        return _open_sqlite(Path(url.removeprefix("sqlite:///")))
    if _POSTGRES.match(url):
        return _open_postgres(url, timezone)
    raise SourceError(f"The source is {describe_source(url)}; accepted is {ACCEPTED}.")


def describe_source(url: str) -> str:
    """The address without secrets, for people and logs: it never shows user, password or query, even when the address is garbled."""
    if url.startswith("csv:"):
        return url
    if url.startswith("sqlite:///"):
        return f"sqlite:{Path(url.removeprefix('sqlite:///')).name}"
    if not _POSTGRES.match(url):
        return "an address of another kind"
    try:
        parts = _postgres_url(url)
    except SourceError:
        return "a postgresql address"
    return f"postgresql://{parts.host or ''}{f':{parts.port}' if parts.port else ''}/{parts.database or ''}"


def source_identity(url: str) -> str:
    """What makes two addresses the same source: everything but the password. For hashing, not for showing."""
    if url.startswith(("csv:", "sqlite:///")):
        kind, _, path = url.partition(":")
        return f"{kind}:{Path(path.removeprefix('///')).expanduser().resolve()}"
    parts = _postgres_url(url)
    return f"postgresql:{parts.username}@{parts.host}:{parts.port or 5432}/{parts.database}"


def failed(url: str, error: SQLAlchemyError) -> SourceError:
    """The error to raise when the driver fails: one sentence with the driver's first line, secrets blanked.

    SourceUnreachable when the source does not answer, breaks off, takes too long or is no database file; else SourceError.
    """
    cause = getattr(error, "orig", None) or error
    line = (str(cause).strip().splitlines() or ["no reason given"])[0]
    for secret in sorted(_secrets(url), key=len, reverse=True):
        line = line.replace(secret, "***")
    if getattr(cause, "pgcode", None) == REFUSED:
        return SourceError(f"The source {describe_source(url)} does not let this user read ({line[:200]}); grant SELECT on its tables.")
    if isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError:
        return SourceUnreachable(
            f"The source {describe_source(url)} cannot be read ({line[:200]}); check that it runs and that INSIGHTS_SOURCE is right."
        )
    return SourceError(f"The source {describe_source(url)} cannot be read with this mapping ({line[:200]}).")


def _secrets(url: str) -> set[str]:
    """The password as written and as decoded, and everything between scheme and last @ when the address is garbled."""
    found = set(re.findall(r"://[^@]*?:(.*)@", url))
    if _POSTGRES.match(url):
        try:
            found.add(str(_postgres_url(url).password or ""))
        except SourceError:
            found.add(url)
    return {secret for secret in found if secret}


def _open_sqlite(path: Path) -> sa.Engine:
    path = path.expanduser()
    if not path.is_file():
        raise SourceUnreachable(f"The source sqlite:{path.name} does not exist; check the path in INSIGHTS_SOURCE.")
    address = sa.URL.create("sqlite", database=f"file:{quote(str(path.resolve()))}", query={"mode": "ro", "uri": "true"})
    return sa.create_engine(address, poolclass=NullPool, hide_parameters=True)


def _postgres_url(url: str) -> sa.URL:
    """The address with the driver's name; refuses one whose password was not percent-encoded, without showing it."""
    try:
        parts = sa.make_url(_POSTGRES.sub("postgresql+psycopg2://", url))
    except (ArgumentError, ValueError):
        parts = None
    if parts is None or not parts.host or "@" in f"{parts.host}{parts.database}" or not parts.database:
        raise SourceError(
            "INSIGHTS_SOURCE is not an address postgresql://user:password@host:5432/database; a password with special characters such as"
            " @ / # must be percent-encoded (%40 %2F %23)."
        )
    return parts


def _open_postgres(url: str, timezone: str) -> sa.Engine:
    engine = sa.create_engine(
        _postgres_url(url),
        poolclass=NullPool,
        hide_parameters=True,
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "insights"},
    )

    def on_begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS:d}")
        connection.execute(sa.select(sa.func.set_config("TimeZone", timezone, True)))

    sa.event.listen(engine, "begin", on_begin)
    return engine
