"""The pieces of the Experiments screen: the list, and one experiment from its verdict to its timeline."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from ml import clock
from ml.experiments import words
from ml.experiments.designs import METRICS, look_days, plan_from
from ml.experiments.price_tests import KIND
from ml.experiments.report import report_texts
from ml.i18n import mark
from ml.queries import experiments
from ml.store.experiments import Kept
from ui import actions, actions_experiments, charts, data, guard, presses, tables
from ui.blocks import Card
from ui.charts import Figure
from ui.format import md
from ui.glossary import term
from ui.screen import Screen
from ui.store_access import settings
from ui.tables import Column

DONE = mark("Done.")
COLOURS = {"good": "green", "warning": "orange", "alarm": "red", "unknown": "gray"}
SIGNS = {"good": "●", "warning": "▲", "alarm": "■", "unknown": "○"}
NEXT = {"draft": ("active",), "active": ("paused", "completed"), "paused": ("active", "completed"), "completed": ()}


def shown_list(screen: Screen, frame: pd.DataFrame) -> pd.DataFrame:
    """The list with its codes in words."""
    t = screen.t
    return frame.assign(
        title=[words.title(t, name, kind) for name, kind in zip(frame["name"], frame["kind"], strict=True)],
        state_name=[t(words.STATES[state]) for state in frame["state"]],
        health=[f"{SIGNS[light]} {t(words.SIGNS[light])}" for light in frame["light"]],
        said=[t(words.VERDICTS.get(code, words.CHOICES.get(code, words.VERDICTS["go_on"]))) for code in frame["verdict"]],
        start=pd.to_datetime(frame["start"]),
    )


def list_columns(screen: Screen) -> list[Column]:
    """The columns of the list."""
    t = screen.t
    return [
        Column("title", t("Test")), Column("state_name", t("State")), Column("start", t("Start"), "day"),
        Column("days_left", t("Days left"), "number"), Column("customers", t("Customers"), "number"),
        Column("health", t("Health")), Column("said", t("Verdict"), width="medium"),
    ]  # fmt: skip


def cards(screen: Screen, kept: Kept, told: Mapping[str, Any]) -> list[Card]:
    """Effect, pesos a month, days, customers: figures only where they may be read."""
    t, f, plan = screen.t, screen.f, plan_from(kept.plan)
    look = told["looks"][-1]["result"] if told["looks"] and told["readable"] else None
    hidden = t("read on {day}", day=f.day(date.fromisoformat(told["next_look"]))) if told["next_look"] else t("not read")
    effect = f.percent(look["rel_effect"], 1) if look and look["rel_effect"] is not None else "–"
    span = f.span(look["repeated"]["low"], look["repeated"]["high"], money=True) if look and look["repeated"]["low"] is not None else None
    monthly = told["decision"]["monthly"]
    return [
        Card(words.metric(t, plan.primary), effect, note=span if look and plan.primary == "revenue" else hidden if not look else None,
             help=term(t, "range of looks")),
        Card(t("A month, all customers"), f.money(monthly["effect"]) if monthly else "–",
             note=f.span(monthly["low"], monthly["high"], money=True) if monthly else None),
        Card(t("Day"), t("{day} of {days}", day=f.number(told["days"]), days=f.number(told["days_total"]))),
        Card(t(words.UNITS[kept.unit]), f"{f.number(told['control']['customers'])} + {f.number(told['treatment']['customers'])}",
             note=t("as before + new")),
    ]  # fmt: skip


def head(screen: Screen, kept: Kept, told: Mapping[str, Any]) -> None:
    """The verdict in a sentence, why, and how sure."""
    f = screen.f
    st.subheader(md(words.verdict(f, told)), anchor=False)
    for line in (words.reason(f, told), words.harm(f, told), words.change(f, told)):
        if line:
            st.markdown(md(line))
    if words.is_simulated(kept.plan):
        st.info(screen.t(words.SIMULATED))
    look = told["looks"][-1]["result"] if told["looks"] else None
    if look and look.get("adjusted"):
        amount = words.amount(f, kept.plan["primary"], look["adjusted"]["effect"])
        st.info(
            screen.t("It stopped early, so the effect read is too large on average; corrected for that it is {amount}.", amount=md(amount))
        )
    if kept.type == KIND and kept.state == "completed" and told["readable"]:
        st.caption(screen.t("What it says of the price counts on the Prices screen from the next training of the models on."))
    rule = told["old_rule"]
    uplift = "–" if rule["uplift_pct"] is None else f.number(rule["uplift_pct"], 1)
    if told["looks"] and told["readable"]:
        st.caption(
            screen.t(
                "Old rule of the earlier system, which knows no uncertainty: {uplift} %, {recommendation}.",
                uplift=md(uplift),
                recommendation=screen.t(words.RULES[rule["recommendation"]]),
            )
        )


def lights(screen: Screen, told: Mapping[str, Any]) -> None:
    """The health of an experiment, a line each with sign, word and figures."""
    t = screen.t
    with st.container(border=True, gap="small"):
        for name, one in told["health"].items():
            sign = f":{COLOURS[one['light']]}[{SIGNS[one['light']]} {md(t(words.SIGNS[one['light']]))}]"
            figures = words.light(screen.f, name, one)
            st.markdown(f"{sign} **{md(t(words.LIGHTS[name]))}**" + (f" · {md(figures)}" if figures else ""))


def results(screen: Screen, experiment_id: str) -> None:
    """Arms in plain sums; at looks the course within the boundaries, the weeks, the spread and the segments."""
    t, (kept, told, _) = screen.t, screen.read(experiments.one, experiment_id)
    if kept.unit != "customer":
        _stock_results(screen, told)
    else:
        _customer_results(screen, told)
    method = told["tests"][kept.plan["primary"]]["method"]
    st.caption(t("Compared by: {method}.", method=md(t(words.METHODS[method]))))
    if told["course"]:
        st.subheader(t("Course of the test"), anchor=False, help=term(t, "range of looks"))
        charts.draw(course(screen, kept, told), alt=t("Effect so far at each look, within the planned boundaries"), key="course")
    if told["weeks"]:
        st.subheader(t("Week by week"), anchor=False, help=term(t, "novelty"))
        charts.draw(by_week(screen, told["weeks"]), alt=t("Effect of each week with its range"), key="weeks")
    if told["spread"] and told["looks"]:
        st.subheader(t("How much each customer had"), anchor=False)
        charts.draw(spread(screen, told["spread"]), alt=t("How many customers of each group bought how much"), key="spread")
    if told["segments"]:
        st.subheader(t("By segment"), anchor=False, help=term(t, "segments of a test"))
        segments = pd.DataFrame(told["segments"])
        shown = [
            Column("value", t("Segment")),
            Column("rel_effect", t("Effect"), "percent"),
            Column("p_adjusted", t("Probability by chance (p)"), "number", digits=3),
        ]
        tables.show(screen, segments, shown, alt=t("Effect by segment"), key="segments")


def _stock_results(screen: Screen, told: Mapping[str, Any]) -> None:
    """What each group of a stock test had on average: stock-outs, units short, cost."""
    t, f = screen.t, screen.f
    known = {one["metric"]: one for one in (*told["tests"].values(), *told["guardrails"])}
    rows = pd.DataFrame(
        [{"metric": words.metric(t, name), "control": words.amount(f, name, one["control_mean"]),
          "treatment": words.amount(f, name, one["treatment_mean"])} for name, one in known.items()]
    )  # fmt: skip
    columns = [Column("metric", t("On average")), Column("control", t(words.ARMS[0])), Column("treatment", t(words.ARMS[1]))]
    tables.show(screen, rows, columns, alt=t("Both groups on average"), key="arms")


def _customer_results(screen: Screen, told: Mapping[str, Any]) -> None:
    """Both groups in plain sums."""
    t = screen.t
    rows = pd.DataFrame([{"arm": t(words.ARMS[place]), **told[name]} for place, name in enumerate(("control", "treatment"))])
    columns = [
        Column("arm", t("Group")), Column("customers", t("Customers"), "number"), Column("total_revenue", t("Sales"), "money"),
        Column("avg_revenue_per_customer", t("Sales per customer"), "money"), Column("total_orders", t("Orders"), "number"),
        Column("churned_customers", t("Without an order"), "number"),
    ]  # fmt: skip
    tables.show(screen, rows, columns, alt=t("Both groups in plain sums"), key="arms")


def guardrails(screen: Screen, told: Mapping[str, Any]) -> None:
    """What must not suffer: harm at any time, ranges at planned looks only."""
    t, f = screen.t, screen.f
    names = {"holds": t("holds"), "harmed": t("harmed"), "open": t("not clear yet")}
    for one in told["guardrails"]:
        shown = told["is_look"] or one["state"] == "harmed"
        span = f" ({md(words.interval(f, one['metric'], one['ci_low'], one['ci_high']))})" if shown else ""
        st.markdown(f"**{md(words.metric(t, one['metric']))}**: {md(names[one['state'] if shown else 'open'])}{span}")


def controls(screen: Screen, kept: Kept) -> None:
    """Buttons for states and for the person's decision."""
    t = screen.t
    if not guard.may(screen.user, actions_experiments.ACTION):
        return
    labels = {"active": t("Go on"), "paused": t("Pause")}
    with st.container(horizontal=True):
        for state in NEXT[kept.state]:
            act = partial(actions_experiments.move, kept.experiment_id, state)
            if state in labels:
                presses.button(labels[state], f"move-{kept.experiment_id}-{state}", act, DONE)
            else:
                question = t("Nothing more is counted, and its readers are told that it ended. This cannot be undone.")
                presses.asked(t("End the test"), question, t("End it now"), f"move-{kept.experiment_id}-{state}", act, DONE)
        for choice in ("scale", "stop", "repeat"):
            label = t("Decide: {choice}", choice=t(words.CHOICES[choice]))
            act = partial(actions_experiments.decide, kept.experiment_id, choice)
            presses.button(label, f"decide-{kept.experiment_id}-{choice}", act, DONE)


