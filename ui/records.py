"""The honest record of a model in plain words; the technical figures are one click away."""

from collections.abc import Mapping
from typing import Literal

import pandas as pd
import streamlit as st

from ml.i18n import mark
from ml.queries import record
from ml.queries.service import Service
from ui import tables, texts
from ui.format import md
from ui.glossary import term
from ui.screen import Screen

METRICS: Mapping[str, tuple[str, str]] = {
    "mase": (mark("Error against the weekday rule (MASE)"), "MASE"),
    "rmsse": (mark("Squared error against the weekday rule (RMSSE)"), "MASE"),
    "wape": (mark("Error as a share (WAPE)"), "WAPE"),
    "bias": (mark("Too much or too little (bias)"), "bias"),
    "mae": (mark("Mean error (MAE)"), "MAE"),
    "rmse": (mark("Root mean squared error (RMSE)"), "MAE"),
    "coverage80": (mark("Within the 80 % range"), "coverage"),
    "coverage95": (mark("Within the 95 % range"), "coverage"),
    "auc": (mark("Right order of two customers (AUC)"), "AUC"),
    "brier": (mark("Distance of the probability (Brier)"), "Brier"),
    "ece": (mark("Trust in the probability (ECE)"), "ECE"),
    "eta_squared": (mark("Differences explained (eta²)"), "eta squared"),
    "gini": (mark("Right order of amounts (Gini)"), "AUC"),
}
SHARES = frozenset({"wape", "bias", "coverage80", "coverage95", "auc", "eta_squared", "gini"})
MEASURES: Mapping[str, str] = {
    **texts.MEASURES,
    "replay": mark("The last three months told again"),
    "behind": mark("What is behind it"),
    "weather_effect": mark("Effect of the weather"),
    "churn_probability": mark("Risk of leaving"),
    "expected_orders": mark("Expected orders"),
    "expected_value": mark("Expected sales"),
    "value_at_risk": mark("Money at risk"),
    "value_12m": mark("Sales in 12 months"),
    "next_order_date": mark("Days to the next order"),
    "usable_signal": mark("Usable signal"),
    "grouping": mark("Where the groups lie"),
    "too_late": mark("Silence after which half do not return"),
    "segment": mark("Segment"),
    "tour_cost": mark("Cost of a tour"),
    "delivery_cost": mark("Cost of a delivery"),
    "elasticity": mark("Price elasticity"),
    "units_28d": mark("Units in 28 days"),
    "suggested_price": mark("Suggested price"),
}
RULES: tuple[str, ...] = (
    mark("the same weekday of the last week"),
    mark("four equal groups by days since the last order"),
    mark("days since the last order"),
    mark("the customer's own mean gap after the last order"),
    mark("orders per window in the last two windows"),
    mark("spend per window in the last two windows"),
    mark("spend in the last twelve months"),
    mark("the formula alone where the forest is in use, else the mean tour so far"),
    mark("units of the last 28 days"),
)
TEN, HUNDRED = 10, 100


def sentence(screen: Screen, predictor: str, frame: pd.DataFrame, measure: str | None = None) -> str:
    """One or two plain sentences about a predictor's record in a frame of `record.scores`; empty when nothing was judged."""
    tell = {"demand": _demand, "customers": _customers, "segments": _segments, "route_cost": _route_cost, "price": _price}.get(predictor)
    return tell(screen, frame, measure or "orders") if tell else ""


def how_it_did(screen: Screen, service: Service, measure: str | None = None) -> None:
    """The part "How did it do?" of a screen: the record in words, and the technical figures folded away."""
    screen.drawn(_how_it_did, service, measure)


def _how_it_did(screen: Screen, service: Service, measure: str | None) -> None:
    frame = screen.read(record.scores, service)
    said = sentence(screen, service.predictor, frame, measure)
    st.subheader(screen.t("How did it do?"), anchor=False)
    st.markdown(md(said) if said else screen.t(texts.TOO_SHORT))
    details(screen, service, frame, measure=measure)


def of_part(screen: Screen, told: Mapping[str, float] | None) -> str:
    """How past weeks of a product, zone or customer type would have gone, as markdown: `told` as `demand_parts.part_record` has it."""
    t, f = screen.t, screen.f
    if told is None:
        return t("How past weeks would have gone is shown once the models are trained anew.")
    if not told:
        return t(texts.TOO_SHORT)
    return md(
        t(
            "In {n} past weeks the total of the week was off by {error} on average (the week before repeated: {rule}). "
            "{within} of these weeks fell in the range.",
            n=f.number(told["weeks"]), error=f.percent(told["error"]), rule=f.percent(told["rule"]), within=f.number(told["within"]),
        )
    )  # fmt: skip


