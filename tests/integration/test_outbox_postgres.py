"""The outbox in a real Postgres: several senders at once, the same key written twice at once, removed bodies, one activity list."""

import threading
from datetime import timedelta

import sqlalchemy as sa

from ml.notify.deliver import drain
from ml.queries import activity, messages
from ml.store import audit, outbox
from ml.store.engine import begin_write, open_store
from ml.store.schema_outbox import outbox as table
from tests.outside import web
from tests.postgres import postgres_server
from tests.unit.notify.sending import NOON, SECRET, letter, own_settings, states

MESSAGES = 60


def test_the_outbox_in_postgres(tmp_path):
    with postgres_server() as url, web() as server:
        settings = own_settings(tmp_path, database_url=url, webhook_url=server.url, webhook_secret=SECRET)
        engines = [open_store(settings) for _ in range(4)]
        said = [letter(str(number), "webhook") for number in range(MESSAGES)]
        together(engines, lambda engine: write(engine, said))
        assert len(states(engines[0])) == MESSAGES
        together(engines, lambda engine: drain(settings, engine, NOON))
        keys = [request.headers["Idempotency-Key"] for request in server.requests]
        assert len(keys) == len(set(keys)) == MESSAGES and {state for _, state, _ in states(engines[0])} == {"sent"}
        with begin_write(engines[0]) as connection:
            assert outbox.erase_customer(connection, "c1", now=NOON) == 0
            assert outbox.purge(connection, NOON + timedelta(days=91), 90) == MESSAGES
            assert outbox.purge(connection, NOON + timedelta(days=91), 90) == 0
            audit.record(connection, "ana@3t.cl", "session.refuse", "ana@3t.cl", at=NOON)
        with engines[0].connect() as connection:
            assert connection.execute(sa.select(table.c.id).where(table.c.body.is_not(None))).first() is None
            assert (
                len(activity.activity(connection)) == MESSAGES + 1 and activity.activity_pages(connection, "person", None, "trouble") == 1
            )
            assert len(messages.messages(connection, state="sent")) == MESSAGES and messages.message(connection, 1).body is None
        for engine in engines:
            engine.dispose()


def write(engine: sa.Engine, said: list) -> None:
    for one in said:
        with begin_write(engine) as connection:
            outbox.enqueue(connection, [one], now=NOON)


def together(engines: list[sa.Engine], work) -> None:
    threads = [threading.Thread(target=work, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
