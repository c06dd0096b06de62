"""The last day of the data that counts, found from the orders per day: yesterday when the source is alive, else its last whole day."""

import math
from datetime import date, timedelta

import pandas as pd

SAME_WEEKDAYS = 8
LOW_SHARE = 0.5
UNLIKELY = 0.05


def longest_closed_run(days: pd.DatetimeIndex) -> int:
    """The most days in a row without an order that the history knows.

    >>> longest_closed_run(pd.DatetimeIndex(["2024-05-03", "2024-05-06", "2024-05-07"]))
    2
    """
    if len(days) < 2:
        return 0
    ordered = days.sort_values()
    return int(max((ordered[1:] - ordered[:-1]).days.max() - 1, 0))


def find_as_of(order_days_counts: pd.Series, today: date) -> date:
    """The last day that counts (inclusive). `order_days_counts`: orders per day, index naive days, days without orders absent or 0.

    Yesterday, if the last order up to today is no further back than the longest closed run plus a day; else the last day with orders that
    is not visibly partial: fewer than half the median of the same weekday's last eight, and too few for chance (Poisson, 5 %).
    Raises ValueError when no order lies on or before today.
    """
    counts = order_days_counts[order_days_counts > 0].sort_index()
    counts = counts[counts.index <= pd.Timestamp(today)]
    if counts.empty:
        raise ValueError("There is no order on or before today.")
    days = pd.DatetimeIndex(counts.index)
    yesterday = pd.Timestamp(today) - timedelta(days=1)
    last = days[-1]
    if days[0] > yesterday:
        return last.date()
    if (pd.Timestamp(today) - last).days <= longest_closed_run(days) + 1:
        return yesterday.date()
    if len(days) > 1 and _visibly_partial(counts):
        last = days[-2]
    return last.date()


def _visibly_partial(counts: pd.Series) -> bool:
    """Whether the last day has far fewer orders than its weekday usually has."""
    days = pd.DatetimeIndex(counts.index)
    same = counts[:-1][days[:-1].day_of_week == days[-1].day_of_week]
    recent = same[same.index >= days[-1] - pd.Timedelta(weeks=SAME_WEEKDAYS)]
    if len(recent) < SAME_WEEKDAYS // 2:
        return False
    usual, came = float(recent.median()), float(counts.iloc[-1])
    return came < LOW_SHARE * usual and _poisson_at_most(came, usual) < UNLIKELY


def _poisson_at_most(count: float, mean: float) -> float:
    """P(X <= count) for a Poisson variable of that mean."""
    return math.fsum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(int(count) + 1))
