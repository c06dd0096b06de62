"""A message is written once, claimed by one sender at a time, tried again with growing pauses, and forgotten when its days are over."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from ml.settings import load_settings
from ml.store import outbox
from ml.store.engine import begin_write, open_store
from ml.store.outbox import LEASE, MOST_ATTEMPTS, Letter, OutboxError, Result
from ml.store.schema_outbox import deliveries
from ml.store.schema_outbox import outbox as table
from tests.people import audited, quick_store

NOW = datetime(2026, 11, 2, 12, 0)


def letter(key: str = "k", **values) -> Letter:
    told = {"channel": "email", "recipient": "ana@example.com", "masked": "a···@example.com", "language": "es", "kind": "alert"}
    return Letter(dedup_key=key, **(told | {"title": key, "body": {"title": key}} | values))


def put(store: sa.Engine, *letters: Letter, now: datetime = NOW) -> int:
    with begin_write(store) as connection:
        return outbox.enqueue(connection, letters, now=now)


def rows(store: sa.Engine, what: sa.Table = table) -> list[sa.Row]:
    with store.connect() as connection:
        return list(connection.execute(sa.select(what).order_by(what.c.id)))


def claim(store: sa.Engine, now: datetime = NOW, owner: str = "me", limit: int = 10) -> list[outbox.Claimed]:
    return outbox.claim(store, owner=owner, channels=["email"], now=now, limit=limit)


def test_the_same_message_is_written_once_per_channel_and_reader():
    store = quick_store()
    assert put(store, letter(), letter(), letter(recipient="b@example.com"), letter(channel="slack", recipient="")) == 3
    assert put(store, letter()) == 0


def test_a_message_stands_or_falls_with_its_transaction(tmp_path):
    store = open_store(load_settings(env_file=None, home=tmp_path))
    with pytest.raises(ZeroDivisionError), begin_write(store) as connection:
        outbox.enqueue(connection, [letter()], now=NOW)
        raise ZeroDivisionError
    assert rows(store) == []


def test_two_senders_never_hold_the_same_message():
    store = quick_store()
    put(store, letter("a"), letter("b"))
    first, second = claim(store, owner="one", limit=1), claim(store, owner="two")
    assert [one.dedup_key for one in (*first, *second)] == ["a", "b"] and claim(store, owner="three") == []
    assert outbox.mark(store, first[0]._replace(owner="two"), Result("sent"), now=NOW) is False
    assert outbox.mark(store, first[0], Result("sent"), now=NOW) is True
    assert [row.state for row in rows(store)] == ["sent", "sending"]


def test_a_dead_senders_message_is_claimed_again_and_the_late_mark_counts_for_nothing():
    store = quick_store()
    put(store, letter())
    (lost,) = claim(store)
    assert claim(store, NOW + LEASE, owner="other") == []
    (again,) = claim(store, NOW + LEASE + timedelta(seconds=1), owner="other")
    assert again.attempt == 2
    assert outbox.mark(store, lost, Result("sent"), now=NOW) is False and not outbox.hold(store, lost, now=NOW)
    assert outbox.hold(store, again, now=NOW + 2 * LEASE) and claim(store, NOW + 3 * LEASE, owner="third") == []


def test_pauses_grow_and_stand_in_the_table_until_the_message_is_dead():
    store, now, pauses = quick_store(), NOW, []
    put(store, letter())
    for number in range(1, MOST_ATTEMPTS + 1):
        (held,) = claim(store, now)
        assert held.attempt == number
        outbox.mark(store, held, Result("retry", "time_out"), now=now)
        row = rows(store)[0]
        if row.state == "queued":
            pauses.append((row.next_at - now) / timedelta(minutes=1))
            assert claim(store, row.next_at - timedelta(seconds=1)) == []
            now = row.next_at
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert (row.state, row.reason, row.next_at) == ("dead", "time_out", None) and claim(store, now + timedelta(days=9)) == []
    assert [one.outcome for one in rows(store, deliveries)] == ["retry"] * 9 + ["dead"]


def test_a_message_that_kills_every_sender_ends_as_a_dead_letter():
    store, now = quick_store(), NOW
    put(store, letter())
    for _ in range(MOST_ATTEMPTS):
        assert len(claim(store, now)) == 1
        now += LEASE + timedelta(seconds=1)
    assert claim(store, now) == [] and (rows(store)[0].state, rows(store)[0].reason) == ("dead", "sender_died")


def test_a_named_pause_counts_when_it_is_longer_and_waiting_is_no_try():
    store = quick_store()
    put(store, letter())
    (held,) = claim(store)
    outbox.mark(store, held, Result("waits", "http_429", timedelta(seconds=30)), now=NOW)
    assert (rows(store)[0].attempts, rows(store)[0].next_at) == (0, NOW + timedelta(seconds=30))
    (held,) = claim(store, NOW + timedelta(seconds=30))
    outbox.mark(store, held, Result("retry", "http_503", timedelta(hours=1)), now=NOW)
    assert rows(store)[0].next_at == NOW + timedelta(hours=1)


def test_what_was_not_tried_is_given_back_and_the_rest_waits_as_long():
    store, until = quick_store(), NOW + timedelta(minutes=5)
    put(store, letter("a"), letter("b"), letter("c"))
    held = claim(store, limit=2)
    outbox.release(store, held, until=until)
    outbox.postpone(store, channel="email", recipient=None, until=until)
    assert [(row.state, row.attempts, row.next_at) for row in rows(store)] == [("queued", 0, until)] * 3
    outbox.postpone(store, channel="email", recipient="b@example.com", until=until + timedelta(days=1))
    assert {row.next_at for row in rows(store)} == {until}


def test_a_dead_letter_is_sent_again_by_a_person_and_that_is_audited():
    store = quick_store()
    put(store, letter(), letter("kept", kept="demo"), letter("screen", channel="screen", recipient="", kept="no_channel"))
    (held,) = claim(store)
    with pytest.raises(OutboxError, match="sending"), begin_write(store) as connection:
        outbox.send_again(connection, held.id, by="ana@3t.cl", now=NOW)
    outbox.mark(store, held, Result("dead", "smtp_550"), now=NOW)
    with begin_write(store) as connection:
        outbox.send_again(connection, held.id, by="ana@3t.cl", now=NOW)
        outbox.send_again(connection, 2, by="ana@3t.cl", now=NOW)
        assert audited(connection) == [("ana@3t.cl", "message.retry", "1"), ("ana@3t.cl", "message.retry", "2")]
        with pytest.raises(OutboxError, match="no channel"):
            outbox.send_again(connection, 3, by="ana@3t.cl", now=NOW)
        with pytest.raises(OutboxError, match="unknown"):
            outbox.send_again(connection, 99, by="ana@3t.cl", now=NOW)
    assert [one.attempt for one in claim(store)] == [1, 1]
    assert [one.who for one in rows(store, deliveries)] == [None, "ana@3t.cl", "ana@3t.cl"]


def test_old_bodies_and_addresses_go_and_the_fact_stays():
    store = quick_store()
    put(store, letter("old", customers=("c1",)), letter("waits"), letter("new"))
    for held, days in zip(claim(store, limit=1) + claim(store, limit=3)[1:], (0, 60), strict=True):
        outbox.mark(store, held, Result("sent"), now=NOW + timedelta(days=days))
    with begin_write(store) as connection:
        assert outbox.purge(connection, NOW + timedelta(days=91), 90) == 1
        assert outbox.purge(connection, NOW + timedelta(days=91), 90) == 0
    old, waits, new = rows(store)
    assert (old.state, old.body, old.customers, old.recipient, old.masked) == ("sent", None, None, "#1", "a···@example.com")
    assert waits.body and new.body
    with pytest.raises(OutboxError), begin_write(store) as connection:
        connection.execute(sa.update(table).where(table.c.id == 1).values(state="dead"))
        outbox.send_again(connection, 1, by="ana@3t.cl", now=NOW)


def test_a_persons_messages_are_emptied_and_not_sent_any_more():
    store = quick_store()
    put(store, letter("a", customers=("c1", "c2")), letter("b", customers=("c12",)), letter("c"))
    with begin_write(store) as connection:
        assert outbox.erase_customer(connection, "c1", now=NOW) == 1
    assert [(row.state, row.reason, row.body is None) for row in rows(store)] == [
        ("kept", "erased", True), ("queued", None, False), ("queued", None, False),
    ]  # fmt: skip


def test_crowds_are_by_reader_and_only_what_waits_is_superseded():
    store = quick_store()
    put(
        store,
        *(letter(f"a{n}") for n in range(3)),
        *(letter(f"b{n}", recipient="b@example.com") for n in range(2)),
        letter("x", kind="other"),
    )
    with begin_write(store) as connection:
        (crowd,) = outbox.crowds(connection, kinds=("alert",), more_than=2, now=NOW)
        assert [row["dedup_key"] for row in crowd] == ["a0", "a1", "a2"]
        outbox.supersede(connection, [row["id"] for row in crowd], reason="digest", now=NOW)
        assert outbox.crowds(connection, kinds=("alert",), more_than=2, now=NOW) == []
    assert [row.state for row in rows(store)] == ["kept"] * 3 + ["queued"] * 3
    assert outbox.keep_unsent(store, channels=["email"], reason="no_channel", now=NOW) == 3
