"""How the states, actions and events of alerts are called, and the gate and the control group in sentences."""

from collections.abc import Mapping

from ml.i18n import mark
from ml.queries.customers import Gate
from ml.queries.holdout import MOST_QUARTERS, Plan, Status
from ui.format import md
from ui.screen import Screen

WORK: Mapping[str, str] = {"todo": mark("To do"), "contacted": mark("Contacted"), "snoozed": mark("Put off"), "closed": mark("Closed")}
STATES: Mapping[str, str] = {
    "open": mark("to do"),
    "contacted": mark("contacted"),
    "snoozed": mark("put off"),
    "saved": mark("ordered again"),
    "lost": mark("lost"),
    "not_a_risk": mark("not a risk"),
    "withdrawn": mark("opened by mistake"),
}
COLOURS: Mapping[str, str] = {
    "open": "orange", "contacted": "blue", "snoozed": "gray", "saved": "green", "lost": "red", "not_a_risk": "gray",
    "withdrawn": "gray",
}  # fmt: skip
ACTIONS: Mapping[str, str] = {
    "contacted": mark("Contacted"),
    "snoozed": mark("Put off 7 days"),
    "not_a_risk": mark("Not a risk"),
    "saved": mark("Has ordered again"),
    "lost": mark("Lost"),
    "reopened": mark("Open again"),
    "assigned": mark("Assign"),
    "commented": mark("Comment"),
}
EVENTS: Mapping[str, str] = {
    "opened": mark("opened"),
    "contacted": mark("contacted"),
    "snoozed": mark("put off for 7 days"),
    "not_a_risk": mark("marked as not a risk"),
    "saved": mark("marked as ordered again"),
    "lost": mark("given up as lost"),
    "reopened": mark("opened again"),
    "assigned": mark("assigned"),
    "commented": mark("comment"),
    "ordered": mark("closed: the customer ordered"),
    "silent": mark("closed: no order came in time"),
    "woke": mark("to do again"),
}
NOTES: Mapping[str, str] = {
    "few_active_customers": mark(
        "With {active} active customers ({wanted} are wanted) probabilities are pulled towards the company's mean: read them as an order, "
        "not to the point."
    ),
    "short_history": mark(
        "With {history_days} days of history ({wanted_days} are wanted) probabilities are pulled towards the company's mean: read them as "
        "an order, not to the point."
    ),
}
NO_SIGNAL = mark("There is no usable signal in this data yet: go by the days of silence against the own rhythm, not by the probability.")


def cautions(screen: Screen, gate: Gate) -> list[str]:
    """What a reader must know before trusting a probability, as markdown: no signal, few customers, short history; else empty."""
    t, f = screen.t, screen.f
    told = [t(NO_SIGNAL)] if gate.usable is False else []
    for note in gate.notes:
        if note.get("code") in NOTES:
            told.append(t(NOTES[note["code"]], **{name: md(f.number(value)) for name, value in note.get("params", {}).items()}))
    return told


def plan(screen: Screen, plan: Plan) -> str:
    """When a control group would show anything, as markdown."""
    t, f = screen.t, screen.f
    if plan.detectable is None:
        return t(
            "With {n} customers in the draw there are too few alerts to measure what calls earn, so nobody is left alone.",
            n=md(f.number(plan.customers)),
        )
    facts = {
        "alerted": md(f.number(plan.alerted)), "days": plan.horizon_days, "expected": md(f.money(plan.expected)),
        "detectable": md(f.money(plan.detectable)),
    }  # fmt: skip
    if plan.quarters is None:
        return t(
            "About {alerted} customers a quarter get an alert. A call is expected to bring {expected} in {days} days; a quarter would "
            "only show effects of {detectable} a call or more. Even {most} quarters would not show it, so nobody is left alone.",
            most=MOST_QUARTERS,
            **facts,
        )
    return t(
        "About {alerted} customers a quarter get an alert. A call is expected to bring {expected} in {days} days; one quarter shows "
        "effects from {detectable} on. After {quarters} quarters the control group would show what calls earn.",
        quarters=plan.quarters,
        **facts,
    )


def switch(screen: Screen, plan: Plan, *, is_on: bool) -> str:
    """When the control group is drawn, or who can allow it; empty where allowing it would change nothing."""
    t = screen.t
    if plan.quarters is None:
        told = t("It is switched on, and is drawn at the beginning of the first quarter in which it would show something.")
        return told if is_on else ""
    if is_on:
        return t("It is drawn at the beginning of a quarter, before anybody sees a list of it.")
    return t("It is switched off; an administrator can allow it in Settings, Values, Customers.")


def status(screen: Screen, told: Status) -> str:
    """Who is left alone this quarter, and what came of it so far, as markdown."""
    t, f = screen.t, screen.f
    return t(
        "Until {day}, {held} of {all} customers in the draw are left alone. Alerts so far: {contact} to contact, {held_out} left alone; "
        "{anyway} of those left alone were contacted anyway.",
        day=md(f.day(told.until)),
        held=md(f.number(told.held_out)),
        all=md(f.number(told.in_draw)),
        contact=md(f.number(told.eligible_contact)),
        held_out=md(f.number(told.eligible_held_out)),
        anyway=md(f.number(told.contacted_anyway)),
    )