def downloads(screen: Screen, kept: Kept) -> None:
    """The report in the reader's language, and who got what."""
    t = screen.t
    with st.container(horizontal=True):
        for place, (ending, mime) in enumerate((("md", "text/markdown"), ("html", "text/html"))):
            st.download_button(
                t("Report ({ending})", ending=ending.upper()),
                data=actions.export_of(screen, f"{kept.experiment_id}.{ending}", partial(_report, screen, kept.experiment_id, place)),
                file_name=f"{kept.experiment_id}.{ending}",
                mime=mime,
                key=f"report-{ending}",
                on_click="ignore",
            )
    frame = screen.kept(_who_got_what, kept.experiment_id)
    whom = t("Customer") if kept.unit == "customer" else t("Product and commune")
    columns = [
        Column("customer_id", whom), Column("arm_name", t("Group")), Column("zone", t("Commune")),
        Column("pre_revenue", t("Sales before"), "money"), Column("pre_orders", t("Orders before"), "number", digits=1),
    ]  # fmt: skip
    with st.expander(t("Who got what")):
        tables.show(screen, frame, columns, alt=t("Customers of the test and their group"), key="units")
        tables.export(screen, frame, columns, name=kept.experiment_id)


def _who_got_what(screen: Screen, experiment_id: str) -> pd.DataFrame:
    frame = data.ask(experiments.assignments, experiment_id)
    return frame.assign(arm_name=[screen.t(words.ARMS[arm]) for arm in frame["arm"]])


