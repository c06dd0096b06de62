"""Calendar quarters as they are written: "2026-Q4"."""

from datetime import date, timedelta

MONTHS = 3


def quarter_of(day: date) -> str:
    """The quarter of a day.

    >>> quarter_of(date(2026, 11, 25))
    '2026-Q4'
    """
    return f"{day.year}-Q{(day.month - 1) // MONTHS + 1}"


def first_day(quarter: str) -> date:
    """The first day of a quarter.

    >>> first_day("2026-Q4")
    datetime.date(2026, 10, 1)
    """
    year, number = quarter.split("-Q")
    return date(int(year), (int(number) - 1) * MONTHS + 1, 1)


def last_day(quarter: str) -> date:
    """The last day of a quarter.

    >>> last_day("2026-Q4")
    datetime.date(2026, 12, 31)
    """
    return first_day(quarter_of(first_day(quarter) + timedelta(days=MONTHS * 31))) - timedelta(days=1)
