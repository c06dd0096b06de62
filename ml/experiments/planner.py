"""What a test can see, from the company's own history, before anybody starts it: and what else can be done when that is too little."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from numpy.typing import NDArray

from ml.experiments.designs import METRICS, Kind, kind_of
from ml.experiments.errors import ExperimentError
from ml.experiments.stats import SMALLEST_ARM, cuped, minimum_detectable_effect
from ml.store import experiments as store

Floats = NDArray[np.float64]
TRIED_DAYS = (14, 30, 45, 60, 90, 120, 180)
KEY_ACCOUNTS = 0.05
CAP_QUANTILE = 0.99
POWER = 0.8
SHORTEST_DAYS = 7
MOST_HISTORY_DAYS = 730
MOST_COVARIATES = 3
WINDOWS = ("revenue", "orders", "churned")
FIGURES = ("mean", "detectable", "detectable_cuped", "r2", "can_see", "days_needed", "customers_needed")


def plan_test(
    connection: sa.Connection,
    unit_ids: Sequence[str],
    *,
    kind: str,
    days: int,
    smallest_effect: float | None = None,
    share: float = 0.5,
    clusters: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What a test of these customers over `days` can find: {customers, days, metric, mean, detectable, detectable_cuped (both relative),
    r2, realistic, can_see, days_needed, customers_needed, offers, history_days}; figures are None without history.

    `offers` are codes with figures when it cannot see what is realistic: longer, orders, without_key_accounts, crossover; each says what
    it would find and whether that is `enough`. With `clusters` the routes are what counts, not the customers.
    """
    kept = kind_of(kind)
    realistic = smallest_effect or kept.realistic
    answer: dict[str, Any] = {**dict.fromkeys(FIGURES), "customers": len(unit_ids), "days": days, "metric": kept.metrics[0],
              "realistic": realistic, "offers": [], "history_days": 0}  # fmt: skip
    last, first = store.data_up_to(connection), store.first_order_day(connection)
    if kept.unit != "customer" or last is None or first is None or len(unit_ids) < 2 * SMALLEST_ARM:
        return answer
    orders = store.orders_between(connection, max(first, last - timedelta(days=MOST_HISTORY_DAYS)), last)
    history = History(orders, unit_ids, last, first, clusters)
    return answer | _planned(history, kept, days, realistic, share)


def _planned(history: "History", kind: Kind, days: int, realistic: float, share: float) -> dict[str, Any]:
    """The figures of `plan_test` where there is a history."""
    metric = kind.metrics[0]
    now = history.detectable(metric, days, share)
    if now is None:
        return {"history_days": history.days}
    can_see = now["cuped"] <= realistic
    longer = history.longer(metric, days, share)
    enough = next((tried for tried, found in longer.items() if found <= realistic), None)
    return {
        "mean": now["mean"],
        "detectable": now["plain"],
        "detectable_cuped": now["cuped"],
        "r2": now["r2"],
        "can_see": can_see,
        "days_needed": days if can_see else enough,
        "customers_needed": math.ceil(len(history.unit_ids) * (now["cuped"] / realistic) ** 2),
        "offers": [] if can_see else history.offers(kind, days, realistic, share),
        "history_days": history.days,
    }


