"""What an experiment's codes say to a person: verdict, reasons, lights, offers. Screen and report share these sentences."""

from collections.abc import Mapping
from typing import Any

from ml.experiments.designs import METRICS
from ml.i18n import Translator, mark
from ml.i18n.figures import Formatter

KINDS: Mapping[str, str] = {
    "dynamic_pricing": mark("Price test"),
    "churn_alert": mark("Test of alerts"),
    "demand_forecast": mark("Test of stock by forecast"),
}
UNITS: Mapping[str, str] = {"customer": mark("Customers"), "product_zone": mark("Products in communes")}
SIMULATED = mark("This test is an example of the demo company: what came of it is simulated.")
STATES: Mapping[str, str] = {
    "draft": mark("draft"),
    "active": mark("running"),
    "paused": mark("paused"),
    "completed": mark("finished"),
}
METRIC_NAMES: Mapping[str, str] = {
    "revenue": mark("Sales per customer"),
    "margin": mark("Margin per customer"),
    "orders": mark("Orders per customer"),
    "churned": mark("Customers without an order"),
    "stock_outs": mark("Days without stock"),
    "units_short": mark("Units short"),
    "cost_clp": mark("Cost of stock"),
}
METHODS: Mapping[str, str] = {
    "welch": mark("difference of means (Welch)"),
    "cuped": mark("difference of means, corrected by the time before (CUPED)"),
    "permutation": mark("arms drawn again 1,999 times (permutation test)"),
    "clusters": mark("difference of the routes' means, corrected by the time before (analysis of covariance)"),
}
ARMS: tuple[str, ...] = (mark("As before"), mark("New"), mark("Kept out for good"))
VERDICTS: Mapping[str, str] = {
    "scale": mark("Do it for everybody"),
    "stop": mark("Stop: leave it as it was"),
    "go_on": mark("Go on: it is too early to say"),
    "inconclusive": mark("Undecided: the test was too small for this effect"),
    "unreadable": mark("Do not read: the groups are not what was drawn"),
}
REASONS: Mapping[str, str] = {
    "sample_ratio": mark("One group lost more customers than chance explains, so any difference may come from that alone."),
    "guardrail": mark("Something that must not suffer got worse by more than was agreed: {metrics}."),
    "between_looks": mark("Results are read on the planned days only; reading every day finds effects that are not there."),
    "crossed": mark("At the planned look the effect passed its boundary in the wished direction."),
    "crossed_wrong": mark("At the planned look the effect passed its boundary in the wrong direction."),
    "no_worthwhile_effect": mark("An effect of the size worth finding is ruled out."),
    "too_wide": mark("The range holds both nothing and an effect worth having."),
    "not_testable": mark("Nothing can be compared: the outcomes do not vary, or a group is empty."),
}
LIGHTS: Mapping[str, str] = {
    "sample_ratio": mark("Groups as drawn"),
    "balance": mark("Alike before the start"),
    "false_alarms": mark("False alarms on the own past"),
    "contamination": mark("In one test only"),
    "outcomes": mark("Outcomes complete"),
    "top": mark("Not carried by a few"),
}
SIGNS: Mapping[str, str] = {"good": mark("fine"), "warning": mark("look closer"), "alarm": mark("alarm"), "unknown": mark("not known yet")}
OFFERS: Mapping[str, str] = {
    "longer": mark("{days} days instead, {more} more: finds from {share} on"),
    "orders": mark("Count orders per customer instead: finds from {share} on"),
    "without_key_accounts": mark("Leave the largest 5 % of customers apart: finds from {share} on"),
    "crossover": mark("Let every customer change group each week, where the effect is gone after a week: finds from {share} on"),
}
ENOUGH: Mapping[str, str] = {
    "enough": mark("enough"),
    "better, still too little": mark("better, still too little"),
    "no help here": mark("no help here"),
}
RULES: Mapping[str, str] = {"scale": mark("scale up"), "iterate": mark("try again"), "keep": mark("keep as it is")}
EVENTS: Mapping[str, str] = {
    "experiment.create": mark("test made"),
    "experiment.active": mark("started"),
    "experiment.paused": mark("paused"),
    "experiment.completed": mark("finished"),
    "experiment.too_small": mark("made although it finds effects from {detectable} on only, and {realistic} is realistic"),
    "experiment.look": mark("planned look {number}"),
    "experiment.outcomes": mark("outcomes handed in: {number} new lines"),
    "experiment.decide": mark("decided: {choice}"),
    "experiment.split": mark("split drawn anew"),
    "experiment.import": mark("imported"),
}
CHOICES: Mapping[str, str] = {
    "scale": mark("do it for everybody"),
    "stop": mark("stop"),
    "go_on": mark("go on"),
    "repeat": mark("repeat it larger"),
}


