"""Why a customer is thought to leave or to stay: the algorithms' codes as sentences in the reader's language."""

from collections.abc import Mapping, Sequence
from typing import Any

from ml.i18n import mark
from ml.i18n.figures import Formatter

REASONS: Mapping[str, str] = {
    "late_for_own_rhythm": mark("orders every {typical_gap_days} days, {days_since_last_order} have passed"),
    "within_own_rhythm": mark("is within the usual {typical_gap_days} days ({days_since_last_order} have passed)"),
    "few_recent_orders": mark("orders lately: {orders_last_window}, in the period before: {orders_window_before}"),
    "many_recent_orders": mark("orders lately: {orders_last_window}, in the period before: {orders_window_before}"),
    "little_recent_spend": mark("bought for {spend_last_window} lately, {spend_window_before} in the period before"),
    "much_recent_spend": mark("bought for {spend_last_window} lately, {spend_window_before} in the period before"),
    "few_orders_so_far": mark("orders so far: {orders}"),
    "long_standing": mark("orders in {age_days} days: {orders}"),
    "long_gaps": mark("long pauses: about {typical_gap_days} days between orders"),
    "short_gaps": mark("short pauses: about {typical_gap_days} days between orders"),
    "irregular_rhythm": mark("irregular: every {typical_gap_days} days, give or take {gap_spread_days}"),
    "regular_rhythm": mark("regular: every {typical_gap_days} days, give or take {gap_spread_days}"),
    "order_size": mark("last order {last_amount}, usually {mean_amount}"),
    "order_size_good": mark("last order {last_amount}, usually {mean_amount}"),
    "quiet_this_season_last_year": mark("orders in these weeks last year: {orders_same_window_last_year}"),
    "ordered_this_season_last_year": mark("orders in these weeks last year: {orders_same_window_last_year}"),
}
MONEY_PARAMS = frozenset({"spend_last_window", "spend_window_before", "last_amount", "mean_amount"})


def clause(f: Formatter, said: Mapping[str, Any]) -> str:
    """One reason as part of a sentence; empty for a code this version does not know."""
    text = REASONS.get(str(said.get("code")))
    if text is None:
        return ""
    params = {name: f.money(value) if name in MONEY_PARAMS else f.number(value) for name, value in (said.get("params") or {}).items()}
    return f.t(text, **params)


def sentence(
    f: Formatter, said: Sequence[Mapping[str, Any]], days_since_last_order: float | None, gap_days: float | None, *, most: int | None = None
) -> str:
    """The reasons of a customer, strongest first and at most `most`, as one sentence; without any, the silence against the own rhythm."""
    told = [text for text in (clause(f, one) for one in said or []) if text][:most]
    if told:
        return _capital("; ".join(told))
    params = {"days_since_last_order": days_since_last_order, "typical_gap_days": gap_days}
    if gap_days is not None and gap_days == gap_days:
        return _capital(clause(f, {"code": "late_for_own_rhythm", "params": params}))
    return _capital(f.t("{days} days without an order", days=f.number(days_since_last_order)))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
