"""Whether the numbers of an experiment may be read at all: sample ratio, balance, A/A on the own past, contamination, silence, top 1 %."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ml.experiments import analysis
from ml.experiments.assignment import pairs, pairs_a_coin
from ml.experiments.designs import METRICS, Design
from ml.experiments.errors import ExperimentError
from ml.experiments.redrawing import Redrawn, draws_of
from ml.experiments.stats import FEWEST_FREE, SRM_ALARM, cuped, mean_test, srm
from ml.experiments.units import Observed

Floats = NDArray[np.float64]
Light = Literal["good", "warning", "alarm", "unknown"]
AA_DRAWS = 1000
AA_ALARM = 0.07
ALPHA = 0.05
REFERENCE_DRAWS = 999
FEWEST_PAIRS = 8
BLOCK_CELLS = 8_000_000
BALANCE_WARNING = 0.01
MISSING_WARNING, TOP_WARNING = 0.05, 0.5


def examine(seen: Observed, in_two: int = 0) -> dict[str, dict[str, Any]]:
    """The lights of an experiment: name -> {light, and its figures}. `in_two` counts units that are in another experiment as well."""
    missing = 1 - float(seen.frame["has_outcome"].mean()) if len(seen.frame) and seen.source == "posted" else 0.0
    top = analysis.carried_by_top(seen, seen.plan.primary) if METRICS[seen.plan.primary].is_money and seen.days else None
    return {
        "sample_ratio": sample_ratio(seen),
        "balance": _balance(seen),
        "false_alarms": _false_alarms(seen),
        "contamination": {"light": "alarm" if in_two else "good", "units": in_two},
        "outcomes": {
            "light": "warning" if missing > MISSING_WARNING or seen.mismatches else "good",
            "missing": missing,
            "mismatches": seen.mismatches,
        },
        "top": {"light": "unknown" if top is None else "warning" if abs(top) > TOP_WARNING else "good", "share": top},
    }


def is_readable(lights: dict[str, dict[str, Any]]) -> bool:
    """Whether results may be shown: the sample ratio raises no alarm."""
    return lights["sample_ratio"]["light"] != "alarm"


def sample_ratio(seen: Observed) -> dict[str, Any]:
    """Of the units that reached the point of treatment; where none is noted, of those with valid outcomes; else of all."""
    frame, basis = seen.frame, "assigned"
    if frame["reached_at"].notna().any():
        frame, basis = frame[frame["reached_at"].notna()], "reached"
    elif seen.source == "posted":
        frame, basis = frame[frame["has_outcome"]], "outcomes"
    counts = [int((frame["arm"] == index).sum()) for index in (0, 1)]
    if not sum(counts):
        return {"light": "unknown", "p": None, "counts": counts, "basis": basis}
    p = srm(counts, seen.plan.weights)
    return {"light": "alarm" if p < SRM_ALARM else "good", "p": p, "counts": counts, "basis": basis}


def _balance(seen: Observed) -> dict[str, Any]:
    """The difference of the arms before the start, in standard deviations, and its p."""
    if "pre_revenue" not in seen.frame:
        return {"light": "unknown", "difference": None, "p": None}
    values, arm = seen.frame["pre_revenue"].to_numpy(dtype=float), seen.frame["arm"].to_numpy(dtype=int)
    if seen.plan.cap is not None:
        values = np.minimum(values, seen.plan.cap)
    try:
        result = mean_test(values, arm)
    except ExperimentError:
        return {"light": "unknown", "difference": None, "p": None}
    return {"light": "warning" if result.p < BALANCE_WARNING else "good", "difference": result.effect / float(values.std()), "p": result.p}


def _false_alarms(seen: Observed) -> dict[str, Any]:
    """The A/A check on revenue before the start, with the experiment's own design and analysis."""
    if "pre_revenue" not in seen.frame or len(seen.frame) < 2 * analysis.SMALLEST_SEGMENT:
        return {"light": "unknown", "share": None}
    y = seen.frame["pre_revenue"].to_numpy(dtype=float)
    if seen.plan.cap is not None:
        y = np.minimum(y, seen.plan.cap)
    if np.ptp(y) == 0:
        return {"light": "unknown", "share": None}
    pairing = seen.frame["pre_earlier"].to_numpy(dtype=float) if "pre_earlier" in seen.frame else None
    if pairing is not None and seen.plan.cap is not None:
        pairing = np.minimum(pairing, seen.plan.cap)
    share = false_alarm_share(
        y,
        pairing,
        design=seen.plan.design,
        share=seen.plan.weights[1] / sum(seen.plan.weights),
        pairing=pairing,
        cluster=seen.frame["cluster"].astype(str).to_numpy(),
        strata=seen.frame["zone"].fillna("").astype(str).tolist(),
    )
    if math.isnan(share):
        return {"light": "unknown", "share": None}
    return {"light": "alarm" if share > AA_ALARM else "good", "share": share}


