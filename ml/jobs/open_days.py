"""Which days the business is open: public holidays, its own history of weekdays and holidays, and closures that people entered."""

from collections.abc import Sequence
from datetime import date, timedelta

import sqlalchemy as sa

from ml.store.events import announced_closures
from ml.store.schema import daily_facts

WEEKS = 26
CLOSED_BELOW = 0.3  # a weekday with orders on fewer of its days is closed
HISTORY_DAYS = 800
FURTHEST_DAYS = 30
SUNDAY = 6


class OpenDays:
    """The days on which a message finds somebody at work."""

    def __init__(self, country: str, days_with_orders: set[date], last: date | None, closures: Sequence[tuple[date, date]] = ()) -> None:
        self._country, self._with_orders, self._last = country, days_with_orders, last
        self._closed_weekdays, self._closures = _closed_weekdays(days_with_orders, last), closures

    def is_open(self, day: date) -> bool:
        """Whether the business is open: no closed weekday, no announced closure, no public holiday but one on which it worked."""
        from ml.calendar import holiday_names

        if day.weekday() in self._closed_weekdays or any(first <= day <= last for first, last in self._closures):
            return False
        name = holiday_names(self._country, day, day).get(day)
        return name is None or self._worked_on(name, day)

    def next_open(self, day: date) -> date:
        """The first open day from `day` on; `day` itself when none of the next FURTHEST_DAYS is."""
        days = (day + timedelta(days=step) for step in range(FURTHEST_DAYS))
        return next((one for one in days if self.is_open(one)), day)

    def _worked_on(self, name: str, day: date) -> bool:
        from ml.calendar import holiday_names

        if self._last is None:
            return False
        seen = holiday_names(self._country, self._last - timedelta(days=HISTORY_DAYS), min(self._last, day - timedelta(days=1)))
        earlier = [known for known, called in seen.items() if called == name and known.weekday() not in self._closed_weekdays]
        return bool(earlier) and max(earlier) in self._with_orders


def open_days(connection: sa.Connection, country: str, today: date) -> OpenDays:
    """The open days from `today` on, as the store's history of orders and the closures that people entered tell them."""
    table = daily_facts.c
    orders = sa.and_(table.entity_type == "company", table.entity_id == "all", table.measure == "orders", table.value > 0)
    last = connection.execute(sa.select(sa.func.max(table.day)).where(orders)).scalar()
    if last is None:
        return OpenDays(country, set(), None, announced_closures(connection, today))
    days = connection.execute(sa.select(table.day).where(orders, table.day >= last - timedelta(days=HISTORY_DAYS))).scalars()
    return OpenDays(country, set(days), last, announced_closures(connection, today))


def _closed_weekdays(days_with_orders: set[date], last: date | None) -> frozenset[int]:
    """Weekdays of the last 26 weeks that are mostly without orders; Sunday where nothing is known."""
    if last is None:
        return frozenset({SUNDAY})
    recent = [last - timedelta(days=step) for step in range(WEEKS * 7)]
    begun = min(days_with_orders)
    shares = {}
    for weekday in range(7):
        days = [day for day in recent if day.weekday() == weekday and day >= begun]
        shares[weekday] = sum(day in days_with_orders for day in days) / len(days) if days else 1.0
    busiest = max(shares.values())
    return frozenset(weekday for weekday, share in shares.items() if share < CLOSED_BELOW * busiest)
