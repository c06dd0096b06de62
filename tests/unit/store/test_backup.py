"""A copy is whole or not there, comes back into either database, and does not bring back what must stay gone."""

import gzip
import json
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from ml.durable import sha256_of
from ml.settings import load_settings
from ml.store import backup, sessions, tokens, users
from ml.store.engine import begin_write, open_store
from ml.store.erasing import erase
from ml.store.schema import audit, customer_facts, job_run, meta, metadata, preferences
from ml.store.schema_outbox import outbox
from ml.store.values import load_preferences, set_preference
from tests.people import quick_hashes  # noqa: F401 - passwords are made here

NOW = datetime(2026, 11, 1, 4, 30)
PERSON = {"contact_opt_out": False, "orders_total": 1, "orders_365": 1, "spend_total": 5.0, "spend_365": 5.0}


@pytest.fixture
def settings(tmp_path):
    return load_settings(env_file=None, home=tmp_path, secret_key="k" * 40)


@pytest.fixture
def store(settings):
    engine = open_store(settings)
    with begin_write(engine) as connection:
        users.add(connection, "ana@example.com", "Ana", "admin", "a long enough password", now=NOW)
        set_preference(connection, "call_cost", 777, who="ana", at=NOW)
        connection.execute(sa.insert(customer_facts), [{"customer_id": f"C{n}", "name": f"Ñandú {n}", **PERSON} for n in range(3)])
        connection.execute(sa.insert(job_run).values(job="refresh", scheduled_for=NOW, origin="cron", status="queued", attempt=1))
        letter = {"dedup_key": "k", "channel": "email", "recipient": "x", "masked": "x", "language": "es", "kind": "alert", "title": "t"}
        connection.execute(sa.insert(outbox).values(**letter, body={"a": 1}, customers=["C1"], state="queued", attempts=0, created_at=NOW))
    return engine


def everything(store) -> dict[str, list[dict]]:
    with store.connect() as connection:
        return {table.name: [dict(row) for row in connection.execute(sa.select(table)).mappings()] for table in metadata.sorted_tables}


def names(store) -> list[str | None]:
    with store.connect() as connection:
        return list(connection.execute(sa.select(customer_facts.c.name).order_by(customer_facts.c.customer_id)).scalars())


