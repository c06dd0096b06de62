"""Which days are special: public holidays of any country, Chile's in full (irrenunciables, elections), and the bridges between them.

The holidays come from the `holidays` package (any country it knows); for Chile our own list adds what it leaves out, with its legal source.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

import pandas as pd

# Election days are public holidays: Ley 18.700 (texto refundido DFL 2 de 2017), art. 180. Dates as held, Servicio Electoral de Chile.
# The Saturday of the two-day election of 2024 was a working day and its Sunday could be waived: Ley 21.693.
CHILE_ELECTION_DAYS = tuple(
    date(*parts)
    for parts in (
        (2004, 10, 31), (2005, 12, 11), (2006, 1, 15), (2008, 10, 26), (2009, 12, 13), (2010, 1, 17), (2012, 10, 28), (2013, 11, 17),
        (2013, 12, 15), (2016, 10, 23), (2017, 11, 19), (2017, 12, 17), (2020, 10, 25), (2021, 5, 15), (2021, 5, 16), (2021, 11, 21),
        (2021, 12, 19), (2022, 9, 4), (2023, 5, 7), (2023, 12, 17), (2024, 10, 27), (2025, 11, 16), (2025, 12, 14),
    )
)  # fmt: skip
CHILE_WAIVABLE_ELECTION_DAYS = (date(2024, 10, 27),)
# Obligatory and not to be waived for shop workers, from which year: Ley 19.973 art. 2 (2004), 19 September by Ley 20.629 (2012).
CHILE_IRREVOCABLE = {(1, 1): 2005, (5, 1): 2005, (9, 18): 2004, (9, 19): 2012, (12, 25): 2004}
CHILE_FIESTAS_PATRIAS = ((9, 17), (9, 20))
# Days that many businesses keep without a law: counted from Easter Sunday, and on a fixed date.
AROUND_EASTER = {
    -48: "Carnival Monday", -47: "Carnival Tuesday", -3: "Holy Thursday", -2: "Good Friday", -1: "Holy Saturday", 0: "Easter Sunday",
    1: "Easter Monday", 39: "Ascension Day", 49: "Pentecost", 50: "Pentecost Monday", 60: "Corpus Christi",
}  # fmt: skip
CUSTOMARY = {(12, 24): "Christmas Eve", (12, 31): "New Year's Eve"}
BLACK_FRIDAY, MOTHERS_DAY = "Black Friday", "Mother's Day"
WIDELY_KEPT = frozenset({*AROUND_EASTER.values(), *CUSTOMARY.values(), BLACK_FRIDAY, MOTHERS_DAY})
CLOSING_DAYS = ((1, 1), (12, 25))
KEPT_BY_SOME = ("bank", "catholic", "government", "half_day", "optional")  # categories of the holidays package
ELECTION_NAME = "Día de elecciones"
THURSDAY, SATURDAY, SUNDAY = 3, 5, 6


class CalendarError(ValueError):
    """A country code or span that is no such thing; the sentence says what came and what is accepted."""


class Holiday(NamedTuple):
    """A public holiday: its day, its name in the country's language, and whether shops must close by law."""

    date: date
    name: str
    is_irrevocable: bool


def knows_country(country: str) -> bool:
    """Whether the holidays of this two-letter country code are known. Raises CalendarError for what is no country code."""
    if not (isinstance(country, str) and re.fullmatch(r"[A-Za-z]{2}", country)):
        raise CalendarError(f"The country {country!r} is not a two-letter code such as CL, GB or DE.")
    import holidays

    return country.upper() in holidays.list_supported_countries()


def holidays_between(country: str, first: date, last: date) -> pd.DataFrame:
    """The public holidays from `first` to `last`, both included, in order: columns date (datetime64[us]), name, is_irrevocable.

    One row a day (names of the same day are joined by "; "). Empty for a country the holidays package does not know
    (`knows_country` tells). Raises CalendarError for what is no country code or when `last` is before `first`.
    """
    if last < first:
        raise CalendarError(f"The span must not end before it begins: from {first} to {last} came.")
    found = [day for day in _holidays(country, first.year, last.year) if first <= day.date <= last]
    frame = pd.DataFrame(found, columns=list(Holiday._fields))
    return frame.astype({"date": "datetime64[us]", "name": "str", "is_irrevocable": "bool"})


def holiday_names(country: str, first: date, last: date) -> dict[date, str]:
    """Day -> name of the public holidays from `first` to `last`, both included."""
    return {day.date: day.name for day in _holidays(country, first.year, last.year) if first <= day.date <= last}


