"""The horizon H, proposed once from the customers' own rhythm; afterwards only a person changes it."""

from datetime import date

import numpy as np
import pandas as pd

from ml.customers.days import collapse, day_number

CHOICES = (14, 21, 30, 45, 60, 90, 120, 180, 270, 365)
_SHARE = 0.8
_FALLBACK = 60


def propose_horizon(orders: pd.DataFrame, as_of: date | str | pd.Timestamp) -> int:
    """Days of silence that are unusual for most customers who come back: one of CHOICES.

    Each customer with three orders or more has one vote, the 80 % quantile of own gaps; H is the smallest choice above the median vote,
    and at most a quarter of the history, so that past windows remain to learn from. 60 where nobody has ordered three times.
    """
    log = collapse(orders, as_of)
    repeat = np.flatnonzero(np.diff(log.start) >= 3)
    votes = [np.quantile(np.diff(log.day[log.start[one] : log.start[one + 1]]), _SHARE) for one in repeat]
    wanted = float(np.median(votes)) if votes else float(_FALLBACK)
    most = (day_number(as_of) - log.first_day) / 4
    possible = [choice for choice in CHOICES if choice <= most] or [CHOICES[0]]
    return next((choice for choice in possible if choice >= wanted), possible[-1])
