"""A small log with a plantable signal: customers with their own rhythm, some of whom stop."""

import numpy as np
import pandas as pd
import pytest

AS_OF = "2024-12-31"


def make_log(customers: int = 150, days: int = 400, *, leave: float = 0.15, seed: int = 1, end: str = AS_OF) -> pd.DataFrame:
    """Orders of customers with gamma gaps around their own mean; each leaves for good after an order with probability `leave` / 10."""
    rng = np.random.default_rng(seed)
    rows = []
    first = pd.Timestamp(end) - pd.Timedelta(days=days)
    for number in range(customers):
        gap, level = rng.uniform(5, 40), rng.lognormal(9, 0.5)
        day = rng.uniform(0, days / 3)
        while day <= days:
            rows.append((f"c{number:04d}", first + pd.Timedelta(days=int(day)), level * rng.lognormal(0, 0.2)))
            if rng.random() < leave / 2:
                break
            day += max(1.0, rng.gamma(8, gap / 8))
    log = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    return log.assign(order_id=[f"o{number}" for number in range(len(log))])


@pytest.fixture(scope="package")
def log() -> pd.DataFrame:
    return make_log()
