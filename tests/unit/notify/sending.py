"""A store with letters in it, settings with channels that lead to this machine, and the drain."""

from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from ml.notify.deliver import drain
from ml.notify.messages import Chart, Link, Message, Table
from ml.settings import Settings
from ml.store import outbox
from ml.store.engine import begin_write, open_store
from ml.store.outbox import Letter
from ml.store.schema_outbox import deliveries
from ml.store.schema_outbox import outbox as table
from tests.conftest import settings_for

NOON = datetime(2026, 11, 2, 15, 0)  # 12:00 in Santiago
SECRET = "a-webhook-secret-of-24-chars"
HOSTILE = "<!channel> <b>*Ana* & `Söhne`</b> http://evil.example $1$ \r\nBcc: eve@example.com \u202eabc"


def message(**values) -> Message:
    """A message with everything in it, of hostile texts."""
    from ml.notify.messages import clean

    name = clean(HOSTILE)
    told = {
        "kind": "churn_alerts", "language": "es", "title": name, "sentences": (name, "Pérdida esperada: $ 120.000"),
        "short": (name, "1. Ana"),
        "link": Link("Abrir", "https://insights.example.com/churn"),
        "table": Table(("Cliente", "Riesgo"), ((name, "42 %"), ("Ana", "40 %")), ("left", "right"), ("https://insights.example.com/churn?customer=c%261",)),
        "chart": Chart("Dinero", ("lun 2", "mar 3"), (1.0, 2.0), (0.5, 1.0), (1.5, 3.0)),
        "facts": {"at_risk": 2}, "customers": ("c1",),
    }  # fmt: skip
    return Message(**(told | values))


def letter(key: str = "churn_alerts:7", channel: str = "slack", recipient: str = "", said: Message | None = None, **values) -> Letter:
    said = said or message()
    told = {"masked": channel, "language": "es", "kind": said.kind, "title": said.title, "body": said.as_dict()}
    return Letter(dedup_key=key, channel=channel, recipient=recipient, **(told | values))


def own_settings(home: Path, **values) -> Settings:
    """Settings of a company that is not the demo."""
    return settings_for(home, source="sqlite:////nowhere.db", **values)


def store_of(settings: Settings, *letters: Letter, now: datetime = NOON) -> sa.Engine:
    store = open_store(settings)
    with begin_write(store) as connection:
        outbox.enqueue(connection, letters, now=now)
    return store


def states(store: sa.Engine) -> list[tuple[str, str, str | None]]:
    """Channel, state and reason of every message."""
    with store.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(table.c.channel, table.c.state, table.c.reason).order_by(table.c.id))]


def tries(store: sa.Engine) -> list[tuple[str, str | None]]:
    """Outcome and code of every try."""
    with store.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(deliveries.c.outcome, deliveries.c.code).order_by(deliveries.c.id))]


def drained(settings: Settings, store: sa.Engine, minutes: float = 0) -> dict[str, int]:
    """What a drain some minutes after NOON does."""
    return drain(settings, store, NOON + timedelta(minutes=minutes))
