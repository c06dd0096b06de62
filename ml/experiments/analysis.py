"""The tests of one experiment: the planned analysis per metric, guardrails, segments, weeks; arms in plain sums."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ml.experiments.designs import METRICS, Guardrail
from ml.experiments.errors import ExperimentError
from ml.experiments.stats import SMALLEST_ARM, MeanResult, adjust, cluster_test, cuped, mean_test, permutation_test
from ml.experiments.units import Observed

SMALLEST_SEGMENT = 10
SCALE_FROM, ITERATE_FROM = 5.0, 0.0


@dataclass(frozen=True)
class Tested:
    """One metric: treatment against control. Relative figures are shares of the control mean; None where not estimable.

    `problem` says why nothing could be tested; the figures are NaN then.
    """

    metric: str
    method: str
    control_mean: float
    treatment_mean: float
    effect: float = math.nan
    se: float = math.nan
    df: float = math.nan
    p: float = math.nan
    ci_low: float = math.nan
    ci_high: float = math.nan
    rel_effect: float | None = None
    rel_ci_low: float | None = None
    rel_ci_high: float | None = None
    p_adjusted: float | None = None
    problem: str | None = None

    @property
    def is_better(self) -> bool:
        """Whether the effect points where it should."""
        return self.effect > 0 if METRICS[self.metric].good == "up" else self.effect < 0

    @property
    def z(self) -> float:
        """The test as a standard normal value, with the sign of the effect."""
        from scipy.stats import norm

        return math.nan if math.isnan(self.p) else float(math.copysign(norm.isf(max(self.p, 1e-300) / 2), self.effect))

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: NaN and infinite numbers are None."""
        return {name: _plain(value) for name, value in self.__dict__.items()}


def analyse(seen: Observed, metric: str, rows: np.ndarray | None = None) -> Tested:
    """The planned test of a metric, over all units or those where `rows` is True."""
    chosen = np.ones(len(seen.frame), dtype=bool) if rows is None else rows
    y, arm = seen.values(metric)[chosen], seen.frame["arm"].to_numpy(dtype=int)[chosen]
    x = seen.covariates(metric)
    x = x[chosen] if x is not None else None
    means = tuple(float(y[arm == index].mean()) if (arm == index).any() else math.nan for index in (0, 1))
    method = {"unequal": "permutation", "clusters": "clusters"}.get(seen.plan.design, "welch" if x is None else "cuped")
    try:
        if method == "clusters":
            before = seen.pairing()
            result = cluster_test(
                y, arm, seen.frame["cluster"].to_numpy()[chosen], seen.plan.alpha, before[chosen] if before is not None else None
            )
        elif method == "permutation":
            result = _permuted(y, arm, x, seen.plan.alpha)
        else:
            result = mean_test(y, arm, x, seen.plan.alpha)
    except ExperimentError as error:
        return Tested(metric, method, means[0], means[1], problem=str(error))
    absolute: dict[str, Any] = {name: getattr(result, name) for name in ("effect", "se", "df", "p", "ci_low", "ci_high")}
    relative: dict[str, Any] = {
        name: getattr(result, name) if result.estimable else None for name in ("rel_effect", "rel_ci_low", "rel_ci_high")
    }
    return Tested(metric, method, means[0], means[1], **absolute, **relative)


def _permuted(y: np.ndarray, arm: np.ndarray, x: np.ndarray | None, alpha: float) -> MeanResult:
    """The permutation test in the form of a MeanResult: its interval is the test's, the relative one shares its verdict."""
    plain = mean_test(y, arm, x, alpha)
    drawn = permutation_test(y, arm, x, alpha=alpha)
    base = plain.control_mean
    relative = (
        (drawn.effect / base, drawn.ci_low / base, drawn.ci_high / base)
        if plain.estimable and base > 0
        else (math.nan, -math.inf, math.inf)
    )
    values = {**plain.__dict__, "effect": drawn.effect, "p": drawn.p, "ci_low": drawn.ci_low, "ci_high": drawn.ci_high}
    return MeanResult(**{**values, "rel_effect": relative[0], "rel_ci_low": relative[1], "rel_ci_high": relative[2]})


def analyse_all(seen: Observed) -> dict[str, Tested]:
    """The primary metric, then the secondary ones with Holm's p."""
    tested = {name: analyse(seen, name) for name in (seen.plan.primary, *seen.plan.secondary)}
    return _adjusted(tested, list(seen.plan.secondary), "holm")


def analyse_guardrails(seen: Observed) -> list[dict[str, Any]]:
    """Each guardrail: its test and whether it holds, is harmed (worse than the margin for sure) or is open."""
    return [_guarded(seen, guard) for guard in seen.plan.guardrails if guard.metric in seen.frame]


def _guarded(seen: Observed, guard: Guardrail) -> dict[str, Any]:
    tested, metric = analyse(seen, guard.metric), METRICS[guard.metric]
    margin = guard.margin if metric.is_share else guard.margin * abs(tested.control_mean)
    low, high = (tested.ci_low, tested.ci_high) if metric.good == "up" else (-tested.ci_high, -tested.ci_low)
    state = "open" if math.isnan(low) else "harmed" if high < -margin else "holds" if low > -margin else "open"
    return {**tested.as_dict(), "margin": guard.margin, "state": state}


