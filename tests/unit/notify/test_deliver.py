"""The drain: quiet hours, summaries, the demo company, channels taken away, two at once, and a sender that dies."""

import json
import multiprocessing
import os
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ml.notify import deliver
from ml.notify.deliver import Courier, drain
from ml.notify.messages import Message
from ml.store import outbox
from ml.store.engine import begin_write, open_store
from ml.store.outbox import LEASE
from ml.store.schema_outbox import outbox as table
from ml.store.values import set_preference
from tests.conftest import settings_for
from tests.outside import web
from tests.unit.notify.sending import NOON, SECRET, drained, letter, own_settings, states, store_of

NIGHT = NOON + timedelta(hours=10)  # 22:00 in Santiago


def hook(server) -> dict:
    return {"webhook_url": f"{server.url}/hook", "webhook_secret": SECRET}


def test_what_rings_waits_for_the_morning_and_the_rest_goes(tmp_path):
    with web() as server:
        settings = own_settings(tmp_path, slack_webhook_url=server.url, **hook(server))
        store = store_of(settings, letter(), letter(channel="webhook"))
        assert drain(settings, store, NIGHT) == {"sent": 1} and drain(settings, store, NIGHT + timedelta(hours=9)) == {}
        assert drain(settings, store, NIGHT + timedelta(hours=10, minutes=1)) == {"sent": 1}
    assert [request.path for request in server.requests] == ["/hook", "/"]


def test_the_demo_company_never_sends(tmp_path):
    with web() as server:
        settings = settings_for(tmp_path, slack_webhook_url=server.url, **hook(server))
        store = store_of(settings, letter(), letter(channel="webhook"))
        assert drained(settings, store) == {"kept": 2} and server.requests == []
    assert states(store) == [("slack", "kept", "demo"), ("webhook", "kept", "demo")]


def test_without_its_channel_a_message_is_kept(tmp_path):
    settings = own_settings(tmp_path)
    store = store_of(settings, letter())
    assert drained(settings, store) == {"kept": 1} and states(store) == [("slack", "kept", "no_channel")]


def test_many_alerts_become_one_summary(tmp_path):
    with web() as server:
        settings = own_settings(tmp_path, slack_webhook_url=server.url)
        alerts = [letter(f"alert:{n}", said=Message("alert", "es", f"Alerta {n}", (), ())) for n in range(6)]
        store = store_of(settings, *alerts, letter())
        assert drained(settings, store) == {"sent": 2}
        assert drained(settings, store, 1) == {}
    texts = [json.loads(request.body)["text"] for request in server.requests]
    assert any(text.startswith("6 alertas a la vez") for text in texts)
    assert [state for _, state, _ in states(store)] == ["kept"] * 6 + ["sent", "sent"]
    with begin_write(store) as connection:
        set_preference(connection, "digest_above", 6, who="ana", at=NOON)
        outbox.enqueue(
            connection, [letter(f"more:{n}", said=alerts[0] and Message("alert", "es", "x", (), ())) for n in range(6)], now=NOON
        )
    with web() as server:
        settings = own_settings(tmp_path, slack_webhook_url=server.url)
        assert drained(settings, store, 2) == {"sent": 6}


def test_one_bad_message_leaves_the_others(tmp_path, caplog):
    with web() as server:
        settings = own_settings(tmp_path, slack_webhook_url=server.url)
        store = store_of(settings, letter("bad"), letter("good"))
        with begin_write(store) as connection:
            connection.execute(sa.update(table).where(table.c.dedup_key == "bad").values(body={"nonsense": 1}))
        assert drained(settings, store) == {"retry": 1, "sent": 1}
    assert "TypeError" in caplog.text and server.url not in caplog.text


def test_two_drains_at_once_send_each_message_once(tmp_path):
    with web() as server:
        settings = own_settings(tmp_path, **hook(server))
        store = store_of(settings, *(letter(str(n), "webhook") for n in range(60)))
        engines = [open_store(settings) for _ in range(3)]
        threads = [threading.Thread(target=drain, args=(settings, engine, NOON)) for engine in engines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    keys = [request.headers["Idempotency-Key"] for request in server.requests]
    assert len(keys) == len(set(keys)) == 60 and {state for _, state, _ in states(store)} == {"sent"}


def _drain_and_die(settings, place: str) -> None:
    """Drain in this process, which ends without a word before ("send") or after ("mark") the message has left."""
    real = deliver.outbox.mark if place == "mark" else deliver._sent

    def die(*arguments, **named):
        return real(*arguments, **named) if place == "" else os._exit(9)

    setattr(*((deliver.outbox, "mark", die) if place == "mark" else (deliver, "_sent", die)))
    drain(settings, open_store(settings), NOON)


@pytest.mark.parametrize(("place", "copies"), [("send", 1), ("mark", 2)])
def test_a_sender_that_dies_loses_nothing_and_doubles_only_between_send_and_mark(tmp_path, place, copies):
    with web() as server:
        settings = own_settings(tmp_path, **hook(server))
        store = store_of(settings, letter(channel="webhook"))
        child = multiprocessing.get_context("fork").Process(target=_drain_and_die, args=(settings, place))
        child.start()
        child.join()
        assert child.exitcode == 9 and drain(settings, store, NOON + LEASE / 2) == {}
        assert drain(settings, store, NOON + LEASE + timedelta(seconds=1)) == {"sent": 1}
    keys = [request.headers["Idempotency-Key"] for request in server.requests]
    assert len(keys) == copies and len(set(keys)) == 1


def test_the_courier_drains_beside_the_tick_one_at_a_time(tmp_path, monkeypatch):
    begun, go_on = [], threading.Event()

    def slow(*_arguments) -> dict:
        begun.append(1)
        go_on.wait(5)
        return {}

    monkeypatch.setattr(deliver, "drain", slow)
    courier = Courier(own_settings(tmp_path), sa.create_engine("sqlite://"))
    courier.tick()
    courier.tick()
    go_on.set()
    courier._thread.join(5)
    assert begun == [1]


def test_limit_and_idle(tmp_path):
    with web() as server:
        settings = own_settings(tmp_path, **hook(server))
        store = store_of(settings, *(letter(str(n), "webhook") for n in range(5)))
        assert drain(settings, store, NOON, limit=3) == {"sent": 3} and drain(settings, store, NOON, limit=3) == {"sent": 2}
        assert drain(settings, store, NOON) == {}
