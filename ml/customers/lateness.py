"""How late is too late? Of customers silent for so many times their own pause, the share who still came back, learnt from the log."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from ml.customers.days import CustomerDays, collapse, day_number
from ml.customers.features import order_states

MULTIPLES = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
FEWEST_CUSTOMERS = 30
FEWEST_GAPS = 2
HALF = 0.5
_Z95 = 1.959963984540054


@dataclass(frozen=True)
class Point:
    """Of `customers` who were once silent for `multiple` times their own pause, the `share` who ordered again in time, with its 95 %
    interval."""

    multiple: float
    share: float
    lo95: float
    hi95: float
    customers: int


@dataclass(frozen=True)
class Lateness:
    """The curve, shortest silence first; `within_days` is how much longer the customers were given to come back."""

    within_days: int
    points: tuple[Point, ...]

    @property
    def too_late(self) -> float | None:
        """The first multiple at which fewer than half came back, None where that never shows."""
        return next((point.multiple for point in self.points if point.share < HALF), None)


def fit_lateness(orders: pd.DataFrame, as_of: date | str | pd.Timestamp, within_days: int) -> Lateness | None:
    """The curve of an order log (customer_id, amount, date or order_date), None under FEWEST_CUSTOMERS at the first multiple.

    A silence counts from the order after which a customer had FEWEST_GAPS gaps or more; its yardstick is the smoothed gap known then. It
    counts at a multiple when it lasted that long and `within_days` more had passed by `as_of`, so that an open end biases nothing.
    Every customer has one vote, the share of own silences that ended in time: many silences of one customer are not many customers.
    Multiples with fewer than FEWEST_CUSTOMERS customers are left out. Raises CustomerDataError without a single sale.
    """
    log = collapse(orders, as_of)
    states = order_states(log)
    rows = np.flatnonzero(states["rank"] >= FEWEST_GAPS)
    pause = np.maximum(states["smooth_gap"][rows], 1.0)
    ended = _next_day(log)[rows]
    points = []
    for multiple in MULTIPLES:
        reached = log.day[rows] + np.ceil(multiple * pause)
        counts = (ended > reached) & (reached + within_days <= day_number(as_of))
        point = _point(multiple, log.customer[rows[counts]], ended[counts] <= reached[counts] + within_days)
        if point.customers < FEWEST_CUSTOMERS:
            break
        points.append(point)
    return Lateness(within_days, tuple(points)) if points else None


def wilson(share: float, count: int) -> tuple[float, float]:
    """The 95 % score interval of a share of `count` (Wilson 1927).

    For means of shares, which vary less than single yes and no, it is on the safe side.
    """
    z2 = _Z95**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z95 / (1 + z2 / count) * float(np.sqrt(share * (1 - share) / count + z2 / (4 * count**2)))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _next_day(log: CustomerDays) -> np.ndarray:
    """For each customer-day the day of the same customer's next order, infinite where none has come."""
    following = np.append(log.day[1:], 0).astype(float)
    following[log.start[1:] - 1] = np.inf
    return following


def _point(multiple: float, customer: np.ndarray, returned: np.ndarray) -> Point:
    who, place = np.unique(customer, return_inverse=True)
    if not len(who):
        return Point(multiple, float("nan"), float("nan"), float("nan"), 0)
    share = float((np.bincount(place, weights=returned) / np.bincount(place)).mean())
    return Point(multiple, share, *wilson(share, len(who)), len(who))
