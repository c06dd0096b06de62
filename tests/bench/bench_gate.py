"""`python -m tests.bench.bench_gate`: how often the gate keeps back an equal challenger, and how often it lets a clearly worse one pass.

Customers: a churn probability for N of them over one window, judged by AUC. Days: a daily forecast over 28 unseen days and over three
cutoffs of 28, judged by MAE, with errors of one forecast correlated at 0.3. An equal challenger errs as much as the champion but
independently, which is the hardest case: two fits of one recipe agree far more.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from ml.evaluation.bootstrap import probability_worse
from ml.evaluation.promotion import MARGIN, SURE

REPEATS = 400
MARGINS = (0.0, MARGIN, 0.10)
Make = Callable[[np.random.Generator, float], pd.DataFrame]


def customers(number: int) -> Make:
    """`number` customers, a third of whom leave; `worse` is the share by which 1 - AUC of the challenger exceeds the champion's."""

    def make(rng: np.random.Generator, worse: float) -> pd.DataFrame:
        truth = rng.normal(-0.8, 1.3, number)
        left = (rng.random(number) < 1 / (1 + np.exp(-truth))).astype(float)
        rival, value = (truth + rng.normal(0, noise, number) for noise in (0.8, 0.8 * NOISE_OF[worse]))
        return pd.DataFrame({"entity_id": np.arange(number), "window_days": 30, "target_date": pd.Timestamp("2026-10-31"),
                             "actual": left, "value": value, "rival": rival})  # fmt: skip

    return make


def days(windows: int) -> Make:
    """`windows` times 28 days; the challenger's error is larger by the share `worse`."""

    def make(rng: np.random.Generator, worse: float) -> pd.DataFrame:
        frames = []
        for window in range(windows):
            errors = [_correlated(rng, 28), (1 + worse) * _correlated(rng, 28)]
            dates = pd.date_range("2026-01-04", periods=28) + pd.Timedelta(days=35 * window)
            truth = rng.normal(20, 4, 28)
            frames.append(pd.DataFrame({"entity_id": "all", "window_days": 1, "target_date": dates, "cutoff": str(window),
                                        "actual": truth, "rival": truth + errors[0], "value": truth + errors[1]}))  # fmt: skip
        return pd.concat(frames, ignore_index=True)

    return make


NOISE_OF = {0.0: 1.0, 0.10: 1.38, 0.25: 2.0, 0.50: 3.7}  # noise of the challenger's score that makes 1 - AUC larger by that share
CASES: tuple[tuple[str, str, Make], ...] = (
    ("130 customers, AUC", "auc", customers(130)),
    ("3,000 customers, AUC", "auc", customers(3_000)),
    ("28 days, MAE", "mae", days(1)),
    ("84 days of three cutoffs, MAE", "mae", days(3)),
)


def report() -> list[str]:
    """The table of docs/decisions/gate.md."""
    lines = [
        "| case | margin | " + " | ".join(f"kept back at +{worse:.0%}" for worse in NOISE_OF) + " |",
        "|" + "---|" * (2 + len(NOISE_OF)),
    ]
    for name, metric, make in CASES:
        for margin in MARGINS:
            shares = [kept_back(make, metric, worse, margin) for worse in NOISE_OF]
            lines.append(f"| {name} | {margin:.0%} | " + " | ".join(f"{share:.1%}" for share in shares) + " |")
    return lines


def kept_back(make: Make, metric: str, worse: float, margin: float, repeats: int = REPEATS) -> float:
    """The share of simulated duels in which the gate is SURE that the challenger is worse by more than the margin."""
    rng = np.random.default_rng(20240101)
    sure = [probability_worse(metric, make(rng, worse), "value", "rival", margin, seed) > SURE for seed in range(repeats)]
    return float(np.mean(sure))


def _correlated(rng: np.random.Generator, length: int, share: float = 0.3) -> np.ndarray:
    return 3 * (np.sqrt(share) * rng.normal() + np.sqrt(1 - share) * rng.normal(size=length))


if __name__ == "__main__":
    print("\n".join(report()))
