"""Sessions: opaque, kept hashed, ended by revocation, idleness, age and disabling."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from ml.store import schema, sessions, users
from ml.store.sessions import ABSOLUTE, IDLE, TOUCH_EVERY
from tests.people import NOW, add_person, quick_hashes, quick_store  # noqa: F401

MOMENT = timedelta(seconds=1)


@pytest.fixture
def connection():
    with quick_store().begin() as opened:
        yield opened


@pytest.fixture
def ana(connection):
    return add_person(connection, "analyst", "ana")


def test_a_session_is_found_by_its_id_alone_and_the_id_is_not_kept(connection, ana):
    token = sessions.create(connection, ana.id, now=NOW, address="203.0.113.9", agent="Browser " * 100)
    found = sessions.find(connection, token, now=NOW)
    assert found.user == ana
    kept = connection.execute(sa.select(schema.sessions)).mappings().one()
    assert token not in [str(value) for value in kept.values()]
    assert kept["token_hash"] == sessions.hashed(token)
    assert len(kept["agent"]) == 200
    assert len(token) >= 43


@pytest.mark.parametrize("forged", [None, "", "x", "A" * 43, "' OR 1=1 --", "\udce9", "ñ" * 50_000])
def test_forged_ids_open_nothing(connection, ana, forged):
    token = sessions.create(connection, ana.id, now=NOW)
    assert sessions.find(connection, forged, now=NOW) is None
    assert sessions.find(connection, sessions.hashed(token), now=NOW) is None
    assert not sessions.is_known(connection, forged, now=NOW)


def test_a_session_ends_after_twelve_idle_hours(connection, ana):
    token = sessions.create(connection, ana.id, now=NOW)
    assert timedelta(hours=12) == IDLE
    assert sessions.find(connection, token, now=NOW + IDLE - MOMENT)
    assert sessions.find(connection, token, now=NOW + IDLE) is None


def test_use_prolongs_a_session_up_to_fourteen_days(connection, ana):
    token, moment = sessions.create(connection, ana.id, now=NOW), NOW
    assert timedelta(days=14) == ABSOLUTE
    while moment < NOW + ABSOLUTE - IDLE:
        moment += IDLE - MOMENT
        sessions.touch(connection, sessions.find(connection, token, now=moment), now=moment)
    assert sessions.find(connection, token, now=NOW + ABSOLUTE - MOMENT)
    assert sessions.find(connection, token, now=NOW + ABSOLUTE) is None
    assert sessions.is_known(connection, token, now=NOW + ABSOLUTE)


def test_use_is_noted_once_a_minute_and_never_backwards(connection, ana):
    token = sessions.create(connection, ana.id, now=NOW)
    session = sessions.find(connection, token, now=NOW)
    assert not sessions.needs_touch(session, NOW + TOUCH_EVERY - MOMENT)
    assert sessions.needs_touch(session, NOW + TOUCH_EVERY)
    sessions.touch(connection, session, now=NOW + TOUCH_EVERY)
    sessions.touch(connection, session, now=NOW)
    assert sessions.find(connection, token, now=NOW).seen_at == NOW + TOUCH_EVERY


def test_revoking_one_leaves_the_others_and_revoking_all_leaves_none(connection, ana):
    first, second = (sessions.create(connection, ana.id, now=NOW) for _ in range(2))
    other = sessions.create(connection, add_person(connection, "viewer").id, now=NOW)
    assert sessions.revoke(connection, sessions.hashed(first), now=NOW)
    assert not sessions.revoke(connection, sessions.hashed(first), now=NOW)
    assert [sessions.find(connection, token, now=NOW) is not None for token in (first, second, other)] == [False, True, True]
    assert sessions.revoke_all(connection, ana.id, now=NOW) == 1
    assert sessions.find(connection, second, now=NOW) is None
    assert sessions.find(connection, other, now=NOW)


def test_a_session_of_a_disabled_person_is_dead_even_unrevoked(connection, ana):
    token = sessions.create(connection, ana.id, now=NOW)
    connection.execute(sa.update(schema.users).values(disabled_at=NOW))
    assert sessions.find(connection, token, now=NOW) is None


def test_live_sessions_are_listed_last_used_first(connection, ana):
    old, new = (sessions.create(connection, ana.id, now=NOW + timedelta(hours=h), address=f"192.0.2.{h}") for h in (0, 1))
    sessions.revoke(connection, sessions.hashed(sessions.create(connection, ana.id, now=NOW)), now=NOW)
    listed = sessions.list_sessions(connection, ana.id, now=NOW + timedelta(hours=2))
    assert [row["token_hash"] for row in listed] == [sessions.hashed(new), sessions.hashed(old)]
    assert listed[0]["address"] == "192.0.2.1"


def test_long_ended_sessions_are_forgotten_and_live_ones_kept(connection, ana):
    sessions.create(connection, ana.id, now=NOW - 3 * ABSOLUTE)
    live = sessions.create(connection, ana.id, now=NOW)
    assert sessions.forget_ended(connection, now=NOW) == 1
    assert sessions.find(connection, live, now=NOW)


def test_deleting_a_person_is_not_how_people_leave(connection, ana):
    users.disable(connection, ana.email, now=NOW)
    assert users.get(connection, ana.email).disabled_at == NOW