def closing_days(country: str, first: date, last: date) -> set[date]:
    """The public holidays on which next to all business rests: the irrenunciables of Chile, elsewhere Christmas Day and New Year's Day."""
    found = [day for day in _holidays(country, first.year, last.year) if first <= day.date <= last]
    return {day.date for day in found if day.is_irrevocable or (day.date.month, day.date.day) in CLOSING_DAYS}


def customary_days(country: str, first: date, last: date) -> dict[date, str]:
    """Day -> name of days between `first` and `last`, both included, that are no public holiday of the country but that some keep:
    days around Easter, Christmas and New Year's Eve, the Friday after Thanksgiving, Mother's Day, and holidays of single regions."""
    found = (pair for year in range(first.year, last.year + 1) for pair in _customary_of_year(country.upper(), year))
    return {day: name for day, name in found if first <= day <= last}


def bridge_days(country: str, first: date, last: date) -> list[date]:
    """The working days (Monday to Friday) between `first` and `last` whose both neighbours are a holiday or weekend ("sandwich days")."""
    off = set(holiday_names(country, first - timedelta(days=7), last + timedelta(days=7)))
    days = (first + timedelta(days=step) for step in range((last - first).days + 1))
    return [day for day in days if not _is_off(day, off) and all(_is_off(day + timedelta(days=step), off) for step in (-1, 1))]


def is_fiestas_patrias(day: date) -> bool:
    """Whether a day lies in Chile's national holidays, 17 to 20 September, when much is closed whatever the weekday."""
    return CHILE_FIESTAS_PATRIAS[0] <= (day.month, day.day) <= CHILE_FIESTAS_PATRIAS[1]


def _is_off(day: date, off: set[date]) -> bool:
    return day.weekday() >= SATURDAY or day in off


def _holidays(country: str, first_year: int, last_year: int) -> Iterator[Holiday]:
    if not knows_country(country):
        return
    for year in range(first_year, last_year + 1):
        yield from _holidays_of_year(country.upper(), year)


@lru_cache(maxsize=512)
def _holidays_of_year(country: str, year: int) -> tuple[Holiday, ...]:
    import holidays

    language = getattr(holidays, country).default_language
    names = dict(holidays.country_holidays(country, years=year, language=language).items())
    if country == "CL":
        names |= {
            day: f"{names[day]}; {ELECTION_NAME}" if day in names else ELECTION_NAME for day in CHILE_ELECTION_DAYS if day.year == year
        }
    return tuple(Holiday(day, name, _is_irrevocable(country, day)) for day, name in sorted(names.items()) if day.year == year)


@lru_cache(maxsize=512)
def _customary_of_year(country: str, year: int) -> tuple[tuple[date, str], ...]:
    from dateutil.easter import easter

    found = _regional(country, year)
    found |= {date(year, *day): name for day, name in CUSTOMARY.items()}
    found |= {_nth_weekday(year, 11, THURSDAY, 4) + timedelta(days=1): BLACK_FRIDAY, _nth_weekday(year, 5, SUNDAY, 2): MOTHERS_DAY}
    found |= {easter(year) + timedelta(days=step): name for step, name in AROUND_EASTER.items()}
    public = {day.date for day in _holidays(country, year, year)}
    return tuple((day, name) for day, name in sorted(found.items()) if day not in public)


def _regional(country: str, year: int) -> dict[date, str]:
    """Holidays of single regions, or kept by banks, offices or custom: the name that most regions give the day."""
    import holidays

    if not knows_country(country):
        return {}
    kind = getattr(holidays, country)
    names: dict[date, Counter[str]] = {}
    options = [{"subdiv": region} for region in kind.subdivisions]
    options += [{"categories": (category,)} for category in KEPT_BY_SOME if category in kind.supported_categories]
    for option in options:
        for day, joined in holidays.country_holidays(country, years=year, language=kind.default_language, **option).items():
            names.setdefault(day, Counter()).update(joined.split("; "))
    return {day: min(counts.items(), key=_most_then_name)[0] for day, counts in names.items() if day.year == year}


def _most_then_name(counted: tuple[str, int]) -> tuple[int, str]:
    return -counted[1], counted[0]


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _is_irrevocable(country: str, day: date) -> bool:
    if country != "CL":
        return False
    by_election = day in CHILE_ELECTION_DAYS and day not in CHILE_WAIVABLE_ELECTION_DAYS
    return by_election or day.year >= CHILE_IRREVOCABLE.get((day.month, day.day), date.max.year + 1)