def timeline(screen: Screen, events: list[dict[str, Any]]) -> None:
    """What happened, oldest first."""
    for one in events:
        day = screen.f.day(clock.local(one["at"], settings().timezone))
        st.markdown(f"{md(day)} · {md(words.event(screen.f, one))} · {md(one['who'])}")


def course(screen: Screen, kept: Kept, told: Mapping[str, Any]) -> Figure:
    """The effect so far at each look, and how large it would have had to be to decide: the boundary times the standard error."""
    colours, t, f, plan = charts.palette(dark=screen.dark), screen.t, screen.f, plan_from(kept.plan)
    points = [point for point in told["course"] if point["effect"] is not None and point["low"] is not None]
    days = look_days(kept.start, kept.end, plan.looks)
    seen, edges = [point["day"] for point in points], [(point["high"] - point["low"]) / 2 for point in points]
    edge = {"type": "scatter", "mode": "lines+markers", "x": seen, "hoverinfo": "skip", "line": {"color": colours.second, "dash": "dot"}}
    said = [f"{f.day(date.fromisoformat(point['day']))}: {words.amount(f, plan.primary, point['effect'])}" for point in points]
    line = {
        "type": "scatter", "mode": "lines+markers", "x": seen, "y": [point["effect"] for point in points],
        "name": t("Effect so far"), "marker": {"color": colours.line, "size": 11}, "line": {"color": colours.line},
        "customdata": said, "hovertemplate": "%{customdata}<extra></extra>",
    }  # fmt: skip
    layout = charts.base_layout(screen, colours) | {"height": 280}
    layout["xaxis"] = charts.plain_axis(colours) | {"tickvals": days, "ticktext": [f"{day:%d-%m}" for day in days]}
    if METRICS[plan.primary].is_share:
        layout["yaxis"] = layout["yaxis"] | {"tickformat": ".0%"}
    both = [
        edge | {"y": edges, "name": t("Boundary: beyond it, the test is decided")},
        edge | {"y": [-one for one in edges], "showlegend": False},
    ]
    return {"data": [*both, line], "layout": layout}


