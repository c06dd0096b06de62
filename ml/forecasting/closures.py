"""When the business is closed, learnt from its history: weekdays and holidays on which nothing is sold."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ml.forecasting.days import DayTable
from ml.forecasting.history import Array, Flags

CLOSED_SHARE = 0.70
HOLIDAY_CLOSED_SHARE = 0.60
WINDOW_DAYS = 182
LEAST_CONTRAST = 0.40
LEAST_WEEKS = 2
RARELY = 0.1
SEASON_DAYS = 400
LEAST_RUN = 3
LONGEST_RUN = 22
DECEMBER = 12
LEAST_TIMES_RUNNING = 4
CHANCE_OF_A_RUN = 1e-3
CUSTOM_RARELY = 0.02


@dataclass(frozen=True)
class Closures:
    """When nothing is sold.

    Closed weekdays (0 = Monday), but for the months in `open_months` (weekday, month), and weekdays that opened only lately, with their
    first day. Holidays known to be open or closed by name, what holds for one never seen (and for one on which next to all business
    rests), customary days that are closed, and dates of closed weeks.
    """

    weekdays: frozenset[int] = frozenset()
    closed_holidays: frozenset[str] = frozenset()
    open_holidays: frozenset[str] = frozenset()
    closed_on_new_holidays: bool = False
    closed_season: frozenset[tuple[int, int]] = frozenset()  # (month, day)
    closed_customs: frozenset[str] = frozenset()
    rests_with_all: bool = False
    open_months: frozenset[tuple[int, int]] = frozenset()
    opened: tuple[tuple[int, np.datetime64], ...] = ()

    def is_open(self, table: DayTable) -> Flags:
        """Whether business is expected on each day of the table."""
        closed = np.isin(table.weekday, list(self.weekdays))
        for weekday, month in self.open_months:
            closed &= ~((table.weekday == weekday) & (table.month == month))
        for weekday, first in self.opened:
            closed |= (table.weekday == weekday) & (table.days < first)
        closed |= np.isin(table.holiday, list(self.closed_holidays)) | np.isin(table.custom, list(self.closed_customs))
        new = table.is_holiday & ~np.isin(table.holiday, list(self.open_holidays))
        if self.closed_on_new_holidays:
            closed |= new
        if self.rests_with_all:
            closed |= new & table.all_rest
        for month, day in self.closed_season:
            closed |= (table.month == month) & (table.day_of_month == day)
        return ~closed


def learn_closures(y: Array, table: DayTable) -> Closures:
    """Closures of a history: `y` (NaN = unknown) on the days of `table`.

    A weekday is closed when at least 70 % of its days in the last 26 weeks were 0 and far more than on the busiest weekday (a series
    that is 0 on most days has no closed days), or when it was 0 at least four times running, out of its character; it is open again when
    it was not 0 as often, and open in a month of the year in which alone it was (Sundays of December). A holiday is closed when its last
    occurrence on an open weekday was 0; one never seen when at least 60 % of all holidays on open weekdays were, and Christmas Day and its
    like when the business knows any closed day. A customary day (Easter Sunday, a region's holiday) is closed when its last occurrence
    was 0 in a series that seldom is. A run of at least three working days at 0 around a holiday within the last thirteen months (a week
    between Christmas and New Year) is closed on the same dates again.
    """
    plain = ~table.is_holiday & ~np.isnan(y)
    weekdays, opened = _closed_weekdays(y, table, plain)
    closures = Closures(weekdays, open_months=_open_months(y, table, weekdays), opened=opened)
    working = closures.is_open(table) & ~np.isnan(y)
    seen, ordinary = working & table.is_holiday, working & ~table.is_holiday
    if not ordinary.any() or (y[ordinary] == 0).mean() >= HOLIDAY_CLOSED_SHARE:
        return closures
    last = _closed_last_time(y, table.holiday, seen)
    closed = _with(last, True)
    rare = bool((y[ordinary] == 0).mean() <= CUSTOM_RARELY)
    return replace(
        closures,
        closed_holidays=closed,
        open_holidays=_with(last, False),
        closed_on_new_holidays=bool(seen.any() and (y[seen] == 0).mean() >= HOLIDAY_CLOSED_SHARE),
        closed_season=_closed_season(y, table, ordinary) if seen.any() else frozenset(),
        closed_customs=_with(_closed_last_time(y, table.custom, ordinary & (table.custom != "")), True) if rare else frozenset(),
        rests_with_all=(bool(weekdays) or (bool(closed) and rare)) and not _open_when_all_rest(last, table),
    )


def _closed_weekdays(y: Array, table: DayTable, plain: Flags) -> tuple[frozenset[int], tuple[tuple[int, np.datetime64], ...]]:
    """The weekdays that are closed now, and those that were until lately, with the day they opened."""
    recent = np.flatnonzero(plain)[np.flatnonzero(plain) >= len(y) - WINDOW_DAYS]
    rows = [recent[table.weekday[recent] == day] for day in range(7)]
    usual = _usually_closed(np.array([(y[found] == 0).mean() if len(found) >= LEAST_WEEKS else np.nan for found in rows]))
    runs = [_closing_run(y[found] == 0) for found in rows]
    opened = tuple(
        (day, table.days[rows[day][-runs[day]]]) for day in range(7) if usual[day] and _opened_lately(y, table, rows[day], runs[day])
    )
    closed = frozenset(int(day) for day in np.flatnonzero(usual)) - {day for day, _ in opened}
    return closed | {day for day in range(7) if not usual[day] and _closed_lately(y, table, plain, rows[day], runs[day])}, opened


def _usually_closed(shares: Array) -> Flags:
    """Weekdays by their share of zeros (NaN = unknown): mostly 0, and far more than the busiest."""
    if np.isnan(shares).all():
        return np.zeros(len(shares), dtype=bool)
    return (shares >= CLOSED_SHARE) & (shares - np.nanmin(shares) >= LEAST_CONTRAST)


def _opened_lately(y: Array, table: DayTable, rows: npt.NDArray[np.int64], run: int) -> bool:
    """Whether the run that the days in `rows`, of one weekday, end with opened it for good; in December it may be for Christmas."""
    return run > 0 and bool(y[rows[-1]] > 0) and int(table.month[rows[-1]]) != DECEMBER


def _closed_lately(y: Array, table: DayTable, plain: Flags, rows: npt.NDArray[np.int64], run: int) -> bool:
    """Whether the run that the days in `rows`, of one weekday, end with closed it: the other weekdays went on."""
    if run == 0 or y[rows[-1]] > 0:
        return False
    others = plain & (table.weekday != table.weekday[rows[-1]])
    others[: rows[-run]] = False
    return bool((y[others] == 0).mean() < CLOSED_SHARE - LEAST_CONTRAST)


def _closing_run(zero: Flags) -> int:
    """Length of the run of equal days a weekday ends with, when it is out of character of the days before; else 0."""
    if not len(zero):
        return 0
    changes = np.flatnonzero(zero[:-1] != zero[1:])
    run = len(zero) - 1 - int(changes[-1]) if len(changes) else len(zero)
    before = zero[:-run]
    chance = (float((before == zero[-1]).sum()) + 0.5) / (len(before) + 1)
    return run if run >= LEAST_TIMES_RUNNING and len(before) >= LEAST_TIMES_RUNNING and chance**run < CHANCE_OF_A_RUN else 0


def _open_months(y: Array, table: DayTable, weekdays: frozenset[int]) -> frozenset[tuple[int, int]]:
    """Closed weekdays that were open in one month of the last thirteen alone, with that month (the present month only in December)."""
    found = set()
    recent = np.arange(len(y)) >= len(y) - SEASON_DAYS
    month_number = table.days.astype("datetime64[M]").astype(int)
    for weekday in weekdays:
        rows = np.flatnonzero(recent & (table.weekday == weekday) & ~np.isnan(y) & ~table.is_holiday)
        for month in np.unique(month_number[rows]):
            now, before, after = (y[rows[month_number[rows] == month + step]] for step in (0, -1, 1))
            ended = len(after) >= LEAST_WEEKS or month % 12 + 1 == DECEMBER
            alone = all((values == 0).mean() >= CLOSED_SHARE for values in (before, after) if len(values))
            if len(now) >= LEAST_RUN and (now > 0).mean() >= HOLIDAY_CLOSED_SHARE and len(before) >= LEAST_WEEKS and ended and alone:
                found.add((weekday, int(month % 12 + 1)))
    return frozenset(found)


def _closed_last_time(y: Array, names: npt.NDArray[np.str_], rows: Flags) -> dict[str, bool]:
    """Name -> whether its last day among `rows` was 0."""
    return {str(names[i]): bool(y[i] == 0) for i in np.flatnonzero(rows)}


def _with(last: dict[str, bool], closed: bool) -> frozenset[str]:
    return frozenset(name for name, was_closed in last.items() if was_closed is closed)


def _open_when_all_rest(last: dict[str, bool], table: DayTable) -> bool:
    """Whether one of the days on which next to all business rests was seen, and none of them closed."""
    answers = [last[name] for name in {str(name) for name in table.holiday[table.all_rest]} if name in last]
    return bool(answers) and not any(answers)


def _closed_season(y: Array, table: DayTable, ordinary: Flags) -> frozenset[tuple[int, int]]:
    """Month and day of the days in runs of zeros around a holiday, in a series that is seldom 0 on a working day."""
    if (y[ordinary] == 0).mean() > RARELY:
        return frozenset()
    zero = y == 0
    edges = np.flatnonzero(np.diff(np.concatenate([[False], zero, [False]]).astype(int)))
    days: set[tuple[int, int]] = set()
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        working = np.flatnonzero(ordinary[begin:end]) + begin
        near_holiday = table.is_holiday[max(begin - 1, 0) : end + 1].any()
        ended = end < len(y) and begin >= len(y) - SEASON_DAYS
        if len(working) >= LEAST_RUN and len(working) <= LONGEST_RUN and near_holiday and ended:
            days |= {(int(table.month[i]), int(table.day_of_month[i])) for i in range(working[0], working[-1] + 1)}
    return frozenset(days)
