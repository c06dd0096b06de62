"""How cells look in the company's database: text ids, ISO days, and nothing where nothing is known yet."""

import numpy as np

from ml.source.demo.company import Company
from ml.source.demo.streams import Days, Flags


def customer_ids(numbers: Days) -> np.ndarray:
    """Text ids of customers by number."""
    return np.array([f"CLI-{number:04d}" for number in numbers.tolist()], dtype=object)


def order_ids(numbers: Days) -> np.ndarray:
    """Text ids of orders by number."""
    return np.array([f"PED-{number + 1:06d}" for number in numbers.tolist()], dtype=object)


def shown(seen: Flags, values: np.ndarray) -> np.ndarray:
    """The values as objects, None where not seen."""
    cells = np.full(len(seen), None, dtype=object)
    cells[seen] = np.asarray(values, dtype=object)[seen]
    return cells


def iso_days(company: Company, days: Days) -> np.ndarray:
    """ISO days by index; None beyond the plan's end."""
    known = days < company.plan.days
    text = np.datetime_as_string(np.datetime64(company.plan.start) + np.where(known, days, 0), unit="D").astype(object)
    return shown(known, text)
