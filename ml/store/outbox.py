"""The outbox: a message is written in the transaction of what it tells of, and sent later by whoever claims it.

A claim is a lease: two senders never hold the same message, and one whose sender died is claimed again when its lease has run out. So a
message is sent twice only when its sender dies, or is cut off, between the sending and the mark. Waiting times after a failure stand in
the table and grow with each try; after MOST_ATTEMPTS the message is a dead letter, which a person can send again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ml.store import audit
from ml.store.engine import begin_write
from ml.store.refused import Refused
from ml.store.schema_outbox import deliveries, outbox

STATES: tuple[str, ...] = ("queued", "sending", "sent", "dead", "kept")
SCREEN = "screen"
LEASE = timedelta(minutes=5)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
MOST_ATTEMPTS = 10
ERASED = "erased"
Row = Mapping[str, Any] | sa.RowMapping


class OutboxError(Refused):
    """A message cannot be sent again; the sentence says why."""


@dataclass(frozen=True)
class Letter:
    """A message to one recipient by one channel. `kept` is a code that says why it is not to be sent (None: it is)."""

    dedup_key: str
    channel: str
    recipient: str
    masked: str
    language: str
    kind: str
    title: str
    body: Mapping[str, Any]
    customers: Sequence[str] = field(default_factory=tuple)
    run_id: int | None = None
    kept: str | None = None


class Claimed(NamedTuple):
    """A message that this sender holds, with the try it is now (1 = the first)."""

    id: int
    dedup_key: str
    channel: str
    recipient: str
    masked: str
    language: str
    kind: str
    body: dict[str, Any]
    run_id: int | None
    attempt: int
    owner: str
    created_at: datetime
    lease_until: datetime


class Result(NamedTuple):
    """What came of a try: sent, retry, waits (not counted as a try), dead or kept; a code; the pause, if the other side named one."""

    outcome: str
    code: str | None = None
    pause: timedelta | None = None
    seconds: float | None = None


def enqueue(connection: sa.Connection, letters: Iterable[Letter], *, now: datetime) -> int:
    """Write messages in the caller's transaction; returns how many are new: the same key, channel and recipient is written once."""
    return sum(_insert(connection, letter, now) for letter in letters)


def is_known(connection: sa.Connection, dedup_key: str) -> bool:
    """Whether a message with this key was written before, to whomever."""
    return connection.execute(sa.select(outbox.c.id).where(outbox.c.dedup_key == dedup_key).limit(1)).first() is not None


def is_any_due(connection: sa.Connection, now: datetime) -> bool:
    """Whether there is anything to send at `now`."""
    return connection.execute(sa.select(outbox.c.id).where(_due(now)).limit(1)).first() is not None


def claim(store: sa.Engine, *, owner: str, channels: Sequence[str], now: datetime, limit: int) -> list[Claimed]:
    """Up to `limit` messages of these channels that are due, leased to `owner`; the oldest first.

    A message whose sender gave no sign until its lease ran out is due again; one that has used up its tries that way is a dead letter.
    """
    query = sa.select(outbox).where(outbox.c.channel.in_(channels), _due(now)).order_by(outbox.c.next_at, outbox.c.id).limit(limit)
    with begin_write(store) as connection:
        rows = connection.execute(query.with_for_update(skip_locked=True)).mappings().all()
        for row in rows:
            if row["attempts"] >= MOST_ATTEMPTS:
                _end(connection, row["id"], "dead", "sender_died", now)
                _log(connection, row, Result("dead", "sender_died"), now)
        mine = [row for row in rows if row["attempts"] < MOST_ATTEMPTS]
        until = now + LEASE
        if mine:
            held = sa.update(outbox).where(outbox.c.id.in_([row["id"] for row in mine]))
            connection.execute(held.values(state="sending", owner=owner, lease_until=until, attempts=outbox.c.attempts + 1))
    return [_claimed(row, owner, until) for row in mine]


def hold(store: sa.Engine, letter: Claimed, *, now: datetime) -> bool:
    """Extend the lease before a sending that could outlast it; False when the message is somebody else's by now."""
    with begin_write(store) as connection:
        return connection.execute(_mine(letter).values(lease_until=now + LEASE)).rowcount == 1


def mark(store: sa.Engine, letter: Claimed, result: Result, *, now: datetime) -> bool:
    """Write down what came of a try; False when the message is somebody else's by now, who will write it down."""
    with begin_write(store) as connection:
        return _mark(connection, letter, result, now)


