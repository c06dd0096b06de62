"""Tests of a difference between control (arm 0) and treatment (arm 1). Pure functions on numpy arrays; two-sided throughout.

Absolute and relative verdicts always agree: the relative interval is Fieller's, with the standard errors and degrees of freedom of the
absolute test. Sources: Welch (1947); Fieller (1954); Deng, Xu, Kohavi and Walker (2013) for CUPED; Newcombe (1998), method 10.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ml.experiments.errors import ExperimentError
from ml.experiments.redrawing import Redrawn
from ml.experiments.sequential import boundaries as boundaries

Floats = NDArray[np.float64]
SMALLEST_ARM = 2
FEWEST_FREE = 3
SRM_ALARM = 0.001


@dataclass(frozen=True)
class MeanResult:
    """A difference of means (or ratios), treatment minus control, in the metric's unit; relative figures are shares of the control mean.

    `estimable` is False when the control mean cannot be told from zero: the relative interval is then (-inf, inf).
    """

    effect: float
    se: float
    df: float
    p: float
    ci_low: float
    ci_high: float
    rel_effect: float
    rel_ci_low: float
    rel_ci_high: float
    control_mean: float
    treatment_mean: float
    control_count: int
    treatment_count: int

    @property
    def estimable(self) -> bool:
        """Whether a relative effect can be given at all."""
        return math.isfinite(self.rel_ci_low) and math.isfinite(self.rel_ci_high)


@dataclass(frozen=True)
class ProportionResult:
    """A difference of two shares, treatment minus control: pooled z test, Newcombe's interval."""

    effect: float
    z: float
    p: float
    ci_low: float
    ci_high: float
    control_share: float
    treatment_share: float


@dataclass(frozen=True)
class PermutationResult:
    """A difference of means with a p-value from re-drawn arms and an interval of the effects that test does not reject."""

    effect: float
    p: float
    ci_low: float
    ci_high: float
    permutations: int


def mean_test(y: ArrayLike, arm: ArrayLike, x: ArrayLike | None = None, alpha: float = 0.05) -> MeanResult:
    """Welch's test of two means; with `x` (n,) or (n, k), the same metric before the start, after CUPED with pooled theta.

    `y` (n,) is one outcome per customer, silent customers as 0; `arm` (n,) is 0 or 1. Raises ExperimentError on an empty arm,
    a missing or infinite value, or a constant outcome.
    """
    outcome, arms = _checked(y, arm)
    adjusted = outcome if x is None else cuped(outcome, _covariates(x, len(outcome)))
    control, treatment = adjusted[arms == 0], adjusted[arms == 1]
    return _welch(_moments(control), _moments(treatment), alpha)


def ratio_test(numerator: ArrayLike, denominator: ArrayLike, arm: ArrayLike, alpha: float = 0.05) -> MeanResult:
    """A difference of ratios of sums (e.g. revenue per order, customers as units) by the delta method (Deng, Knoblich and Lu, 2018).

    `numerator` and `denominator` (n,) are per customer. Raises ExperimentError when a denominator's sum is zero.
    """
    above, arms = _checked(numerator, arm)
    below, _ = _checked(denominator, arm, constant_ok=True)
    moments = []
    for index in (0, 1):
        num, den = above[arms == index], below[arms == index]
        if den.mean() == 0:
            raise ExperimentError(
                f"The denominator of arm {index} sums to 0, so no ratio exists: choose a metric that occurs in both arms."
            )
        ratio = float(num.mean() / den.mean())
        linear = ratio + (num - ratio * den) / den.mean()
        moments.append((ratio, float(linear.var(ddof=1)), len(num)))
    return _welch(moments[0], moments[1], alpha)


def proportion_test(k0: int, n0: int, k1: int, n1: int, alpha: float = 0.05) -> ProportionResult:
    """A difference of shares k1/n1 - k0/n0: pooled z test and Newcombe's hybrid score interval (1998, method 10)."""
    for successes, count in ((k0, n0), (k1, n1)):
        if count < 1 or not 0 <= successes <= count:
            raise ExperimentError(f"{successes} of {count} is no share: both arms need customers, and 0 to all of them counted.")
    share0, share1 = k0 / n0, k1 / n1
    pooled = (k0 + k1) / (n0 + n1)
    se = math.sqrt(pooled * (1 - pooled) * (1 / n0 + 1 / n1))
    z = (share1 - share0) / se if se > 0 else 0.0
    critical = float(stats.norm.isf(alpha / 2))
    low0, high0 = _wilson(share0, n0, critical)
    low1, high1 = _wilson(share1, n1, critical)
    effect = share1 - share0
    low = effect - math.hypot(share1 - low1, high0 - share0)
    high = effect + math.hypot(high1 - share1, share0 - low0)
    return ProportionResult(effect, z, float(2 * stats.norm.sf(abs(z))), low, high, share0, share1)


