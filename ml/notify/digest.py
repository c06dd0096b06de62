"""Many alerts at once become one message."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ml.i18n import translator
from ml.notify.audience import app_link
from ml.notify.messages import Link, Message
from ml.settings import Settings
from ml.store import outbox
from ml.store.engine import begin_write
from ml.store.outbox import Letter
from ml.store.preferences import Preferences

JOINED = ("alert", "run_failed")
LISTED = 20


def join_crowds(settings: Settings, store: sa.Engine, preferences: Preferences, now: datetime) -> int:
    """Put one summary in the place of more than `digest_above` waiting alerts to one reader; returns how many summaries."""
    with begin_write(store) as connection:
        crowds = outbox.crowds(connection, kinds=JOINED, more_than=preferences.digest_above, now=now)
        for rows in crowds:
            outbox.enqueue(connection, [_summary(settings, rows)], now=now)
            outbox.supersede(connection, [row["id"] for row in rows], reason="digest", now=now)
    return len(crowds)


def _summary(settings: Settings, rows: list[dict[str, Any]]) -> Letter:
    first, last = rows[0], rows[-1]
    t = translator(first["language"])
    title = t("{n} alerts at once", n=len(rows))
    titles = tuple(row["title"] for row in rows[:LISTED])
    more = (t("and {n} more", n=len(rows) - LISTED),) if len(rows) > LISTED else ()
    link = Link(t("See the messages"), app_link(settings, "operations?part=messages"))
    message = Message("digest", first["language"], title, (*titles, *more), (title, *titles[:3]), link=link)
    return Letter(
        dedup_key=f"digest:{first['id']}-{last['id']}", channel=first["channel"], recipient=first["recipient"], masked=first["masked"],
        language=first["language"], kind=message.kind, title=title, body=message.as_dict(),
    )  # fmt: skip
