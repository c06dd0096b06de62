"""What could be known about each customer's rhythm at the end of a cutoff day, and what followed.

Everything that depends on past orders only is computed once per order (`order_states`) and looked up at each cutoff, so that a further
cutoff costs little. Nothing here reads a row after the cutoff except `outcome`, which is the truth to learn from.
"""

from copy import copy
from dataclasses import dataclass

import numpy as np

from ml.customers.days import CustomerDays

_SMOOTHING = 0.3  # weight of the newest gap or amount in the exponentially weighted means
WINDOWS = (0.25, 0.5, 1.0, 2.0, 4.0)  # in units of H

FEATURES: tuple[str, ...] = (
    "days_since_last_order", "age_days", "orders", "mean_gap", "smooth_gap", "last_gap", "recent_gap", "longest_gap", "gap_spread",
    "log_gap_spread", "silence_to_mean_gap", "silence_to_smooth_gap", "silence_to_recent_gap", "silence_to_longest_gap",
    "silence_z", "silence_log_z", "last_to_mean_gap", "rate", "due_in_days", "active_share",
    "orders_h4", "orders_h2", "orders_h", "orders_2h", "orders_4h", "spend_h4", "spend_h2", "spend_h", "spend_2h", "spend_4h",
    "orders_trend", "spend_trend", "orders_previous_h", "spend_previous_h", "busy_quarters", "orders_last_year", "orders_year_window",
    "mean_amount", "smooth_amount", "last_amount", "amount_spread", "last_to_mean_amount", "smooth_to_mean_amount", "total_spend",
    "weekday_share", "first_amount", "recent_span", "days_to_usual_weekday", "log_history",
)  # fmt: skip
COLUMN = {name: place for place, name in enumerate(FEATURES)}


@dataclass(frozen=True)
class Snapshot:
    """Customers seen by `cutoff` with their features.

    `customer` index into the log's ids; `values` float32 of shape (customers, len(FEATURES)), NaN = not known; `cutoff` a day number.
    """

    cutoff: int
    horizon_days: int
    customer: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.customer)

    def __getitem__(self, name: str) -> np.ndarray:
        """One feature as float64."""
        return self.values[:, COLUMN[name]].astype(float)

    @property
    def active(self) -> np.ndarray:
        """Whether the last order lies within 2H: the population every figure is about."""
        return self["days_since_last_order"] <= 2 * self.horizon_days

    def take(self, rows: np.ndarray) -> "Snapshot":
        """The same snapshot for some of its customers."""
        return Snapshot(self.cutoff, self.horizon_days, self.customer[rows], self.values[rows])


@dataclass(frozen=True)
class Outcome:
    """What followed a cutoff within H: orders, spend and the days until the first of them (NaN when there was none)."""

    orders: np.ndarray
    spend: np.ndarray
    days_to_next: np.ndarray

    @property
    def churned(self) -> np.ndarray:
        """Whether no order followed."""
        return self.orders == 0


def order_states(log: CustomerDays) -> dict[str, np.ndarray]:
    """For every customer-day the state of its customer's rhythm right after it: cumulated and smoothed gaps and amounts."""
    rank = np.arange(len(log.day)) - log.start[log.customer]
    first = log.start[log.customer]
    gap = np.where(rank > 0, log.day - np.roll(log.day, 1), np.nan).astype(float)
    known = np.nan_to_num(gap)
    log_gap = np.where(rank > 0, np.log(np.maximum(known, 1.0)), 0.0)
    weekday = log.day % 7

    def cumulated(values: np.ndarray) -> np.ndarray:
        total = np.concatenate([[0.0], np.cumsum(values)])
        return total[1:] - total[first]

    back = np.maximum(np.arange(len(rank)) - 3, first)
    weekday_counts = np.stack([cumulated((weekday == number).astype(float)) for number in range(7)])
    return {
        "rank": rank,
        "gap": gap,
        "gap_squares": cumulated(known**2),
        "log_gaps": cumulated(log_gap),
        "log_gap_squares": cumulated(log_gap**2),
        "recent_gap": (log.day - log.day[back]) / np.maximum(np.arange(len(rank)) - back, 1),
        "spend": cumulated(log.amount),
        "spend_squares": cumulated(log.amount**2),
        "usual_weekday": weekday_counts.argmax(axis=0),
        "weekday_share": weekday_counts.max(axis=0) / (rank + 1),
        **_running(log, rank, gap),
    }