def cluster_test(y: ArrayLike, arm: ArrayLike, cluster: ArrayLike, alpha: float = 0.05, x: ArrayLike | None = None) -> MeanResult:
    """A difference of means where whole clusters (routes, zones) were assigned: Student's t on the clusters' means, each counting once.

    The draw itself makes the spread of the arms alike where nothing was done, so it is pooled, which a few clusters need: clusters - 2
    degrees of freedom. With `x` (n,), the pairing variable before the start, the analysis of covariance of the means (Fisher, 1932), one
    degree less. Raises ExperimentError when a cluster stands in both arms or an arm has fewer than two clusters.
    """
    outcome, arms = _checked(y, arm)
    labels, position = np.unique(np.asarray(cluster), return_inverse=True)
    if len(position) != len(outcome):
        raise ExperimentError(f"{len(position)} clusters came for {len(outcome)} outcomes: one per outcome is needed.")
    counts = np.bincount(position)
    share_treated = np.bincount(position, weights=arms) / counts
    mixed = (share_treated > 0) & (share_treated < 1)
    if mixed.any():
        raise ExperimentError(f"The cluster {labels[mixed][0]!r} stands in both arms: clusters must be assigned whole.")
    means, treated = _checked(np.bincount(position, weights=outcome) / counts, share_treated.astype(int))
    before = None
    if x is not None:
        before = np.bincount(position, weights=_covariates(x, len(outcome))[:, 0]) / counts
    return _pooled(means, treated, before, alpha)


def permutation_test(
    y: ArrayLike, arm: ArrayLike, x: ArrayLike | None = None, permutations: int = 1999, seed: int = 0, alpha: float = 0.05
) -> PermutationResult:
    """The studentised permutation test (Janssen, 1997; Chung and Romano, 2013), for unequal splits and few customers.

    The interval holds every constant effect the same test does not reject at `alpha`, so p < alpha exactly when it leaves out 0. With
    `x`, outcomes are CUPED-adjusted first. Deterministic for a seed.
    """
    outcome, arms = _checked(y, arm)
    if permutations < 99:
        raise ExperimentError(f"{permutations} permutations came; at least 99 are needed for a p-value worth reading.")
    treated = arms.astype(np.float64)
    centred = treated - treated.mean()
    u, v = outcome - outcome.mean(), centred
    if x is not None:
        covariates = _covariates(x, len(outcome))
        u, v = cuped(u, covariates), cuped(v, covariates)
    drawn = Redrawn(u, v, treated, permutations, np.random.default_rng(seed))
    effect = drawn.estimate()
    low, high = (drawn.edge(effect, side, alpha) for side in (-1.0, 1.0))
    return PermutationResult(effect, drawn.p(0.0), low, high, permutations)


def srm(counts: Sequence[int], weights: Sequence[float]) -> float:
    """p of a sample ratio mismatch: chi-squared test of the arms' counts against the planned weights (Fabijan et al., 2019)."""
    observed, planned = np.asarray(counts, dtype=float), np.asarray(weights, dtype=float)
    if observed.shape != planned.shape or len(observed) < 2 or (observed < 0).any() or observed.sum() == 0 or (planned <= 0).any():
        raise ExperimentError(
            f"Counts {list(counts)} do not fit weights {list(weights)}: one count of 0 or more per weight above 0 is needed."
        )
    expected = observed.sum() * planned / planned.sum()
    return float(stats.chi2.sf(((observed - expected) ** 2 / expected).sum(), len(observed) - 1))


def adjust(p: ArrayLike, method: Literal["holm", "fdr_bh", "bonferroni"]) -> Floats:
    """Adjusted p-values, same order: Holm (1979), Benjamini and Hochberg (1995) or Bonferroni."""
    raw = np.asarray(p, dtype=float)
    if raw.ndim != 1 or np.isnan(raw).any() or (raw < 0).any() or (raw > 1).any():
        raise ExperimentError("p-values must be a list of numbers from 0 to 1.")
    order, count = np.argsort(raw, kind="stable"), len(raw)
    ranked = raw[order]
    if method == "bonferroni":
        return np.minimum(raw * count, 1.0)
    if method == "holm":
        ranked = np.maximum.accumulate(ranked * (count - np.arange(count)))
    elif method == "fdr_bh":
        ranked = np.minimum.accumulate((ranked * count / np.arange(1, count + 1))[::-1])[::-1]
    else:
        raise ExperimentError(f"The method {method!r} is unknown; holm, fdr_bh and bonferroni are accepted.")
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(ranked, 1.0)
    return adjusted


