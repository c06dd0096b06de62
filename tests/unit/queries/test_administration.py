"""What an administrator looks after: people, values chosen and the last change of them, the steps of setting up."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from ml.queries import administration
from ml.queries.administration import by_people, choices, last_change, people, setup_steps
from ml.store import schema, sessions, users
from ml.store.users import SYSTEM
from ml.store.values import set_preference
from tests.people import NOW, add_person, quick_hashes, quick_store  # noqa: F401 - an autouse fixture

ANA = "ana@example.com"
READING = {
    "read_at": NOW, "as_of": NOW.date(), "source": "sqlite:x.db", "fingerprint": "f", "from_snapshot": False, "is_demo": False,
    "amount_basis": "net", "tables": {"orders": {"rows": 9, "first": None, "last": None}}, "findings": [],
}  # fmt: skip


@pytest.fixture
def conn():
    with quick_store().begin() as opened:
        yield opened


def done(conn, *, is_demo=False) -> dict[str, bool]:
    return dict(setup_steps(conn, is_demo=is_demo))


def test_people_with_their_last_use(conn):
    viewer = add_person(conn, "viewer")
    add_person(conn, "admin")
    for hours in (5, 2, 9):
        sessions.create(conn, viewer.id, now=NOW - timedelta(hours=hours))
    users.disable(conn, "viewer@example.com", now=NOW)
    found = people(conn).set_index("email")
    assert list(found.index) == ["admin@example.com", "viewer@example.com"]
    assert found.loc["viewer@example.com", "seen_at"] == NOW - timedelta(hours=2) and not found.loc["viewer@example.com", "enabled"]
    assert found["seen_at"].isna()["admin@example.com"] and found.loc["admin@example.com", "enabled"]
    assert people(conn).dtypes["seen_at"] == "datetime64[us]"


def test_choices_tell_people_from_the_system(conn):
    set_preference(conn, "churn_horizon_days", 28, who=SYSTEM, at=NOW)
    set_preference(conn, "call_cost", 2000, who=ANA, at=NOW)
    conn.execute(sa.insert(schema.preferences).values(name="of_an_older_version", value=1, set_at=NOW, set_by=ANA))
    chosen = choices(conn)
    assert set(chosen) == {"churn_horizon_days", "call_cost"}
    assert not by_people(chosen, ("churn_horizon_days",)) and by_people(chosen, ("call_cost",))
    assert not by_people(chosen, ("call_cost", "cost_per_km"))


def test_the_last_change_is_all_that_was_saved_together(conn):
    assert last_change(conn) is None
    set_preference(conn, "call_cost", 1600, who=ANA, at=NOW)
    for name, value in (("cost_per_km", 400), ("cost_per_hour", 7000), ("speed_kmh", 28)):  # the speed stays as it was
        set_preference(conn, name, value, who=ANA, at=NOW + timedelta(hours=1))
    set_preference(conn, "churn_horizon_days", 28, who=SYSTEM, at=NOW + timedelta(hours=2))
    change = last_change(conn)
    assert change.values == {"cost_per_km": (350, 400), "cost_per_hour": (6500, 7000)}
    assert (change.who, change.at, len(change.ids)) == (ANA, NOW + timedelta(hours=1), 2)


def test_nothing_is_set_up_at_first(conn):
    add_person(conn, "admin")
    assert not any(done(conn, is_demo=True).values())


def test_each_step_is_done_by_its_own_deed(conn):
    add_person(conn, "admin")
    reading = conn.execute(sa.insert(schema.reading).values(**READING)).inserted_primary_key[0]
    assert {name for name, is_done in done(conn).items() if is_done} == {"source", "mapping", "vat"}
    assert not done(conn, is_demo=True)["source"]
    bad = {"code": "table_refused", "table": "tours", "count": 0, "action": "noted", "examples": []}
    for change, step in (({"from_snapshot": True}, "source"), ({"findings": [bad]}, "mapping"), ({"amount_basis": "unknown"}, "vat")):
        conn.execute(sa.update(schema.reading).where(schema.reading.c.id == reading).values(**change))
        assert not done(conn)[step]
    for names, step in (
        (administration.COMPANY, "company"), (administration.DEPOT, "depot"), (administration.COSTS, "costs"),
        (administration.CALLS, "calls"), ((administration.HORIZON,), "horizon"),
    ):  # fmt: skip
        for name in names:
            assert not done(conn)[step]
            value = {"company_name": "3T", "company_logo": "", "churn_horizon_days": 28}.get(name, 0.5)
            set_preference(conn, name, value, who=ANA, at=NOW)
        assert done(conn)[step]
    add_person(conn, "viewer")
    assert done(conn)["colleague"]
    users.disable(conn, "viewer@example.com", now=NOW)
    assert not done(conn)["colleague"]
