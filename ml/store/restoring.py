"""The rows of a copy put in place of the store's, and what must not come back with them: sessions, revoked keys, half-done work."""

from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from ml.store import audit
from ml.store.schema import job_run, meta, metadata, sessions, tokens
from ml.store.schema_models import erased_customer
from ml.store.schema_outbox import outbox

RESTORED = "restored"


class Kept(NamedTuple):
    """What stands in the store now and outlives a restore: erased people with the salt of their hashes, and revoked keys."""

    erased: list[dict[str, Any]]
    salt: str | None
    revoked: dict[str, datetime]


def company_of(connection: sa.Connection) -> str | None:
    """Whose store it is."""
    return connection.execute(sa.select(meta.c.value).where(meta.c.key == "source")).scalar()


def remember(connection: sa.Connection) -> Kept:
    """What outlives the restore."""
    erased = [dict(row) for row in connection.execute(sa.select(erased_customer)).mappings()]
    salt = connection.execute(sa.select(meta.c.value).where(meta.c.key == "erasure_salt")).scalar()
    revoked = connection.execute(sa.select(tokens.c.token_hash, tokens.c.revoked_at).where(tokens.c.revoked_at.is_not(None)))
    return Kept(erased, salt, dict(revoked.all()))


def replace_all(source: sa.Connection, target: sa.Connection, chunk: int) -> dict[str, int]:
    """Empty every table of ours and fill it from the copy; returns table -> rows."""
    for table in reversed(metadata.sorted_tables):
        target.execute(sa.delete(table))
    rows = {}
    for table in metadata.sorted_tables:
        written = 0
        for part in source.execution_options(yield_per=chunk).execute(sa.select(table)).mappings().partitions(chunk):
            target.execute(sa.insert(table), [dict(row) for row in part])
            written += len(part)
        rows[table.name] = written
        _next_number(target, table)
    return rows


def settle(connection: sa.Connection, kept: Kept, *, now: datetime, by: str, name: str) -> None:
    """After a restore: nobody is signed in, revoked keys stay revoked, no message goes out twice, no run is at work; with an audit row."""
    connection.execute(sa.delete(sessions))
    for token, moment in kept.revoked.items():
        connection.execute(sa.update(tokens).where(tokens.c.token_hash == token, tokens.c.revoked_at.is_(None)).values(revoked_at=moment))
    waiting = outbox.c.state.in_(("queued", "sending"))
    connection.execute(sa.update(outbox).where(waiting).values(state="kept", reason=RESTORED, done_at=now, owner=None, lease_until=None))
    at_work = job_run.c.status.in_(("queued", "running"))
    ended = {"status": "cancelled", "finished_at": now, "lease_until": None, "error": "It was open in the copy that was restored."}
    connection.execute(sa.update(job_run).where(at_work).values(**ended))
    if kept.salt is not None:
        connection.execute(sa.delete(meta).where(meta.c.key == "erasure_salt"))
        connection.execute(sa.insert(meta).values(key="erasure_salt", value=kept.salt))
        connection.execute(sa.delete(erased_customer))
        if kept.erased:
            connection.execute(sa.insert(erased_customer), kept.erased)
    audit.record(connection, by, "store.restore", name, {}, at=now)


def _next_number(connection: sa.Connection, table: sa.Table) -> None:
    """On Postgres the counter of a table's ids goes on after the highest one that came."""
    if connection.dialect.name != "postgresql" or "id" not in table.c or not isinstance(table.c["id"].type, sa.Integer):
        return
    highest = connection.execute(sa.select(sa.func.max(table.c["id"]))).scalar()
    counter = connection.execute(sa.select(sa.func.pg_get_serial_sequence(f"insights.{table.name}", "id"))).scalar()
    if highest and counter:
        connection.execute(sa.select(sa.func.setval(counter, highest)))