def sample_size(sd: float, effect: float, alpha: float = 0.05, power: float = 0.8, r2: float = 0.0) -> int:
    """Customers per arm to find `effect` (metric's unit) with `power`: two equal arms, exact noncentral t (Cohen, 1988).

    `r2` is the share of variance that the period before the start explains (CUPED).
    """
    if not (sd > 0 and effect != 0 and 0 < alpha < 1 and alpha < power < 1 and 0 <= r2 < 1):
        raise ExperimentError(
            f"No sample size for sd {sd}, effect {effect}, alpha {alpha}, power {power}, r2 {r2}: sd must be above 0, effect not 0, "
            "alpha below power, both between 0 and 1, r2 from 0 to below 1."
        )
    size = abs(effect) / (sd * math.sqrt(1 - r2))
    low, high = SMALLEST_ARM, SMALLEST_ARM
    while _power(high, size, alpha) < power:
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _power(middle, size, alpha) >= power else (middle + 1, high)
    return high


def minimum_detectable_effect(sd: float, units_per_arm: int, alpha: float = 0.05, power: float = 0.8, r2: float = 0.0) -> float:
    """The smallest difference of means (metric's unit) that two arms of `units_per_arm` find with `power`: the inverse of `sample_size`."""
    from scipy.optimize import brentq

    if not (sd > 0 and units_per_arm >= SMALLEST_ARM and 0 <= r2 < 1):
        raise ExperimentError(f"No detectable effect for sd {sd}, {units_per_arm} customers per arm and r2 {r2}.")
    high = math.sqrt(2 / units_per_arm)
    while _power(units_per_arm, high, alpha) < power:
        high *= 2
    size = brentq(lambda d: _power(units_per_arm, d, alpha) - power, 0.0, high)
    return float(size * sd * math.sqrt(1 - r2))


def _power(units_per_arm: int, size: float, alpha: float) -> float:
    df, noncentrality = 2 * units_per_arm - 2, size * math.sqrt(units_per_arm / 2)
    critical = stats.t.isf(alpha / 2, df)
    wrong_side = np.nan_to_num(stats.nct.cdf(-critical, df, noncentrality))  # scipy gives NaN where it is too small to compute
    return float(stats.nct.sf(critical, df, noncentrality) + wrong_side)


def _checked(y: ArrayLike, arm: ArrayLike, *, constant_ok: bool = False) -> tuple[Floats, NDArray[np.int_]]:
    try:
        outcome = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError):
        raise ExperimentError("The outcome must be numbers, one per customer.") from None
    arms = np.asarray(arm)
    if outcome.ndim != 1 or arms.shape != outcome.shape:
        raise ExperimentError(f"{outcome.shape} outcomes came for {arms.shape} arms: one arm per customer is needed.")
    if not np.isin(arms, (0, 1)).all():
        raise ExperimentError("An arm must be 0 (control) or 1 (treatment).")
    arms = arms.astype(int)
    for index in (0, 1):
        count = int((arms == index).sum())
        if count < SMALLEST_ARM:
            raise ExperimentError(f"Arm {index} has {count} customers; at least {SMALLEST_ARM} are needed in each.")
    if not np.isfinite(outcome).all():
        count = int((~np.isfinite(outcome)).sum())
        raise ExperimentError(
            f"{count} outcomes are missing or infinite: a silent customer counts as 0, an unknown outcome must be settled first."
        )
    if not constant_ok and np.ptp(outcome) == 0:
        raise ExperimentError(f"Every outcome is {outcome[0]:g}: nothing varies, so nothing can be compared.")
    return outcome, arms


def _covariates(x: ArrayLike, count: int) -> Floats:
    covariates = np.asarray(x, dtype=np.float64)
    covariates = covariates[:, None] if covariates.ndim == 1 else covariates
    if len(covariates) != count or not np.isfinite(covariates).all():
        raise ExperimentError(
            f"The period before the start gives {len(covariates)} rows for {count} outcomes, or missing values: one full row each."
        )
    return covariates


