"""Schedules: what is refused and why, and fire times against a calendar counted by hand."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ml.store.preferences import PREFERENCES, PreferenceError, Preferences, read_preferences
from ml.store.schedules import ScheduleError, checked_schedule, fires_between, next_fire

ZONE = "America/Santiago"
NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@pytest.mark.parametrize(
    ("cron", "code"),
    [
        ("30 5 * *", "schedule_fields"), ("", "schedule_fields"), ("61 5 * * *", "schedule_fields"),
        ("0 9 31 feb *", "schedule_fields"), ("a b c d e", "schedule_fields"), ("0 9 l * *", "schedule_fields"),
        ("0 8 * * lun", "schedule_fields"), ("0 8 * * 1", "schedule_weekday"), ("0 8 * * mon-5", "schedule_weekday"),
        ("0 23 * * *", "schedule_night"), ("59 23 * * *", "schedule_night"), ("0 0 1 * *", "schedule_night"),
        ("59 0 * * *", "schedule_night"), ("0 * * * *", "schedule_night"), ("0 */6 * * *", "schedule_night"),
        ("0 20-23 * * *", "schedule_night"),
    ],
)  # fmt: skip
def test_what_is_refused_and_why(cron, code):
    with pytest.raises(ScheduleError) as caught:
        checked_schedule(cron)
    assert caught.value.code == code
    with pytest.raises(PreferenceError, match="schedule_refresh") as refused:
        read_preferences({"schedule_refresh": cron})
    assert refused.value.code == code


@pytest.mark.parametrize("cron", ["0 1 * * *", "59 22 * * *", "0 9 1,15 * *", "*/15 7-9 * * mon-fri", "0 9 last * *"])
def test_what_is_accepted(cron):
    assert read_preferences({"schedule_backup": cron}).schedule_backup == cron


@pytest.mark.parametrize("name", [name for name in PREFERENCES if name.startswith("schedule_")])
def test_the_defaults_are_accepted(name):
    cron = getattr(Preferences(), name)
    assert checked_schedule(cron) == cron


def by_hand(hour: int, minute: int, wanted, first: datetime, last: datetime, zone: str = ZONE) -> list[datetime]:
    """The fire times in naive UTC from plain day counting and the zone's offset at that moment, without any cron library."""
    day, found = first, []
    while day <= last:
        if wanted(day):
            local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone))
            found.append(local.astimezone(UTC).replace(tzinfo=None))
        day += timedelta(days=1)
    return found


@pytest.mark.parametrize(
    ("cron", "hour", "minute", "wanted"),
    [
        ("30 5 * * *", 5, 30, lambda day: True),
        ("0 2 1 * *", 2, 0, lambda day: day.day == 1),
        ("0 9 1,15 * *", 9, 0, lambda day: day.day in (1, 15)),
        ("0 8 * * mon", 8, 0, lambda day: NAMES[day.weekday()] == "mon"),
        ("0 7 29 feb *", 7, 0, lambda day: (day.month, day.day) == (2, 29)),
        ("0 1 * * *", 1, 0, lambda day: True),
        ("59 22 * * sat,sun", 22, 59, lambda day: day.weekday() >= 5),
    ],
)
@pytest.mark.parametrize("system_zone", [ZONE, "UTC"])
def test_ten_years_of_fire_times_with_all_daylight_saving_days_and_leap_days(cron, hour, minute, wanted, system_zone, monkeypatch):
    import time

    monkeypatch.setenv("TZ", system_zone)
    time.tzset()
    try:
        first, last = datetime(2026, 1, 1), datetime(2035, 12, 31)
        expected = by_hand(hour, minute, wanted, first, last)
        found = fires_between(cron, ZONE, datetime(2026, 1, 1), datetime(2036, 1, 1))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert found == expected and len(found) == len(set(found)) >= 2
    assert next_fire(cron, ZONE, found[0]) == found[1]