def false_alarm_share(
    y: ArrayLike,
    x: ArrayLike | None,
    *,
    design: Design,
    share: float = 0.5,
    pairing: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    strata: Sequence[str] | None = None,
    seed: int = 0,
) -> float:
    """The share of A/A tests of `y` (n,) that reject: arms drawn anew AA_DRAWS times by the design, analysed as the design is.

    Pairs and coin: Welch after CUPED with `x`; unequal: the studentised permutation test; clusters: the analysis of covariance of the
    clusters' means, drawn in pairs by `pairing`. What nothing was done to should come out near `alpha`; NaN where fewer than FEWEST_PAIRS
    can be drawn, since a handful of possible draws says nothing about a rate.
    """
    outcome, rng = np.asarray(y, dtype=float), np.random.default_rng(seed)
    paired = None if pairing is None else np.asarray(pairing, dtype=float)
    if design == "clusters":
        return _share_by_clusters(outcome, paired, np.asarray(cluster), rng)
    if x is not None:
        outcome = cuped(outcome, np.asarray(x, dtype=float).reshape(len(outcome), -1))
    treated = (np.arange(len(outcome)) < round(share * len(outcome))).astype(float)
    if design == "unequal":
        return _share_by_permutation(outcome, treated, AA_DRAWS, rng)
    if design == "pairs" and paired is not None:
        if len(outcome) < 2 * FEWEST_PAIRS:
            return math.nan
        arms = _paired_arms(paired, AA_DRAWS, rng, strata)
    else:
        arms = np.concatenate(list(draws_of(treated, AA_DRAWS, rng, BLOCK_CELLS)))
    return float((_welch_p(outcome, arms) < ALPHA).mean())


def _share_by_clusters(y: Floats, pairing: Floats | None, cluster: NDArray[Any], rng: np.random.Generator) -> float:
    _, place = np.unique(cluster, return_inverse=True)
    count = np.bincount(place)
    if len(count) < 2 * FEWEST_PAIRS:
        return math.nan
    means = np.bincount(place, weights=y) / count
    before = np.bincount(place, weights=pairing) / count if pairing is not None else np.zeros(len(count))
    return float((_ancova_p(means, before, _paired_arms(before, AA_DRAWS, rng)) < ALPHA).mean())


def _paired_arms(pairing: Floats, draws: int, rng: np.random.Generator, strata: Sequence[str] | None = None) -> Floats:
    """Arms (draws, n), by the pairs and coins of `assign_balanced`."""
    matched, single = pairs([str(place) for place in range(len(pairing))], "a/a", pairing, strata)
    arms = np.zeros((draws, len(pairing)))
    size = pairs_a_coin(len(matched))
    coins = rng.random((draws, -(-len(matched) // size))) < 0.5
    larger = np.repeat(coins, size, axis=1)[:, : len(matched)] ^ (np.arange(len(matched)) % size == 1)
    arms[:, matched[:, 1]], arms[:, matched[:, 0]] = larger, ~larger
    arms[:, single] = rng.random((draws, len(single))) < 0.5
    return arms


def _ancova_p(y: Floats, x: Floats, arms: Floats) -> Floats:
    """The p of each row of arms in the least squares of `y` on arm and `x` (without `x` where it does not vary), as `cluster_test`."""
    columns = [np.ones(len(y))] + ([x - x.mean()] if np.ptp(x) > 0 and len(y) - 3 >= FEWEST_FREE else [])
    basis, _ = np.linalg.qr(np.column_stack(columns))
    rest_y, rest_arm = y - basis @ (basis.T @ y), arms - (arms @ basis) @ basis.T
    square, product = (rest_arm**2).sum(axis=1), rest_arm @ rest_y
    df = len(y) - len(columns) - 1
    left = np.maximum(rest_y @ rest_y - product**2 / square, 1e-300)
    return np.asarray(2 * stats.t.sf(np.abs(product) / np.sqrt(square * left / df), df))


def _welch_p(y: Floats, arms: Floats) -> Floats:
    """Welch's p for each row of arms."""
    count1 = arms.sum(axis=1)
    count0 = len(y) - count1
    centred = y - y.mean()
    sum1, square1 = arms @ centred, arms @ (centred * centred)
    sum0, square0 = centred.sum() - sum1, (centred * centred).sum() - square1
    part1, part0 = (
        np.maximum(square - total**2 / count, 0) / (count - 1) / count
        for square, total, count in ((square1, sum1, count1), (square0, sum0, count0))
    )
    se = np.sqrt(part0 + part1)
    t = np.divide(sum1 / count1 - sum0 / count0, se, out=np.zeros_like(se), where=se > 0)
    below = part0**2 / (count0 - 1) + part1**2 / (count1 - 1)
    df = np.divide((part0 + part1) ** 2, below, out=np.ones_like(se), where=below > 0)
    return np.asarray(2 * stats.t.sf(np.abs(t), df))


def _share_by_permutation(y: Floats, treated: Floats, draws: int, rng: np.random.Generator) -> float:
    """Without an effect the reference draws are the same for every arm, so that one set of them judges all."""
    kept = Redrawn(y - y.mean(), treated - treated.mean(), treated, draws + REFERENCE_DRAWS, rng).statistics()
    seen, reference = np.abs(kept[:draws]), np.sort(np.abs(kept[draws:]))
    at_least = len(reference) - np.searchsorted(reference, seen * (1 - 1e-12), side="left")
    return float(((1 + at_least) / (1 + len(reference)) < ALPHA).mean())