class History:
    """The past of some customers, as windows of any length that end with the data."""

    def __init__(
        self, orders: pd.DataFrame, unit_ids: Sequence[str], last: date, first: date, clusters: Mapping[str, str] | None = None
    ) -> None:
        self.orders = orders[orders["customer_id"].isin(set(unit_ids))]
        self.unit_ids, self.last = pd.Index(sorted(set(unit_ids))), last
        self.days = (last - first).days + 1
        self.routes = None if clusters is None else np.unique([clusters[unit] for unit in self.unit_ids], return_inverse=True)[1]

    def window(self, metric: str, days: int, back: int = 0) -> Floats:
        """Revenue, orders or churned (1 without an order) per customer in the `back`-th window of `days` before the end of the data."""
        end = pd.Timestamp(self.last) - pd.Timedelta(days=back * days)
        mine = self.orders[(self.orders["day"] <= end) & (self.orders["day"] > end - pd.Timedelta(days=days))]
        grouped = mine.groupby("customer_id")
        sums = grouped["amount"].sum() if metric == "revenue" else grouped["day"].nunique()
        values = np.asarray(sums.reindex(self.unit_ids).fillna(0.0), dtype=np.float64)
        return (values == 0).astype(float) if metric == "churned" else values

    def detectable(self, metric: str, days: int, share: float, kept: NDArray[np.bool_] | None = None) -> dict[str, float] | None:
        """{mean, plain, cuped (relative smallest effects found with 80 %), r2} of a window of `days`; None where history is too short."""
        span = min(days, self.days // 2)
        if span < SHORTEST_DAYS:
            return None
        y, x = self._sample(metric, span, kept)
        units = int(2 / (1 / max(share * len(y), 1e-9) + 1 / max((1 - share) * len(y), 1e-9)))
        if units < SMALLEST_ARM or np.ptp(y) == 0 or y.mean() == 0:
            return None
        varied = x[:, np.ptp(x, axis=0) > 0]
        r2 = min(max(0.0, 1 - cuped(y, varied).var() / y.var()), 0.99) if varied.shape[1] and len(y) > MOST_COVARIATES else 0.0
        scale = math.sqrt(span / days)  # a longer test than half of the history: as if windows were alike
        try:
            plain, adjusted = (minimum_detectable_effect(float(y.std(ddof=1)), units, power=POWER, r2=one) for one in (0.0, r2))
        except ExperimentError:
            return None
        mean = float(y.mean())
        return {"mean": mean, "plain": plain / mean * scale, "cuped": adjusted / mean * scale, "r2": float(r2)}

    def _sample(self, metric: str, span: int, kept: NDArray[np.bool_] | None) -> tuple[Floats, Floats]:
        """The last window (n,) and what the analysis knows of the one before (n, k), money capped; by route where routes are drawn."""
        y = self.window(metric, span)
        x = np.column_stack([self.window(name, span, 1) for name in METRICS[metric].pre if name in WINDOWS])
        if metric == "revenue" and (x > 0).any():
            cap = float(np.quantile(x[x > 0], CAP_QUANTILE))
            y, x = np.minimum(y, cap), np.minimum(x, cap)
        if kept is not None:
            y, x = y[kept], x[kept]
        if self.routes is not None and kept is None:
            count = np.bincount(self.routes)
            return np.bincount(self.routes, weights=y) / count, np.zeros((len(count), 1))  # routes are analysed without the time before
        return y, x

    def longer(self, metric: str, days: int, share: float) -> dict[int, float]:
        """Longer tests and the smallest effect each finds, shortest first, where that is smaller than the effect `days` find."""
        now = _cuped(self.detectable(metric, days, share)) or math.inf
        tried = {more: _cuped(self.detectable(metric, more, share)) for more in TRIED_DAYS if more > days}
        return {more: found for more, found in tried.items() if found is not None and found < now}

    def offers(self, kind: Kind, days: int, realistic: float, share: float) -> list[dict[str, Any]]:
        """What could show a realistic effect instead: {code, detectable, enough, is_better (than as planned)}; of `longer` (the shortest
        that is enough, else the one that finds most) the days and how many `more` they are."""
        metric, apart = kind.metrics[0], self._without_key_accounts(days)
        longer = self.longer(metric, days, share)
        tried = next(
            (more for more, found in longer.items() if found <= realistic), min(longer, key=lambda more: longer[more], default=days)
        )
        told: dict[str, float | None] = {
            "longer": longer.get(tried),
            "orders": _cuped(self.detectable("orders", days, share)) if metric != "orders" else None,
            "without_key_accounts": _cuped(self.detectable(metric, days, share, apart)) if apart is not None else None,
            "crossover": self._crossover(metric, days) if kind.can_alternate and self.routes is None else None,
        }
        now = _cuped(self.detectable(metric, days, share)) or math.inf
        return [
            {"code": code, "detectable": value, "enough": value <= realistic, "is_better": value < now}
            | ({"days": tried, "more": tried - days} if code == "longer" else {})
            for code, value in told.items()
            if value is not None
        ]

    def _without_key_accounts(self, days: int) -> NDArray[np.bool_] | None:
        """Who is left when the customers with the most sales are left apart; None where they are too few for that."""
        before = self.window("revenue", min(days, self.days // 2), 1)
        if len(before) < 2 / KEY_ACCOUNTS or self.routes is not None:
            return None
        return np.asarray(before < np.quantile(before, 1 - KEY_ACCOUNTS))

    def _crossover(self, metric: str, days: int) -> float | None:
        """Every customer in both arms, week by week: only the spread within customers is left (Grizzle, 1965)."""
        weeks = min(days, self.days) // 7
        if weeks < 4:
            return None
        table = np.stack([self.window(metric, 7, back) for back in range(weeks)], axis=1)
        within, mean = float(table.var(axis=1, ddof=1).mean()), float(table.mean())
        if not within > 0 or not mean > 0:
            return None
        units = max(int(len(table) * weeks / 2), SMALLEST_ARM)
        return minimum_detectable_effect(math.sqrt(within), units, power=POWER) / mean


def _cuped(one: dict[str, float] | None) -> float | None:
    return one["cuped"] if one else None