def is_simulated(plan: Mapping[str, Any]) -> bool:
    """Whether a test is an example of the demo company: its outcomes, or who came to the point of treatment, did not happen."""
    return bool((plan.get("treatment") or {}).get("simulated"))


def kind(t: Translator, name: str) -> str:
    """The kind of experiment in words."""
    return t(KINDS[name])


def title(t: Translator, name: str, kind_name: str) -> str:
    """The experiment's name, its kind where nobody gave one."""
    return kind(t, kind_name) if name in KINDS else name


def verdict(f: Formatter, told: Mapping[str, Any]) -> str:
    """The verdict in one sentence, with the pesos a month where they may be read."""
    decision, t = told["decision"], f.t
    said = t(VERDICTS[decision["verdict"]])
    monthly = decision["monthly"]
    if monthly is None:
        return said
    return t(
        "{verdict}. {money} a month for all customers of the test ({low} to {high})",
        verdict=said, money=f.money(monthly["effect"]), low=f.money(monthly["low"]), high=f.money(monthly["high"]),
    )  # fmt: skip


def reason(f: Formatter, told: Mapping[str, Any]) -> str:
    """Why the verdict is what it is."""
    names = ", ".join(metric(f.t, name) for name in told["decision"]["harmed"])
    text = REASONS[told["decision"]["reason"]]
    return f.t(text, metrics=names) if told["decision"]["reason"] == "guardrail" else f.t(text)


def metric(t: Translator, name: str) -> str:
    """A metric in words."""
    return t(METRIC_NAMES[name])


def amount(f: Formatter, name: str, value: float | None) -> str:
    """A value of a metric in its unit."""
    if value is None:
        return "–"
    found = METRICS[name]
    return f.money(value) if found.is_money else f.percent(value, 1) if found.is_share else f.number(value, 2)


def interval(f: Formatter, name: str, low: float | None, high: float | None) -> str:
    """A range of a metric in its unit."""
    return "–" if low is None or high is None else f.t("{low} to {high}", low=amount(f, name, low), high=amount(f, name, high))


def relative(f: Formatter, one: Mapping[str, Any]) -> str:
    """A relative effect with its range, or that it cannot be told."""
    if one.get("rel_effect") is None:
        return f.t("not estimable: the control group's mean cannot be told from zero")
    low, high = one.get("rel_ci_low"), one.get("rel_ci_high")
    return f.t("{share} ({low} to {high})", share=f.percent(one["rel_effect"], 1), low=f.percent(low, 1), high=f.percent(high, 1))


def light(f: Formatter, name: str, one: Mapping[str, Any]) -> str:
    """What a light says with its figures; empty while nothing is known."""
    t = f.t
    if one["light"] == "unknown":
        return ""
    if name == "sample_ratio":
        control, treatment = one["counts"]
        return t("{control} and {treatment} customers; a fair draw is this uneven {share} of the time", control=f.number(control),
                 treatment=f.number(treatment), share=f.percent(one["p"], 1))  # fmt: skip
    if name == "balance":
        return t("{n} standard deviations apart before the start", n=f.number(abs(one["difference"]), 2))
    if name == "false_alarms":
        return t("{share} of 1,000 tests without any effect would have called one", share=f.percent(one["share"], 1))
    if name == "contamination":
        return t("{n} customers are in another test at the same time", n=f.number(one["units"]))
    if name == "outcomes":
        return t(
            "{share} without an outcome, {n} posted differently from the orders",
            share=f.percent(one["missing"]),
            n=f.number(one["mismatches"]),
        )
    return t("{share} of the difference comes from the largest 1 % of customers", share=f.percent(one["share"]))


