"""The sizes of the demo company, and Plan: the few values from which every row follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from types import MappingProxyType

import numpy as np


class DemoError(ValueError):
    """The demo company cannot be made or extended as asked; the sentence says what came and what is accepted."""


@dataclass(frozen=True)
class Size:
    """How big a company is and how long its past. `*_year` facts hold for the last 365 days before the first end; None = as it falls."""

    name: str
    customers: int
    days: int
    initial_customers: int
    home_share: float
    communes: int
    lines_days: int
    km_days: int
    days_off_per_year: float = 0.0
    daily_noise: float = 0.12
    accounts: int = 0
    account_revenue_share: float | None = None
    orders_a_year: int | None = None
    buyers_a_year: int | None = None


SIZES: Mapping[str, Size] = MappingProxyType(
    {
        size.name: size
        for size in (
            Size("tiny", 60, 400, 44, home_share=0.7, communes=6, lines_days=300, km_days=280),
            Size(
                "small", 128, 1095, 92, home_share=0.65, communes=12, lines_days=396, km_days=365, days_off_per_year=10.0, daily_noise=0.25,
                accounts=6, account_revenue_share=0.58, orders_a_year=1004, buyers_a_year=78,
            ),
            Size("standard", 420, 1095, 235, home_share=0.7, communes=20, lines_days=396, km_days=365),
            Size("large", 5000, 1095, 2800, home_share=0.7, communes=20, lines_days=396, km_days=365),
        )
    }
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """Size, seed, first day and last day. Everything but what is *seen* at `end` follows from size, seed and start alone."""

    size: Size
    seed: int
    start: date
    end: date

    @property
    def days(self) -> int:
        """How many days the company is simulated, both ends counted."""
        return (self.end - self.start).days + 1

    @property
    def first_days(self) -> int:
        """How many days it had when it was first made; the facts of its size are set on the last year of these."""
        return self.size.days

    @cached_property
    def calendar(self) -> np.ndarray:
        """All days as datetime64[D]."""
        return np.arange(np.datetime64(self.start), np.datetime64(self.end) + 1)

    @cached_property
    def weekday(self) -> np.ndarray:
        """0 = Monday … 6 = Sunday for each day."""
        return (self.calendar.astype(np.int64) + 3) % 7

    @cached_property
    def month(self) -> np.ndarray:
        """0 = January … 11 = December for each day."""
        return self.calendar.astype("datetime64[M]").astype(np.int64) % 12

    @cached_property
    def day_of_year(self) -> np.ndarray:
        """0 = the first of January, for each day."""
        return (self.calendar - self.calendar.astype("datetime64[Y]")).astype(np.int64)

    @property
    def lines_since(self) -> int:
        """Day index from which order lines exist."""
        return self.first_days - self.size.lines_days

    @property
    def km_since(self) -> int:
        """Day index from which a tour's kilometres are recorded."""
        return self.first_days - self.size.km_days


def make_plan(size: str, end: date, seed: int, start: date | None = None) -> Plan:
    """The plan of a company whose first end is `end`, or that began on `start`.

    Raises DemoError for an unknown size, a negative seed, or a company shorter than a quarter of its size's past.
    """
    if size not in SIZES:
        raise DemoError(f"There is no demo size {size!r}; known are {', '.join(SIZES)}.")
    if seed < 0:
        raise DemoError(f"The demo seed was {seed}; it must be 0 or more.")
    chosen = SIZES[size]
    begin = start or end - timedelta(days=chosen.days - 1)
    if (end - begin).days < chosen.days // 4:
        raise DemoError(
            f"A {size} demo company that begins on {begin} cannot end on {end}; give an end at least {chosen.days // 4} days on."
        )
    return Plan(chosen, seed, begin, end)