def _running(log: CustomerDays, rank: np.ndarray, gap: np.ndarray) -> dict[str, np.ndarray]:
    """Recursions over a customer's orders, done for all customers at once, one order number after the other."""
    smooth_gap, longest = gap.copy(), np.nan_to_num(gap)
    smooth_amount = log.amount.copy()
    order = np.argsort(rank, kind="stable")
    bounds = np.searchsorted(rank[order], np.arange(int(rank.max()) + 2))
    for number in range(1, len(bounds) - 1):
        rows = order[bounds[number] : bounds[number + 1]]
        before = rows - 1
        earlier = smooth_gap[before]
        smooth_gap[rows] = np.where(np.isnan(earlier), gap[rows], (1 - _SMOOTHING) * earlier + _SMOOTHING * gap[rows])
        longest[rows] = np.maximum(longest[before], gap[rows])
        smooth_amount[rows] = (1 - _SMOOTHING) * smooth_amount[before] + _SMOOTHING * log.amount[rows]
    return {"smooth_gap": smooth_gap, "longest_gap": longest, "smooth_amount": smooth_amount}


class Panel:
    """An order log ready to be looked at from any cutoff: `snapshot(cutoff)` and `outcome(snapshot)`."""

    def __init__(self, log: CustomerDays, horizon_days: int) -> None:
        self.log = log
        self.horizon_days = horizon_days
        self._states = order_states(log)
        self._spend = np.concatenate([[0.0], np.cumsum(log.amount)])

    def with_horizon(self, horizon_days: int) -> "Panel":
        """The same log looked at with another H."""
        other = copy(self)
        other.horizon_days = horizon_days
        return other

    def snapshot(self, cutoff: int) -> Snapshot:
        """Every customer seen by the end of day `cutoff`, with features from orders up to that day only."""
        end = self.log.rows_until(cutoff)
        customer = np.flatnonzero(end > self.log.start[:-1])
        last = end[customer] - 1
        values = {**self._rhythm(last, customer, cutoff), **self._windows(customer, end[customer], cutoff), **self._money(last, customer)}
        values |= _ratios(values)
        matrix = np.column_stack([values[name] for name in FEATURES]).astype(np.float32)
        return Snapshot(cutoff, self.horizon_days, customer, matrix)

    def outcome(self, snapshot: Snapshot) -> Outcome:
        """What each customer of `snapshot` did in the H days after its cutoff."""
        begin = self.log.rows_until(snapshot.cutoff)[snapshot.customer]
        end = self.log.rows_until(snapshot.cutoff + self.horizon_days)[snapshot.customer]
        orders = end - begin
        next_day = self.log.day[np.minimum(begin, len(self.log.day) - 1)]
        days = np.where(orders > 0, next_day - snapshot.cutoff, np.nan)
        return Outcome(orders.astype(float), self._spend[end] - self._spend[begin], days)

    def _rhythm(self, last: np.ndarray, customer: np.ndarray, cutoff: int) -> dict[str, np.ndarray]:
        state, log = self._states, self.log
        first_day = log.day[log.start[customer]]
        repeats = state["rank"][last].astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean_gap = np.where(repeats > 0, (log.day[last] - first_day) / repeats, np.nan)
            variance = np.maximum(state["gap_squares"][last] / repeats - mean_gap**2, 0)
            log_mean = np.where(repeats > 0, state["log_gaps"][last] / repeats, np.nan)
            log_variance = np.maximum(state["log_gap_squares"][last] / repeats - log_mean**2, 0)
        many = repeats >= 2
        return {
            "days_since_last_order": (cutoff - log.day[last]).astype(float),
            "age_days": (cutoff - first_day).astype(float),
            "orders": repeats + 1,
            "mean_gap": mean_gap,
            "smooth_gap": state["smooth_gap"][last],
            "last_gap": state["gap"][last],
            "recent_gap": np.where(repeats > 0, state["recent_gap"][last], np.nan),
            "longest_gap": np.where(repeats > 0, state["longest_gap"][last], np.nan),
            "gap_spread": np.where(many, np.sqrt(variance), np.nan),
            "log_gap_spread": np.where(many, np.sqrt(log_variance), np.nan),
            "log_gap_mean": log_mean,
            "days_to_usual_weekday": np.where(many, (state["usual_weekday"][last] - cutoff - 1) % 7 + 1, np.nan),
            "weekday_share": np.where(many, state["weekday_share"][last], np.nan),
            "log_history": np.full(len(last), np.log1p(cutoff - log.first_day)),
        }

    def _windows(self, customer: np.ndarray, end: np.ndarray, cutoff: int) -> dict[str, np.ndarray]:
        h = self.horizon_days
        found: dict[str, np.ndarray] = {}
        for label, share in zip(("h4", "h2", "h", "2h", "4h"), WINDOWS, strict=True):
            begin = self.log.rows_until(cutoff - round(share * h))[customer]
            found[f"orders_{label}"] = (end - begin).astype(float)
            found[f"spend_{label}"] = self._spend[end] - self._spend[begin]
        found["orders_previous_h"] = found["orders_2h"] - found["orders_h"]
        found["spend_previous_h"] = found["spend_2h"] - found["spend_h"]
        steps = [self.log.rows_until(cutoff - round(part * h / 4))[customer] for part in range(0, 9)]
        found["busy_quarters"] = np.sum([newer > older for newer, older in zip(steps, steps[1:], strict=False)], axis=0).astype(float)
        year_begin = self.log.rows_until(cutoff - 365)[customer]
        year_end = self.log.rows_until(min(cutoff - 365 + h, cutoff))[customer]
        seen = self.log.day[self.log.start[customer]] <= cutoff - 365
        found["orders_last_year"] = np.where(seen, year_end - year_begin, np.nan)
        found["orders_year_window"] = np.where(seen, end - year_begin, np.nan)
        begin_5 = np.maximum(end - 5, self.log.start[customer])
        found["recent_span"] = (cutoff - self.log.day[begin_5]).astype(float)
        return found

    def _money(self, last: np.ndarray, customer: np.ndarray) -> dict[str, np.ndarray]:
        state, log = self._states, self.log
        orders = state["rank"][last] + 1.0
        mean = state["spend"][last] / orders
        spread = np.sqrt(np.maximum(state["spend_squares"][last] / orders - mean**2, 0))
        return {
            "total_spend": state["spend"][last],
            "mean_amount": mean,
            "smooth_amount": state["smooth_amount"][last],
            "last_amount": log.amount[last],
            "first_amount": log.amount[log.start[customer]],
            "amount_spread": np.where(orders > 1, spread / mean, np.nan),
        }


