"""The last day that counts."""

from datetime import date

import pandas as pd
import pytest

from ml.source.as_of import find_as_of, longest_closed_run


def weekdays(start: str, end: str, count: int = 20) -> pd.Series:
    days = pd.bdate_range(start, end)
    return pd.Series(count, index=days)


def test_a_live_source_counts_up_to_yesterday() -> None:
    assert find_as_of(weekdays("2026-01-05", "2026-03-13"), date(2026, 3, 14)) == date(2026, 3, 13)


def test_a_weekend_is_a_closed_run_the_history_knows() -> None:
    counts = weekdays("2026-01-05", "2026-03-13")  # ends on a Friday
    assert longest_closed_run(pd.DatetimeIndex(counts.index)) == 2
    assert find_as_of(counts, date(2026, 3, 16)) == date(2026, 3, 15)  # Monday: yesterday, though it was closed
    assert find_as_of(counts, date(2026, 3, 17)) == date(2026, 3, 13)  # Tuesday: four days of silence are unknown


def test_orders_of_today_do_not_count_yet() -> None:
    assert find_as_of(weekdays("2026-01-05", "2026-03-13"), date(2026, 3, 13)) == date(2026, 3, 12)


def test_an_old_log_ends_on_its_last_whole_day() -> None:
    counts = weekdays("2011-01-03", "2011-12-09")
    assert find_as_of(counts, date(2026, 3, 16)) == date(2011, 12, 9)
    counts.iloc[-1] = 2  # cut off in the morning
    assert find_as_of(counts, date(2026, 3, 16)) == date(2011, 12, 8)


def test_few_orders_on_a_small_companys_last_day_are_chance() -> None:
    counts = weekdays("2011-01-03", "2011-12-09", count=4)
    counts.iloc[-1] = 1
    assert find_as_of(counts, date(2026, 3, 16)) == date(2011, 12, 9)


def test_a_saturday_is_compared_with_saturdays() -> None:
    counts = pd.concat([weekdays("2011-01-03", "2011-12-09"), pd.Series(1, index=pd.to_datetime(["2011-12-10"]))])
    assert find_as_of(counts, date(2026, 3, 16)) == date(2011, 12, 10)


def test_zero_days_and_future_days_are_no_days() -> None:
    counts = pd.Series([3, 0, 5], index=pd.to_datetime(["2011-05-02", "2011-05-03", "2030-01-01"]))
    assert find_as_of(counts, date(2026, 3, 16)) == date(2011, 5, 2)


def test_one_day_only() -> None:
    assert find_as_of(pd.Series([9], index=pd.to_datetime(["2026-03-16"])), date(2026, 3, 16)) == date(2026, 3, 16)
    assert find_as_of(pd.Series([9], index=pd.to_datetime(["2026-03-10"])), date(2026, 3, 16)) == date(2026, 3, 10)


def test_no_day_at_all_is_an_error() -> None:
    with pytest.raises(ValueError, match="no order on or before today"):
        find_as_of(pd.Series(dtype=float, index=pd.DatetimeIndex([])), date(2026, 3, 16))
