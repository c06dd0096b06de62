"""Making an experiment in five steps, with the planner beside: what, whom, how long, what counts, start."""

from datetime import timedelta
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from ml.experiments import words
from ml.experiments.designs import FEW_UNITS, KINDS, kind_of
from ml.i18n import mark
from ml.queries import customers, experiments
from ui import actions_experiments, data, presses, texts
from ui.format import md
from ui.screen import Screen

NAME = "make-experiment"
STARTED = mark("The test has started.")
ROUTES = ("zone", "customer_type", "segment", "list", "all")


def show(screen: Screen) -> None:
    """The five steps on the left, what the test can find on the right."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        given = _steps(screen)
    with right:
        _planner(screen, given)


def _steps(screen: Screen) -> dict[str, Any]:
    t, drawn = screen.t, presses.number(NAME)
    st.markdown(f"**{md(t('1 What is tried'))}**")
    kinds = {kind.name: words.kind(t, kind.name) for kind in KINDS}
    kind = st.selectbox(t("Kind of test"), list(kinds), format_func=lambda code: kinds[code], key=f"x-kind-{drawn}")
    st.session_state.setdefault(f"x-name-{drawn}", st.query_params.get("name", ""))
    name = st.text_input(t("Name"), key=f"x-name-{drawn}", max_chars=80, placeholder=kinds[kind])
    about_customers = kind_of(kind).unit == "customer"
    st.markdown(f"**{md(t('2 Which customers') if about_customers else t('2 Which products and communes'))}**")
    ids = _whom(screen, drawn) if about_customers else _stock(screen, drawn)
    st.markdown(f"**{md(t('3 How long'))}**")
    start = st.date_input(t("Start"), value=screen.today, min_value=screen.today, max_value=screen.today + timedelta(days=180),
                          format="DD-MM-YYYY", key=f"x-start-{drawn}")  # fmt: skip
    days = int(st.slider(t("Days"), 14, 180, kind_of(kind).days, key=f"x-days-{drawn}-{kind}"))
    st.markdown(f"**{md(t('4 What counts'))}**")
    effect = st.slider(
        t("Smallest effect worth finding, in per cent"), 2, 50, int(kind_of(kind).realistic * 50), key=f"x-effect-{drawn}-{kind}"
    )
    looks = st.segmented_control(t("Planned looks"), (1, 4), default=1 if len(ids) < FEW_UNITS else 4, key=f"x-looks-{drawn}")
    hold_out = st.slider(t("Kept out for good, in per cent"), 0, 20, 0, key=f"x-hold-{drawn}") if about_customers else 0
    st.caption(
        t(
            "The first metric is {metric}. These choices are fixed once the test has started.",
            metric=words.metric(t, kind_of(kind).metrics[0]),
        )
    )
    return {"kind": kind, "name": name or None, "ids": tuple(ids), "start": start, "days": days, "effect": effect / 100,
            "looks": int(looks or 1), "hold_out": hold_out / 100}  # fmt: skip


def _whom(screen: Screen, drawn: int) -> list[str]:
    t = screen.t
    free = data.ask(experiments.candidates)
    names = {"all": t("All customers"), "zone": t("A commune"), "customer_type": t("A type of customer"), "segment": t("A segment"),
             "list": t("A list of ids")}  # fmt: skip
    service = screen.services.get("segments")
    offered = [way for way in ROUTES if way != "segment" or (service is not None and service.as_of is not None)]
    way = st.selectbox(
        t("Chosen by"), sorted(offered, key=lambda code: code != "all"), format_func=lambda code: names[code], key=f"x-way-{drawn}"
    )
    ids = free["customer_id"]
    if way == "list":
        text = st.text_area(t("Ids, separated by spaces, commas or lines"), key=f"x-ids-{drawn}")
        return list(dict.fromkeys(text.replace(",", " ").replace(";", " ").split()))
    if way == "segment" and service is not None:
        offered_segments = sorted(screen.read(customers.segments, service)["segment"])
        chosen = st.selectbox(t("Segment"), offered_segments,
                              format_func=lambda code: texts.label(t, texts.SEGMENTS, code), key=f"x-seg-{drawn}")  # fmt: skip
        ids = ids[ids.isin(screen.read(customers.in_segment, service, chosen))]
    elif way in ("zone", "customer_type"):
        values = sorted(pd.Series(free[way]).dropna().astype(str).unique())
        wanted = st.multiselect(names[way], values, default=values[:1], key=f"x-{way}-{drawn}")
        ids = ids[free[way].astype(str).isin(wanted)]
    st.caption(t.plural("{n} customer who is in no other test", "{n} customers who are in no other test", len(ids)))
    return ids.tolist()


def _stock(screen: Screen, drawn: int) -> list[str]:
    """The pairs of product and commune whose stock the forecast is to plan: by product and commune, or a list."""
    t, known = screen.t, data.ask(experiments.stock_units)
    ways = {"sold": t("What is sold where"), "list": t("A list")}
    way = st.selectbox(t("Chosen by"), list(ways), format_func=lambda code: ways[code], key=f"x-stock-{drawn}")
    if way == "list":
        text = st.text_area(t("Product and commune as product|commune, one per line"), key=f"x-pairs-{drawn}")
        return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    names = dict(zip(known["product_id"], known["product"], strict=True))
    products = st.multiselect(t("Products"), list(names), default=list(names)[:2], format_func=lambda code: names[code],
                              key=f"x-products-{drawn}")  # fmt: skip
    zones = sorted(known.loc[known["product_id"].isin(products), "zone"].unique())
    wanted = st.multiselect(t("Communes"), zones, key=f"x-communes-{drawn}", placeholder=t("All communes"))
    kept = known[known["product_id"].isin(products) & (known["zone"].isin(wanted) if wanted else True)]
    st.caption(t.plural("{n} pair of product and commune", "{n} pairs of product and commune", len(kept)))
    return kept["unit_id"].tolist()


def _planner(screen: Screen, given: dict[str, Any]) -> None:
    t, f = screen.t, screen.f
    with st.container(border=True):
        st.markdown(f"**{md(t('What this test can find'))}**")
        told = data.ask(experiments.planned, given["ids"], given["kind"], given["days"], given["effect"])
        (st.success if told["can_see"] else st.warning if told["can_see"] is False else st.info)(md(words.planner(f, told)))
        said = words.offers(f, told)
        if said:
            st.markdown(f"**{md(t('What can be done instead'))}**\n\n" + "\n".join(f"- {md(offer)}" for offer in said))
            st.caption(t("If you start it all the same, that is noted with your name on the timeline of the test."))
        st.markdown(f"**{md(t('5 Start'))}**")
        treatment = {name: st.query_params[name] for name in ("product", "price") if name in st.query_params}
        wish: dict[str, Any] = {
            "treatment": treatment or None,
            "name": given["name"],
            "smallest_effect": given["effect"],
            "looks": given["looks"],
            "hold_out": given["hold_out"],
        }
        is_too_small = told["can_see"] is False
        label = t("Start it all the same") if is_too_small else t("Start the test")
        presses.button(label, NAME, partial(_make, given, wish), STARTED, strong=not is_too_small)


def _make(given: dict[str, Any], wish: dict[str, Any]) -> None:
    actions_experiments.create(given["kind"], given["ids"], given["start"], given["days"], wish)
