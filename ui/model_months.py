"""The Models screen, over time: error by month in service and at past checks, and how the data drifts from what was learnt."""

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from ml.i18n import mark, names
from ml.queries import record, trust
from ui import charts, data, records, tables, texts
from ui.format import md
from ui.glossary import term
from ui.screen import Screen
from ui.tables import Column

FEWEST_MONTHS = 2
FEATURES = {
    "order_amount": mark("Amount of an order"),
    "order_quantity": mark("Quantity of an order"),
    "order_weekday": mark("Day of the week"),
    "order_zone": mark("Zone of delivery"),
    "order_customer_type": mark("Kind of customer"),
    "orders_per_day": mark("Orders on a day"),
    "days_between_orders": mark("Days between a customer's orders"),
    "new_customers": mark("New customers among the orders"),
    "unit_price": mark("Price of a unit"),
    "product": mark("Products sold"),
    "lines_per_order": mark("Products in an order"),
    "tour_stops": mark("Stops of a tour"),
    "tour_kilometres": mark("Kilometres of a tour"),
}
LEVELS = {"same": mark("as before"), "moved": mark("changed"), "moved_much": mark("changed much")}
NEWNESS = {"new": mark("new customers"), "known": mark("known customers")}
CHECKS = 1


def error_over_time(screen: Screen, predictor: str) -> None:
    """Month by month in service, where the truth of two months is known; else, or folded away, at the past checks of its training."""
    t = screen.t
    verdicts = screen.read(record.verdicts, screen.services[predictor])
    if not verdicts:
        st.write(t(texts.UNJUDGED.get(predictor, texts.TOO_SHORT)))
        return
    verdict = verdicts[0]
    months = data.ask(trust.months, predictor)
    rows = months[(months["measure"] == verdict.measure) & (months["metric"] == verdict.metric)]
    figure = t(records.METRICS[verdict.metric][0])
    if rows["month"].nunique() < FEWEST_MONTHS:
        st.caption(figure, help=term(t, records.METRICS[verdict.metric][1]))
        _checks(screen, predictor, verdict)
        return
    st.caption(t("{figure}, month by month in service", figure=figure), help=term(t, "months in service"))
    _in_service(screen, predictor, rows, verdict.metric)
    _kept_promise(screen, months, verdict.measure)
    with st.expander(t("At the past checks of its training")):
        _checks(screen, predictor, verdict)


def _checks(screen: Screen, predictor: str, verdict: record.Verdict) -> None:
    t = screen.t
    scores = screen.read(record.scores, screen.services[predictor])
    cutoffs = record.by_cutoff(scores, verdict.measure, verdict.metric, verdict.window_days)
    if len(cutoffs) <= CHECKS:
        st.write(t(texts.TOO_SHORT))
        return
    unit = records.unit_of(verdict.metric)
    figure = charts.over_time(screen, cutoffs, unit=unit, names=(t("Model"), t("Simple rule")))
    charts.draw(figure, alt=t("The model and the simple rule at each past check"), key="error")


def _in_service(screen: Screen, predictor: str, rows: pd.DataFrame, metric: str) -> None:
    """One point a month: all versions that spoke in it, weighted by what they said; a dotted line where another version came."""
    t = screen.t
    frame = by_month(rows)
    lines = charts.over_time(
        screen, frame.rename(columns={"month": "cutoff"}), unit=records.unit_of(metric), names=(t("Model"), t("Simple rule"))
    )
    colours = charts.palette(dark=screen.dark)
    came = data.ask(trust.changes, predictor)
    shown = came[(came["at"] > frame["month"].min()) & (came["at"] < frame["month"].max() + pd.offsets.MonthEnd(1))]
    lines["layout"]["shapes"] = [charts.rule_at(at, colours) for at in shown["at"]]
    if len(shown):
        lines["layout"]["annotations"] = [
            charts.note_at(shown["at"].iloc[-1], t("new version"), colours) | {"xanchor": "left", "xshift": 4}
        ]
    charts.draw(lines, alt=t("The model and the simple rule in each month in service"), key="months")


def by_month(rows: pd.DataFrame) -> pd.DataFrame:
    """The months of one figure over all versions: month, value, baseline, promised, weighted by how much each version said."""

    def mean(part: pd.DataFrame) -> pd.Series:
        known = {name: part[part[name].notna()] for name in ("value", "baseline", "promised")}
        sums = {name: (p[name] * p["count"]).sum() / p["count"].sum() if len(p) else float("nan") for name, p in known.items()}
        return pd.Series(sums)

    return rows.groupby("month")[["value", "baseline", "promised", "count"]].apply(mean).reset_index()