def _ratios(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Features that compare the others: the present silence with own gaps, the newest with the usual."""
    silence = values["days_since_last_order"]
    repeats = values["orders"] - 1
    spread = np.where(np.isnan(values["gap_spread"]), values["mean_gap"], values["gap_spread"])
    # a spread from few gaps is pulled towards that of a memoryless rhythm, which equals the mean gap
    shrunk = (repeats * spread + 2 * values["mean_gap"]) / (repeats + 2)
    log_spread = np.where(np.isnan(values["log_gap_spread"]), 1.0, values["log_gap_spread"])
    log_shrunk = (repeats * log_spread + 2) / (repeats + 2)
    return {
        "silence_to_mean_gap": silence / np.maximum(values["mean_gap"], 1),
        "silence_to_smooth_gap": silence / np.maximum(values["smooth_gap"], 1),
        "silence_to_recent_gap": silence / np.maximum(values["recent_gap"], 1),
        "silence_to_longest_gap": silence / np.maximum(values["longest_gap"], 1),
        "silence_z": (silence - values["mean_gap"]) / np.maximum(shrunk, 1),
        "silence_log_z": (np.log1p(silence) - values["log_gap_mean"]) / np.maximum(log_shrunk, 0.1),
        "last_to_mean_gap": values["last_gap"] / np.maximum(values["mean_gap"], 1),
        "rate": values["orders"] / np.maximum(values["age_days"] + 1, 7),
        "due_in_days": values["smooth_gap"] - silence,
        "active_share": (values["age_days"] - silence) / np.maximum(values["age_days"], 1),
        "orders_trend": (values["orders_h"] + 0.5) / (values["orders_previous_h"] + 0.5),
        "spend_trend": values["spend_h"] / np.maximum(values["spend_h"] + values["spend_previous_h"], 1e-9),
        "last_to_mean_amount": values["last_amount"] / values["mean_amount"],
        "smooth_to_mean_amount": values["smooth_amount"] / values["mean_amount"],
    }
