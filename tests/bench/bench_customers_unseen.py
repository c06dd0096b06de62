"""The blend beside each of its three members alone on companies of other kinds, and what the gate says where there is nothing to find.

python -m tests.bench customers
"""

from collections import Counter

import numpy as np
import pandas as pd
from scipy.special import expit

from ml.customers import fit_customers
from ml.customers.scoring import auc, auc_difference_error, brier, calibration_error
from tests.bench import customer_logs
from tests.bench.bench_customers import model_answer, read_case

SEEDS = (1, 2, 3)
SILENT_SEEDS = range(20)
SILENT = ((100, 30), (300, 30), (1000, 60), (300, 90))  # customers, horizon


def unseen() -> list[str]:
    """One row per kind of company and seed: AUC and Brier of the blend, and by how much it is ahead of each member."""
    lines = [
        "",
        "| invented company | active | churn | AUC | before MBG/NBD (s.e.) | of logistic | of XGBoost | Brier | best one | ECE | own |",
        "|---" * 11 + "|",
    ]
    for name, kind in customer_logs.KINDS.items():
        for seed in SEEDS[: 1 if kind.customers > 10_000 else None]:
            lines.append(_row(name, kind, customer_logs.make_log(kind, np.random.default_rng(seed))))
    return lines


def _row(name: str, kind: customer_logs.Kind, orders: pd.DataFrame) -> str:
    cutoff = f"{orders['date'].max() - pd.Timedelta(days=kind.horizon_days):%Y-%m-%d}"
    case = read_case(orders, name, kind.horizon_days, cutoff)
    model, answer = model_answer(orders, kind.horizon_days, cutoff)
    truth, members = case.churned, model.members.log_odds(case.active).T
    ahead = [f"{auc(answer.score, truth) - auc(one, truth):+.3f} ({auc_difference_error(answer.score, one, truth):.3f})" for one in members]
    best = min(brier(expit(one), truth) for one in members)
    cells = [
        name, f"{len(truth):,}", f"{truth.mean():.2f}", f"{auc(answer.score, truth):.3f}", *ahead, f"{brier(answer.score, truth):.3f}",
        f"{best:.3f}", f"{calibration_error(answer.score, truth):.3f}", f"{model.record.auc:.3f}, {model.record.verdict['code']}",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def silent() -> list[str]:
    """How often the gate says "no usable signal" of companies whose past says nothing."""
    lines = ["", "| without signal: customers | H | verdicts |", "|---|---|---|"]
    for customers, horizon in SILENT:
        verdicts: Counter[str] = Counter()
        for seed in SILENT_SEEDS:
            orders = customer_logs.without_signal(np.random.default_rng(seed), customers, 18 * 30, 1 / 40)
            verdicts[fit_customers(orders, orders["date"].max(), horizon).record.verdict["code"]] += 1
        lines.append(f"| {customers} | {horizon} | {', '.join(f'{code} {count}' for code, count in verdicts.most_common())} |")
    return lines


def report() -> list[str]:
    """Both tables."""
    return [*unseen(), *silent()]
