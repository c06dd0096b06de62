"""What to do about a customer: the codes of `ml.queries.advice` as sentences in the reader's language."""

from collections.abc import Mapping

from ml.i18n import Translator, mark

ADVICE: Mapping[str, str] = {
    "keep": mark("Nothing to do: the customer keeps their rhythm."),
    "watch": mark("Watch: offer the next delivery if no order comes in time."),
    "call": mark("Call this week and offer the next delivery."),
    "call_first": mark("Call today, before the other customers."),
    "win_back": mark("Inactive for long: write with an offer to come back; a call rarely pays."),
    "do_not_contact": mark("Do not contact: the customer asked for it, or is left alone by lot this quarter."),
    "no_rhythm": mark("Too few orders for a rhythm of its own: wait for the next order."),
}
SHORT: Mapping[str, str] = {
    "keep": mark("Nothing to do"),
    "watch": mark("Watch"),
    "call": mark("Call"),
    "call_first": mark("Call today"),
    "win_back": mark("Write with an offer"),
    "do_not_contact": mark("Do not contact"),
    "no_rhythm": mark("Wait"),
}
BY_RHYTHM = mark("This goes by the days of silence against the own rhythm, because the probability has no usable signal in this data yet.")


def sentence(t: Translator, code: str, basis: str) -> str:
    """What to do, and on what it stands where that is the rhythm alone."""
    told = t(ADVICE[code])
    return told if basis != "rhythm" or code == "do_not_contact" else f"{told} {t(BY_RHYTHM)}"
