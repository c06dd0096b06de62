"""Why a customer's score is what it is: codes with the facts behind them, from exact tree contributions and checked by a what-if."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ml.customers.features import COLUMN, Snapshot

MOST = 3
_WORTH_SAYING = 0.05  # log-odds
_MOVES = 1e-6  # log-odds; less is rounding


class ReasonGroup(NamedTuple):
    """Features that speak of one thing, the codes for raising and lowering the risk, and the facts that are shown with either.

    `facts` maps the name of a parameter to the feature whose value it shows.
    """

    raises: str
    lowers: str
    features: tuple[str, ...]
    facts: dict[str, str]


REASONS: tuple[ReasonGroup, ...] = (
    ReasonGroup(
        "late_for_own_rhythm", "within_own_rhythm",
        ("days_since_last_order", "silence_to_mean_gap", "silence_to_smooth_gap", "silence_to_recent_gap", "silence_to_longest_gap",
         "silence_z", "silence_log_z", "recent_span", "due_in_days"),
        {"days_since_last_order": "days_since_last_order", "typical_gap_days": "smooth_gap"},
    ),
    ReasonGroup(
        "few_recent_orders", "many_recent_orders",
        ("orders_h4", "orders_h2", "orders_h", "orders_2h", "orders_4h", "orders_previous_h", "busy_quarters", "orders_trend",
         "rate"),
        {"orders_last_window": "orders_h", "orders_window_before": "orders_previous_h"},
    ),
    ReasonGroup(
        "little_recent_spend", "much_recent_spend",
        ("spend_h4", "spend_h2", "spend_h", "spend_2h", "spend_4h", "spend_previous_h", "spend_trend", "total_spend"),
        {"spend_last_window": "spend_h", "spend_window_before": "spend_previous_h"},
    ),
    ReasonGroup(
        "few_orders_so_far", "long_standing",
        ("age_days", "orders", "active_share", "log_history"),
        {"orders": "orders", "age_days": "age_days"},
    ),
    ReasonGroup(
        "long_gaps", "short_gaps",
        ("mean_gap", "smooth_gap", "last_gap", "recent_gap", "longest_gap", "last_to_mean_gap"),
        {"typical_gap_days": "smooth_gap", "last_gap_days": "last_gap"},
    ),
    ReasonGroup(
        "irregular_rhythm", "regular_rhythm",
        ("gap_spread", "log_gap_spread", "weekday_share", "days_to_usual_weekday"),
        {"typical_gap_days": "smooth_gap", "gap_spread_days": "gap_spread"},
    ),
    ReasonGroup(
        "order_size", "order_size_good",
        ("mean_amount", "smooth_amount", "last_amount", "amount_spread", "last_to_mean_amount", "smooth_to_mean_amount", "first_amount"),
        {"last_amount": "last_amount", "mean_amount": "mean_amount"},
    ),
    ReasonGroup(
        "quiet_this_season_last_year", "ordered_this_season_last_year",
        ("orders_last_year", "orders_year_window"),
        {"orders_same_window_last_year": "orders_last_year"},
    ),
)  # fmt: skip
CODES: tuple[str, ...] = tuple(code for group in REASONS for code in (group.raises, group.lowers))


def explain(
    snapshot: Snapshot, contributions: np.ndarray, score: Callable[[Snapshot], np.ndarray], typical: np.ndarray, base: float
) -> list[list[dict[str, Any]]]:
    """Up to three reasons per customer, strongest first, as {"code", "params"}.

    `contributions` (n, features) are the trees' exact ones, `score` gives the blended log-odds of a snapshot, `typical` one typical value
    per feature, `base` the log-odds of the base rate. Customers above the base rate get what raises their risk, the others what lowers
    it. A reason stays only if its facts are known and setting its features to typical moves the blended score back.
    """
    log_odds = score(snapshot)
    risky = log_odds >= base
    sums = np.column_stack([contributions[:, [COLUMN[name] for name in group.features]].sum(axis=1) for group in REASONS])
    strength = np.where(risky[:, None], sums, -sums)
    candidates = np.argsort(-strength, axis=1, kind="stable")[:, : MOST + 2]
    scored = _Scored(log_odds, risky, score, typical)
    holds = np.column_stack(
        [
            _held(snapshot, group, np.flatnonzero((candidates == number).any(axis=1) & (strength[:, number] > _WORTH_SAYING)), scored)
            for number, group in enumerate(REASONS)
        ]
    )
    facts = [_facts(snapshot, group) for group in REASONS]
    return [
        [
            {"code": REASONS[number].raises if risky[row] else REASONS[number].lowers, "params": dict(facts[number][row] or {})}
            for number in [number for number in candidates[row] if holds[row, number] and facts[number][row] is not None][:MOST]
        ]
        for row in range(len(snapshot))
    ]


class _Scored(NamedTuple):
    """The blended score of a snapshot, and what is needed to score a changed one."""

    log_odds: np.ndarray
    risky: np.ndarray
    score: Callable[[Snapshot], np.ndarray]
    typical: np.ndarray


def _held(snapshot: Snapshot, group: ReasonGroup, rows: np.ndarray, scored: _Scored) -> np.ndarray:
    """Which customers' scores move back when the group's features become typical; only `rows` are asked."""
    holds = np.zeros(len(snapshot), dtype=bool)
    if len(rows):
        moved = scored.log_odds[rows] - scored.score(neutral(snapshot.take(rows), group, scored.typical))
        holds[rows] = np.where(scored.risky[rows], moved, -moved) > _MOVES
    return holds


def neutral(snapshot: Snapshot, group: ReasonGroup, typical: np.ndarray) -> Snapshot:
    """The snapshot with the group's features set to their typical values."""
    values = snapshot.values.copy()
    columns = [COLUMN[name] for name in group.features]
    values[:, columns] = typical[columns]
    return Snapshot(snapshot.cutoff, snapshot.horizon_days, snapshot.customer, values)


def _facts(snapshot: Snapshot, group: ReasonGroup) -> list[dict[str, float] | None]:
    columns = {label: np.round(snapshot[name], 1) for label, name in group.facts.items()}
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    return [None if any(value != value for value in row) else dict(zip(columns, row, strict=True)) for row in rows]
