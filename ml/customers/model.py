"""The two doors of the room: `fit_customers` and `score_customers`, and the model between them that a release stores."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logit

from ml.customers.blend import Blend, Window, fit_blend
from ml.customers.days import EPOCH, CustomerDataError, CustomerDays, collapse, day_number
from ml.customers.features import Outcome, Panel, Snapshot
from ml.customers.level import present_level
from ml.customers.members import Examples, Members, examples, fit_members
from ml.customers.next_order import NextOrder, closed_weekdays, fit_next_order
from ml.customers.purchase import fit_order_value
from ml.customers.reasons import explain
from ml.customers.record import FEW_ACTIVE, Record, judge
from ml.customers.segments import WINDOW_DAYS, Segments, fit_segments
from ml.customers.value import YEAR_DAYS, Value, fit_spend, recent_spend_level

Day = date | str | pd.Timestamp
SCORE_COLUMNS = (
    "customer_id", "churn_probability", "expected_orders", "expected_value", "next_order_date", "next_order_lo", "next_order_hi",
    "value_at_risk", "value_12m", "segment", "population", "reasons", "days_since_last_order", "typical_gap_days", "recent_spend",
)  # fmt: skip
_MOST_WINDOWS = 3
_YOUNG_WINDOWS = 2.5  # history before a past window, in units of H, from which it tells of a model like the present one
_FEWER_WINDOWS_FROM = 20_000  # rows of one snapshot; one window is then record enough


@dataclass(frozen=True)
class Shrinkage:
    """How far log-odds are pulled to those of the base rate: `share` is what is kept (1 = everything)."""

    share: float
    base: float

    def applied(self, log_odds: np.ndarray) -> np.ndarray:
        """The pulled log-odds."""
        return self.base + self.share * (log_odds - self.base)


@dataclass(frozen=True)
class CustomerModel:
    """Everything learnt from an order log as of one day; pickles with joblib (boosters are .ubj bytes).

    `record` is the model's own out-of-time record and `usable` its verdict; `notes` are codes with facts about what held the model back.
    """

    horizon_days: int
    as_of: date
    members: Members
    blend: Blend
    level: float
    shrinkage: Shrinkage
    value: Value
    next_order: NextOrder
    segments: Segments
    typical: np.ndarray
    record: Record
    notes: tuple[dict[str, Any], ...]

    @property
    def usable(self) -> bool:
        """Whether past windows show a signal worth acting on; when not, screens show the rhythm list instead."""
        return self.record.usable

    def score(self, orders: pd.DataFrame, as_of: Day) -> pd.DataFrame:
        """One row per customer with a sale by `as_of`, columns SCORE_COLUMNS.

        Probabilities are of no order in the `horizon_days` after `as_of`; `expected_*` and `value_at_risk` are for that window, money as in
        `amount`; `next_order_*` are days given that an order comes in the window (80 % interval), never in the past; `population`
        is "active" (last order within 2H) or "dormant"; `reasons` is a list of at most three {"code", "params"}. Raises CustomerDataError.
        """
        log = collapse(orders, as_of)
        snapshot = Panel(log, self.horizon_days).snapshot(day_number(as_of))
        probability = self.probability(snapshot)
        days = self.next_order.days(snapshot)
        orders_ahead = self.value.expected_orders(snapshot, probability)
        recent = recent_spend_level(snapshot)
        frame = pd.DataFrame(
            {
                "customer_id": _as_given(log.ids[snapshot.customer], orders["customer_id"]),
                "churn_probability": probability,
                "expected_orders": orders_ahead,
                "expected_value": self.value.expected_value(snapshot, probability),
                "next_order_date": _dates(snapshot.cutoff, days[:, 1]),
                "next_order_lo": _dates(snapshot.cutoff, days[:, 0]),
                "next_order_hi": _dates(snapshot.cutoff, days[:, 2]),
                "value_at_risk": probability * recent,
                "value_12m": self.value.twelve_months(snapshot, probability),
                "segment": np.asarray(self.segments.names, dtype=object)[self.segments.assign(*rolling_rfm(log, snapshot))],
                "population": np.where(snapshot.active, "active", "dormant"),
                "reasons": self.reasons(snapshot),
                "days_since_last_order": snapshot["days_since_last_order"].astype(int),
                "typical_gap_days": snapshot["smooth_gap"],
                "recent_spend": recent,
            }
        )
        return frame.loc[:, list(SCORE_COLUMNS)]

    def log_odds(self, snapshot: Snapshot) -> np.ndarray:
        """Blended, calibrated and shrunken log-odds of churn."""
        return self.shrinkage.applied(self.blend.log_odds(self.members.log_odds(snapshot), self.level))

    def probability(self, snapshot: Snapshot) -> np.ndarray:
        """Probability of churn."""
        return 1 / (1 + np.exp(-self.log_odds(snapshot)))

    def reasons(self, snapshot: Snapshot) -> list[list[dict[str, Any]]]:
        """At most three checked reasons per customer; none where there are no trees to ask."""
        if self.members.trees is None:
            return [[] for _ in range(len(snapshot))]
        contributions = self.members.trees.contributions(snapshot.values)
        return explain(snapshot, contributions, self.log_odds, self.typical, self.shrinkage.base)


def fit_customers(orders: pd.DataFrame, as_of: Day, horizon_days: int, *, seed: int = 20240101) -> CustomerModel:
    """Learn from what was known at the end of `as_of`: orders with customer_id, amount and date (or order_date).

    Every example comes from a past cutoff whose `horizon_days` had ended by `as_of`. Raises CustomerDataError without a single sale.
    """
    if not 1 <= horizon_days <= 3650:
        raise CustomerDataError(f"The horizon was {horizon_days} days; expected is a whole number from 1 to 3650.")
    log = collapse(orders, as_of)
    day = day_number(as_of)
    panel = Panel(log, horizon_days)
    now = panel.snapshot(day)
    past = examples(panel, day)
    members = fit_members(now, past, seed)
    tried = past_windows(log, day, horizon_days, len(now))
    windows = [window for cutoff, year_ago in tried if (window := _tried(panel, cutoff, seed, year_ago=year_ago)) is not None]
    next_order = fit_next_order(past.snapshots, past.outcomes, seed) if past.snapshots else fit_next_order([now], [_unknown(now)], seed)
    shrinkage, notes = _shrinkage(now, past, day - log.first_day, horizon_days)
    return CustomerModel(
        horizon_days=horizon_days,
        as_of=pd.Timestamp(as_of).date(),
        members=members,
        blend=fit_blend(windows, len(now)),
        level=present_level(panel, day),
        shrinkage=shrinkage,
        value=Value(
            members.process,
            fit_order_value(now["orders"], now["mean_amount"], prior=0.02),
            fit_spend(past.snapshots, past.outcomes),
        ),
        next_order=replace(next_order, closed=closed_weekdays(log.day)),
        segments=fit_segments(*rolling_rfm(log, now)),
        typical=_typical(past.snapshots or [now]),
        record=judge(windows, len(now)),
        notes=notes,
    )


def score_customers(orders: pd.DataFrame, as_of: Day, horizon_days: int, *, seed: int = 20240101) -> pd.DataFrame:
    """Fit and score in one line; the columns are SCORE_COLUMNS, one row per customer seen up to `as_of`."""
    return fit_customers(orders, as_of, horizon_days, seed=seed).score(orders, as_of)


def past_windows(log: CustomerDays, as_of: int, horizon_days: int, customers: int) -> list[tuple[int, bool]]:
    """Cutoffs of the windows kept for judging, newest first: the last H days, up to two windows before, and the same days last year.

    Each with whether it is last year's.
    """
    count = 1 if customers > _FEWER_WINDOWS_FROM else _MOST_WINDOWS
    found = [
        (as_of - number * horizon_days, False) for number in range(1, count + 1) if as_of - (number + 1) * horizon_days > log.first_day
    ]
    season = as_of - YEAR_DAYS
    if len(found) == _MOST_WINDOWS and season < found[-1][0] and season - max(2 * horizon_days, 180) > log.first_day:
        found.append((season, True))
    return found


def rolling_rfm(log: CustomerDays, snapshot: Snapshot) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Days since the last order, and orders and spend in the last 365 days."""
    spend = np.concatenate([[0.0], np.cumsum(log.amount)])
    begin = log.rows_until(snapshot.cutoff - WINDOW_DAYS)[snapshot.customer]
    end = log.rows_until(snapshot.cutoff)[snapshot.customer]
    return snapshot["days_since_last_order"], (end - begin).astype(float), spend[end] - spend[begin]


