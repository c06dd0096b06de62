"""How the experiment statistics behave on skewed revenue full of zeros: coverage, false positives, power, spread of assignment, speed.

    python -m tests.bench experiments            (or: make bench ONLY=experiments)

Panels: customers' revenue before and after a start on the Online Retail lines and on the demo company, drawn with replacement, and
zero-inflated log-normal ones. The same functions in a short form stand in tests/unit/experiments/test_simulations.py.
"""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats as scipy_stats

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from ml.experiments.assignment import assign, assign_balanced  # noqa: E402
from ml.experiments.health import false_alarm_share  # noqa: E402
from ml.experiments.sequential import boundaries  # noqa: E402
from ml.experiments.stats import cluster_test, mean_test, permutation_test  # noqa: E402
from tests.retail import LINES  # noqa: E402

LOOKS = (0.25, 0.5, 0.75, 1.0)
LIFT = 0.10
CAP_QUANTILE = 0.99
Draw = Callable[[int, np.random.Generator], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Panel:
    """A population of customers: `draw(n, rng)` gives the revenue before (n,) and after (n, 4 weeks) of n of them."""

    name: str
    draw: Draw

    def capped(self) -> tuple[float, float, float]:
        """The cap (99th percentile of revenue before), and the true capped mean without and with LIFT."""
        return _capped(self)


@cache
def _capped(panel: Panel) -> tuple[float, float, float]:
    before, weeks = panel.draw(500_000, np.random.default_rng(1))
    after = weeks.sum(axis=1)
    cap = float(np.quantile(before[before > 0], CAP_QUANTILE))
    return cap, float(np.minimum(after, cap).mean()), float(np.minimum(after * (1 + LIFT), cap).mean())


def lognormal(zeros: float, sigma: float, shared: float = 0.7) -> Panel:
    """`zeros`: share who buy nothing in a month; `sigma`: spread of the log amounts; `shared`: part of it that belongs to the customer."""

    def draw(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        own, rest = sigma * np.sqrt(shared), sigma * np.sqrt(1 - shared)
        level = np.exp(own * rng.standard_normal(n))
        buys = rng.random(n) < (1 - zeros)
        active = np.where(rng.random((n, 2)) < 0.85, buys[:, None], rng.random((n, 2)) < (1 - zeros))
        before = level * np.exp(rest * rng.standard_normal(n)) * active[:, 0]
        month = level * np.exp(rest * rng.standard_normal(n)) * active[:, 1]
        return before, month[:, None] * rng.dirichlet(np.full(4, 1.5), n)

    return Panel(f"log-normal, {zeros:.0%} zeros, sigma {sigma:g}", draw)


def resampled(name: str, before: np.ndarray, weeks: np.ndarray) -> Panel:
    """A panel that draws customers of a real one with replacement."""

    def draw(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        rows = rng.integers(0, len(before), n)
        return before[rows], weeks[rows]

    return Panel(name, draw)


def panel_of(orders: pd.DataFrame, start: date, days: int = 84) -> tuple[np.ndarray, np.ndarray]:
    """Revenue per customer in `days` before and four equal periods after `start`, of those who bought before it."""
    offset = (pd.to_datetime(orders["day"]) - pd.Timestamp(start)).dt.days
    known = sorted(orders.loc[offset < 0, "customer_id"].unique())
    period = np.floor_divide(offset, days // 4)
    table = orders.assign(period=period).pivot_table(index="customer_id", columns="period", values="amount", aggfunc="sum")
    table = table.reindex(index=known, columns=range(-4, 4)).fillna(0.0)
    return table[[-4, -3, -2, -1]].sum(axis=1).to_numpy(), table[[0, 1, 2, 3]].to_numpy()


def retail_panel() -> Panel | None:
    """The wholesaler's customers; None where ../shared/data is absent."""
    if not LINES.exists():
        return None
    lines = pd.read_parquet(LINES)
    lines = lines[~lines["order_id"].astype(str).str.startswith("C") & (lines["amount"] > 0)]
    orders = lines.assign(day=pd.to_datetime(lines["date"]).dt.normalize()).groupby(["customer_id", "day"], as_index=False)["amount"].sum()
    return resampled("Online Retail", *panel_of(orders, date(2011, 6, 1)))


def demo_panel() -> Panel:
    """The customers of the demo company of 420."""
    from ml.source.demo.truth import truths

    end = date(2026, 10, 28)
    orders = truths("standard", end).orders.rename(columns={"total": "amount"})
    return resampled("demo company", *panel_of(orders, end - timedelta(days=84)))


def panels() -> list[Panel]:
    """All panels of this machine."""
    made = [lognormal(0.3, 0.8), lognormal(0.5, 1.0), lognormal(0.7, 1.2), demo_panel(), retail_panel()]
    return [panel for panel in made if panel is not None]


def coverage(panel: Panel, per_arm: int, draws: int, seed: int) -> dict[str, float]:
    """Shares over `draws` experiments with LIFT: both intervals hold the truth (plain and with CUPED), verdicts agree."""
    cap, mean0, mean1 = panel.capped()
    rng, arm = np.random.default_rng(seed), np.repeat([0, 1], per_arm)
    effect, relative = mean1 - mean0, mean1 / mean0 - 1
    found = dict.fromkeys(("absolute", "relative", "absolute CUPED", "relative CUPED", "agree"), 0)
    for _ in range(draws):
        before, weeks = panel.draw(2 * per_arm, rng)
        y = np.minimum(weeks.sum(axis=1) * np.where(arm == 1, 1 + LIFT, 1.0), cap)
        for name, x in (("", None), (" CUPED", np.minimum(before, cap))):
            result = mean_test(y, arm, x)
            found["absolute" + name] += result.ci_low <= effect <= result.ci_high
            found["relative" + name] += result.rel_ci_low <= relative <= result.rel_ci_high
            if x is not None:
                signs = (result.ci_low > 0) == (result.rel_ci_low > 0), (result.ci_high < 0) == (result.rel_ci_high < 0)
                found["agree"] += all(signs) or not result.estimable
    return {name: count / draws for name, count in found.items()}


def false_positives_of_looks(panel: Panel, per_arm: int, draws: int, seed: int) -> float:
    """Share of experiments without effect that any of four looks calls one (CUPED, cumulative revenue)."""
    cap, rng, critical = panel.capped()[0], np.random.default_rng(seed), boundaries(LOOKS)
    arm = np.repeat([0, 1], per_arm)
    return sum(_crosses(panel, arm, cap, rng, critical, 0.0) for _ in range(draws)) / draws


def power_of_looks(panel: Panel, per_arm: int, draws: int, seed: int) -> tuple[float, float]:
    """Share of experiments with LIFT that four weekly looks find, and the share of variance that the period before explains."""
    cap, rng, critical = panel.capped()[0], np.random.default_rng(seed), boundaries(LOOKS)
    arm = np.repeat([0, 1], per_arm)
    before, weeks = panel.draw(200_000, rng)
    explained = np.corrcoef(np.minimum(before, cap), np.minimum(weeks.sum(axis=1), cap))[0, 1] ** 2
    return sum(_crosses(panel, arm, cap, rng, critical, LIFT) for _ in range(draws)) / draws, float(explained)


def _crosses(panel: Panel, arm: np.ndarray, cap: float, rng: np.random.Generator, critical: np.ndarray, lift: float) -> bool:
    before, weeks = panel.draw(len(arm), rng)
    cumulative = np.minimum((weeks * np.where(arm == 1, 1 + lift, 1.0)[:, None]).cumsum(axis=1), cap)
    x = np.minimum(before, cap)
    return any(scipy_stats.norm.isf(mean_test(cumulative[:, look], arm, x).p / 2) > critical[look] for look in range(4))


def false_positives_of_permutation(panel: Panel, count: int, share: float, draws: int, seed: int) -> float:
    """Share of experiments without effect that the permutation test rejects, `share` of `count` customers treated."""
    cap, rng = panel.capped()[0], np.random.default_rng(seed)
    rejected = 0
    for draw in range(draws):
        _, weeks = panel.draw(count, rng)
        arm = rng.permutation((np.arange(count) < share * count).astype(int))
        rejected += permutation_test(np.minimum(weeks.sum(axis=1), cap), arm, permutations=399, seed=draw).p < 0.05
    return rejected / draws


def coverage_of_permutation(panel: Panel, count: int, share: float, draws: int, seed: int) -> float:
    """Share of permutation intervals that hold a constant effect of a tenth of the mean."""
    cap, mean, _ = panel.capped()
    rng, held = np.random.default_rng(seed), 0
    for draw in range(draws):
        _, weeks = panel.draw(count, rng)
        arm = rng.permutation((np.arange(count) < share * count).astype(int))
        result = permutation_test(np.minimum(weeks.sum(axis=1), cap) + LIFT * mean * arm, arm, permutations=399, seed=draw)
        held += result.ci_low <= LIFT * mean <= result.ci_high
    return held / draws


def false_positives_of_clusters(clusters: int, draws: int, seed: int, *, paired: bool = False) -> float:
    """Share of experiments without effect rejected where whole routes of 10 to 30 customers are assigned: by coin and analysed without the
    time before, or in pairs by it and analysed with it."""
    rng, rejected = np.random.default_rng(seed), 0
    for draw in range(draws):
        sizes = rng.integers(10, 31, clusters)
        cluster = np.repeat(np.arange(clusters), sizes)
        level = rng.normal(0, 0.3, clusters)[cluster]
        before, y = (np.exp(level + 0.6 * rng.standard_normal(len(cluster))) for _ in range(2))
        if paired:
            means = np.bincount(cluster, weights=before) / sizes
            arm = assign_balanced([str(route) for route in range(clusters)], f"s{draw}", means)[cluster]
        else:
            arm = rng.permutation(np.arange(clusters) % 2)[cluster]
        rejected += cluster_test(y, arm, cluster, x=before if paired else None).p < 0.05
    return rejected / draws


def false_positives_of_pairs(panel: Panel, count: int, zones: int, draws: int, seed: int) -> float:
    """Share of experiments without effect rejected, drawn in pairs within zones and analysed by CUPED with what paired them."""
    cap, rng, rejected = panel.capped()[0], np.random.default_rng(seed), 0
    units = [str(place) for place in range(count)]
    for draw in range(draws):
        before, weeks = panel.draw(count, rng)
        x, y = np.minimum(before, cap), np.minimum(weeks.sum(axis=1), cap)
        arm = assign_balanced(units, f"s{draw}", x, [str(zone) for zone in rng.integers(0, zones, count)])
        rejected += mean_test(y, arm, x).p < 0.05
    return rejected / draws


def spread_of_pairs(panel: Panel, count: int, draws: int, seed: int, zones: int = 1) -> tuple[float, float]:
    """Standard deviation of the difference of means between the arms, paired over coin: of revenue before, and of revenue after."""
    cap, rng = panel.capped()[0], np.random.default_rng(seed)
    before, weeks = panel.draw(count, rng)
    values, units = {"before": np.minimum(before, cap), "after": np.minimum(weeks.sum(axis=1), cap)}, [str(n) for n in range(count)]
    strata = [str(zone) for zone in rng.integers(0, zones, count)]
    differences: dict[str, list[float]] = {f"{how} {when}": [] for how in ("pairs", "coin") for when in values}
    for draw in range(draws):
        arms = {"pairs": assign_balanced(units, f"s{draw}", values["before"], strata), "coin": rng.permutation(np.arange(count) % 2)}
        for how, arm in arms.items():
            for when, y in values.items():
                differences[f"{how} {when}"].append(float(y[arm == 1].mean() - y[arm == 0].mean()))
    spread = {name: float(np.std(found)) for name, found in differences.items()}
    return spread["pairs before"] / spread["coin before"], spread["pairs after"] / spread["coin after"]


def speeds() -> Iterator[tuple[str, float, str]]:
    """(what, seconds, limit)."""
    rng = np.random.default_rng(0)
    x, arm = rng.lognormal(9, 1, 2000), np.arange(2000) % 2
    metrics = [0.7 * x + rng.lognormal(8, 1, 2000), rng.poisson(3, 2000) + 0.0, (rng.random(2000) < 0.1) + 0.0]
    begun = time.perf_counter()
    for y in metrics:
        mean_test(y, arm, x)
    yield "2,000 customers, 3 metrics, CUPED", time.perf_counter() - begun, "1 s"
    begun = time.perf_counter()
    for y in metrics:
        permutation_test(y, arm, x)
    yield "the same by permutation, with intervals", time.perf_counter() - begun, "1 s"
    begun = time.perf_counter()
    for number in range(100_000):
        assign(str(number), "salt")
    yield "100,000 assignments", time.perf_counter() - begun, "2 s"
    begun = time.perf_counter()
    assign_balanced([str(number) for number in range(100_000)], "salt", rng.lognormal(9, 1, 100_000))
    yield "100,000 assignments in pairs", time.perf_counter() - begun, "2 s"
    begun = time.perf_counter()
    false_alarm_share(metrics[0], x, design="pairs", pairing=x)
    yield "A/A, 1,000 re-randomisations of 2,000 customers", time.perf_counter() - begun, "10 s"


def report(draws: int = 2000) -> list[str]:
    """All figures as Markdown tables."""
    made = panels()
    lines = [
        "| panel | per arm | absolute | relative | absolute, CUPED | relative, CUPED | verdicts agree |",
        "|---|---|---|---|---|---|---|",
    ]
    for panel in made:
        for per_arm in (200, 500, 1000, 2000):
            cell = coverage(panel, per_arm, draws, per_arm)
            shown = " | ".join(f"{cell[name]:.1%}" for name in ("absolute", "relative", "absolute CUPED", "relative CUPED", "agree"))
            lines.append(f"| {panel.name} | {per_arm:,} | {shown} |")
    lines += ["", "| false positives | panel | found | limit |", "|---|---|---|---|"]
    for panel in made:
        lines.append(f"| four looks, 300 per arm | {panel.name} | {false_positives_of_looks(panel, 300, draws, 5):.1%} | 6 % |")
    for panel in made:
        found = false_positives_of_permutation(panel, 400, 0.1, draws // 2, 7)
        lines.append(f"| 10/90 by permutation, 400 customers | {panel.name} | {found:.1%} | 7 % |")
    for clusters in (8, 12, 20, 40):
        for paired, how in ((False, "by coin"), (True, "in pairs, with the time before")):
            found = false_positives_of_clusters(clusters, 5 * draws, clusters, paired=paired)
            lines.append(f"| {clusters} routes {how} | log-normal | {found:.1%} | 4–6 % |")
    for panel in made:
        found = false_positives_of_pairs(panel, 400, 12, draws, 15)
        lines.append(f"| pairs in 12 zones, with the time before, 400 customers | {panel.name} | {found:.1%} | 4–6 % |")
    lines += ["", "| what | panel | found | limit |", "|---|---|---|---|"]
    for panel in made:
        found = coverage_of_permutation(panel, 400, 0.2, draws // 2, 9)
        lines.append(f"| permutation interval at 80/20, 400 customers | {panel.name} | {found:.1%} | 93–97.5 % |")
    power, explained = power_of_looks(lognormal(0.0, 0.85, 0.85), 1000, draws, 11)
    lines.append(f"| power at +10 %, 1,000 per arm, CUPED, 4 looks | pre-period explains {explained:.0%} | {power:.1%} | ≥ 84 % |")
    for count, zones in ((400, 1), (400, 12), (60, 6)):
        for panel in made:
            before, after = spread_of_pairs(panel, count, draws // 5, 13, zones)
            what = (
                f"spread, pairs over coin, {count} customers in {zones} zones"
                if zones > 1
                else f"spread, pairs over coin, {count} customers"
            )
            lines.append(f"| {what} | {panel.name} | before {before:.2f}, after {after:.2f} | ≤ 0.60 before |")
    lines += ["", "| what | seconds | limit |", "|---|---|---|"]
    lines += [f"| {what} | {seconds:.2f} | {limit} |" for what, seconds, limit in speeds()]
    return lines


if __name__ == "__main__":
    print("\n".join(report(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)))
