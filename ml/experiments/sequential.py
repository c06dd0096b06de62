"""Planned looks at a running experiment: error spending by Lan and DeMets (1983) in the shape of O'Brien and Fleming."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq
from scipy.special import ndtr

from ml.experiments.errors import ExperimentError

if TYPE_CHECKING:
    from ml.experiments.stats import MeanResult

Floats = NDArray[np.float64]

GRID = 2001
COARSE = 301
REACH = 8.0


def boundaries(fractions: Sequence[float], alpha: float = 0.05) -> Floats:
    """Two-sided critical |z| at each look; `fractions` (k,) are the shares of the information seen by then, rising to at most 1.

    Four equal looks at 5 % give 4.3326, 2.9631, 2.3590, 2.0141. Recursive integration after Armitage, McPherson and Rowe (1969).
    """
    times = np.asarray(fractions, dtype=float)
    if times.ndim != 1 or not len(times) or (np.diff(times) <= 0).any() or times[0] <= 0 or times[-1] > 1 + 1e-12 or not 0 < alpha < 1:
        raise ExperimentError(
            f"Looks at {list(fractions)} with alpha {alpha} cannot be planned: shares must rise from above 0 to at most 1."
        )
    return np.array(_boundaries(tuple(times.tolist()), alpha))


@lru_cache(maxsize=256)
def _boundaries(fractions: tuple[float, ...], alpha: float) -> tuple[float, ...]:
    times = np.array(fractions)
    spent = 2 * stats.norm.sf(stats.norm.isf(alpha / 4) / np.sqrt(times))  # per side
    critical = np.empty(len(times))
    critical[0] = stats.norm.isf(spent[0])
    nodes, weights, density = _first(critical[0] * math.sqrt(times[0]), times[0])
    for look in range(1, len(times)):
        step, to_spend = math.sqrt(times[look] - times[look - 1]), spent[look] - spent[look - 1]
        critical[look] = _solve(nodes, weights * density, step, times[look], to_spend)
        edge = critical[look] * math.sqrt(times[look])
        fresh, fresh_weights = _grid(edge)
        kernel = _normal_density((fresh[:, None] - nodes[None, :]) / step) / step
        nodes, weights, density = fresh, fresh_weights, kernel @ (weights * density)
    return tuple(critical.tolist())


def repeated_interval(result: "MeanResult", boundary: float) -> tuple[float, float]:
    """The interval that holds at every look: effect ± boundary × standard error (Jennison and Turnbull, 1989)."""
    return result.effect - boundary * result.se, result.effect + boundary * result.se


def adjusted_drift(z: float, critical: Sequence[float], fractions: Sequence[float], alpha: float = 0.05) -> tuple[float, float, float]:
    """The drift (expected z at the planned end) that fits a test stopped at the last of `fractions` with `z`: median, and an interval.

    Stage-wise ordering: stopping earlier counts as more extreme (Tsiatis, Rosner and Mehta, 1984; Jennison and Turnbull, 2000, 8.5). The
    effect is drift × sqrt(fraction) × standard error at that look. Without an earlier look it is the plain estimate.
    """
    sign, times = math.copysign(1.0, z), np.asarray(fractions, dtype=float)
    edges = np.asarray(critical, dtype=float) * np.sqrt(times)

    def beyond(drift: float) -> float:
        return _probability_beyond(abs(z) * math.sqrt(times[-1]), edges[:-1], times, drift)

    reach = (abs(z) + REACH) / math.sqrt(times[-1])
    found = [float(brentq(lambda drift, level=level: beyond(drift) - level, -reach, reach)) for level in (alpha / 2, 0.5, 1 - alpha / 2)]
    low, middle, high = (found[0], found[1], found[2]) if sign > 0 else (-found[2], -found[1], -found[0])
    return middle, low, high


def _probability_beyond(score: float, edges: Floats, times: Floats, drift: float) -> float:
    """The chance to cross an upper edge before the last look, or to lie above `score` at it, at this drift."""
    if not len(edges):
        return float(ndtr((drift * times[0] - score) / math.sqrt(times[0])))
    nodes, weights = _grid(edges[0], COARSE)
    density = _normal_density((nodes - drift * times[0]) / math.sqrt(times[0])) / math.sqrt(times[0])
    total = float(ndtr((drift * times[0] - edges[0]) / math.sqrt(times[0])))
    for look in range(1, len(times)):
        gap = times[look] - times[look - 1]
        step, target = math.sqrt(gap), score if look == len(times) - 1 else edges[look]
        total += float((weights * density) @ ndtr((nodes + drift * gap - target) / step))
        if look < len(times) - 1:
            fresh, fresh_weights = _grid(edges[look], COARSE)
            kernel = _normal_density((fresh[:, None] - nodes[None, :] - drift * gap) / step) / step
            nodes, weights, density = fresh, fresh_weights, kernel @ (weights * density)
    return total


def _normal_density(z: Floats) -> Floats:
    return np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)


def _grid(edge: float, points: int = GRID) -> tuple[Floats, Floats]:
    """Simpson nodes and weights over [-edge, edge], the continuation region of the score statistic."""
    reach = min(edge, REACH)
    nodes = np.linspace(-reach, reach, points)
    weights = np.full(points, 2.0)
    weights[1::2] = 4.0
    weights[[0, -1]] = 1.0
    return nodes, weights * (nodes[1] - nodes[0]) / 3


def _first(edge: float, time: float) -> tuple[Floats, Floats, Floats]:
    nodes, weights = _grid(edge)
    return nodes, weights, _normal_density(nodes / math.sqrt(time)) / math.sqrt(time)


def _solve(nodes: Floats, mass: Floats, step: float, time: float, to_spend: float) -> float:
    def excess(z: float) -> float:
        return float(mass @ ndtr((nodes - z * math.sqrt(time)) / step)) - to_spend

    return float(brentq(excess, 0.0, REACH * 2, xtol=1e-12))