def cuped(outcome: Floats, covariates: Floats) -> Floats:
    """The outcome (n,) less what the covariates (n, k) explain of it, theta pooled over the arms (Deng et al., 2013); the mean stays."""
    centred = covariates - covariates.mean(axis=0)
    theta, *_ = np.linalg.lstsq(centred, outcome - outcome.mean(), rcond=None)
    return outcome - centred @ theta


def _moments(values: Floats) -> tuple[float, float, int]:
    return float(values.mean()), float(values.var(ddof=1)), len(values)


def _welch(control: tuple[float, float, int], treatment: tuple[float, float, int], alpha: float) -> MeanResult:
    (mean0, var0, n0), (mean1, var1, n1) = control, treatment
    v0, v1 = var0 / n0, var1 / n1
    effect, se = mean1 - mean0, math.sqrt(v0 + v1)
    if se == 0:
        raise ExperimentError("Neither arm varies after adjustment, so no uncertainty can be given.")
    df = (v0 + v1) ** 2 / (v0**2 / (n0 - 1) + v1**2 / (n1 - 1))
    critical = float(stats.t.isf(alpha / 2, df))
    p = float(2 * stats.t.sf(abs(effect) / se, df))
    rel_low, rel_high = _fieller(mean0, v0, mean1, v1, critical)
    relative = mean1 / mean0 - 1 if mean0 != 0 else math.nan
    means: dict[str, Any] = {"control_mean": mean0, "treatment_mean": mean1, "control_count": n0, "treatment_count": n1}
    return MeanResult(effect, se, df, p, effect - critical * se, effect + critical * se, relative, rel_low, rel_high, **means)


def _pooled(y: Floats, arms: NDArray[np.int_], x: Floats | None, alpha: float) -> MeanResult:
    """Least squares of `y` on the arms' means and, where it varies and leaves degrees of freedom, `x`: adjusted means with one spread."""
    columns = [(arms == 0).astype(float), (arms == 1).astype(float)]
    if x is not None and np.ptp(x) > 0 and len(y) - 3 >= FEWEST_FREE:
        columns.append(x - x.mean())
    design = np.column_stack(columns)
    inverse = np.linalg.pinv(design.T @ design)
    fitted = inverse @ design.T @ y
    df = len(y) - design.shape[1]
    spread = float(((y - design @ fitted) ** 2).sum()) / df * inverse
    mean0, mean1, v0, v1, shared = float(fitted[0]), float(fitted[1]), float(spread[0, 0]), float(spread[1, 1]), float(spread[0, 1])
    effect, se = mean1 - mean0, math.sqrt(max(v0 + v1 - 2 * shared, 0.0))
    if se == 0:
        raise ExperimentError("Neither arm varies after adjustment, so no uncertainty can be given.")
    critical = float(stats.t.isf(alpha / 2, df))
    p = float(2 * stats.t.sf(abs(effect) / se, df))
    rel_low, rel_high = _fieller(mean0, v0, mean1, v1, critical, shared)
    relative = mean1 / mean0 - 1 if mean0 != 0 else math.nan
    means: dict[str, Any] = {"control_mean": mean0, "treatment_mean": mean1}
    counts = {"control_count": int((arms == 0).sum()), "treatment_count": int((arms == 1).sum())}
    return MeanResult(
        effect, se, float(df), p, effect - critical * se, effect + critical * se, relative, rel_low, rel_high, **means, **counts
    )


def _fieller(mean0: float, v0: float, mean1: float, v1: float, critical: float, shared: float = 0.0) -> tuple[float, float]:
    """The ratios R for which mean1 - R mean0 is within `critical` standard errors of 0, minus 1; all of them when unbounded.

    `v0` and `v1` are the variances of the means, `shared` their covariance."""
    curve = mean0**2 - critical**2 * v0
    if curve <= 0:
        return -math.inf, math.inf
    middle = mean0 * mean1 - critical**2 * shared
    half = math.sqrt(max(0.0, middle**2 - curve * (mean1**2 - critical**2 * v1)))
    return (middle - half) / curve - 1, (middle + half) / curve - 1


def _wilson(share: float, count: int, critical: float) -> tuple[float, float]:
    scale = 1 + critical**2 / count
    middle = (share + critical**2 / (2 * count)) / scale
    half = critical / scale * math.sqrt(share * (1 - share) / count + critical**2 / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)
