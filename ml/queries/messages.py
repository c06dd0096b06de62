"""Messages of the outbox as screens list them, and one of them with what came of every try."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa

from ml.store.schema_outbox import deliveries, outbox

PAGE_ROWS = 200
LISTED = (
    "id", "created_at", "kind", "channel", "masked", "language", "title", "state", "reason", "attempts", "next_at", "done_at", "run_id",
)  # fmt: skip
MOMENTS = ("created_at", "next_at", "done_at")
TEXTS = ("reason",)
TRIES = ("at", "attempt", "address", "outcome", "code", "seconds", "who")


@dataclass(frozen=True)
class Kept:
    """One message: its row (the columns of LISTED), its body (None once its days are over), and its tries, the newest first."""

    row: dict[str, Any]
    dedup_key: str
    body: dict[str, Any] | None
    tries: pd.DataFrame

    @property
    def may_be_sent_again(self) -> bool:
        """Whether a person can put it back into the queue."""
        return self.row["state"] in ("dead", "kept") and self.body is not None and self.row["channel"] != "screen"


def messages(
    conn: sa.Connection, kind: str | None = None, state: str | None = None, channel: str | None = None, page: int = 1
) -> pd.DataFrame:
    """A page of PAGE_ROWS messages, the newest first: the columns of LISTED. An absent text is None."""
    query = _where(sa.select(*(outbox.c[name] for name in LISTED)), kind, state, channel).order_by(outbox.c.id.desc())
    rows = conn.execute(query.limit(PAGE_ROWS).offset((max(page, 1) - 1) * PAGE_ROWS)).all()
    frame = pd.DataFrame(rows, columns=list(LISTED)).astype(dict.fromkeys(MOMENTS, "datetime64[us]"))
    return frame.assign(**{name: frame[name].astype(object).where(frame[name].notna(), None) for name in TEXTS})


def message_pages(conn: sa.Connection, kind: str | None = None, state: str | None = None, channel: str | None = None) -> int:
    """How many pages of messages there are, at least 1."""
    count = conn.execute(_where(sa.select(sa.func.count()).select_from(outbox), kind, state, channel)).scalar_one()
    return max(-(-count // PAGE_ROWS), 1)


def message_kinds(conn: sa.Connection) -> tuple[list[str], list[str], list[str]]:
    """The kinds, states and channels that occur."""
    kinds, states, channels = (
        list(conn.execute(sa.select(column).distinct().order_by(column)).scalars())
        for column in (outbox.c.kind, outbox.c.state, outbox.c.channel)
    )
    return kinds, states, channels


def message(conn: sa.Connection, message_id: int) -> Kept | None:
    """One message, None when there is none."""
    row = conn.execute(sa.select(outbox).where(outbox.c.id == message_id)).mappings().first()
    if row is None:
        return None
    query = sa.select(*(deliveries.c[name] for name in TRIES)).where(deliveries.c.outbox_id == message_id).order_by(deliveries.c.id.desc())
    tries = pd.DataFrame(conn.execute(query).all(), columns=list(TRIES)).astype({"at": "datetime64[us]", "seconds": "float64"})
    return Kept({name: row[name] for name in LISTED}, row["dedup_key"], row["body"], tries)


def troubled(conn: sa.Connection) -> int:
    """How many dead letters wait for a person."""
    return conn.execute(sa.select(sa.func.count()).select_from(outbox).where(outbox.c.state == "dead")).scalar_one()


def last_sent(conn: sa.Connection) -> datetime | None:
    """When a message was sent last (naive UTC)."""
    return conn.execute(sa.select(sa.func.max(outbox.c.done_at)).where(outbox.c.state == "sent")).scalar()


def _where(query: sa.Select, kind: str | None, state: str | None, channel: str | None) -> sa.Select:
    chosen = ((outbox.c.kind, kind), (outbox.c.state, state), (outbox.c.channel, channel))
    return query.where(*[column == value for column, value in chosen if value is not None])
