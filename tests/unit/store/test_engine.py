"""The store opens, migrates once, queues writers, and belongs to one company."""

import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from ml.settings import load_settings
from ml.store.engine import StoreError, begin_write, open_store, store_url
from ml.store.migrations import FOLDER, newest_revision
from ml.store.schema import meta, metadata
from tests.postgres import postgres_server


def store_at(home: Path, **values) -> sa.Engine:
    return open_store(load_settings(env_file=None, home=home, **values))


def open_and_count(home: Path) -> int:
    engine = store_at(home)
    with engine.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(meta)).scalar_one()


def test_migrations_make_exactly_the_declared_tables(tmp_path):
    with store_at(tmp_path).connect() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": metadata, "compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_newest_file_is_the_newest_revision_and_a_migrated_store_is_left_alone(tmp_path, monkeypatch):
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    assert ScriptDirectory.from_config(config).get_heads() == [newest_revision()]
    store_at(tmp_path)
    monkeypatch.setattr(ScriptDirectory, "from_config", lambda *_: pytest.fail("nothing is to be migrated"))
    assert open_and_count(tmp_path) == 2


def test_a_store_of_a_newer_version_is_refused(tmp_path):
    with begin_write(store_at(tmp_path)) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"written by a newer version \(revision 9999, this one knows up to \d+\)"):
        store_at(tmp_path)


def test_sqlite_is_set_up_for_several_processes(tmp_path):
    with store_at(tmp_path).connect() as connection:
        told = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "busy_timeout", "foreign_keys")}
    assert told == {"journal_mode": "wal", "busy_timeout": 30000, "foreign_keys": 1}


def test_opening_twice_changes_nothing(tmp_path):
    assert open_and_count(tmp_path) == open_and_count(tmp_path) == 2


def test_four_processes_open_a_new_store_at_once(tmp_path):
    with ProcessPoolExecutor(4) as pool:
        assert list(pool.map(open_and_count, [tmp_path] * 4)) == [2, 2, 2, 2]


def test_two_writers_queue_and_both_count(tmp_path):
    engine = store_at(tmp_path)
    with begin_write(engine) as connection:
        connection.execute(sa.insert(meta).values(key="count", value="0"))

    def add(times: int) -> None:
        for _ in range(times):
            with begin_write(engine) as connection:
                now = int(connection.execute(sa.select(meta.c.value).where(meta.c.key == "count")).scalar_one())
                connection.execute(sa.update(meta).where(meta.c.key == "count").values(value=str(now + 1)))

    threads = [threading.Thread(target=add, args=(25,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engine.connect() as connection:
        assert connection.execute(sa.select(meta.c.value).where(meta.c.key == "count")).scalar_one() == "100"


def test_a_failed_transaction_leaves_nothing(tmp_path):
    engine = store_at(tmp_path)
    with pytest.raises(ZeroDivisionError), begin_write(engine) as connection:
        connection.execute(sa.insert(meta).values(key="half", value="done"))
        raise ZeroDivisionError
    assert open_and_count(tmp_path) == 2


def test_each_source_has_a_store_of_its_own(tmp_path):
    names = {
        Path(store_at(tmp_path, **values).url.database or "").name
        for values in ({}, {"source": "csv:one"}, {"source": "csv:two"}, {"source": "sqlite:///a/x.db"}, {"source": "sqlite:///b/x.db"})
    }
    assert len(names) == 5
    assert "insights.db" in names


def test_the_project_behind_a_shared_pooler_tells_sources_apart():
    def name(user: str, password: str = "p") -> str:
        source = f"postgresql://{user}:{password}@pooler.example.com:6543/postgres"
        return load_settings(env_file=None, source=source).store_url

    assert name("reader.one") != name("reader.two")
    assert name("reader.one") == name("other.one") == name("reader.one", "changed")


def test_a_given_store_of_another_company_is_refused_in_one_sentence(tmp_path):
    url = f"sqlite:///{tmp_path / 'given.db'}"
    store_at(tmp_path, database_url=url)
    with pytest.raises(StoreError, match=r"^This store belongs to another company \(the demo company\): give INSIGHTS_DATABASE_URL"):
        store_at(tmp_path, database_url=url, source="csv:other")
    store_at(tmp_path, database_url=url)


def test_a_store_that_cannot_be_reached_is_one_sentence_without_password(tmp_path):
    with pytest.raises(StoreError) as caught:
        store_at(tmp_path, database_url="postgresql://u:canary@127.0.0.1:1/db")
    assert "127.0.0.1/db cannot be used" in str(caught.value)
    assert "canary" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_garbled_file_is_no_store(tmp_path):
    (tmp_path / "bad.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="file is not a database"):
        store_at(tmp_path, database_url=f"sqlite:///{tmp_path / 'bad.db'}")


@pytest.mark.parametrize("url", ["postgres://u@h/d", "postgresql://u@h/d"])
def test_postgres_addresses_mean_psycopg2(url):
    assert store_url(url).drivername == "postgresql+psycopg2"


def test_postgres_keeps_everything_in_its_own_schema():
    with postgres_server() as url:
        settings = load_settings(env_file=None, database_url=url)
        open_store(settings).dispose()
        engine = open_store(settings)
        with begin_write(engine) as connection:
            connection.execute(sa.insert(meta).values(key="k", value="v"))
        with engine.connect() as connection:
            assert set(sa.inspect(connection).get_table_names("insights")) == {*metadata.tables, "alembic_version"}
            assert sa.inspect(connection).get_table_names("public") == []
            assert connection.execute(sa.text("SELECT count(*) FROM insights.meta")).scalar() == 3
        with pytest.raises(StoreError, match="another company"):
            open_store(load_settings(env_file=None, database_url=url, source="csv:other"))
        engine.dispose()
