"""Trying a price: the fitted model in service asked for units, sales and margin at each price inside the limits."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from ml.pricing.model import PricingError
from ml.pricing.whatif import PriceWhatIf
from ml.store.pointers import Served
from ui import blocks, charts, loaded, price_words, states, texts
from ui.charts import Figure
from ui.format import md
from ui.screen import Screen

log = logging.getLogger(__name__)
STEPS = 21
FEWEST_PRICES = 2


def show(screen: Screen, row: Mapping[str, Any]) -> None:
    """The part "What if": a slider inside the limits, what it does, and the units expected at every price. `row` is one of `answers`."""
    t, f = screen.t, screen.f
    st.subheader(t("What if the price were another?"), anchor=False)
    if not pd.isna(row["unread"]):
        st.write(t("This can be tried once the answer of sales to this price can be read."))
        return
    prices = inside(row["low"], row["high"], (row["current_price"], row["suggested"]))
    model = loaded.ask("price")
    states.damaged(screen, model, t("No price can be tried until it is replaced."))
    said = ask(model.served, row, prices)
    if said is None and model.is_damaged:
        return
    if said is None:
        st.warning(t("The model in service cannot be asked at the moment; the suggestions and the table are not touched by this."))
        return
    if len(said) < FEWEST_PRICES:
        st.write(t("The limits leave no room for another price."))
        return
    wished = row["current_price"] if pd.isna(row["suggested"]) else row["suggested"]
    first = min(said, key=lambda one: abs(one.price - wished)).price
    price = st.select_slider(t("Price to try"), [one.price for one in said], value=first, format_func=f.money, key=f"try-{row['key']}")
    chosen = next((one for one in said if one.price == price), said[0])
    blocks.cards(price_words.what_if_cards(screen, chosen))
    charts.draw(
        units_by_price(screen, said, chosen.price),
        alt=t("Units expected in 28 days at each price within the limits, with their range"),
        key="units-by-price",
    )
    st.caption(t("The ranges are of the effect of the price alone; how many units come anyway has a range of its own, in the table below."))
    st.caption(t("Only the price changes; everything else stays as it is today. Customers who leave for good are not part of this."))
    for reason in chosen.reasons:
        if reason["code"] in texts.PRICE_REASONS:
            st.caption(md(t(texts.PRICE_REASONS[reason["code"]])))


def inside(low: float, high: float, marks: Sequence[float]) -> list[float]:
    """Prices to try from `low` to `high` with the `marks` (today's, the suggested) that lie between them, no two alike as written."""
    wanted = [*(mark for mark in marks if np.isfinite(mark) and low <= mark <= high), *np.linspace(low, high, STEPS)]
    step = (high - low) / (2 * STEPS)
    kept: list[float] = []
    for price in wanted:
        if all(abs(price - other) > step for other in kept):
            kept.append(float(price))
    return sorted(kept)


def ask(served: Served | None, row: Mapping[str, Any], prices: Sequence[float]) -> list[PriceWhatIf] | None:
    """The model's answer at each price; None where no version can be asked, or the one that answers does not know the product."""
    if served is None:
        return None
    kind = None if pd.isna(row["customer_type"]) else str(row["customer_type"])
    today = float(row["current_price"])
    try:
        return [served.predictor.price_what_if(str(row["product_id"]), kind, price, current_price=today) for price in prices]
    except PricingError as problem:
        log.warning("The Prices screen could not ask the model: %s", problem)
        return None


def units_by_price(screen: Screen, said: Sequence[PriceWhatIf], chosen: float) -> Figure:
    """The units of 28 days by price as a line in its 80 % band, today's price dotted, the chosen one as a dot."""
    colours, t, f = charts.palette(dark=screen.dark), screen.t, screen.f
    prices = [one.price for one in said]
    often = t("8 of 10 times")
    told = [
        t("{price}: {units} units, {often} {range}", price=f.money(one.price), units=f.number(one.units.value),
          often=often, range=f.span(one.units.low, one.units.high))
        for one in said
    ]  # fmt: skip
    edge = {"type": "scatter", "mode": "lines", "x": prices, "hoverinfo": "skip", "line": {"width": 0}}
    units = pd.Series([one.units.value for one in said])
    dot = next(one for one in said if one.price == chosen)
    layout = charts.base_layout(screen, colours) | {"height": 300}
    layout["xaxis"] = charts.plain_axis(colours) | {
        "title": {"text": t("Price"), "font": {"color": colours.grey, "size": 12}},
        "tickformat": ",",
    }
    layout["shapes"] = [charts.rule_at(dot.current_price, colours)]
    layout["annotations"] = [charts.note_at(dot.current_price, t("today"), colours)]
    return {
        "data": [
            edge | {"y": [one.units.low for one in said], "showlegend": False},
            edge | {"y": [one.units.high for one in said], "fill": "tonexty", "fillcolor": colours.band80, "name": often},
            charts.line_of(pd.Series(prices), units, t("Units expected"), colours.line, told, dash=None),
            {
                "type": "scatter", "mode": "markers", "x": [dot.price], "y": [dot.units.value], "name": t("Price to try"),
                "marker": {"color": colours.second, "size": 11}, "hoverinfo": "skip",
            },
        ],
        "layout": layout,
    }  # fmt: skip
