"""How our tables came to be: alembic revisions in `versions`, run by `migrate` inside the caller's transaction, without an ini file."""

from pathlib import Path

import sqlalchemy as sa

from ml.store import (  # noqa: F401 - their tables belong to `metadata`
    schema_alerts,
    schema_customers,
    schema_events,
    schema_experiments,
    schema_ledger,
    schema_models,
    schema_outbox,
)
from ml.store.schema import SCHEMA, metadata

FOLDER = Path(__file__).resolve().parent


class UnknownRevision(RuntimeError):
    """The store bears a revision this version of the program does not know."""


def migrate(connection: sa.Connection, target: str | None = None) -> None:
    """Bring the store of `connection` up to the revision `target`, default the newest, in the caller's transaction: all steps or none.

    Raises UnknownRevision when a newer version of the program wrote it.
    """
    now = revision_of(connection)
    newest = target or newest_revision()
    if now == newest:
        return  # a start without anything to do does not even load alembic
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    if now is not None and now not in {step.revision for step in script.walk_revisions()}:
        raise UnknownRevision(f"the store was written by a newer version (revision {now}, this one knows up to {newest})")
    postgres = connection.dialect.name == "postgresql"
    if postgres:  # schema_translate_map reaches CREATE TABLE only, not ALTER TABLE
        connection.execute(sa.text(f"SET LOCAL search_path TO {SCHEMA}"))
    with EnvironmentContext(config, script, fn=lambda current, _context: script._upgrade_revs(newest, current)) as environment:
        environment.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=True,
            transactional_ddl=True,
            version_table_schema=SCHEMA if postgres else None,
        )
        environment.run_migrations()


def newest_revision() -> str:
    """The number of the newest file m<number>_<what>.py in `versions`."""
    return max(path.name[1:].partition("_")[0] for path in (FOLDER / "versions").glob("m*.py"))


def revision_of(connection: sa.Connection) -> str | None:
    """The revision the store bears, None when it has no tables yet."""
    schema = SCHEMA if connection.dialect.name == "postgresql" else None
    if not sa.inspect(connection).has_table("alembic_version", schema=schema):
        return None
    version = sa.Table("alembic_version", sa.MetaData(), sa.Column("version_num", sa.Text))
    return connection.execute(sa.select(version.c.version_num)).scalar()
