"""The calendar as columns: what the ridge knows about a day, in named groups so that an effect can be shown by itself."""

from dataclasses import dataclass

import numpy as np

from ml.calendar import WIDELY_KEPT
from ml.forecasting.days import YEAR, DayTable
from ml.forecasting.history import Array, Flags

HINGES = {28: 40.0, 84: 40.0, 180: 15.0, 365: 2.0, 730: 2.0}  # days before the end: penalty
HINGE_ROOM = 1.5
SATURDAY = 5
# Penalty of each group in days of evidence: how many ordinary days an effect has to outweigh. Chosen on the development windows.
PENALTIES = {"level": 0.0, "weekday": 3.0, "holiday": 1.5, "custom": 2.5, "month": 6.0, "christmas": 4.0, "year": 20.0, "regressor": 4.0}


@dataclass(frozen=True)
class Design:
    """What makes the columns: the day trend is counted to, holidays and customary days with an effect of their own, yearly harmonics,
    trend hinges."""

    end: np.datetime64
    holidays: tuple[str, ...]
    harmonics: int
    hinges: tuple[int, ...]
    customs: tuple[str, ...] = ()


def design_for(table: DayTable, use: Flags) -> Design:
    """The design that the days in `use` carry: harmonics from one year on, hinges that fit in, the holidays among them."""
    rows = np.flatnonzero(use)
    length = int(rows[-1] - rows[0]) + 1
    years = length / YEAR
    seen = sorted({str(name) for name in table.holiday[use & table.is_holiday]})
    customs = sorted({str(name) for name in table.custom[use]} & WIDELY_KEPT)
    harmonics = 0 if years < 0.95 else 1 if years < 1.5 else 2 if years < 2.5 else 3
    hinges = tuple(days for days in HINGES if length >= HINGE_ROOM * days)
    return Design(table.days[rows[-1]], tuple(seen), harmonics, hinges, tuple(customs))


def columns(design: Design, table: DayTable, is_open: Flags, regressors: Array | None = None) -> tuple[Array, list[str]]:
    """The matrix (days × columns) and the group of each column. `table` must begin and end at least a day from what matters."""
    parts: list[tuple[str, Array]] = [("level", np.ones(len(table)))]
    parts += [("weekday", (table.weekday == day).astype(float)) for day in range(7)]
    parts += _around_holidays(design, table, is_open)
    parts += [("custom", (table.custom == name).astype(float)) for name in design.customs]
    parts += _month_and_christmas(table)
    for k in range(1, design.harmonics + 1):
        angle = 2 * np.pi * k * table.year_position
        parts += [("year", np.sin(angle)), ("year", np.cos(angle))]
    age = (design.end - table.days).astype(float)
    parts += [("trend", np.clip(1 - age / days, 0, 1)) for days in design.hinges]
    if regressors is not None:
        parts += [("regressor", regressors[:, i]) for i in range(regressors.shape[1])]
    return np.column_stack([column for _, column in parts]), [group for group, _ in parts]


def penalties(design: Design, groups: list[str]) -> Array:
    """The penalty of each column, in days of evidence."""
    hinges = iter(design.hinges)
    return np.array([HINGES[next(hinges)] if group == "trend" else PENALTIES[group] for group in groups])


def _around_holidays(design: Design, table: DayTable, is_open: Flags) -> list[tuple[str, Array]]:
    holiday = table.is_holiday
    weekend = table.weekday >= SATURDAY
    off = holiday | weekend
    next_holiday, last_holiday = _shifted(holiday, -1), _shifted(holiday, 1)
    bridge = ~off & _shifted(off, -1) & _shifted(off, 1)
    usually_open = is_open | holiday
    closed_next = ~_shifted(is_open, -1) & _shifted(usually_open, -1)
    closed_before = ~_shifted(is_open, 1) & _shifted(usually_open, 1)
    flags = [holiday & is_open, next_holiday & ~holiday, last_holiday & ~holiday, bridge, closed_next, closed_before]
    flags += [_shifted(holiday, -2) & ~next_holiday & ~holiday]
    flags += [table.holiday == name for name in design.holidays]
    return [("holiday", flag.astype(float)) for flag in flags]


def _month_and_christmas(table: DayTable) -> list[tuple[str, Array]]:
    day, december = table.day_of_month, table.month == 12
    month = [day <= 3, (day > 3) & (day <= 7), table.days_to_month_end < 3, (day >= 14) & (day <= 16)]
    christmas = [december & (day < 24), december & (day > 10) & (day < 24), december & (day == 24), december & (day > 25)]
    christmas += [(table.month == 1) & (day > 1) & (day <= 7)]
    ramp = np.where(december & (day < 24), day / 23, 0.0)
    parts = [("month", flag.astype(float)) for flag in month]
    return [*parts, *(("christmas", flag.astype(float)) for flag in christmas), ("christmas", ramp)]


def _shifted(flags: Flags, by: int) -> Flags:
    """The flags of the day `by` days before (negative: after); False beyond the table."""
    out = np.zeros(len(flags), dtype=bool)
    if by > 0:
        out[by:] = flags[:-by]
    else:
        out[:by] = flags[-by:]
    return out
