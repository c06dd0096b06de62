"""CHANNELS: by which ways messages leave, what each needs to be set up, and how it sends."""

import hashlib
import hmac
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import requests

from ml import clock
from ml.notify.mail import SmtpSender
from ml.notify.messages import Message
from ml.notify.posting import Outcome, post
from ml.notify.rendering import as_json, as_short, as_slack
from ml.settings import Settings
from ml.store.outbox import Claimed, Result

JSON = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "3T-Insights"}
TARGET_DIGITS = 8
Send = Callable[[Claimed, Message], Outcome]


@dataclass(frozen=True)
class Channel:
    """A way out. `rings`: it makes phones ring, so it keeps the quiet hours. `shared`: all its messages go to one server, so that one that
    does not answer lets all wait."""

    name: str
    rings: bool
    shared: bool
    is_ready: Callable[[Settings], bool]
    open: Callable[[Settings], AbstractContextManager[Send]]


@contextmanager
def _slack(settings: Settings) -> Iterator[Send]:
    address = settings.slack_webhook_url

    def send(_letter: Claimed, message: Message) -> Outcome:
        return post(session, address.get_secret_value() if address else "", _bytes(as_slack(message)), JSON)

    with requests.Session() as session:
        yield send


@contextmanager
def _webhook(settings: Settings) -> Iterator[Send]:
    address, secret = settings.webhook_url, settings.webhook_secret

    def send(letter: Claimed, message: Message) -> Outcome:
        body = _bytes(as_json(message, key=letter.dedup_key, created_at=letter.created_at))
        stamp = f"{clock.utc_now().isoformat(timespec='seconds')}Z"
        signed = {
            "Idempotency-Key": letter.dedup_key,
            "X-Insights-Timestamp": stamp,
            "X-Insights-Signature": signature(secret.get_secret_value() if secret else "", stamp, body),
        }
        return post(session, address.get_secret_value() if address else "", body, JSON | signed)

    with requests.Session() as session:
        yield send


@contextmanager
def _apprise(settings: Settings) -> Iterator[Send]:
    targets = {target_name(address): address for address in settings.apprise_targets}
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # its lines may hold addresses with their keys

    def send(letter: Claimed, message: Message) -> Outcome:
        from apprise import Apprise, NotifyFormat

        address, target = targets.get(letter.recipient), Apprise()
        if address is None or not target.add(address):
            return Outcome(Result("dead", "unknown_target"))
        sent = target.notify(title=message.title, body=as_short(message), body_format=NotifyFormat.TEXT)
        return Outcome(Result("sent")) if sent else Outcome(Result("retry", "not_taken"), down=True)

    yield send


CHANNELS: tuple[Channel, ...] = (
    Channel("slack", True, True, lambda settings: settings.slack_webhook_url is not None, _slack),
    Channel("email", False, True, lambda settings: bool(settings.smtp_host and settings.smtp_from), SmtpSender),
    Channel("apprise", True, False, lambda settings: bool(settings.apprise_targets), _apprise),
    Channel("webhook", False, True, lambda settings: bool(settings.webhook_url and settings.webhook_secret), _webhook),
)


def signature(secret: str, stamp: str, body: bytes) -> str:
    """The value of X-Insights-Signature: HMAC-SHA256 of "<timestamp>.<body>" with INSIGHTS_WEBHOOK_SECRET.

    >>> signature("secret", "2026-11-02T12:00:00Z", b"{}")[:15]
    'sha256=dee97adc'
    """
    return f"sha256={hmac.new(secret.encode(), stamp.encode() + b'.' + body, hashlib.sha256).hexdigest()}"


def target_name(address: str) -> str:
    """The public name of an apprise address: its kind and a few digits that tell it from others, nothing of its keys."""
    scheme = address.partition("://")[0].lower()
    return f"{scheme}-{hashlib.sha256(address.encode()).hexdigest()[:TARGET_DIGITS]}"


def _bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
