"""What the JSON answers say in words: codes of the algorithms put into the language that the caller accepts, Spanish by default."""

from collections.abc import Mapping
from typing import Any

from ml.i18n import reasons
from ml.i18n.figures import Formatter
from ui import texts

MONEY = frozenset({"unit_price"})
SHARES = frozenset({"margin", "change"})


def churn_reasons(f: Formatter, answer: Mapping[str, Any]) -> str:
    """Why a customer stands like this, one sentence: the reasons, or the silence where the rhythm decides; empty without either."""
    if answer["basis"] == "rhythm":
        return reasons.sentence(f, [], answer["days_since_last_order"], answer["typical_gap_days"]) + "."
    return _sentence([text for text in (reasons.clause(f, one) for one in answer["reasons"]) if text])


def price_reasons(f: Formatter, said: list[Mapping[str, Any]]) -> str:
    """Why an order has this price, one sentence."""
    return _sentence([_price_reason(f, one) for one in said if one["code"] in texts.PRICE_REASONS])


def _price_reason(f: Formatter, said: Mapping[str, Any]) -> str:
    return f.t(texts.PRICE_REASONS[said["code"]], **{name: _shown(f, name, value) for name, value in said["params"].items()})


def _shown(f: Formatter, name: str, value: float) -> str:
    if name in MONEY:
        return f.money(value)
    return f.percent(value) if name in SHARES else f.number(value, 1)


def _sentence(parts: list[str]) -> str:
    joined = "; ".join(parts)
    return f"{joined[:1].upper()}{joined[1:]}." if joined else ""
