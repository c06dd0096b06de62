"""When a job runs, as five cron fields "minute hour day month weekday" in the company's time zone: checked, read, and its fire times.

The calendar is APScheduler's CronTrigger. Weekdays are written by name, because 1 is Monday for cron and Tuesday for CronTrigger; the hours
from 23:00 to 00:59 are refused, because daylight saving takes or doubles them once a year in Chile.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

FIELDS = ("minute", "hour", "day", "month", "day_of_week")
NIGHT = (23, 0)
ANY_DAY = datetime(2028, 1, 1)  # of a leap year
INSTANT = timedelta(microseconds=1)


class ScheduleError(ValueError):
    """A schedule that is not accepted; the sentence says what came and what is accepted, `code` the kind of fault."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code


def checked_schedule(cron: str) -> str:
    """The schedule with single spaces and small letters. Raises ScheduleError for what is no schedule or falls between 23:00 and 00:59.

    >>> checked_schedule("0  8 * * MON")
    '0 8 * * mon'
    """
    parts = str(cron).lower().split()
    if len(parts) != len(FIELDS):
        raise ScheduleError(
            f"five fields are expected, minute hour day month weekday, such as '30 5 * * *'; {cron!r} came", "schedule_fields"
        )
    if re.search(r"\d", parts[4]):
        raise ScheduleError(f"the weekday is written by name, mon to sun, not as a number; {parts[4]!r} came", "schedule_weekday")
    try:
        trigger = _trigger(" ".join(parts), "UTC")
    except (ValueError, KeyError):
        raise ScheduleError(f"{cron!r} is no schedule; accepted is such as '30 5 * * *' or '0 9 1,15 * *'", "schedule_fields") from None
    if any(_matches(trigger, hour) for hour in NIGHT):
        raise ScheduleError(
            "from 23:00 to 00:59 nothing may be scheduled: daylight saving takes or doubles that time once a year", "schedule_night"
        )
    if trigger.get_next_fire_time(None, ANY_DAY.replace(tzinfo=UTC)) is None:
        raise ScheduleError(f"{cron!r} names a day that no year has", "schedule_fields")
    return " ".join(parts)


def next_fire(cron: str, timezone: str, after: datetime) -> datetime:
    """The first fire time after `after` (naive UTC both)."""
    return next(_fires(cron, timezone, after))


def fires_between(cron: str, timezone: str, after: datetime, until: datetime) -> list[datetime]:
    """The fire times in (after, until], oldest first; naive UTC."""
    found = []
    for moment in _fires(cron, timezone, after):
        if moment > until:
            break
        found.append(moment)
    return found


def _fires(cron: str, timezone: str, after: datetime) -> Iterator[datetime]:
    trigger, moment = _trigger(cron, timezone), after.replace(tzinfo=UTC) + INSTANT
    while (fired := trigger.get_next_fire_time(None, moment)) is not None:
        moment = fired.astimezone(UTC) + INSTANT
        yield fired.astimezone(UTC).replace(tzinfo=None)


@lru_cache(maxsize=64)
def _trigger(cron: str, timezone: str) -> Any:
    from apscheduler.triggers.cron import CronTrigger

    return CronTrigger(timezone=ZoneInfo(timezone), **dict(zip(FIELDS, cron.split(), strict=True)))


def _matches(trigger: Any, hour: int) -> bool:
    field = next(one for one in trigger.fields if one.name == "hour")
    return bool(field.get_next_value(ANY_DAY.replace(hour=hour)) == hour)
