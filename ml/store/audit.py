"""Who did what, and when: one row per sign-in, failure and write, in the transaction of the write itself."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ml.store import schema


def record(connection: sa.Connection, who: str, action: str, target: str, detail: dict[str, Any] | None = None, *, at: datetime) -> None:
    """Keep that `who` (an e-mail address, or "system") did `action` (noun.verb) to `target` at the naive UTC moment `at`.

    `detail` is JSON-ready and holds no secret. Call it with the connection of the write, so that both stand or fall together.
    """
    connection.execute(sa.insert(schema.audit).values(at=at, who=who, action=action, target=target, detail=detail or {}))


def was_recorded(connection: sa.Connection, action: str, target: str, within: dict[str, Any]) -> bool:
    """Whether `action` on `target` has been kept with a detail that holds all of `within`."""
    rows = connection.execute(sa.select(schema.audit.c.detail).where(schema.audit.c.action == action, schema.audit.c.target == target))
    return any(within.items() <= detail.items() for detail in rows.scalars())


def last(connection: sa.Connection, action: str, target: str) -> dict[str, Any] | None:
    """The newest row of `action` on `target` as {at, who, detail}, None without one."""
    table = schema.audit
    query = sa.select(table.c.at, table.c.who, table.c.detail).where(table.c.action == action, table.c.target == target)
    row = connection.execute(query.order_by(table.c.id.desc()).limit(1)).mappings().first()
    return None if row is None else dict(row)


def latest(connection: sa.Connection, limit: int = 200) -> list[dict[str, Any]]:
    """The newest `limit` rows as {at, who, action, target, detail}, newest first."""
    columns = [schema.audit.c[name] for name in ("at", "who", "action", "target", "detail")]
    rows = connection.execute(sa.select(*columns).order_by(schema.audit.c.id.desc()).limit(limit))
    return [dict(row) for row in rows.mappings()]
