"""How good the customer models are on real order logs, out of time, beside what teams use: active customers only, days collapsed.

    python -m tests.bench customers

One table row per log, cutoff and method. Lost spend is the mean spend of the last two windows of those who then order nothing; dates are
judged on those who do order. The difference of an AUC to the model's is shown with its standard error (DeLong, on the same customers).
"""

import resource
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

from ml.customers import CustomerModel, fit_customers
from ml.customers.days import collapse, day_number
from ml.customers.features import Outcome, Panel, Snapshot
from ml.customers.purchase import fit_purchase
from ml.customers.scoring import (
    auc,
    auc_difference_error,
    average_precision,
    brier,
    calibration_error,
    normalised_gini,
    share_found,
)
from ml.customers.value import purchase_history, recent_spend_level

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "cdnow_sample_weekly.csv"
CASES = (
    ("online_retail_lines", 90, "2011-09-09"),
    ("online_retail_lines", 30, "2011-07-10"),
    ("online_retail_lines", 30, "2011-09-10"),
    ("online_retail_lines", 30, "2011-11-08"),
    ("cdnow", 90, "1998-01-01"),
    ("cdnow", 90, "1998-04-01"),
)
SAMPLE_SIZES = (150, 300, 600)
SAMPLES = 10
FEW_CUSTOMERS, MANY_CUSTOMERS = 3_400, 100_000
COLUMNS = (
    "log", "method", "AUC", "model ahead by (s.e.)", "PR-AUC", "Brier", "ECE", "lift 10 %", "lost spend 10 %", "Gini", "bias", "days off",
    "in 80 % range", "CPU s",
)  # fmt: skip
HEADER = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]


@dataclass(frozen=True)
class Case:
    """One log at one cutoff: what was known of the active customers, and what followed."""

    label: str
    active: Snapshot
    now: Snapshot
    outcome: Outcome

    @property
    def churned(self) -> np.ndarray:
        """1 where nothing was ordered."""
        return self.outcome.churned.astype(float)


@dataclass(frozen=True)
class Answer:
    """What a method says of the active customers; `probability` may be missing (a score only ranks), and so may value and dates."""

    score: np.ndarray
    probability: np.ndarray | None = None
    value: np.ndarray | None = None
    days: np.ndarray | None = None
    cpu: float | None = None


def read_log(name: str, folder: Path = DATA) -> pd.DataFrame:
    """customer_id, date, amount, order_id of a shared log: amounts above 0, one row per customer and day."""
    lines = pd.read_parquet(folder / f"{name}.parquet", columns=["customer_id", "date", "amount"])
    sales = lines[lines["amount"] > 0].assign(date=lambda frame: frame["date"].dt.normalize())
    days = sales.groupby(["customer_id", "date"], as_index=False)["amount"].sum()
    return days.assign(order_id=np.arange(len(days)).astype(str))


def read_case(orders: pd.DataFrame, label: str, horizon_days: int, cutoff: str) -> Case:
    """The truth of a cutoff; nothing of it is handed to a method but the snapshot."""
    end = pd.Timestamp(cutoff) + pd.Timedelta(days=horizon_days)
    panel = Panel(collapse(orders, end), horizon_days)
    now = panel.snapshot(day_number(cutoff))
    active = now.take(np.flatnonzero(now.active))
    return Case(label, active, now, panel.outcome(active))


def model_answer(orders: pd.DataFrame, horizon_days: int, cutoff: str) -> tuple[CustomerModel, Answer]:
    """The doors as a company uses them: fit and score on what was known."""
    known = orders[orders["date"] <= cutoff]
    began = time.process_time()
    model = fit_customers(known, cutoff, horizon_days)
    scores = model.score(known, cutoff)
    cpu = time.process_time() - began
    active = scores[scores["population"] == "active"]
    ends = [(active[name] - pd.Timestamp(cutoff)).dt.days.to_numpy() for name in ("next_order_lo", "next_order_date", "next_order_hi")]
    probability = active["churn_probability"].to_numpy()
    return model, Answer(probability, probability, active["expected_value"].to_numpy(), np.column_stack(ends), cpu)


def baseline_answers(case: Case, model: CustomerModel) -> dict[str, Answer]:
    """The rules a team would use, and the three members of the blend alone."""
    active, h = case.active, case.active.horizon_days
    silence = active["days_since_last_order"]
    gap = np.where(np.isnan(active["mean_gap"]), h / 2, active["mean_gap"])
    ahead = np.clip(np.round(gap - silence), 1, h)
    bg_nbd = fit_purchase(*purchase_history(case.now), modified=False, prior=0.02).silence(*purchase_history(active), h)
    members = expit(model.members.log_odds(active))
    return {
        "days since last order": Answer(silence, value=recent_spend_level(active), days=np.column_stack([ahead] * 3)),
        "ratio to own mean gap": Answer(silence / gap),
        "BG/NBD": Answer(bg_nbd, bg_nbd),
        "logistic": Answer(members[:, 1], members[:, 1]),
        "MBG/NBD": Answer(members[:, 0], members[:, 0]),
        "XGBoost": Answer(members[:, 2], members[:, 2]),
    }


