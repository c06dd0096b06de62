"""Named random streams. Each topic draws from its own generator in order of time, so a longer company begins with the shorter one."""

import zlib

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Days = NDArray[np.int64]
Flags = NDArray[np.bool_]
NEVER = np.int64(10**6)  # a day index beyond every end


def stream(seed: int, topic: str) -> np.random.Generator:
    """The generator of a topic: equal for equal seed and topic, independent of all other topics."""
    return np.random.default_rng([seed, zlib.crc32(topic.encode())])


def normal(first: Floats, second: Floats) -> Floats:
    """Standard normal values from two arrays of uniform ones in [0, 1) (Box and Muller, 1958)."""
    return np.sqrt(-2.0 * np.log1p(-first)) * np.cos(2.0 * np.pi * second)


def exponential(uniform: Floats) -> Floats:
    """Exponential values of mean 1 from uniform ones in [0, 1)."""
    return -np.log1p(-uniform)


def pick(uniform: Floats, shares: Floats) -> Days:
    """Indexes drawn by `shares` (any positive weights), one for each uniform value in [0, 1)."""
    edges = np.cumsum(shares) / np.sum(shares)
    return np.searchsorted(edges, uniform, side="right").clip(0, len(shares) - 1)