def by_week(screen: Screen, weeks: list[dict[str, Any]]) -> Figure:
    """The effect of each week as a dot with its range: an effect that fades was novelty."""
    colours, t = charts.palette(dark=screen.dark), screen.t
    bars = [one["ci_high"] - one["effect"] for one in weeks]
    dots = {
        "type": "scatter", "mode": "markers", "x": [one["week"] for one in weeks], "y": [one["effect"] for one in weeks],
        "error_y": {"type": "data", "array": bars, "color": colours.line}, "marker": {"color": colours.line, "size": 9},
        "name": t("Effect of the week, with its range"), "showlegend": True, "hoverinfo": "skip",
    }  # fmt: skip
    layout = charts.base_layout(screen, colours) | {"height": 260}
    layout["xaxis"] = charts.plain_axis(colours) | {"title": {"text": t("Week"), "font": {"color": colours.grey, "size": 12}}, "dtick": 1}
    return {"data": [dots], "layout": layout}


def spread(screen: Screen, bins: list[dict[str, Any]]) -> Figure:
    """How many customers of each group bought how much."""
    colours, t, f = charts.palette(dark=screen.dark), screen.t, screen.f
    names = [f.number(one["low"]) for one in bins]
    data_of = [
        {"type": "bar", "x": names, "y": [one[arm] for one in bins], "name": t(words.ARMS[place]), "marker": {"color": colour}}
        for place, (arm, colour) in enumerate((("control", colours.past), ("treatment", colours.line)))
    ]
    layout = charts.base_layout(screen, colours) | {"height": 260, "barmode": "group"}
    layout["xaxis"] = charts.plain_axis(colours) | {"type": "category"}  # "10.500" is a text here, no ten and a half
    return {"data": data_of, "layout": layout}


def _report(screen: Screen, experiment_id: str, place: int) -> bytes:
    kept, told, events = data.ask(experiments.one, experiment_id)
    at = {"timezone": settings().timezone, "language": screen.t.language, "currency": screen.f.currency}
    return report_texts(kept, told, events, **at)[place].encode()