def release(store: sa.Engine, letters: Sequence[Claimed], *, until: datetime) -> None:
    """Give messages of one owner back untried, because their channel does not answer now: the try is not counted."""
    if not letters:
        return
    held = outbox.c.id.in_([letter.id for letter in letters]) & (outbox.c.owner == letters[0].owner) & (outbox.c.state == "sending")
    back = {"state": "queued", "attempts": outbox.c.attempts - 1, "next_at": until, "owner": None, "lease_until": None}
    with begin_write(store) as connection:
        connection.execute(sa.update(outbox).where(held).values(**back))


def postpone(store: sa.Engine, *, channel: str, recipient: str | None, until: datetime) -> None:
    """Let everything wait that is queued for a channel (and one recipient of it, if given): the channel does not answer before `until`."""
    waiting = (outbox.c.channel == channel) & (outbox.c.state == "queued") & (outbox.c.next_at < until)
    if recipient is not None:
        waiting &= outbox.c.recipient == recipient
    with begin_write(store) as connection:
        connection.execute(sa.update(outbox).where(waiting).values(next_at=until))


def keep_unsent(store: sa.Engine, *, channels: Sequence[str], reason: str, now: datetime) -> int:
    """Keep what waits for these channels, readable on the screen and not sent; returns how many that were."""
    with begin_write(store) as connection:
        waiting = (outbox.c.state == "queued") & outbox.c.channel.in_(channels)
        rows = connection.execute(sa.select(outbox).where(waiting).with_for_update(skip_locked=True)).mappings().all()
        for row in rows:
            _end(connection, row["id"], "kept", reason, now)
            _log(connection, row, Result("kept", reason), now)
    return len(rows)


def crowds(connection: sa.Connection, *, kinds: Sequence[str], more_than: int, now: datetime) -> list[list[dict[str, Any]]]:
    """Groups of more than `more_than` waiting messages of these kinds to one recipient by one channel, each the oldest first."""
    query = sa.select(outbox).where(outbox.c.state == "queued", outbox.c.kind.in_(kinds), outbox.c.next_at <= now).order_by(outbox.c.id)
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in connection.execute(query.with_for_update(skip_locked=True)).mappings():
        groups.setdefault((row["channel"], row["recipient"], row["language"]), []).append(dict(row))
    return [rows for rows in groups.values() if len(rows) > more_than]


def supersede(connection: sa.Connection, ids: Sequence[int], *, reason: str, now: datetime) -> None:
    """Keep waiting messages because another one says what they say, within the caller's transaction."""
    for row in connection.execute(sa.select(outbox).where(outbox.c.id.in_(ids), outbox.c.state == "queued")).mappings().all():
        _end(connection, row["id"], "kept", reason, now)
        _log(connection, row, Result("kept", reason), now)


def waiting_of_run(connection: sa.Connection, run_id: int, kind: str) -> list[int]:
    """The ids of the messages of a kind about a run that still wait."""
    query = sa.select(outbox.c.id).where(outbox.c.run_id == run_id, outbox.c.kind == kind, outbox.c.state == "queued")
    return list(connection.execute(query).scalars())


def send_again(connection: sa.Connection, message_id: int, *, by: str, now: datetime) -> None:
    """Put a dead or kept message back into the queue with all its tries, within the caller's transaction, with an audit row.

    Raises OutboxError when it is neither, has lost its body to its age, or was never meant for a channel.
    """
    row = connection.execute(sa.select(outbox).where(outbox.c.id == message_id).with_for_update()).mappings().first()
    if row is None or row["state"] not in ("dead", "kept"):
        raise OutboxError(f"The message {message_id} is not waiting for a person: {row['state'] if row else 'unknown'}.", "message_state")
    if row["body"] is None or row["channel"] == SCREEN:
        raise OutboxError(f"The message {message_id} cannot be sent: its text is gone, or no channel was set up for it.", "message_gone")
    values = {"state": "queued", "reason": None, "attempts": 0, "next_at": now, "done_at": None, "owner": None, "lease_until": None}
    connection.execute(sa.update(outbox).where(outbox.c.id == message_id).values(**values))
    _log(connection, row, Result("queued"), now, who=by)
    audit.record(connection, by, "message.retry", str(message_id), {"channel": row["channel"], "address": row["masked"]}, at=now)


def purge(connection: sa.Connection, now: datetime, keep_days: int) -> int:
    """Remove the bodies of messages that ended more than `keep_days` ago, and the addresses with them; returns how many that were."""
    old = (outbox.c.done_at < now - timedelta(days=keep_days)) & outbox.c.body.is_not(None)
    ids = list(connection.execute(sa.select(outbox.c.id).where(outbox.c.state.in_(("sent", "dead", "kept")), old)).scalars())
    return _empty(connection, ids)


