"""What the calendar says about each day of a span: weekday, holidays and the days around them, month and year position."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from ml.calendar import CalendarError, closing_days, customary_days, holiday_names, knows_country
from ml.forecasting.history import Array, Flags, ForecastError

Days = npt.NDArray[np.datetime64]
MONDAY_EPOCH = np.datetime64("1970-01-05", "D")
YEAR = 365.25


@dataclass(frozen=True)
class DayTable:
    """Facts about consecutive days, as arrays of equal length.

    `holiday` is the name of a public holiday or "", `custom` that of another day some keep (Easter Sunday, a region's holiday) or "".
    """

    days: Days
    weekday: npt.NDArray[np.int64]
    month: npt.NDArray[np.int64]
    day_of_month: npt.NDArray[np.int64]
    days_to_month_end: npt.NDArray[np.int64]
    year_position: Array  # 0 … 1 within the year
    holiday: npt.NDArray[np.str_]
    custom: npt.NDArray[np.str_]
    all_rest: Flags  # public holidays on which next to all business rests (Christmas Day)

    def __len__(self) -> int:
        return len(self.days)

    @property
    def is_holiday(self) -> Flags:
        """Whether the day is a public holiday."""
        return self.holiday != ""

    def take(self, rows: slice) -> "DayTable":
        """The same facts for a slice of the days."""
        return DayTable(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def day_table(first: np.datetime64, count: int, country: str) -> DayTable:
    """The facts of `count` days from `first`. A country the calendar does not know has no holidays.

    Raises ForecastError for what is no country code.
    """
    days = first.astype("datetime64[D]") + np.arange(count)
    months = days.astype("datetime64[M]")
    years = days.astype("datetime64[Y]")
    month_end = (months + 1).astype("datetime64[D]") - 1
    return DayTable(
        days=days,
        weekday=((days - MONDAY_EPOCH).astype(int)) % 7,
        month=months.astype(int) % 12 + 1,
        day_of_month=(days - months.astype("datetime64[D]")).astype(int) + 1,
        days_to_month_end=(month_end - days).astype(int),
        year_position=(days - years.astype("datetime64[D]")).astype(int) / YEAR,
        holiday=_named(days, holiday_names(country, *_ends(days)) if len(days) and holidays_known(country) else {}),
        custom=_named(days, customary_days(country, *_ends(days)) if len(days) else {}),
        all_rest=_named(days, dict.fromkeys(closing_days(country, *_ends(days)), "x") if len(days) else {}) != "",
    )


def holidays_known(country: str) -> bool:
    """Whether holidays of this country are known. Raises ForecastError for what is no country code."""
    try:
        return knows_country(country)
    except CalendarError as error:
        raise ForecastError(str(error)) from error


def _ends(days: Days) -> tuple[date, date]:
    return days[0].astype(object), days[-1].astype(object)


def _named(days: Days, names_by_day: dict[date, str]) -> npt.NDArray[np.str_]:
    names = np.full(len(days), "", dtype=object)
    for day, name in names_by_day.items():
        names[(day - days[0].astype(object)).days] = name
    return names.astype(str)