def row(case: Case, name: str, answer: Answer, model: Answer) -> str:
    """One line of the table."""
    truth, spend = case.churned, case.outcome.spend
    lost = recent_spend_level(case.active) * truth
    at_risk = answer.score * recent_spend_level(case.active)
    bought = truth == 0
    days = case.outcome.days_to_next[bought]
    ahead = auc(model.score, truth) - auc(answer.score, truth)
    cells = [
        f"{auc(answer.score, truth):.3f}",
        "" if answer is model else f"{ahead:+.3f} ({auc_difference_error(model.score, answer.score, truth):.3f})",
        f"{average_precision(answer.score, truth):.3f}",
        "" if answer.probability is None else f"{brier(answer.probability, truth):.3f}",
        "" if answer.probability is None else f"{calibration_error(answer.probability, truth):.3f}",
        f"{share_found(answer.score, truth) / 0.1:.2f}",
        f"{share_found(at_risk, lost):.2f}",
        "" if answer.value is None else f"{normalised_gini(answer.value, spend):.3f}",
        "" if answer.value is None else f"{answer.value.sum() / spend.sum() - 1:+.0%}",
        "" if answer.days is None else f"{np.abs(answer.days[bought, 1] - days).mean():.1f}",
        "" if answer is not model or answer.days is None else f"{_covered(answer.days[bought], days):.2f}",
        "" if answer.cpu is None else f"{answer.cpu:.1f}",
    ]
    return f"| {case.label} | {name} | " + " | ".join(cells) + " |"


def _covered(days: np.ndarray, truth: np.ndarray) -> float:
    return float(np.mean((days[:, 0] <= truth) & (truth <= days[:, 2])))


def tables(folder: Path = DATA) -> list[str]:
    """All cases with all methods."""
    lines = list(HEADER)
    for name, horizon, cutoff in CASES:
        orders = read_log(name, folder)
        case = read_case(orders, f"{name.removesuffix('_lines')} {horizon} d, {cutoff}", horizon, cutoff)
        model, answer = model_answer(orders, horizon, cutoff)
        lines.append(row(case, f"**model** (n = {len(case.active):,}, own record {model.record.auc:.3f})", answer, answer))
        lines.extend(row(case, method, other, answer) for method, other in baseline_answers(case, model).items())
    return lines


def small_companies(folder: Path = DATA) -> list[str]:
    """AUC on samples of a wholesaler's customers, as many as a small company has, with the standard error of the samples' mean."""
    lines = ["", "| customers | samples | model | MBG/NBD | logistic | XGBoost | days since last order |", "|---|---|---|---|---|---|---|"]
    orders = read_log("online_retail_lines", folder)
    cutoff, horizon = "2011-09-09", 90
    seen = np.unique(orders.loc[orders["date"] <= cutoff, "customer_id"])
    for size in SAMPLE_SIZES:
        found = []
        for seed in range(SAMPLES):
            picked = np.random.default_rng(seed).choice(seen, size, replace=False)
            sample = orders[orders["customer_id"].isin(picked)]
            case = read_case(sample, "", horizon, cutoff)
            model, answer = model_answer(sample, horizon, cutoff)
            members = model.members.log_odds(case.active)
            scores = [answer.score, members[:, 0], members[:, 1], members[:, 2], case.active["days_since_last_order"]]
            found.append([auc(score, case.churned) for score in scores])
        lines.append(f"| {size} | {SAMPLES} | " + " | ".join(_with_error(np.array(column)) for column in zip(*found, strict=True)) + " |")
    return lines


def _with_error(values: np.ndarray) -> str:
    return f"{values.mean():.3f} ({values.std(ddof=1) / np.sqrt(len(values)):.3f})"


def speeds(folder: Path = DATA) -> list[str]:
    """CPU of fit and score by number of customers: a sample of the CD shop's, all of them, and copies of them under other names."""
    lines = ["", "| customers | orders | CPU s | peak MB of the process so far |", "|---|---|---|---|"]
    orders = read_log("cdnow", folder)
    seen = orders["customer_id"].unique()
    few = orders[orders["customer_id"].isin(np.random.default_rng(0).choice(seen, FEW_CUSTOMERS, replace=False))]
    copies = [
        orders.assign(customer_id=orders["customer_id"].astype(str) + f"-{copy}", order_id=orders["order_id"] + f"-{copy}")
        for copy in range(5)
    ]
    many = pd.concat(copies, ignore_index=True)
    many = many[many["customer_id"].isin(many["customer_id"].unique()[:MANY_CUSTOMERS])]
    for log in (few, orders, many):
        _, answer = model_answer(log, 90, "1998-04-01")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        lines.append(f"| {log['customer_id'].nunique():,} | {len(log):,} | {answer.cpu:.1f} | {peak:,.0f} |")
    return lines


def parameters() -> list[str]:
    """The purchase process against the published parameters of the CDNOW 1/10 sample."""
    sample = pd.read_csv(GOLDEN)
    fitted = fit_purchase(*(sample[name].to_numpy(float) for name in ("repeats", "last_weeks", "age_weeks")), modified=False)
    return [
        "",
        "| BG/NBD, CDNOW 1/10 sample | r | alpha | a | b |",
        "|---|---|---|---|---|",
        "| Fader, Hardie and Lee (2005) | 0.243 | 4.414 | 0.793 | 2.426 |",
        f"| here | {fitted.r:.4f} | {fitted.alpha:.4f} | {fitted.a:.4f} | {fitted.b:.4f} |",
    ]


def report(folder: Path = DATA) -> list[str]:
    """The lines of all tables; only the parameters where the shared order logs are absent."""
    if not (folder / "cdnow.parquet").exists():
        return [*parameters(), "", "Skipped: the shared order logs (online_retail_lines.parquet, cdnow.parquet) are not on this machine."]
    return [*tables(folder), *small_companies(folder), *speeds(folder), *parameters()]
