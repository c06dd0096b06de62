"""A small shop with known price effects, as `sales_lines`."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

AS_OF = date(2026, 10, 28)
WEEKS = 104


def week_days(weeks: int = WEEKS) -> pd.DatetimeIndex:
    """The third day of each week of seven days ending on AS_OF."""
    return pd.Timestamp(AS_OF) - pd.to_timedelta((weeks - 1 - np.arange(weeks)) * 7 + 3, unit="D")


def promotions(rng: np.random.Generator, weeks: int = WEEKS, share: float = 0.2) -> np.ndarray:
    """Log price path: some months at 10 to 20 % off, and a rise by 8 % in the middle."""
    path = np.where(np.arange(weeks) >= weeks // 2, np.log(1.08), 0.0)
    for month in range(0, weeks, 4):
        if rng.random() < share:
            path[month : month + 3] += np.log(rng.uniform(0.8, 0.9))
    return path


def sell(seed: int, log_price: np.ndarray, elasticity: float, *, customers: int = 40, rate: float = 0.5, kind: str = "Hogar", **more):
    """Lines of customers who buy at random, more often at a low price. `log_price` is weeks, or customers × weeks.

    `more`: `factors` (personal price factors), `sizes` (usual quantity per customer), `discount` (share off from 10 units on),
    `product_id`.
    """
    rng = np.random.default_rng(seed)
    weeks = log_price.shape[-1]
    paths = np.broadcast_to(log_price, (customers, weeks))
    factors, sizes = more.get("factors", np.ones(customers)), more.get("sizes", np.full(customers, 2))
    season = 0.15 * np.cos(2 * np.pi * np.arange(weeks) / 52)
    days, parts = week_days(weeks), []
    for customer in range(customers):
        bought = np.repeat(np.arange(weeks), rng.poisson(rate * np.exp(elasticity * paths[customer] + season)))
        quantity = np.maximum(1.0, np.rint(rng.normal(sizes[customer], sizes[customer] * 0.2, len(bought))))
        price = 3000.0 * factors[customer] * np.exp(paths[customer, bought]) * (1 - more.get("discount", 0.0) * (quantity >= 10))
        parts.append(
            pd.DataFrame({"customer_id": f"{kind}-{customer}", "day": days[bought], "quantity": quantity, "price": price.round(1)})
        )
    return pd.concat(parts, ignore_index=True).assign(product_id=more.get("product_id", "PC"), customer_type=kind)


@pytest.fixture
def rng() -> np.random.Generator:
    """A seeded generator."""
    return np.random.default_rng(7)
