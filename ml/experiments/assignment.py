"""Who gets what: sticky assignment by hashing, and balanced pairs for few customers. Nothing here depends on order or on a clock."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml.experiments.errors import ExperimentError

BLOCKS_FROM = 20


def assign(unit_id: str, salt: str, weights: Sequence[float] = (0.5, 0.5)) -> int:
    """The arm's index of a unit: the same for ever for the same unit, salt and weights (SHA-256 of both, read as a share of 1)."""
    total = float(sum(weights))
    if len(weights) < 2 or min(weights) < 0 or total <= 0:
        raise ExperimentError(f"Weights {list(weights)} cannot be drawn from: at least two, none negative, not all 0.")
    share = _share(unit_id, salt) * total
    for arm, edge in enumerate(accumulate(weights)):
        if share < edge:
            return arm
    return len(weights) - 1


def assign_balanced(unit_ids: Sequence[str], salt: str, pre_values: ArrayLike, strata: Sequence[str] | None = None) -> NDArray[np.int_]:
    """Arms (n,) of 0 and 1: neighbours by pre-period value within a stratum form pairs, and a hash decides which of a pair is treated.

    From BLOCKS_FROM pairs on they are taken two by two, the most unlike within themselves first, and of two such pairs one treats its
    larger and the other its smaller unit, so that their differences cancel; fewer pairs keep a coin each. Deterministic for a salt and
    independent of the order of the list. Units left over (odd strata) are paired with each other across strata; a last single one is
    drawn by its hash. Matched pairs: Greevy, Lu, Silber and Rosenbaum (2004).
    """
    units = [str(unit) for unit in unit_ids]
    matched, single = pairs(units, salt, pre_values, strata)
    arms = np.zeros(len(units), dtype=int)
    size = pairs_a_coin(len(matched))
    for start in range(0, len(matched), size):
        block = matched[start : start + size]
        name = "|".join(sorted(units[index] for index in block.ravel()))
        treats_larger = _share(name, f"{salt}:pair") < 0.5
        for smaller, larger in block.tolist():
            arms[larger], arms[smaller] = int(treats_larger), int(not treats_larger)
            treats_larger = not treats_larger
    for index in single:
        arms[index] = int(_share(units[index], f"{salt}:single") < 0.5)
    return arms


def pairs_a_coin(pair_count: int) -> int:
    """How many pairs share a coin: two, where enough coins are left that the draw stays rich."""
    return 2 if pair_count >= BLOCKS_FROM else 1


def pairs(
    unit_ids: Sequence[str], salt: str, pre_values: ArrayLike, strata: Sequence[str] | None = None
) -> tuple[NDArray[np.int_], list[int]]:
    """The matched pairs (m, 2) as places in the list, the smaller value first and the most unlike pair first, and the place of the unit
    left over, if any. Raises ExperimentError as above."""
    units, values = [str(unit) for unit in unit_ids], _usable(unit_ids, pre_values, strata)
    ties = [_share(unit, salt) for unit in units]
    groups: dict[str, list[int]] = defaultdict(list)
    for index in range(len(units)):
        groups[str(strata[index]) if strata is not None else ""].append(index)
    found: list[tuple[int, int]] = []
    left_over: list[int] = []
    for name in sorted(groups):
        left_over += _pair(sorted(groups[name], key=lambda i: (values[i], ties[i])), found)
    single = _pair(sorted(left_over, key=lambda i: (values[i], ties[i])), found)
    found.sort(key=lambda pair: (values[pair[0]] - values[pair[1]], ties[pair[0]]))
    return np.array(found, dtype=int).reshape(-1, 2), single


def _usable(units: Sequence[str], pre_values: ArrayLike, strata: Sequence[str] | None) -> NDArray[np.float64]:
    values = np.asarray(pre_values, dtype=float)
    if values.shape != (len(units),) or (strata is not None and len(strata) != len(units)):
        raise ExperimentError(f"{len(units)} units came with {values.shape} values before the start: one each is needed.")
    if len({str(unit) for unit in units}) != len(units):
        raise ExperimentError("A unit appears twice: each customer may be assigned once.", "unit_twice")
    if not np.isfinite(values).all():
        raise ExperimentError("A value before the start is missing or infinite: a customer without purchases counts as 0.")
    return values


def _pair(ordered: list[int], found: list[tuple[int, int]]) -> list[int]:
    """Add neighbours in the list to the pairs `found`; returns the last one when it has no neighbour."""
    found += zip(ordered[0::2], ordered[1::2], strict=False)
    return ordered[-1:] if len(ordered) % 2 else []


def _share(unit_id: str, salt: str) -> float:
    digest = hashlib.sha256(f"{salt}:{unit_id}".encode()).digest()
    return (int.from_bytes(digest[:8]) >> 11) / 2**53
