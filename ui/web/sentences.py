"""What the JSON answers say in words: codes of the algorithms put into the language that the caller accepts, Spanish by default."""

from collections.abc import Mapping
from typing import Any

from ml.i18n import Translator, mark, reasons
from ml.i18n.figures import Formatter
from ui import texts

ADVICE: Mapping[str, str] = {
    "keep": mark("Nothing to do: the customer keeps their rhythm."),
    "watch": mark("Watch: offer the next delivery if no order comes in time."),
    "call": mark("Call this week and offer the next delivery."),
    "call_first": mark("Call today, before the other customers."),
    "win_back": mark("Inactive for long: write with an offer to come back; a call rarely pays."),
    "do_not_contact": mark("Do not contact: the customer asked for it."),
}
MONEY = frozenset({"unit_price"})
SHARES = frozenset({"margin", "change"})


def advice(t: Translator, code: str) -> str:
    """What to do about a customer, one sentence."""
    return t(ADVICE[code])


def churn_reasons(f: Formatter, said: list[Mapping[str, Any]]) -> str:
    """Why a customer has this risk, one sentence; empty without reasons."""
    return _sentence([text for text in (reasons.clause(f, one) for one in said) if text])


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
