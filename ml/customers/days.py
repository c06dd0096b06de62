"""Orders collapsed to customer-days, the one form in which this room looks at an order log."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

EPOCH = pd.Timestamp("1970-01-01")
_DAY_BITS = 20  # a day number fits in 20 bits until the year 4840


class CustomerDataError(ValueError):
    """An order log cannot be used; the sentence says what came, what was expected and what to do."""


@dataclass(frozen=True)
class CustomerDays:
    """Sales by customer and day, sorted by customer then day.

    `ids` text ids, one per customer; `customer` index into `ids`, `day` days since 1970-01-01 and `amount` money, one per customer-day;
    `start` the first row of each customer (length customers + 1); `first_day` and `last_day` span the whole log.
    """

    ids: np.ndarray
    customer: np.ndarray
    day: np.ndarray
    amount: np.ndarray
    start: np.ndarray

    @property
    def customers(self) -> int:
        """How many customers there are."""
        return len(self.ids)

    @property
    def first_day(self) -> int:
        """The first day with a sale."""
        return int(self.day.min())

    @property
    def last_day(self) -> int:
        """The last day with a sale."""
        return int(self.day.max())

    def rows_until(self, day: int) -> np.ndarray:
        """For each customer the row after the last one dated `day` or earlier, shape (customers,)."""
        key = (self.customer.astype(np.int64) << _DAY_BITS) + self.day
        wanted = (np.arange(self.customers, dtype=np.int64) << _DAY_BITS) + max(day, 0)
        return np.searchsorted(key, wanted, side="right")


def day_number(day: date | str | pd.Timestamp) -> int:
    """A day as days since 1970-01-01."""
    return (pd.Timestamp(day).tz_localize(None).normalize() - EPOCH).days


def collapse(orders: pd.DataFrame, as_of: date | str | pd.Timestamp) -> CustomerDays:
    """Customer-days of the sales known at the end of `as_of`.

    `orders` has customer_id, amount and date (or order_date); rows without a customer or a day, and rows with an amount that is not above
    zero (refunds, free and internal orders) are left out; two orders of one day become one. An id given once as a number and once
    as text is one customer. Raises CustomerDataError when a column is missing or no sale is left.
    """
    day_column = "date" if "date" in orders else "order_date"
    missing = [name for name in ("customer_id", day_column, "amount") if name not in orders]
    if missing:
        raise CustomerDataError(f"The orders have no column {missing}; expected are customer_id, date (or order_date) and amount.")
    frame = pd.DataFrame(
        {
            "id": customer_ids(orders["customer_id"]).to_numpy(),
            "day": _days(orders[day_column]),
            "amount": pd.to_numeric(orders["amount"], errors="coerce").to_numpy(dtype=float),
        }
    )
    sale = frame["id"].notna() & frame["day"].notna() & np.isfinite(frame["amount"]) & (frame["amount"] > 0)
    frame = frame[sale & (frame["day"] <= day_number(as_of))]
    if frame.empty:
        raise CustomerDataError(
            f"None of the {len(orders)} orders is a sale dated {pd.Timestamp(as_of):%Y-%m-%d} or earlier; one with an amount above 0 "
            "is needed at least. Check the mapping's amount and date columns."
        )
    return _grouped(frame["id"], frame["day"].to_numpy(np.int64), frame["amount"].to_numpy())


def customer_ids(values: pd.Series) -> pd.Series:
    """Customer ids as text: 17850, 17850.0, "17850" and " 17850.0 " are the same customer; empty ids are missing."""
    if pd.api.types.is_integer_dtype(values.dtype):
        return values.astype("str").mask(values.isna())
    text = values.astype("str").str.strip().str.replace(r"^(-?\d+)\.0+$", r"\1", regex=True)
    return text.mask(values.isna() | (text == "") | text.isna())


def _days(values: pd.Series) -> np.ndarray:
    stamps = pd.to_datetime(values, errors="coerce")
    if stamps.dt.tz is not None:
        stamps = stamps.dt.tz_localize(None)
    return ((stamps.dt.normalize() - EPOCH) / pd.Timedelta(days=1)).to_numpy(dtype=float)


def _grouped(ids: pd.Series, day: np.ndarray, amount: np.ndarray) -> CustomerDays:
    codes, uniques = pd.factorize(ids, sort=True)
    key, inverse = np.unique((codes.astype(np.int64) << _DAY_BITS) + day, return_inverse=True)
    customer = key >> _DAY_BITS
    return CustomerDays(
        ids=np.asarray(uniques, dtype=object),
        customer=customer,
        day=key & ((1 << _DAY_BITS) - 1),
        amount=np.bincount(inverse, weights=amount),
        start=np.searchsorted(customer, np.arange(len(uniques) + 1)),
    )