def dumped(settings, store, now=NOW):
    """A copy in the form that Postgres gets, made of this store."""
    path = settings.home / backup.FOLDER / f"insights-{now:%Y%m%dT%H%M%SZ}.jsonl.gz"
    path.parent.mkdir(exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as file, store.connect() as connection:
        from ml.store.migrations import revision_of

        file.write(json.dumps({"revision": revision_of(connection)}) + "\n")
        for table in metadata.sorted_tables:
            for row in connection.execute(sa.select(table)).mappings():
                file.write(json.dumps([table.name, {name: backup._plain(value) for name, value in row.items()}]) + "\n")
    path.with_name(f"{path.name}.sha256").write_text(sha256_of(path))
    return path


@pytest.mark.parametrize("make", [lambda s, e: backup.make_backup(s, e, NOW), dumped], ids=["sqlite", "dump"])
def test_everything_comes_back_but_what_must_not(settings, store, make):
    before = everything(store)
    path = make(settings, store)
    with begin_write(store) as connection:
        set_preference(connection, "call_cost", 1, who="ana", at=NOW)
        connection.execute(sa.delete(customer_facts))
        user = users.get(connection, "ana@example.com")
        session = sessions.create(connection, user.id, now=NOW, address="a", agent="b")
    done = backup.restore(store, path, now=NOW + timedelta(days=1), by="ana")
    after = everything(store)
    changed = {"audit", "job_run", "outbox"}
    assert {name: rows for name, rows in after.items() if name not in changed} == {n: r for n, r in before.items() if n not in changed}
    assert (done.rows["customer_facts"], done.erased) == (3, 0)
    assert (after["job_run"][0]["status"], after["outbox"][0]["state"], after["outbox"][0]["reason"]) == ("cancelled", "kept", "restored")
    with store.connect() as connection:
        assert load_preferences(connection).call_cost == 777
        assert sessions.find(connection, session, now=NOW) is None
        assert connection.execute(sa.select(audit.c.action).order_by(audit.c.id.desc()).limit(1)).scalar() == "store.restore"


def test_an_erased_person_and_a_revoked_key_stay_gone(settings, store):
    with begin_write(store) as connection:
        user = users.get(connection, "ana@example.com")
        tokens.add(connection, "n8n", user, ["predictions:read"], now=NOW, by="ana", expires_at=None)
    path = backup.make_backup(settings, store, NOW)
    with begin_write(store) as connection:
        tokens.revoke(connection, 1, now=NOW, by="ana")
        erase(connection, "C1", by="ana", at=NOW)
    assert backup.restore(store, path, now=NOW, by="ana").erased == 1
    assert names(store) == ["Ñandú 0", "Ñandú 2"]
    assert everything(store)["tokens"][0]["revoked_at"] == NOW
    assert everything(store)["outbox"][0]["body"] is None


@pytest.mark.parametrize("damage", ["flipped", "cut", "no sum", "gone", "not a database"])
def test_a_damaged_copy_is_refused_and_nothing_changes(settings, store, damage):
    path = backup.make_backup(settings, store, NOW)
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif damage == "cut":
        path.write_bytes(content[:-1000])
    elif damage == "no sum":
        path.with_name(f"{path.name}.sha256").unlink()
    elif damage == "gone":
        path.unlink()
    else:
        path.write_bytes(b"x" * 5000)
        path.with_name(f"{path.name}.sha256").write_text(sha256_of(path))
    before = everything(store)
    with pytest.raises(backup.BackupError, match="damaged|cannot be read"):
        backup.restore(store, path, now=NOW, by="ana")
    assert everything(store) == before


def test_another_companys_copy_is_refused(settings, store):
    path = backup.make_backup(settings, store, NOW)
    with begin_write(store) as connection:
        connection.execute(sa.update(meta).where(meta.c.key == "source").values(value="another"))
    with pytest.raises(backup.BackupError, match="another company"):
        backup.restore(store, path, now=NOW, by="ana")


def test_a_copy_is_of_one_moment_while_others_write(settings, store):
    with begin_write(store) as connection:
        connection.execute(sa.insert(preferences).values(name="x", value=1, set_at=NOW, set_by="a"))
        path = backup.make_backup(settings, store, NOW)
    assert backup.restore(store, path, now=NOW, by="ana").rows["preferences"] == 1


def test_the_newest_copies_are_kept_and_unfinished_ones_removed(settings, store):
    made = [backup.make_backup(settings, store, NOW + timedelta(days=day)) for day in range(4)]
    folder = made[0].parent
    (folder / ".insights-x.db.unfinished").write_text("")
    assert backup.prune(folder, 2) == [made[1].name, made[0].name]
    assert backup.list_backups(folder) == made[:1:-1]
    assert len(list(folder.iterdir())) == 4
    assert oct(made[3].stat().st_mode & 0o777) == "0o600"


def test_a_full_disk_leaves_no_half_copy(settings, store, monkeypatch):
    def full(_path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "sync", full)
    with pytest.raises(backup.BackupError, match="No space left"):
        backup.make_backup(settings, store, NOW)
    assert list((settings.home / backup.FOLDER).iterdir()) == []


def test_the_job_copies_prunes_and_ends_its_run_in_a_transaction(settings, store):
    with begin_write(store) as connection:
        set_preference(connection, "kept_backups", 1, who="ana", at=NOW)
    backup.make_backup(settings, store, NOW)
    lines, ends = [], []
    backup.run(
        settings, store, run_id=1, say=lines.append, finish=lambda connection, told: ends.append((connection.in_transaction(), told))
    )
    assert len(backup.list_backups(settings.home / backup.FOLDER)) == 1
    assert ends[0][0] and ends[0][1]["backup"]["state"] == "done" and "1 old copies removed" in lines[0]
