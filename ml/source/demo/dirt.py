"""What goes wrong in a company's records: a few per cent of rows, in known kinds, the same share in every company however small."""

from dataclasses import dataclass

import numpy as np

from ml.source.demo.sizes import Plan
from ml.source.demo.streams import Days, Flags, stream

BLOCK = 200  # in each block of orders one order of each kind, so that a small company has all of them too
KINDS = ("null_date", "null_price", "negative_price", "duplicate", "internal", "loan")
FUTURE_ORDER = 137  # this order's year is ten years too late
MISSING_COORDINATES = 0.022
MISSPELT = 0.10


@dataclass(frozen=True)
class Dirt:
    """For each order which kind it is (-1 = clean), as an index into KINDS, and which one is dated in the future."""

    kind: Days
    future: Flags

    def are(self, name: str) -> Flags:
        """Which orders are of a kind."""
        return self.kind == KINDS.index(name)

    @property
    def are_sales(self) -> Flags:
        """Which orders count as sales on a day of the past, in spite of the dirt."""
        return ((self.kind == -1) | self.are("duplicate")) & ~self.future


def make_dirt(plan: Plan, orders: int) -> Dirt:
    """The dirt of the first `orders` orders; it does not depend on how many follow."""
    draws = stream(plan.seed, "dirt")
    kind = np.full(orders + BLOCK, -1, dtype=np.int64)
    for block in range(0, orders, BLOCK):
        places = block + np.argsort(draws.random(BLOCK), kind="stable")[: len(KINDS)]
        kind[places] = np.arange(len(KINDS))
    kind = kind[:orders]
    future = np.arange(orders) == FUTURE_ORDER
    return Dirt(np.where(future, -1, kind), future)
