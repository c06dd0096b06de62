"""Outbox -> channel: what is due is claimed, sent, and marked; a channel that does not answer lets the others go on."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ml import clock
from ml.notify.audience import DEMO, NO_CHANNEL
from ml.notify.channels import CHANNELS, Channel, Send
from ml.notify.digest import join_crowds
from ml.notify.messages import message_of
from ml.notify.posting import Outcome
from ml.settings import Settings
from ml.store import outbox
from ml.store.outbox import Claimed, Result
from ml.store.preferences import Preferences
from ml.store.runs import new_owner
from ml.store.values import load_preferences

log = logging.getLogger(__name__)
BATCH = 50
LONGEST_SENDING = timedelta(minutes=2)


class Moments:
    """The moment handed in, moving on with the monotonic clock."""

    def __init__(self, now: datetime) -> None:
        self._now, self._begun = now, time.monotonic()

    def now(self) -> datetime:
        """The present moment (naive UTC)."""
        return self._now + timedelta(seconds=time.monotonic() - self._begun)


class Courier:
    """Drains the outbox from a thread of its own, one at a time, so that the scheduler's tick never waits for a server."""

    def __init__(self, settings: Settings, store: sa.Engine) -> None:
        self._settings, self._store = settings, store
        self._thread: threading.Thread | None = None

    def tick(self) -> None:
        """Start a drain unless one is at work."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._drain, name="courier", daemon=True)
            self._thread.start()

    def _drain(self) -> None:
        try:
            counts = drain(self._settings, self._store, clock.utc_now())
        except DBAPIError as error:
            log.warning("The outbox waits, the store does not answer: %s", type(error.orig).__name__)
            return
        if counts:
            log.info("Messages: %s.", ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())))


def drain(settings: Settings, store: sa.Engine, now: datetime, limit: int = 1_000) -> dict[str, int]:
    """Send what is due at `now` (naive UTC), at most `limit` messages; returns how many ended how (sent, retry, waits, dead, kept).

    The demo company's messages are never sent. Channels that ring wait while it is quiet.
    """
    moments, counts = Moments(now), Counter[str]()
    with store.connect() as connection:
        if not outbox.is_any_due(connection, now):
            return {}
        preferences = load_preferences(connection)
    counts["kept"] += _keep_what_cannot_go(settings, store, now)
    if settings.is_demo:
        return dict(+counts)
    join_crowds(settings, store, preferences, now)
    quiet = is_quiet(preferences, clock.local(now, settings.timezone).hour)
    for channel in CHANNELS:
        if channel.is_ready(settings) and not (channel.rings and quiet):
            counts += _drain_channel(settings, store, channel, moments, limit - counts.total())
    return dict(+counts)


def is_quiet(preferences: Preferences, hour: int) -> bool:
    """Whether nothing may ring in this local hour.

    >>> [is_quiet(Preferences(quiet_from=21, quiet_to=8), hour) for hour in (20, 21, 3, 8)]
    [False, True, True, False]
    """
    first, last = preferences.quiet_from, preferences.quiet_to
    return first <= hour < last if first <= last else hour >= first or hour < last


def _keep_what_cannot_go(settings: Settings, store: sa.Engine, now: datetime) -> int:
    """Keep what waits for channels that are not set up (any more); all of it for the demo company."""
    if settings.is_demo:
        return outbox.keep_unsent(store, channels=[channel.name for channel in CHANNELS], reason=DEMO, now=now)
    absent = [channel.name for channel in CHANNELS if not channel.is_ready(settings)]
    return outbox.keep_unsent(store, channels=absent, reason=NO_CHANNEL, now=now) if absent else 0


def _drain_channel(settings: Settings, store: sa.Engine, channel: Channel, moments: Moments, limit: int) -> Counter[str]:
    counts, owner = Counter[str](), new_owner()
    with channel.open(settings) as send:
        while counts.total() < limit:
            batch = outbox.claim(store, owner=owner, channels=[channel.name], now=moments.now(), limit=min(BATCH, limit - counts.total()))
            if not batch:
                break
            counts += _send_batch(store, channel, send, batch, moments)
    return counts


def _send_batch(store: sa.Engine, channel: Channel, send: Send, batch: list[Claimed], moments: Moments) -> Counter[str]:
    counts = Counter[str]()
    silent: dict[str, datetime] = {}  # line -> until when it is left alone
    untried: list[Claimed] = []
    for letter in batch:
        line = "" if channel.shared else letter.recipient
        if line in silent:
            untried.append(letter)
            continue
        if letter.lease_until - moments.now() < LONGEST_SENDING and not outbox.hold(store, letter, now=moments.now()):
            continue
        outcome = _sent(send, letter)
        if outbox.mark(store, letter, outcome.result, now=moments.now()):
            counts[outcome.result.outcome] += 1
        if outcome.down:
            silent[line] = moments.now() + (outcome.result.pause or outbox.pause_after(letter.attempt))
    _leave_alone(store, channel, untried, silent)
    return counts


def _leave_alone(store: sa.Engine, channel: Channel, untried: list[Claimed], silent: Mapping[str, datetime]) -> None:
    """Give back what was not tried, and let what else waits for a silent line wait as long."""
    for line, until in silent.items():
        mine = [letter for letter in untried if channel.shared or letter.recipient == line]
        outbox.release(store, mine, until=until)
        outbox.postpone(store, channel=channel.name, recipient=None if channel.shared else line, until=until)


def _sent(send: Send, letter: Claimed) -> Outcome:
    begun = time.monotonic()
    try:
        outcome = send(letter, message_of(letter.body))
    except Exception as error:  # noqa: BLE001 - one message's fault leaves the others; its text may hold an address
        log.error("Message %s could not be sent by %s: %s", letter.id, letter.channel, type(error).__name__)  # noqa: TRY400
        outcome = Outcome(Result("retry", f"error_{type(error).__name__}"))
    return Outcome(outcome.result._replace(seconds=round(time.monotonic() - begun, 3)), outcome.down)
