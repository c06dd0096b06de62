"""The demo company in a real Postgres, in the 3t schema, gives the same tables and predictions as in SQLite; our store lives there too."""

import shutil
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from ml import clock
from ml.jobs.running import run_job
from ml.queries.service import in_service as services
from ml.source.engine import open_source
from ml.source.errors import SourceUnreachable
from ml.source.reading import read_company
from ml.source.tables import SPECS
from ml.store import backup, users
from ml.store.engine import begin_write, open_store, store_url
from ml.store.pointers import in_service, point_to
from ml.store.predictions import read_predictions
from ml.store.schema import metadata
from ml.store.schema_customers import customer_scores, customer_segments
from tests.conftest import END, settings_for
from tests.pages.filled_store import fill
from tests.postgres import postgres_server
from tests.unit.queries import test_call_list
from tests.unit.store.test_customer_rows import back_and_forth, check_room_for_places, check_year_before_silence

READER = "reader"
CHANGED = ("audit", "job_run", "outbox", "sessions")  # by a restore itself


@pytest.fixture(scope="module")
def server():
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="module")
def company_url(server, tiny_home) -> str:
    """The tiny company copied table by table from SQLite into Postgres with its real types, readable by a role that may only read."""
    engine = sa.create_engine(server.replace("postgresql://", "postgresql+psycopg2://"))
    source = sa.create_engine(f"sqlite:///{tiny_home / 'data' / 'demo.db'}")
    described = sa.MetaData()
    described.reflect(source)
    for table in described.tables.values():
        for column in table.columns:
            column.type = column.type.as_generic()
    with source.connect() as read, engine.begin() as write:
        described.create_all(write)
        for table in described.sorted_tables:
            rows = [dict(row) for row in read.execute(sa.select(table)).mappings()]
            if rows:
                write.execute(table.insert(), rows)
        write.execute(sa.text(f"CREATE ROLE {READER} LOGIN"))
        write.execute(sa.text(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}"))
    engine.dispose()
    source.dispose()
    return server.replace("owner@", f"{READER}@")


@pytest.fixture(scope="module")
def on_postgres(company_url, tmp_path_factory):
    settings = settings_for(tmp_path_factory.mktemp("pg-home"), source=company_url, mapping="3t")
    return read_company(settings, END + timedelta(days=1))


def ordered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(list(frame.columns), ignore_index=True)


@pytest.mark.parametrize("name", list(SPECS))
def test_every_table_is_the_same(name, on_postgres, tiny_reading):
    assert on_postgres.tables.has(name) == tiny_reading.tables.has(name)
    pd.testing.assert_frame_equal(ordered(on_postgres.tables[name]), ordered(tiny_reading.tables[name]), rtol=1e-12)


def test_findings_and_as_of_are_the_same(on_postgres, tiny_reading):
    assert on_postgres.as_of == tiny_reading.as_of
    assert {(f.code, f.table, f.count) for f in on_postgres.findings} == {(f.code, f.table, f.count) for f in tiny_reading.findings}


def test_the_source_cannot_be_written(company_url):
    engine = open_source(company_url.replace(f"{READER}@", "owner@").replace("postgresql://", "postgres://"))
    with pytest.raises(sa.exc.DBAPIError, match="read-only"), engine.connect() as connection:
        connection.execute(sa.text('DELETE FROM "3t_orders"'))
    engine.dispose()


def test_an_empty_table_is_said_to_be_empty_or_hidden(server, company_url, tmp_path):
    engine = sa.create_engine(server.replace("postgresql://", "postgresql+psycopg2://"))
    with engine.begin() as connection:
        connection.execute(sa.text('ALTER TABLE "3t_weather_data" ENABLE ROW LEVEL SECURITY'))
    try:
        reading = read_company(settings_for(tmp_path, source=company_url, mapping="3t"), END + timedelta(days=1))
        assert not reading.tables.has("weather")
        assert any(finding.code == "table_empty" and "3t_weather_data" in str(finding) for finding in reading.findings)
    finally:
        with engine.begin() as connection:
            connection.execute(sa.text('ALTER TABLE "3t_weather_data" DISABLE ROW LEVEL SECURITY'))
        engine.dispose()


def test_an_unreachable_source_is_served_from_the_last_snapshot(company_url, tmp_path):
    settings = settings_for(tmp_path, source=company_url, mapping="3t")
    first = read_company(settings, END + timedelta(days=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ml.source.reading.open_source", _unreachable)
        second = read_company(settings, END + timedelta(days=1))
    assert second.from_snapshot
    pd.testing.assert_frame_equal(ordered(second.tables["orders"]), ordered(first.tables["orders"]))


def _unreachable(*_args, **_kwargs):
    raise SourceUnreachable("The database does not answer.")


def test_predictions_from_postgres_and_a_store_in_postgres_equal_those_of_sqlite(server, company_url, trained_home: Path, tmp_path):
    """The same release asked with the company read from Postgres and kept in a Postgres store says what it said on SQLite."""
    before = settings_for(trained_home)
    sqlite = open_store(before)
    with sqlite.connect() as connection:
        releases = in_service(connection)
        expected = {name: read_predictions(connection, release, name, END) for name, release in releases.items()}
    sqlite.dispose()

    shutil.copytree(trained_home / "models", tmp_path / "models")
    settings = settings_for(tmp_path, source=company_url, mapping="3t", database_url=server)
    store = open_store(settings)
    try:
        with store.connect() as connection:
            assert "insights" in sa.inspect(connection).get_schema_names()
        with begin_write(store) as connection:
            for name, release in releases.items():
                point_to(connection, name, release, at=clock.utc_now(), by="test", reason={"code": "first", "params": {}})
        done = run_job(settings, store, "refresh", say=lambda _line: None)
        assert done.status == "done"
        with store.connect() as connection:
            for name, release in releases.items():
                answer = read_predictions(connection, release, name, END)
                key = ["measure", "entity_type", "entity_id", "target_date", "window_days"]
                left, right = (
                    frame.sort_values(key, ignore_index=True)[[*key, "value", "lo80", "hi80"]] for frame in (answer, expected[name])
                )
                assert len(left) > 0
                pd.testing.assert_frame_equal(left, right, rtol=1e-9, check_dtype=False)
    finally:
        store.dispose()


def test_a_store_in_postgres_comes_back_whole_from_its_copy_and_its_numbers_go_on(server, tmp_path):
    """Its dump restored into itself after losses, and into a fresh SQLite store; new rows get numbers after the highest that came."""
    with sa.create_engine(store_url(server), isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text("CREATE DATABASE copied"))
    settings = settings_for(tmp_path, source=f"csv:{tmp_path}", database_url=server.rsplit("/", 1)[0] + "/copied")
    store = open_store(settings)
    beside = open_store(settings_for(tmp_path / "beside", source=f"csv:{tmp_path}"))
    try:
        fill(store)
        with begin_write(store) as connection:
            first = users.add(connection, "first@example.com", "First", "admin", "a long enough password", now=clock.utc_now()).id
        before = _everything(store)
        assert len(before["customer_facts"]) > 100 and len(before["predictions"]) > 100
        path = backup.make_backup(settings, store, clock.utc_now())
        with begin_write(store) as connection:
            connection.execute(sa.delete(metadata.tables["customer_facts"]))
        for target in (store, beside):
            done = backup.restore(target, path, now=clock.utc_now(), by="ana")
            assert done.rows["predictions"] == len(before["predictions"])
            after = _everything(target)
            assert {name: rows for name, rows in after.items() if name not in CHANGED} == {
                n: r for n, r in before.items() if n not in CHANGED
            }
        with begin_write(store) as connection:
            new = users.add(connection, "new@example.com", "New", "viewer", "a long enough password", now=clock.utc_now()).id
        assert new > first
    finally:
        store.dispose()
        beside.dispose()


def test_lists_in_postgres_are_those_of_the_frames_and_an_older_store_gets_its_rows(server, tmp_path):
    with sa.create_engine(store_url(server), isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text("CREATE DATABASE lists"))
    store = open_store(settings_for(tmp_path, database_url=server.rsplit("/", 1)[0] + "/lists"))
    try:
        test_call_list.filled(store)
        with begin_write(store) as connection:
            before = [connection.execute(sa.select(table)).all() for table in (customer_scores, customer_segments)]
            back_and_forth(connection)
            after = [connection.execute(sa.select(table)).all() for table in (customer_scores, customer_segments)]
            assert [sorted(rows, key=str) for rows in after] == [sorted(rows, key=str) for rows in before] and all(before)
        with store.connect() as connection:
            people = services(connection)["customers"]
            for one in test_call_list.LISTS[::3]:  # one of each kind: by money, by rhythm, closed, put off, to win back
                test_call_list.test_a_list_its_pages_and_its_figures_are_those_of_the_frames(connection, people, *one)
            test_call_list.test_everybody_is_read_alike(connection, people)
            test_call_list.test_the_segments_are_those_of_the_frames(connection, people)
        with begin_write(store) as connection:
            check_year_before_silence(connection)
            check_room_for_places(connection)
    finally:
        store.dispose()


def _everything(store: sa.Engine) -> dict[str, list[dict]]:
    with store.connect() as connection:
        kept = [table for table in metadata.sorted_tables if table.name not in CHANGED]
        tables = {table.name: connection.execute(sa.select(table)).mappings().all() for table in kept}
    return {name: sorted((dict(row) for row in rows), key=str) for name, rows in tables.items()}
