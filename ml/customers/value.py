"""Expected orders and money in the window and in twelve months, and what stands to be lost."""

from dataclasses import dataclass

import numpy as np

from ml.customers.features import Outcome, Snapshot
from ml.customers.purchase import OrderValue, PurchaseProcess

YEAR_DAYS = 365
_FEWEST_BUYERS = 50
_RIDGE = 10.0


@dataclass(frozen=True)
class SpendRegression:
    """Log-linear spend of those who order within H; `smear` makes the sum right where logs alone fall short (Duan 1983)."""

    center: np.ndarray
    scale: np.ndarray
    coefficients: np.ndarray
    intercept: float
    smear: float

    def spend(self, snapshot: Snapshot) -> np.ndarray:
        """Expected money in the window, given any order."""
        standard = np.clip((_log_money(snapshot) - self.center) / self.scale, -4, 4)
        return np.exp(self.intercept + standard @ self.coefficients) * self.smear


def fit_spend(snapshots: list[Snapshot], outcomes: list[Outcome]) -> SpendRegression | None:
    """The regression from past windows' buyers; None with fewer than 50 of them."""
    buyers = [np.flatnonzero(~outcome.churned) for outcome in outcomes]
    if sum(len(rows) for rows in buyers) < _FEWEST_BUYERS:
        return None
    rows = np.vstack([_log_money(snapshot.take(kept)) for snapshot, kept in zip(snapshots, buyers, strict=True)])
    spend = np.concatenate([outcome.spend[kept] for outcome, kept in zip(outcomes, buyers, strict=True)])
    center, scale = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-9)
    standard = np.clip((rows - center) / scale, -4, 4)
    logs = np.log(spend)
    penalty = _RIDGE * np.eye(standard.shape[1])
    coefficients = np.linalg.solve(standard.T @ standard + penalty, standard.T @ (logs - logs.mean()))
    fitted = np.exp(logs.mean() + standard @ coefficients)
    return SpendRegression(center, scale, coefficients, float(logs.mean()), float(spend.sum() / fitted.sum()))


def _log_money(snapshot: Snapshot) -> np.ndarray:
    names = ("spend_h", "spend_2h", "spend_4h", "total_spend", "mean_amount", "smooth_amount", "orders_2h", "orders_4h", "orders",
             "days_since_last_order", "age_days")  # fmt: skip
    return np.log1p(np.column_stack([snapshot[name] for name in names]))


@dataclass(frozen=True)
class Value:
    """Money by purchase process and Gamma-Gamma, and beside it what a window's buyers spent by regression on the logs of recent spend."""

    process: PurchaseProcess
    amounts: OrderValue
    regression: SpendRegression | None

    def expected_orders(self, snapshot: Snapshot, churn_probability: np.ndarray) -> np.ndarray:
        """Orders in the window: probability of any x orders given any."""
        repeats, last, age = purchase_history(snapshot)
        any_order = np.maximum(1 - self.process.silence(repeats, last, age, snapshot.horizon_days), 1e-9)
        given_any = np.maximum(self.process.expected_orders(repeats, last, age, snapshot.horizon_days) / any_order, 1.0)
        return (1 - churn_probability) * given_any

    def expected_value(self, snapshot: Snapshot, churn_probability: np.ndarray) -> np.ndarray:
        """Money in the window: the geometric mean of process times amount and of the regression (where there is one)."""
        by_process = self.expected_orders(snapshot, churn_probability) * self.amount(snapshot)
        if self.regression is None:
            return by_process
        return np.sqrt(by_process * (1 - churn_probability) * self.regression.spend(snapshot))

    def amount(self, snapshot: Snapshot) -> np.ndarray:
        """Expected money per order."""
        return self.amounts.mean_amount(snapshot["orders"], snapshot["mean_amount"])

    def twelve_months(self, snapshot: Snapshot, churn_probability: np.ndarray) -> np.ndarray:
        """Money in the next 365 days; the process's answer, moved by what the blend knows better about the window."""
        repeats, last, age = purchase_history(snapshot)
        window = np.maximum(self.process.expected_orders(repeats, last, age, snapshot.horizon_days), 1e-6)
        year = self.process.expected_orders(repeats, last, age, YEAR_DAYS) * self.amount(snapshot)
        ratio = self.expected_value(snapshot, churn_probability) / (window * self.amount(snapshot))
        return year * np.clip(ratio, 0.25, 4.0)


def purchase_history(snapshot: Snapshot) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Repeats, days from first to last order, and age in days: what a purchase process knows of a customer."""
    age = snapshot["age_days"]
    return snapshot["orders"] - 1, np.maximum(age - snapshot["days_since_last_order"], 0.0), age


def recent_spend_level(snapshot: Snapshot) -> np.ndarray:
    """Money per window of H lately: the mean of the last two windows (the window itself for customers younger than two)."""
    return snapshot["spend_2h"] / 2
