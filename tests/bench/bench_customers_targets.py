"""The figures that were to be reached beside ours, with one standard error from resampled customers, in two readings of "active".

    python -m tests.bench customers

"Active" is a last order within 2H: 60 days at H = 30. The figures to reach at H = 30 fit the other reading, a last order within 180 days as
at H = 90: of the 60-day population even whoever knew the future could find only half of the lost spend in a tenth of the customers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml.customers.days import collapse, day_number
from ml.customers.features import Panel, Snapshot
from ml.customers.scoring import auc, brier, calibration_error, share_found
from ml.customers.value import recent_spend_level
from tests.bench.bench_customers import CASES, DATA, model_answer, read_log

DRAWS = 200
GROUPS = (("online_retail_lines", 90), ("online_retail_lines", 30), ("cdnow", 90))
REACH = {  # log, horizon -> AUC, Brier, lost spend found
    ("online_retail_lines", 90): (0.744, 0.201, 0.34),
    ("online_retail_lines", 30): (0.740, 0.180, 0.47),
    ("cdnow", 90): (0.715, 0.204, 0.30),
}


@dataclass(frozen=True)
class Answered:
    """Everybody seen by one cutoff: the model's probability, what stood to be lost, and what followed."""

    silence: np.ndarray
    probability: np.ndarray
    recent: np.ndarray
    churned: np.ndarray


def report(folder: Path = DATA) -> list[str]:
    """One row per log, horizon and population; empty where the shared order logs are absent."""
    if not (folder / "cdnow.parquet").exists():
        return []
    lines = [
        "",
        "| log, H | last order within | AUC (s.e.), to reach | Brier | lost spend 10 % | knowing the future | ECE by cutoff (s.e.) |",
        "|---" * 7 + "|",
    ]
    for name, horizon in GROUPS:
        answers = [_answered(name, horizon, cutoff, folder) for log, days, cutoff in CASES if (log, days) == (name, horizon)]
        for within in dict.fromkeys((2 * horizon, 180)):
            kept = [_within(answer, within) for answer in answers]
            lines.append(_row(f"{name.removesuffix('_lines')}, {horizon} d", within, kept, REACH[name, horizon]))
    return lines


def _answered(name: str, horizon: int, cutoff: str, folder: Path) -> Answered:
    orders = read_log(name, folder)
    model, _ = model_answer(orders, horizon, cutoff)
    panel = Panel(collapse(orders, orders["date"].max()), horizon)
    now: Snapshot = panel.snapshot(day_number(cutoff))
    truth = panel.outcome(now).churned.astype(float)
    return Answered(now["days_since_last_order"], model.probability(now), recent_spend_level(now), truth)


def _within(answer: Answered, days: int) -> Answered:
    rows = answer.silence <= days
    return Answered(answer.silence[rows], answer.probability[rows], answer.recent[rows], answer.churned[rows])


def _row(label: str, within: int, answers: list[Answered], reach: tuple[float, float, float]) -> str:
    measures: tuple[Callable[[Answered], float], ...] = (_auc, _brier, _lost)
    cells = [
        f"{_mean(measure, answers):.3f} ({_error(measure, answers):.3f}), {goal}" for measure, goal in zip(measures, reach, strict=True)
    ]
    best = f"{np.mean([share_found(a.recent * a.churned, a.recent * a.churned) for a in answers]):.2f}"
    calibration = ", ".join(f"{_ece(answer):.3f} ({_error(_ece, [answer]):.3f})" for answer in answers)
    return f"| {label} | {within} days | {' | '.join(cells)} | {best} | {calibration} |"


def _auc(answer: Answered) -> float:
    return auc(answer.probability, answer.churned)


def _brier(answer: Answered) -> float:
    return brier(answer.probability, answer.churned)


def _lost(answer: Answered) -> float:
    return share_found(answer.probability * answer.recent, answer.recent * answer.churned)


def _ece(answer: Answered) -> float:
    return calibration_error(answer.probability, answer.churned)


def _mean(measure: Callable[[Answered], float], answers: list[Answered]) -> float:
    return float(np.mean([measure(answer) for answer in answers]))


def _error(measure: Callable[[Answered], float], answers: list[Answered]) -> float:
    """Standard error of the mean over cutoffs, customers drawn anew within each."""
    rng = np.random.default_rng(7)
    return float(np.std([_mean(measure, [_drawn(answer, rng) for answer in answers]) for _ in range(DRAWS)], ddof=1))


def _drawn(answer: Answered, rng: np.random.Generator) -> Answered:
    rows = rng.integers(0, len(answer.churned), len(answer.churned))
    return Answered(answer.silence[rows], answer.probability[rows], answer.recent[rows], answer.churned[rows])
