"""What tests of writes need: the rows of the process's store before and after a press, and the pieces of a screen by their keys."""

import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from ml.store import schema
from ui import store_access


def rows(table: sa.Table, *columns: str, **where: object) -> list[tuple]:
    """The rows of a table of the process's store, as they are now."""
    query = sa.select(*(table.c[name] for name in columns)).where(*(table.c[name] == value for name, value in where.items()))
    with store_access.store().connect() as conn:
        return [tuple(row) for row in conn.execute(query)]


def everything_written() -> dict[str, list[tuple]]:
    """All that a press may write, for comparing before and after; sessions without their last use."""
    kept = {
        table.name: rows(table, *table.c.keys())
        for table in (schema.users, schema.tokens, schema.preferences, schema.audit, schema.job_run)
    }
    return kept | {"sessions": rows(schema.sessions, "token_hash", "revoked_at")}


def button(app: AppTest, key: str):
    """The button whose key begins so."""
    found = [entry for entry in app.button if (entry.key or "").startswith(key)]
    assert found, f"no button {key!r} among {[entry.key for entry in app.button]}"
    return found[0]


def field(app: AppTest, kind: str, key: str):
    """The input of a kind ("text_input", …) whose key begins so."""
    return next(entry for entry in app.get(kind) if (entry.key or "").startswith(key))