def _tried(panel: Panel, cutoff: int, seed: int, *, year_ago: bool) -> Window | None:
    """A past window answered by members that had not seen it; None where they had nothing to learn from."""
    now, past = panel.snapshot(cutoff), examples(panel, cutoff)
    judged = now.take(np.flatnonzero(now.active))
    if not past.snapshots or not len(judged):
        return None
    log_odds = fit_members(now, past, seed).log_odds(judged)
    churned = panel.outcome(judged).churned
    return Window(
        cutoff,
        log_odds,
        judged["days_since_last_order"],
        churned,
        level=present_level(panel, cutoff),
        year_ago=year_ago,
        young=cutoff - panel.log.first_day < _YOUNG_WINDOWS * panel.horizon_days,
    )


def _unknown(snapshot: Snapshot) -> Outcome:
    nothing = np.zeros(len(snapshot))
    return Outcome(nothing, nothing, np.full(len(snapshot), np.nan))


def _shrinkage(now: Snapshot, past: Examples, history: int, horizon_days: int) -> tuple[Shrinkage, tuple[dict[str, Any], ...]]:
    """Probabilities of a small or short log are pulled to the base rate, and the model says so."""
    active = int(now.active.sum())
    truth = np.concatenate(past.churned) if past.snapshots else np.zeros(0)
    base = float(logit((truth.sum() + 1) / (len(truth) + 2)))
    notes, share = [], 1.0
    if active < FEW_ACTIVE:
        share *= (active + 25) / (FEW_ACTIVE + 25)
        notes.append({"code": "few_active_customers", "params": {"active": active, "wanted": FEW_ACTIVE}})
    if history < 3 * horizon_days:
        share *= max(history / (3 * horizon_days), 0.25)
        notes.append({"code": "short_history", "params": {"history_days": history, "wanted_days": 3 * horizon_days}})
    return Shrinkage(share, base), tuple(notes)


def _typical(snapshots: list[Snapshot]) -> np.ndarray:
    values = np.vstack([snapshot.values for snapshot in snapshots])
    known = ~np.isnan(values).all(axis=0)
    typical = np.full(values.shape[1], np.nan, dtype=np.float32)
    typical[known] = np.nanmedian(values[:, known], axis=0)
    return typical


def _dates(cutoff: int, days: np.ndarray) -> pd.Series:
    return pd.Series(EPOCH + pd.to_timedelta(cutoff + days, unit="D")).astype("datetime64[us]")


def _as_given(ids: np.ndarray, given: pd.Series) -> pd.Series:
    """Ids as text, or as numbers where the log's column was numbers, so that the answer joins to the log it came from."""
    text = pd.Series(ids, dtype="str")
    return text.astype(given.dtype) if pd.api.types.is_numeric_dtype(given.dtype) else text
