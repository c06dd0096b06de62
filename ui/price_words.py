"""What the Prices screen says of a product: headline numbers, sentences, the table of all."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from ml.pricing.lines import ANY_TYPE
from ml.pricing.whatif import Band, PriceWhatIf
from ui import guard, registry, texts
from ui.blocks import Card
from ui.format import md
from ui.glossary import term
from ui.screen import Screen
from ui.tables import Column

DEARER = 1.10
STILL = 0.005
OF_EACH_TYPE = "see_customer_types"  # nobody pays this product's mean price, so nothing is said of raising it


def effect(screen: Screen, elasticity: float) -> str:
    """What a price 10 % higher does to the units: "4 % fewer"."""
    t, change = screen.t, DEARER**elasticity - 1
    if abs(change) < STILL:
        return t("as many")
    share = screen.f.percent(abs(change))
    return t("{share} fewer", share=share) if change < 0 else t("{share} more", share=share)


def effect_range(screen: Screen, row: Mapping[str, Any]) -> str:
    """The two ends of that: "7 % fewer – 1 % fewer"."""
    return f"{effect(screen, row['lo80'])} – {effect(screen, row['hi80'])}"


def cards(screen: Screen, row: Mapping[str, Any]) -> list[Card]:
    """Today's usual price, the suggestion, what 10 % more does, and the limits of the company."""
    t, f = screen.t, screen.f
    is_read = pd.isna(row["unread"])
    note = t("no suggestion") if pd.isna(row["suggested"]) else None
    return [
        Card(t("Usual price today"), f.money(row["current_price"]), note=screen.basis),
        Card(
            t("Suggested price"),
            f.money(row["suggested"]),
            delta=f.change(row["suggested"], row["current_price"]),
            against=t("than today"),
            note=note,
        ),
        Card(
            t("Units if 10 % dearer"),
            effect(screen, row["elasticity"]) if is_read else "–",
            note=effect_range(screen, row) if is_read else t("cannot be read yet"),
            help=term(t, "price effect"),
        ),
        Card(t("Limits of the price"), f.span(row["low"], row["high"], money=True), help=term(t, "price limits")),
    ]


def story(screen: Screen, row: Mapping[str, Any]) -> str:
    """Why this price is suggested or none is, and what a dearer price does, in markdown."""
    t, f = screen.t, screen.f
    told = [md(texts.label(t, texts.PRICE_ANSWERS, str(row["reason"])))]
    if not pd.isna(row["gain"]) and row["reason"] != OF_EACH_TYPE:
        what = t("The margin") if not pd.isna(row["unit_cost"]) else t("Sales in money")
        told.append(
            t(
                "{what} would grow by {gain}, 8 of 10 times between {low} and {high}.",
                what=what, gain=md(f.percent(row["gain"], 1)),
                low=md(f.percent(row["gain_low"], 1)), high=md(f.percent(row["gain_high"], 1)),
            )
        )  # fmt: skip
    if pd.isna(row["unread"]):
        told.append(
            t(
                "A price 10 % higher would sell **{effect}** units; 8 of 10 times between {low} and {high}.",
                effect=md(effect(screen, row["elasticity"])), low=md(effect(screen, row["lo80"])), high=md(effect(screen, row["hi80"])),
            )
        )  # fmt: skip
    elif row["unread"] in texts.PRICE_HELP:
        told.append(t("What would help: {help}", help=md(t(texts.PRICE_HELP[row["unread"]]))))
    if pd.isna(row["unit_cost"]):
        told.append(t("No purchase cost is known: the margin cannot be checked, so only a rise is ever suggested."))
    return " ".join(told)


def tested(screen: Screen, row: Mapping[str, Any]) -> list[str]:
    """What each price test found, what the history says without them, and that the figures weigh both; nothing without a test."""
    t, tests, history = screen.t, row["tests"], row["history"]
    if not len(tests):
        return []
    lines = [_one_test(screen, one, names_type=pd.isna(row["customer_type"])) for one in tests]
    if not pd.isna(row["unread"]):
        return [*lines, t("That is too vague to count on: the answer to the price cannot be read yet.")]
    if history is None:
        return [*lines, t("From the history alone nothing can be read, so the figures above are those of your tests.")]
    alone = t(
        "The history alone says {effect} ({range}).", effect=md(effect(screen, history["value"])), range=md(effect_range(screen, history))
    )
    return [*lines, f"{alone} {t('The figures above weigh history and tests by how sure each is.')}"]


