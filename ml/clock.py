"""The only place that asks the time. Everything else is handed a date, so that a test or an old log can choose it."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def utc_now() -> datetime:
    """The current moment as a naive UTC timestamp, the form in which the store keeps every timestamp."""
    return datetime.now(UTC).replace(tzinfo=None)


def today(timezone: str) -> date:
    """The calendar day it is now in `timezone` (an IANA name, e.g. "America/Santiago")."""
    return datetime.now(ZoneInfo(timezone)).date()


def local(moment: datetime, timezone: str) -> datetime:
    """A naive UTC timestamp of the store as a naive local timestamp, for showing to people."""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