def details(screen: Screen, service: Service, frame: pd.DataFrame, *, measure: str | None = None) -> None:
    """The technical figures over all checks, folded away."""
    t = screen.t
    rows = frame[frame["cutoff"].isna() & frame["value"].notna() & frame["metric"].isin(list(METRICS))]
    rows = rows if measure is None else rows[rows["measure"] == measure]
    with st.expander(t("The figures behind this")):
        if rows.empty:
            st.write(t(texts.TOO_SHORT))
            return
        said = rows.assign(
            what=[texts.label(t, MEASURES, name) for name in rows["measure"]],
            figure=[t(METRICS[name][0]) for name in rows["metric"]],
            model=[_written(screen, name, value) for name, value in zip(rows["metric"], rows["value"], strict=True)],
            rule=[_written(screen, name, value) for name, value in zip(rows["metric"], rows["baseline"], strict=True)],
        )
        columns = [
            tables.Column("what", t("What")), tables.Column("figure", t("Figure")), tables.Column("window_days", t("Days"), "number"),
            tables.Column("model", t("Model")), tables.Column("rule", t("Simple rule"), help=term(t, "simple rule")),
            tables.Column("count", t("Cases"), "number"),
        ]  # fmt: skip
        tables.show(
            screen, said, columns, alt=t("Technical figures of the model beside the simple rule"), key=f"scores-{service.predictor}"
        )
        for name in dict.fromkeys(METRICS[metric][1] for metric in rows["metric"]):
            st.caption(f"**{md(name)}** {term(t, name)}")
        rules = [rule for rule in dict.fromkeys(rows["baseline_name"]) if rule]
        if rules:
            st.caption(t("Simple rule: {rules}", rules=md("; ".join(t(rule) for rule in rules))))
        st.caption(t("Version {version}", version=md(service.release_id)))


def better(verdicts: list[record.Verdict]) -> bool | None:
    """Whether the main question of a model is answered better than by the simple rule; None where that is not known."""
    known = [verdict.better for verdict in verdicts if verdict.better is not None]
    return known[0] if known else None


def checks(frame: pd.DataFrame, measure: str) -> int:
    """At how many past cutoffs a measure was judged."""
    return int(frame.loc[(frame["measure"] == measure) & frame["cutoff"].notna(), "cutoff"].nunique())


def unit_of(metric: str) -> Literal["percent", "number"]:
    """How a metric is written."""
    return "percent" if metric in SHARES else "number"


def _demand(screen: Screen, frame: pd.DataFrame, measure: str) -> str:
    t, f = screen.t, screen.f
    day, total = record.score(frame, measure, "wape", 1), record.score(frame, measure, "wape", 30)
    within, told = record.score(frame, measure, "coverage80", 1), []
    if day is not None:
        told.append(
            t("A day was off by {error} on average (simple rule: {rule}).", error=f.percent(day["value"]), rule=f.percent(day["baseline"]))
        )
    if total is not None:
        told.append(
            t.plural(
                "In {n} past check the 30-day total was off by {error} (simple rule: {rule}).",
                "In {n} past checks the 30-day total was off by {error} on average (simple rule: {rule}).",
                checks(frame, measure),
                error=f.percent(total["value"]),
                rule=f.percent(total["baseline"]),
            )
        )
    if within is not None:
        told.append(t("{n} of 10 days fell in the range.", n=f.number(within["value"] * TEN)))
    return " ".join(told)


def _customers(screen: Screen, frame: pd.DataFrame, _measure: str) -> str:
    t, f = screen.t, screen.f
    told = []
    order = record.score(frame, "churn_probability", "auc")
    if order is not None:
        told.append(
            t(
                "Of one customer who left and one who stayed, it pointed at the right one {n} of 100 times (simple rule: {rule}).",
                n=f.number(order["value"] * HUNDRED),
                rule=f.number(order["baseline"] * HUNDRED),
            )
        )
    dates = record.score(frame, "next_order_date", "coverage80")
    if dates is not None:
        told.append(t("{n} of 10 next orders came within the dates given.", n=f.number(dates["value"] * TEN)))
    return " ".join(told)


def _segments(screen: Screen, frame: pd.DataFrame, _measure: str) -> str:
    share = record.score(frame, "segment", "eta_squared")
    if share is None:
        return ""
    return screen.t(
        "The groups explain {share} of the differences in what customers bought afterwards (simple rule: {rule}).",
        share=screen.f.percent(share["value"]),
        rule=screen.f.percent(share["baseline"]),
    )


def _route_cost(screen: Screen, frame: pd.DataFrame, _measure: str) -> str:
    error = record.score(frame, "tour_cost", "wape")
    if error is None:
        return ""
    return screen.t(
        "The cost of a tour was off by {error} on average (simple rule: {rule}).",
        error=screen.f.percent(error["value"]),
        rule=screen.f.percent(error["baseline"]),
    )


def _price(screen: Screen, frame: pd.DataFrame, _measure: str) -> str:
    error = record.score(frame, "units_28d", "wape")
    if error is None:
        return ""
    return screen.t(
        "The units sold of a product in 28 days were off by {error} on average (simple rule: {rule}).",
        error=screen.f.percent(error["value"]),
        rule=screen.f.percent(error["baseline"]),
    )


def _written(screen: Screen, metric: str, value: float) -> str:
    return screen.f.percent(value, 1) if metric in SHARES else screen.f.number(value, 3)
