"""The message at the end of an experiment: verdict, effect and money in the reader's language, once, to those who should know."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from ml.i18n import translator
from ml.i18n.figures import Formatter
from ml.notify import experiments, jobs
from ml.notify.message_jobs import compose_in
from ml.notify.messages import message_of
from ml.store import experiments as kept_experiments
from ml.store import users
from ml.store.engine import begin_write, open_store
from ml.store.schema_outbox import outbox as table
from ml.store.values import set_preference
from tests.conftest import settings_for
from tests.pages.filled_store import fill
from tests.people import quick_hashes  # noqa: F401 - for the people of this module
from tests.unit.notify.sending import NOON, own_settings

CHANNELS = {"smtp_host": "127.0.0.1", "smtp_from": "insights@example.com", "slack_webhook_url": "http://127.0.0.1:9/"}


@pytest.fixture
def store(own_filled_home):
    return open_store(own_settings(own_filled_home))


@pytest.fixture
def settings(own_filled_home):
    return own_settings(own_filled_home, public_url="https://insights.example.com", **CHANNELS)


def moments(store) -> dict[str, object]:
    """When each experiment of the filled store came into its state, by its state."""
    with store.connect() as connection:
        found = {}
        for kept in kept_experiments.list_all(connection):
            found[kept.state] = (kept.experiment_id, kept_experiments.events_of(connection, kept.experiment_id)[-1]["at"])
    return found


def told(store) -> list:
    with store.connect() as connection:
        return list(connection.execute(sa.select(table).order_by(table.c.id)))


def tell(store, settings, now) -> int:
    with begin_write(store) as connection:
        return experiments.tell_ends(connection, settings, now=now)


def test_an_end_is_told_once_with_verdict_effect_money_and_a_link(store, settings):
    ended, at = moments(store)["completed"]
    with begin_write(store) as connection:
        set_preference(connection, "experiments_recipients", "ana@3t.cl", who="ana", at=NOON)
    assert tell(store, settings, at) == 4  # slack and one address, of an end and of a pause that nobody pressed
    assert tell(store, settings, at + timedelta(days=1)) == 0
    letters = [row for row in told(store) if row.dedup_key == f"experiment_ended:{ended}"]
    assert [(row.channel, row.recipient, row.kind, row.state) for row in letters] == [
        ("slack", "", "experiment_ended", "queued"), ("email", "ana@3t.cl", "experiment_ended", "queued"),
    ]  # fmt: skip
    message = message_of(letters[0].body)
    assert message.language == "es" and message.title.startswith("Terminó la prueba: ")
    assert message.link.url == f"https://insights.example.com/experiments?test={ended}"
    effect, monthly = message.facts["effect_per_unit"], message.facts["monthly"]
    assert effect["low"] <= effect["effect"] <= effect["high"] and monthly["low"] <= monthly["effect"] <= monthly["high"]
    money = Formatter(translator("es")).money(monthly["effect"])
    assert any(money in sentence and "al mes" in sentence for sentence in message.sentences)
    assert any(money in line for line in message.short) and message.facts["verdict"] in ("scale", "stop", "inconclusive", "go_on")
    assert len(message.table.rows) == 4 and message.customers == ()


def test_a_new_reader_does_not_hear_of_it_again_and_an_old_end_is_no_news(store, settings):
    _, at = moments(store)["completed"]
    assert tell(store, settings, at + timedelta(days=8)) == 0
    assert tell(store, settings, at) > 0
    count = len(told(store))
    with begin_write(store) as connection:
        set_preference(connection, "experiments_recipients", "new@3t.cl", who="ana", at=NOON)
    assert tell(store, settings, at + timedelta(hours=1)) == 0 and len(told(store)) == count


def test_where_nobody_is_named_the_analysts_get_it_in_their_language(store, settings):
    with begin_write(store) as connection:
        for name, role in (("eva", "analyst"), ("bob", "admin"), ("out", "analyst")):
            users.add(connection, f"{name}@3t.cl", name, role, "a long enough password", now=NOON)
        users.set_language(connection, "eva@3t.cl", "en", now=NOON, by="eva@3t.cl")
        users.disable(connection, "out@3t.cl", now=NOON, by="bob@3t.cl")
    ended, at = moments(store)["completed"]
    tell(store, settings, at)
    letters = [row for row in told(store) if row.dedup_key == f"experiment_ended:{ended}"]
    assert [(row.channel, row.recipient) for row in letters] == [("slack", ""), ("email", "eva@3t.cl")]
    assert message_of(letters[1].body).title.startswith("Test ended: ") and letters[1].language == "en"


def test_a_test_that_was_held_by_itself_says_that_its_numbers_may_not_be_read(store, settings):
    held, at = moments(store)["paused"]
    tell(store, settings, at)
    message = next(message_of(row.body) for row in told(store) if row.dedup_key.startswith(f"experiment_held:{held}:"))
    assert message.title.startswith("Prueba detenida: ") and message.facts["verdict"] == "unreadable"
    assert message.facts["effect_per_unit"] is message.facts["monthly"] is message.table is None


def test_a_pause_that_somebody_pressed_is_no_news(store, settings):
    running, _ = moments(store)["active"]
    with begin_write(store) as connection:
        kept_experiments.move(connection, running, "paused", who="ana@3t.cl", at=NOON)
    tell(store, settings, NOON)
    assert not [row for row in told(store) if running in row.dedup_key]


def test_an_end_that_somebody_pressed_is_told(store, settings):
    running, _ = moments(store)["active"]
    with begin_write(store) as connection:
        kept_experiments.move(connection, running, "completed", who="ana@3t.cl", at=NOON)
    assert tell(store, settings, NOON) > 0
    assert [row.channel for row in told(store) if row.dedup_key == f"experiment_ended:{running}"] == ["slack"]


def test_the_demo_company_keeps_it(tmp_path):
    demo = settings_for(tmp_path / "demo", **CHANNELS)
    engine = open_store(demo)
    fill(engine)
    _, at = moments(engine)["completed"]
    with begin_write(engine) as connection:
        assert experiments.tell_ends(connection, demo, now=at) > 0
    assert {(row.state, row.reason) for row in told(engine)} == {("kept", "demo")}


def test_the_preview_is_what_is_sent(store, settings):
    running, _ = moments(store)["active"]
    assert experiments.PREVIEW in jobs.PREVIEWS and experiments.PREVIEW not in jobs.MESSAGE_JOBS
    with store.connect() as connection:
        newest = next(kept for kept in kept_experiments.list_all(connection) if kept.state != "draft")
        shown = compose_in(connection, settings, experiments.PREVIEW, "es")
        assert shown == experiments.message_about(connection, settings, Formatter(translator("es"), settings.currency), newest)
        connection.rollback()
    with begin_write(store) as connection:
        connection.execute(sa.delete(kept_experiments.experiment_looks))
        for name in ("experiment_units", "experiment_outcomes", "experiment_events", "experiments"):
            connection.execute(sa.delete(getattr(kept_experiments, name)))
    with store.connect() as connection:
        assert compose_in(connection, settings, experiments.PREVIEW, "es") is None