def _one_test(screen: Screen, one: Mapping[str, Any], *, names_type: bool) -> str:
    t, f = screen.t, screen.f
    month = md(f.month(date.fromisoformat(one["end"]), year=True))
    whose = f"{month}, {md(one['customer_type'])}" if names_type and one["customer_type"] != ANY_TYPE else month
    head = t("**Your test of {month}**", month=whose) + (f" ({t('simulated')})" if one["is_simulated"] else "")
    said = t(
        "10 % dearer, it sold {effect} units ({range}): {value} % for each 1 % of price, 8 of 10 times from {low} to {high}.",
        effect=md(effect(screen, one["value"])), range=md(effect_range(screen, one)), value=md(f.number(one["value"], 1)),
        low=md(f.number(one["lo80"], 1)), high=md(f.number(one["hi80"], 1)),
    )  # fmt: skip
    paid = t(
        "{n} customers paid {share} {direction} than {m} others.",
        n=md(f.number(one["customers"][1])), share=md(f.percent(abs(one["price_change"]))), m=md(f.number(one["customers"][0])),
        direction=t("more") if one["price_change"] > 0 else t("less"),
    )  # fmt: skip
    return f"{head}: {said} {paid}"


def nothing_read(screen: Screen, rows: pd.DataFrame) -> str:
    """Why no product's answer to its price can be read, and what would help, as markdown lines."""
    t, f = screen.t, screen.f
    lines = [t("The answer of sales to the price cannot be read for any product yet. Today's prices and the expected units stand below.")]
    for code, count in rows["unread"].value_counts().items():
        if code in texts.PRICE_HELP:
            reason, helps = t(texts.PRICE_ANSWERS[str(code)]), t(texts.PRICE_HELP[str(code)])
            lines.append(f"- {md(t('Products: {n}.', n=f.number(count)))} {md(reason)} {t('What would help: {help}', help=md(helps))}")
    return "\n".join(lines)


def what_if_cards(screen: Screen, said: PriceWhatIf) -> list[Card]:
    """Units, revenue and margin of 28 days at a price, each with its range and its change against today's price."""
    t, f = screen.t, screen.f

    def card(label: str, band: Band, today: float | None, *, money: bool) -> Card:
        value = f.money(band.value) if money else f.number(band.value)
        span = f.span(band.low, band.high, money=money) if band.high > band.low else None
        delta = f.change(band.value, today)
        return Card(label, value, delta=None if delta == f.percent(0) else delta, against=span, note=span)

    entries = [
        card(t("Units in 28 days"), said.units, said.current_units, money=False),
        card(t("Sales in 28 days"), said.revenue, said.current_revenue, money=True),
    ]
    if said.margin is not None:
        entries.append(card(t("Margin in 28 days"), said.margin, said.current_margin, money=True))
    return entries


def table_rows(screen: Screen, rows: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """All products (without their customer types) as they are listed and exported."""
    t, f = screen.t, screen.f
    whole = rows[rows["customer_type"].isna()].merge(units, on="product_id", how="left", suffixes=("", "_units"))
    told: list[dict[str, Any]] = whole.to_dict("records")  # type: ignore[assignment]
    return whole.assign(
        dearer=[effect(screen, row["elasticity"]) if pd.isna(row["unread"]) else "–" for row in told],
        between=[effect_range(screen, row) if pd.isna(row["unread"]) else "–" for row in told],
        why=[texts.label(t, texts.PRICE_ANSWERS, str(row["reason"])) for row in told],
        expected=[f"{f.number(row['value'])} ({f.span(row['lo80_units'], row['hi80_units'])})" for row in told],
    )


def table_columns(screen: Screen) -> list[Column]:
    """How the products are listed."""
    t = screen.t
    return [
        Column("name", t("Product")),
        Column("current_price", t("Usual price today"), "money"),
        Column("suggested", t("Suggested price"), "money"),
        Column("dearer", t("Units if 10 % dearer"), help=term(t, "price effect")),
        Column("expected", t("Units, next 28 days"), help=term(t, "range")),
        Column("last", t("Last 28 days"), "number"),
        Column("why", t("Why"), width="large"),
    ]


def exported(screen: Screen) -> list[Column]:
    """The columns that are handed out: numbers apart from their ranges."""
    t = screen.t
    head = [Column("product_id", t("Product number")), *table_columns(screen)[:4], Column("between", t("8 of 10 times between"))]
    numbers = [
        Column("value", t("Units, next 28 days"), "number"),
        Column("lo80_units", t("From"), "number"),
        Column("hi80_units", t("To"), "number"),
    ]
    return [*head, *numbers, *table_columns(screen)[5:]]


def try_it(screen: Screen, chosen: Mapping[str, Any]) -> None:
    """A link to a new test of the suggested price, where one is suggested and the person may make tests."""
    if pd.isna(chosen["suggested"]) or not guard.may(screen.user, "experiments"):
        return
    t, price = screen.t, float(chosen["suggested"])
    name = t("{product} at {price}", product=str(chosen["name"]), price=screen.f.money(price))
    query = {"view": "new", "name": name, "product": str(chosen["product_id"]), "price": str(price)}
    label = t("Try this price on half of the customers")
    st.page_link(registry.page("experiments").path, label=label, icon=":material/science:", query_params=query)