def harm(f: Formatter, told: Mapping[str, Any]) -> str | None:
    """The chance of harm with its prior; None where it may not be read."""
    decision = told["decision"]
    if decision["chance_of_harm"] is None:
        return None
    return f.t(
        "Chance that it does harm: {share} (assumed beforehand: effects around 0, two of three within ±10 %, or ±5 points for shares)",
        share=f.percent(decision["chance_of_harm"]),
    )


def change(f: Formatter, told: Mapping[str, Any]) -> str | None:
    """What would settle an undecided test; None otherwise."""
    needed = told["decision"]["would_change"]
    if not needed:
        return None
    return f.t(
        "It would take about {days} days, or {units} customers, to tell.", days=f.number(needed["days"]), units=f.number(needed["units"])
    )


def planner(f: Formatter, told: Mapping[str, Any]) -> str:
    """What the planner says of a test, one or two sentences."""
    t = f.t
    if told.get("detectable") is None:
        return t("There is no history from which it could be said what this test can find.")
    found = t(
        "With these {n} customers and {days} days you can find from {cuped} on in “{metric}” ({plain} without the time before).",
        n=f.number(told["customers"]), days=f.number(told["days"]), cuped=f.percent(told["detectable_cuped"]),
        plain=f.percent(told["detectable"]), metric=metric(t, told["metric"]),
    )  # fmt: skip
    if told["can_see"]:
        return found
    needed = (
        t("It would need {days} days, {more} more.", days=f.number(told["days_needed"]), more=f.number(told["days_needed"] - told["days"]))
        if told["days_needed"]
        else t("It would need about {n} customers.", n=f.number(told["customers_needed"]))
    )
    return t("This test cannot see a realistic effect ({share}).", share=f.percent(told["realistic"])) + f" {found} {needed}"


def plan(f: Formatter, told: Mapping[str, Any]) -> str:
    """All that the planner says: what the test can find, and each offer of what could be done instead."""
    return " ".join([planner(f, told), *(f"{offer}." for offer in offers(f, told))])


def offers(f: Formatter, told: Mapping[str, Any]) -> list[str]:
    """What could be done instead, a sentence each, with the effect it would find and whether that is enough."""
    return [_offer(f, one) for one in told.get("offers") or [] if one.get("detectable") is not None]


def _offer(f: Formatter, one: Mapping[str, Any]) -> str:
    places = {"share": f.percent(one["detectable"]), "days": f.number(one.get("days")), "more": f.number(one.get("more"))}
    how_good = "enough" if one.get("enough") else "better, still too little" if one.get("is_better", True) else "no help here"
    return f"{f.t(OFFERS[one['code']], **places)} ({f.t(ENOUGH[how_good])})"


def event(f: Formatter, one: Mapping[str, Any]) -> str:
    """An entry of the timeline."""
    detail = one["detail"] or {}
    text = EVENTS.get(one["action"], one["action"])
    said = f.t(
        text, number=detail.get("number", ""), choice=f.t(CHOICES.get(detail.get("choice", ""), mark("go on"))),
        detectable=f.percent(detail.get("detectable")), realistic=f.percent(detail.get("realistic")),
    )  # fmt: skip
    cause = detail.get("reason")
    if cause == "sample_ratio":
        return f"{said}: {f.t('the groups are not what was drawn')}"
    return f"{said}: {cause}" if cause and cause != "end" else said
