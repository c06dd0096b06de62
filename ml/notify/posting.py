"""Posting to an address over HTTP: what the answer means for a message. Nothing of the address or the answer's text is kept or logged."""

import logging
import re
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import requests

from ml import clock
from ml.store.outbox import Result

CONNECT_SECONDS, READ_SECONDS = 5, 15
MOST_READ = 1_024
LONGEST_WAIT = timedelta(hours=6)
TOO_MANY = 429
REJECTED = (400, 405, 406, 411, 413, 414, 415, 422)  # this message's fault: another try would end the same way
# What Slack documents as answers of an incoming webhook; any other text of a server is not kept: it could hold the address.
WORDS = frozenset(
    {"invalid_payload", "no_text", "user_not_found", "channel_not_found", "channel_is_archived", "action_prohibited",
     "too_many_attachments", "posting_to_general_channel_denied", "no_service", "no_service_id", "no_team",
     "team_disabled", "invalid_token"}
)  # fmt: skip


class Outcome(NamedTuple):
    """What came of a sending; `down`: the other side does not answer, so that further messages to it can wait."""

    result: Result
    down: bool = False


def post(session: requests.Session, url: str, body: bytes, headers: dict[str, str]) -> Outcome:
    """Post `body` and say what came of it. Redirects are not followed: they would carry the message to somebody else."""
    logging.getLogger("urllib3.connectionpool").setLevel(logging.WARNING)  # its finer lines hold the path, which is a secret
    try:
        with session.post(
            url, data=body, headers=headers, timeout=(CONNECT_SECONDS, READ_SECONDS), allow_redirects=False, stream=True
        ) as answer:
            text = next(answer.iter_content(MOST_READ), b"")
            return _judged(answer.status_code, answer.headers.get("Retry-After"), text)
    except requests.Timeout:
        return Outcome(Result("retry", "time_out"), down=True)
    except requests.RequestException:  # its text holds the address, which is a secret
        return Outcome(Result("retry", "no_connection"), down=True)


def _judged(status: int, retry_after: str | None, text: bytes) -> Outcome:
    if 200 <= status < 300:
        return Outcome(Result("sent", f"http_{status}"))
    code = f"http_{status}"
    if status == TOO_MANY:
        return Outcome(Result("waits", code, waiting(retry_after)), down=True)
    if status in REJECTED:
        said = text.decode("ascii", "replace").strip()
        return Outcome(Result("dead", f"{code} {said}" if said in WORDS else code))
    return Outcome(Result("retry", code, waiting(retry_after) if retry_after else None), down=True)


def waiting(retry_after: str | None) -> timedelta:
    """How long a Retry-After header asks to wait: seconds or a date; a minute when it is missing or not readable, at most LONGEST_WAIT.

    >>> waiting("30"), waiting("soon")
    (datetime.timedelta(seconds=30), datetime.timedelta(seconds=60))
    """
    text = (retry_after or "").strip()
    seconds = timedelta(seconds=int(text)) if re.fullmatch(r"\d{1,7}", text) else None
    asked = seconds or _until(text) or timedelta(minutes=1)
    return min(max(asked, timedelta(seconds=1)), LONGEST_WAIT)


def _until(text: str) -> timedelta | None:
    try:
        moment: Any = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return moment.replace(tzinfo=None) - clock.utc_now() if moment.utcoffset() == timedelta(0) else None