def _kept_promise(screen: Screen, months: pd.DataFrame, measure: str) -> None:
    """The newest whole months in words: error, range and probability beside what the checks of the training promised."""
    t = screen.t
    rows = months[months["measure"] == measure]
    told = [name for name in dict.fromkeys(rows["metric"]) if name in records.METRICS]
    table = []
    for month in sorted(rows["month"].unique(), reverse=True)[:3]:
        for metric in told:
            part = by_month(rows[(rows["month"] == month) & (rows["metric"] == metric)])
            if part.empty or pd.isna(part["value"].iloc[0]):
                continue
            write = partial(_written, screen, metric)
            cells: dict[str, Any] = {"month": screen.f.month(pd.Timestamp(month), year=True), "figure": t(records.METRICS[metric][0])}
            cells |= {name: write(part[name].iloc[0]) for name in ("value", "promised", "baseline")}
            table.append(cells)
    columns = [
        Column("month", t("Month")), Column("figure", t("Figure"), width="large"), Column("value", t("What it did")),
        Column("promised", t("What its checks promised")), Column("baseline", t("Simple rule"), help=term(t, "simple rule")),
    ]  # fmt: skip
    tables.show(screen, pd.DataFrame(table), columns, alt=t("What the model did in service beside what was promised"), key="promises")


def _written(screen: Screen, metric: str, value: float) -> str:
    return screen.f.percent(value) if metric in records.SHARES else screen.f.number(value, 2)


def drift(screen: Screen) -> None:
    """How the newest weeks differ from the time the models learnt from: one sentence, and the features that moved most."""
    t, f = screen.t, screen.f
    found = data.ask(trust.drift)
    if found is None:
        return
    st.subheader(t("Has the business changed since the models learnt?"), anchor=False, help=term(t, "drift"))
    moved = [feature for feature in found.features if feature["level"] != "same"]
    if moved:
        told = ", ".join(texts.label(t, FEATURES, feature["feature"]) for feature in moved[:3])
        st.markdown(md(t("Yes, beyond chance: {what}. If it stays so, train again.", what=told)))
    else:
        st.markdown(t("No: the last eight weeks look like the time the models learnt from."))
    if not found.features:
        return
    rows = [
        {
            "what": texts.label(t, FEATURES, feature["feature"]),
            "level": t(LEVELS[feature["level"]]),
            "before": _told(screen, feature, "before"),
            "now": _told(screen, feature, "now"),
            "psi": feature["psi"],
            "ks": feature["ks"],
        }
        for feature in found.features
    ]
    with st.expander(t("What changed most, up to {day}", day=f.day(found.as_of))):
        columns = [
            Column("what", t("What")), Column("level", t("Change")), Column("before", t("When learnt")), Column("now", t("Last 8 weeks")),
            Column("psi", t("Index (PSI)"), "number", digits=2, help=term(t, "drift")), Column("ks", t("Gap (KS)"), "number", digits=2),
        ]  # fmt: skip
        tables.show(screen, pd.DataFrame(rows), columns, alt=t("How far each input moved"), key="drift")


def worse_than_promised(screen: Screen) -> None:
    """A banner for each model in service that did worse than its checks promised in the last two whole months."""
    t = screen.t
    serving = {(name, service.release_id) for name, service in screen.services.items()}
    for predictor, release_id, measure in data.ask(trust.worse):
        if (predictor, release_id) in serving:
            model, what = texts.label(t, names.PREDICTORS, predictor), texts.label(t, records.MEASURES, measure)
            text = t("“{model}” has been worse than its checks promised for two months ({what}).", model=md(model), what=md(what))
            st.warning(text + " " + t("Train again, or go back to an earlier version below."))


def _told(screen: Screen, feature: dict[str, Any], side: str) -> str:
    """The typical value, or the category whose share moved most with that share."""
    f, value = screen.f, feature[side]
    if feature["kind"] == "category":
        name, _, share = str(value).rpartition("|")
        if feature["feature"] == "order_weekday":
            name = texts.weekday(f, name)
        elif feature["feature"] == "new_customers":
            name = texts.label(screen.t, NEWNESS, name)
        return f"{name}: {f.percent(float(share), 1)}"
    return f.money(value) if feature["kind"] == "amount" else f.number(value, 1)