def erase_customer(connection: sa.Connection, customer_id: str, *, now: datetime) -> int:
    """Remove the bodies of all messages that name a customer; one that still waits is not sent any more. Returns how many there were."""
    rows = connection.execute(sa.select(outbox.c.id, outbox.c.customers, outbox.c.state).where(outbox.c.body.is_not(None))).all()
    named = [row for row in rows if customer_id in (row.customers or ())]
    for row in named:
        if row.state in ("queued", "sending"):
            _end(connection, row.id, "kept", ERASED, now)
    return _empty(connection, [row.id for row in named])


def pause_after(attempt: int) -> timedelta:
    """How long to wait after the `attempt`th try failed: a minute, doubled by each further try, six hours at most.

    >>> pause_after(1), pause_after(4)
    (datetime.timedelta(seconds=60), datetime.timedelta(seconds=480))
    """
    return min(FIRST_PAUSE * 2 ** (max(attempt, 1) - 1), LONGEST_PAUSE)


def _insert(connection: sa.Connection, letter: Letter, now: datetime) -> bool:
    same = (outbox.c.dedup_key == letter.dedup_key) & (outbox.c.channel == letter.channel) & (outbox.c.recipient == letter.recipient)
    if connection.execute(sa.select(outbox.c.id).where(same)).first() is not None:
        return False
    ended = {"state": "kept", "reason": letter.kept, "done_at": now} if letter.kept else {"state": "queued", "next_at": now}
    values = {
        "dedup_key": letter.dedup_key, "channel": letter.channel, "recipient": letter.recipient, "masked": letter.masked,
        "language": letter.language, "kind": letter.kind, "title": letter.title, "body": dict(letter.body),
        "customers": list(letter.customers), "run_id": letter.run_id, "attempts": 0, "created_at": now, **ended,
    }  # fmt: skip
    try:
        with connection.begin_nested():
            connection.execute(sa.insert(outbox).values(**values))
    except IntegrityError:  # Postgres: somebody else wrote the same message between our look and our insert
        return False
    return True


def _mark(connection: sa.Connection, letter: Claimed, result: Result, now: datetime) -> bool:
    values: dict[str, Any] = {"owner": None, "lease_until": None}
    outcome = result.outcome
    if outcome == "retry" and letter.attempt >= MOST_ATTEMPTS:
        outcome = "dead"
    if outcome == "retry":
        values |= {"state": "queued", "next_at": now + max(result.pause or timedelta(0), pause_after(letter.attempt))}
    elif outcome == "waits":
        values |= {"state": "queued", "next_at": now + (result.pause or FIRST_PAUSE), "attempts": letter.attempt - 1}
    else:
        values |= {"state": outcome, "done_at": now, "reason": None if outcome == "sent" else result.code, "next_at": None}
    if connection.execute(_mine(letter).values(**values)).rowcount != 1:
        return False
    _log(connection, letter._asdict(), result._replace(outcome=outcome), now, attempt=letter.attempt)
    return True


def _due(now: datetime) -> sa.ColumnElement[bool]:
    waits = (outbox.c.state == "queued") & (outbox.c.next_at <= now)
    return waits | ((outbox.c.state == "sending") & (outbox.c.lease_until < now))


def _mine(letter: Claimed) -> sa.Update:
    return sa.update(outbox).where(
        outbox.c.id == letter.id, outbox.c.owner == letter.owner, outbox.c.attempts == letter.attempt, outbox.c.state == "sending"
    )


def _end(connection: sa.Connection, message_id: int, state: str, reason: str, now: datetime) -> None:
    values = {"state": state, "reason": reason, "done_at": now, "next_at": None, "owner": None, "lease_until": None}
    connection.execute(sa.update(outbox).where(outbox.c.id == message_id).values(**values))


def _log(connection: sa.Connection, row: Row, result: Result, now: datetime, *, attempt: int | None = None, who: str | None = None) -> None:
    values = {"outbox_id": row["id"], "at": now, "channel": row["channel"], "address": row["masked"], "who": who}
    told = {"attempt": row["attempts"] if attempt is None else attempt, "outcome": result.outcome, "code": result.code}
    connection.execute(sa.insert(deliveries).values(**values, **told, seconds=result.seconds))


def _empty(connection: sa.Connection, ids: Sequence[int]) -> int:
    """Take the body, the customers and the address off; the mask stays, and the id stands for the address."""
    for message_id in ids:
        values = {"body": sa.null(), "customers": sa.null(), "recipient": f"#{message_id}"}
        connection.execute(sa.update(outbox).where(outbox.c.id == message_id).values(**values))
    return len(ids)


def _claimed(row: Row, owner: str, until: datetime) -> Claimed:
    same = {name: row[name] for name in Claimed._fields if name in row and name not in ("owner", "lease_until")}
    return Claimed(**same, attempt=row["attempts"] + 1, owner=owner, lease_until=until)
