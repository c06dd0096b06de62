"""What the gate says about a new version of a model, in words: {"code", "params"} -> a sentence, for screens and messages."""

from collections.abc import Callable, Mapping
from string import Formatter as Places
from typing import Any

from ml.i18n import mark
from ml.i18n.figures import Formatter

SENTENCES: Mapping[str, str] = {
    "first_release": mark("The first version."),
    "champion_damaged": mark("The version before could not be used any more."),
    "not_worse": mark("As good as the version before, or better. {measure}, {figure}: {challenger} against {champion}."),
    "champion_not_judged": mark("The version before could not be checked on the same days."),
    "neither_judged": mark("Neither version could be checked; the newer data decides."),
    "clearly_worse": mark("Clearly worse than the version in service. {measure}, {figure}: {challenger} against {champion}."),
    "loses_to_rule": mark("Worse than the simple rule in {cutoffs} past checks. {measure}, {figure}: {challenger} against {champion}."),
    "segment_worse": mark("Clearly worse than the version in service for {segment}. {measure}, {figure}: {challenger} against {champion}."),
    "badly_calibrated": mark("Its probabilities are off: it said {said} on average, and {came} came. {measure}."),
    "bands_too_narrow": mark("Its ranges are too narrow: only {came} of what came fell within the 80 % range. {measure}."),
    "not_judged": mark("It could not be checked on days it had not seen; the version in service could."),
    "too_little_data": mark("It learnt from far less than the version in service: {now} rows of {table} against {before}."),
    "empty_answer": mark("It had nothing to say."),
    "not_a_number": mark("It gave no usable number. {measure}."),
    "too_good": mark("Too good to be true: it may have seen the answers. {measure}, {figure}: {challenger}, simple rule {baseline}."),
    "leak_ranking": mark(
        "It orders better than its own probabilities allow: it may have seen the answers. {measure}: {auc}, possible {implied}."
    ),
    "leak_fit": mark(
        "It explains nearly everything ({r2}), far more than the simple calculation: it may have seen the answers. {measure}."
    ),
    "shift_step": mark("Its answers lie far from those in service. {measure}: {size} apart, allowed {limit}."),
    "shift_total": mark("Its total lies far from the one in service. {measure}: {size} apart, allowed {limit}."),
    "shift_lost": mark("It is silent about {size} of those whom the version in service knows. {measure}."),
    "cannot_load": mark("It could not be loaded again after it was stored."),
    "not_repeatable": mark("Loaded again, it gave other answers in {rows} of {checked} rows."),
    "too_slow": mark("It took {seconds} seconds to answer; {limit} are allowed."),
    "approved": mark("A person looked at it and said yes: {note}"),
    "chosen": mark("Chosen by a person: {note}"),
    "rollback": mark("Put back by a person: {note}"),
    "release_damaged": mark("The newer version was damaged."),
}
SHARES = frozenset({"wape", "bias", "coverage80", "coverage95", "auc", "eta_squared", "gini"})
PERCENT = frozenset({"said", "came", "size", "limit", "r2"})
RATIO = frozenset({"auc", "implied", "physics", "seconds"})
SECONDS = "too_slow"


def say(f: Formatter, reason: Mapping[str, Any], name_of: Callable[[str, str], str]) -> str:
    """The sentence of a reason; empty for a code of another version. `name_of(kind, name)` gives a measure, figure, table or segment."""
    code, params = str(reason.get("code")), dict(reason.get("params") or {})
    text = SENTENCES.get(code)
    if text is None:
        return ""
    metric = str(params.get("metric", ""))
    said: dict[str, Any] = dict.fromkeys((place for _, place, _, _ in Places().parse(text) if place), "–")
    said |= {"figure": name_of("figure", metric)}
    for name, value in params.items():
        if name in ("measure", "table", "segment"):
            said[name] = name_of(name, str(value))
        elif name in ("challenger", "champion", "baseline"):
            said[name] = f.percent(value) if metric in SHARES else f.number(value, 2)
        elif name in PERCENT and code != SECONDS:
            said[name] = f.percent(value)
        elif isinstance(value, int | float):
            said[name] = f.number(value, 2 if name in RATIO else 0)
        else:
            said[name] = value
    return f.t(text, **said)
