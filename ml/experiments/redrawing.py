"""Arms drawn again and again for the permutation test: sums are kept per draw, so that another assumed effect costs one pass over them."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Redrawn:
    """Studentised differences under re-drawn arms of outcomes u - d v (v: the arm's own share), for any assumed effect d.

    All sums that depend on the draw are kept once, so that another d costs one pass over the draws and none over the customers.
    """

    BLOCK_CELLS = 8_000_000

    def __init__(self, u: Floats, v: Floats, treated: Floats, permutations: int, rng: np.random.Generator) -> None:
        self.n, self.n1 = len(u), int(treated.sum())
        columns = np.column_stack([u, v, u * u, v * v, u * v])
        self.totals = columns.sum(axis=0)
        self.observed = treated @ columns
        self.sums = np.concatenate([part @ columns for part in draws_of(treated, permutations, rng, self.BLOCK_CELLS)])

    def _studentised(self, sums: Floats, d: float) -> Floats:
        n1, n0 = self.n1, self.n - self.n1
        rest = self.totals - sums
        first, second = (block[..., 0] - d * block[..., 1] for block in (sums, rest))
        squares1, squares0 = (block[..., 2] - 2 * d * block[..., 4] + d * d * block[..., 3] for block in (sums, rest))
        var1 = np.maximum(squares1 - first**2 / n1, 0) / (n1 - 1)
        var0 = np.maximum(squares0 - second**2 / n0, 0) / (n0 - 1)
        scale = np.sqrt(var1 / n1 + var0 / n0)
        difference = first / n1 - second / n0
        return np.divide(difference, scale, out=np.zeros_like(difference), where=scale > 0)

    def estimate(self) -> float:
        """The difference of the (adjusted) means."""
        n1, n0 = self.n1, self.n - self.n1
        slopes = self.observed[1] / n1 - (self.totals[1] - self.observed[1]) / n0
        return float((self.observed[0] / n1 - (self.totals[0] - self.observed[0]) / n0) / slopes)

    def statistics(self) -> Floats:
        """The studentised difference of every draw (draws,), no effect assumed."""
        return self._studentised(self.sums, 0.0)

    def p(self, d: float) -> float:
        """The two-sided p-value of the assumed effect `d`."""
        seen = abs(float(self._studentised(self.observed[None, :], d)[0]))
        drawn = np.abs(self._studentised(self.sums, d))
        return float((1 + (drawn >= seen * (1 - 1e-12)).sum()) / (1 + len(drawn)))

    def edge(self, effect: float, side: float, alpha: float) -> float:
        """The last effect on that side (-1 or 1) which is not rejected, by bisection; infinite when none is."""
        step = max(abs(effect), math.sqrt(self.totals[2] / self.n)) or 1.0
        inside, outside = effect, effect + side * step
        for _ in range(40):
            if self.p(outside) < alpha:
                break
            inside, step = outside, step * 2
            outside = effect + side * step
        else:
            return side * math.inf
        for _ in range(60):
            middle = (inside + outside) / 2
            inside, outside = (inside, middle) if self.p(middle) < alpha else (middle, outside)
        return inside


def draws_of(treated: Floats, permutations: int, rng: np.random.Generator, cells: int) -> Iterator[Floats]:
    """Blocks of re-drawn arms (draws, n), each a permutation of `treated`, of at most `cells` numbers."""
    block = max(1, cells // len(treated))
    for start in range(0, permutations, block):
        size = min(block, permutations - start)
        yield rng.permuted(np.broadcast_to(treated, (size, len(treated))), axis=1)
