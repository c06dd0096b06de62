"""A person who is erased is in no table, no snapshot and no message, and the next reading does not bring them back."""

from datetime import date, datetime, timedelta

import pandas as pd
import pytest
import sqlalchemy as sa

from ml.pipeline import refresh
from ml.settings import load_settings
from ml.source.forgetting import forget
from ml.source.snapshot import Snapshot, fingerprint_of, keep_snapshot, last_snapshot, rewrite_snapshots
from ml.source.tables import SPECS, Tables, conform
from ml.store import erasing
from ml.store.engine import begin_write, open_store
from ml.store.schema import audit, metadata, reading
from tests.conftest import settings_for
from tests.fakes import toy_tables
from tests.pages.filled_store import fill

NOW = datetime(2026, 11, 21, 9)


def everywhere(store, *needles: str) -> dict[str, int]:
    """Table -> rows in which one of the texts stands, in whatever column."""
    found = {}
    with store.connect() as connection:
        for table in metadata.sorted_tables:
            rows = sum(any(needle in str(tuple(row)) for needle in needles) for row in connection.execute(sa.select(table)))
            found |= {table.name: rows} if rows else {}
    return found


@pytest.fixture
def store(tmp_path):
    engine = open_store(load_settings(env_file=None, home=tmp_path))
    fill(engine, hostile=True)
    return engine


def test_nothing_of_the_person_is_left_in_any_table(store):
    with store.connect() as connection:
        person = connection.execute(sa.text("SELECT * FROM customer_facts WHERE customer_id = 'c7'")).mappings().one()
    needles = ("'c7'", person["phone"], person["email"] or "no such address")
    with begin_write(store) as connection:
        connection.execute(sa.update(reading).values(findings=[{"code": "x", "examples": ["c7", "c8"]}]))
        connection.execute(sa.insert(audit).values(at=NOW, who="ana", action="note.add", target="c7", detail={"text": "called c7"}))
    before = everywhere(store, *needles)
    assert {"customer_facts", "customer_orders", "predictions", "reading", "audit"} <= set(before)
    with begin_write(store) as connection:
        done = erasing.erase(connection, "c7", by="ana@example.com", at=NOW)
    assert everywhere(store, *needles) == {}
    assert done["customer_facts"] == 1 and done["customer_orders"] == before["customer_orders"]
    with store.connect() as connection:
        row = connection.execute(sa.select(audit).where(audit.c.action == "customer.erase")).mappings().one()
        assert connection.execute(sa.select(reading.c.findings)).scalar() == [{"code": "x", "examples": ["c8"]}]
    assert row["who"] == "ana@example.com" and "'c7'" not in str(row["detail"]) and row["target"] == "(erased)"


def test_nobody_of_that_id_is_said_and_nothing_is_written(store):
    before = everywhere(store, "c")
    with pytest.raises(erasing.NobodyThere, match="no customer 'c9999' here: check the id"), begin_write(store) as connection:
        erasing.erase(connection, "c9999", by="ana", at=NOW)
    assert everywhere(store, "c") == before
    with store.connect() as connection:
        assert erasing.forgotten(connection) is None


def test_a_reading_leaves_out_names_contacts_and_places_and_sets_the_opt_out():
    tables = toy_tables()
    tables = Tables(
        {
            **{name: tables[name] for name in SPECS if tables.has(name)},
            "customers": tables["customers"].assign(phone="+56 9 1", email="a@b.cl"),
            "addresses": conform(
                SPECS["addresses"],
                pd.DataFrame(
                    {
                        "address_id": ["A1", "A2"],
                        "customer_id": ["C1", "C2"],
                        "latitude": -33.4,
                        "longitude": -70.6,
                        "known_at": tables["orders"]["known_at"].iloc[0],
                    }
                ),
            ),
        }
    )
    left = forget(tables, lambda ids: ids == "C1")
    person = left["customers"].set_index("customer_id").loc["C1"]
    assert person[["name", "phone", "email"]].isna().all() and person["contact_opt_out"]
    assert left["addresses"].set_index("address_id")["latitude"].isna().to_dict() == {"A1": True, "A2": False}
    other = left["customers"].set_index("customer_id").loc["C2"]
    assert other["name"] == "C2" and not other["contact_opt_out"]
    assert left["orders"].equals(tables["orders"])
    assert forget(tables, None) is tables


def test_snapshots_are_written_anew_and_the_newest_stays_the_newest(tmp_path):
    tables = toy_tables()
    for days in (0, 1):
        frames = {name: tables[name] for name in SPECS if tables.has(name)} | {"orders": tables["orders"].iloc[: 1000 + days]}
        kept = Tables(frames)
        keep_snapshot(
            tmp_path, Snapshot(kept, [], date(2026, 8, 1) + timedelta(days), date(2026, 8, 2), fingerprint_of(kept), "csv"), identity="x"
        )
    assert rewrite_snapshots(tmp_path, lambda given: forget(given, lambda ids: ids == "C1")) == 2
    snapshot, damaged = last_snapshot(tmp_path, identity="x")
    assert (len(snapshot.tables["orders"]), damaged) == (1001, [])
    assert snapshot.tables["customers"].set_index("customer_id")["name"].isna().to_dict()["C1"]
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 2
    assert rewrite_snapshots(tmp_path, lambda given: given) == 0


def test_the_next_refresh_does_not_bring_the_person_back(own_trained_home):
    settings = settings_for(own_trained_home)
    store = open_store(settings)
    with store.connect() as connection:
        row = (
            connection.execute(sa.text("SELECT * FROM customer_facts WHERE name IS NOT NULL AND phone IS NOT NULL LIMIT 1"))
            .mappings()
            .one()
        )
    with begin_write(store) as connection:
        erasing.erase(connection, row["customer_id"], by="ana", at=NOW)
    refresh(settings, store, run_id=9, say=lambda _line: None)
    assert everywhere(store, row["name"], row["phone"]) == {}
    with store.connect() as connection:
        facts = (
            connection.execute(sa.text("SELECT * FROM customer_facts WHERE customer_id = :id"), {"id": row["customer_id"]}).mappings().one()
        )
    assert facts["contact_opt_out"] and facts["orders_total"] == row["orders_total"]
