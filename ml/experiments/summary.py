"""What came of an experiment in a few sentences of one language: for the message at its end, and wherever the whole report is too much."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ml.experiments import words
from ml.i18n import translator
from ml.i18n.figures import Formatter
from ml.store.experiments import Kept


@dataclass(frozen=True)
class Summary:
    """Plain sentences, free of markup. `effect` and `monthly` are None where nothing may be read; `note` is to be said beside them."""

    title: str
    days: str
    verdict: str
    reason: str
    effect: str | None
    monthly: str | None
    note: str | None

    @property
    def sentences(self) -> tuple[str, ...]:
        """All that is said, in the order in which a person wants to know it; the title stands apart."""
        return tuple(one for one in (self.verdict, self.effect, self.monthly, self.reason, self.note, self.days) if one)


def summarise(kept: Kept, told: Mapping[str, Any], *, language: str = "es", currency: str = "CLP") -> Summary:
    """The summary of what `reading.evaluate` told: verdict, effect with its range, pesos a month with theirs, and why."""
    f = Formatter(translator(language), currency)
    t = f.t
    days = t("Day {day} of {days}, from {start} to {end}.", day=f.number(told["days"]), days=f.number(told["days_total"]),
             start=f.day(kept.start), end=f.day(kept.end))  # fmt: skip
    return Summary(
        title=words.title(t, kept.name, kept.type),
        days=days,
        verdict=f"{t(words.VERDICTS[told['decision']['verdict']])}.",
        reason=words.reason(f, told),
        effect=_effect(f, kept, told),
        monthly=_monthly(f, told),
        note=t(words.SIMULATED) if words.is_simulated(kept.plan) else None,
    )


def _effect(f: Formatter, kept: Kept, told: Mapping[str, Any]) -> str | None:
    """The primary metric at the last look, with the range that holds at every look; None before the first and after an alarm."""
    if not told["readable"] or not told["looks"]:
        return None
    look, name = told["looks"][-1]["result"], kept.plan["primary"]
    span, said = look["repeated"], words.metric(f.t, name)
    if look["effect"] is None or span["low"] is None:
        return None
    if look["rel_effect"] is not None and span["rel_low"] is not None:
        low, high = sorted((span["rel_low"], span["rel_high"]))
        written = [f"{'+' if share > 0 else ''}{f.percent(share, 1)}" for share in (look["rel_effect"], low, high)]
    else:
        written = [words.amount(f, name, value) for value in (look["effect"], span["low"], span["high"])]
    return f.t("{metric}: {effect} ({low} to {high}).", metric=said, effect=written[0], low=written[1], high=written[2])


def _monthly(f: Formatter, told: Mapping[str, Any]) -> str | None:
    monthly = told["decision"]["monthly"]
    if monthly is None:
        return None
    return f.t("{money} a month for all customers of the test ({low} to {high}).", money=f.money(monthly["effect"]),
               low=f.money(monthly["low"]), high=f.money(monthly["high"]))  # fmt: skip