def analyse_segments(seen: Observed, metric: str) -> list[dict[str, Any]]:
    """The metric in each segment with enough units in both arms; p by Benjamini and Hochberg."""
    tested: dict[tuple[str, str], Tested] = {}
    arm = seen.frame["arm"].to_numpy()
    for column in seen.plan.segments:
        labels = seen.frame[column].fillna("").astype(str).to_numpy()
        for label in sorted(set(labels) - {""}):
            rows = labels == label
            if min(int((arm[rows] == index).sum()) for index in (0, 1)) >= SMALLEST_SEGMENT:
                tested[(column, label)] = analyse(seen, metric, rows)
    adjusted = _adjusted(tested, list(tested), "fdr_bh")
    return [{"segment": column, "value": label, **one.as_dict()} for (column, label), one in adjusted.items()]


def by_week(seen: Observed, metric: str) -> list[dict[str, Any]]:
    """The effect on revenue or orders in each week by itself, with its interval: does a novelty wear off?"""
    if metric not in seen.daily or seen.daily.empty or not seen.days:
        return []
    arm, found = seen.frame["arm"].to_numpy(dtype=int), []
    week = (seen.daily["day"] - pd.Timestamp(seen.kept.start)).dt.days // 7
    for number in range(seen.days // 7):
        sums = seen.daily[week == number].groupby("unit_id")[metric].sum()
        y = seen.frame["unit_id"].map(sums).fillna(0.0).to_numpy(dtype=float)
        if np.ptp(y) > 0 and len(seen.frame) >= 2 * SMALLEST_ARM:
            result = mean_test(y, arm, seen.covariates(metric), seen.plan.alpha)
            found.append({"week": number + 1, "effect": result.effect, "ci_low": result.ci_low, "ci_high": result.ci_high})
    return found


def arms(seen: Observed) -> dict[str, dict[str, float]]:
    """Control and treatment in plain sums of all units, silent ones included: the fields of the earlier system."""
    told = {}
    for index, name in enumerate(("control", "treatment")):
        mine = seen.frame[seen.frame["arm"] == index]
        count = len(mine)
        revenue, churned = _sum(mine, "revenue"), int(_sum(mine, "churned"))
        told[name] = {
            "customers": count,
            "total_revenue": revenue,
            "avg_revenue_per_customer": revenue / count if count else 0.0,
            "total_orders": int(_sum(mine, "orders")),
            "churned_customers": churned,
            "churn_rate": churned / count if count else 0.0,
        }
    return told


def uplift(told: dict[str, dict[str, float]]) -> dict[str, float | None]:
    """Treatment against control: revenue_uplift_pct (None without revenue in control), churn_reduction_pct (points), absolute_revenue_diff
    (per customer), orders_diff (total)."""
    control, treatment = told["control"], told["treatment"]
    base = control["avg_revenue_per_customer"]
    return {
        "revenue_uplift_pct": (treatment["avg_revenue_per_customer"] / base - 1) * 100 if base else None,
        "churn_reduction_pct": (control["churn_rate"] - treatment["churn_rate"]) * 100,
        "absolute_revenue_diff": treatment["avg_revenue_per_customer"] - base,
        "orders_diff": treatment["total_orders"] - control["total_orders"],
    }


def old_rule(uplifts: dict[str, float | None], primary: str) -> dict[str, Any]:
    """What the earlier system said: above 5 % scale, above 0 iterate, else keep. Shown apart; it knows no uncertainty."""
    value = uplifts["churn_reduction_pct" if primary == "churned" else "revenue_uplift_pct"]
    said = "keep" if value is None or value <= ITERATE_FROM else "scale" if value > SCALE_FROM else "iterate"
    return {"uplift_pct": value, "recommendation": said}


def carried_by_top(seen: Observed, metric: str) -> float | None:
    """The share of the difference of uncapped means that vanishes without the 1 % of units with the largest values; None without one."""
    values, arm = seen.frame[metric].to_numpy(dtype=float), seen.frame["arm"].to_numpy(dtype=int)
    top = max(math.ceil(len(values) / 100), 1)
    if len(values) < 4 * SMALLEST_ARM:
        return None
    kept = np.argsort(-values, kind="stable")[top:]
    whole = _difference(values, arm)
    return None if whole == 0 else float(1 - _difference(values[kept], arm[kept]) / whole)


def explained(seen: Observed, metric: str) -> float:
    """The share of variance that the time before explains, 0 without covariates."""
    x = seen.covariates(metric)
    y = seen.values(metric)
    if x is None or np.ptp(y) == 0:
        return 0.0
    return float(max(0.0, 1 - cuped(y, x).var() / y.var()))


def _difference(values: np.ndarray, arm: np.ndarray) -> float:
    if not (arm == 1).any() or not (arm == 0).any():
        return 0.0
    return float(values[arm == 1].mean() - values[arm == 0].mean())


def _adjusted(tested: dict[Any, Tested], names: list[Any], method: Any) -> dict[Any, Tested]:
    known = [name for name in names if not math.isnan(tested[name].p)]
    if known:
        for name, value in zip(known, adjust([tested[name].p for name in known], method), strict=True):
            tested[name] = Tested(**{**tested[name].__dict__, "p_adjusted": float(value)})
    return tested


def _sum(frame: pd.DataFrame, name: str) -> float:
    return float(frame[name].sum()) if name in frame else 0.0


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
