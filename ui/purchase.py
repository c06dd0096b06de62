"""Purchase planning: bottles of each product for the coming week at a chosen service level, and what ordering less risks."""

import math
from typing import Any

import pandas as pd
import streamlit as st

from ml.queries import demand_parts
from ml.queries.service import Service
from ml.queries.stock import Past, any_short, fewer, past_weeks, quantile_at, risk_of, short_of
from ui import filters, tables
from ui.glossary import term
from ui.screen import Screen

LEVELS = (0.8, 0.85, 0.9, 0.95, 0.99)
HUNDRED = 100
MOST_LESS, STEP_LESS, USUAL_LESS = 50, 5, 10


def plan(screen: Screen, service: Service) -> None:
    """The week's bottles with both controls, the risk of ordering less, and how such orders would have done; nothing without products."""
    found = screen.read(demand_parts.orders_of_bottles, service)
    if found.empty:
        return
    t, f = screen.t, screen.f
    st.subheader(t("Bottles to have for the next 7 days"), anchor=False, help=term(t, "service level"))
    steps = {f"{level * HUNDRED:g}": f.percent(level) for level in LEVELS}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        with st.container(width="content"):
            st.caption(t("Service level"))
            level = float(filters.choose(screen, t("Service level"), "service", steps, default="90")) / HUNDRED
        less = st.slider(
            t("Order less, by"), 0, MOST_LESS, USUAL_LESS, STEP_LESS, key="less", bind="query-params", format="%d %%", width=320
        )
    rows = plan_rows(screen, found, level, less / HUNDRED)
    columns = plan_columns(screen, less / HUNDRED)
    st.markdown(sentence(screen, rows, less / HUNDRED))
    tables.show(screen, rows, columns, alt=t("Bottles to have per product"), key="purchase")
    tables.export(screen, rows, columns, name=f"purchase-{level * HUNDRED:g}")
    _past(screen, found, level, less / HUNDRED)


def plan_rows(screen: Screen, found: pd.DataFrame, level: float, less: float) -> pd.DataFrame:
    """Per product and in total: name, value (expected), order, reduced (`less` under it), risk and short (of the reduced order)."""
    rows = [_row(row, level, less) for row in found.to_dict("records")]
    if len(rows) > 1:
        sums = {name: sum(row[name] for row in rows) for name in ("value", "order", "reduced", "short")}
        rows.append({"name": screen.t("All products"), "risk": any_short([row["risk"] for row in rows])} | sums)
    return pd.DataFrame(rows)


def plan_columns(screen: Screen, less: float) -> list[tables.Column]:
    """How the plan is listed."""
    t = screen.t
    risk = t("The chance that the week needs more. For all products: that at least one runs short, if each went its own way.")
    missing = t("Bottles that would be missing on average over many such weeks; most weeks miss none.")
    return [
        tables.Column("name", t("Product")),
        tables.Column("value", t("Expected"), "number"),
        tables.Column("order", t("To have"), "number", t("Enough for the week as often as the service level says.")),
        tables.Column("reduced", t("With {less} less", less=screen.f.percent(less)), "number"),
        tables.Column("risk", t("Chance of running short"), "percent", risk),
        tables.Column("short", t("Bottles missing"), "number", missing, digits=1),
    ]


def sentence(screen: Screen, rows: pd.DataFrame, less: float) -> str:
    """What ordering less means, in a sentence of markdown: the total's row, or the only product's."""
    t, f, row = screen.t, screen.f, rows.iloc[-1]
    risk, bottles = f.percent(row["risk"]), f.number(row["reduced"])
    if less == 0:
        said = t("**{bottles}** bottles: the chance of running short is **{risk}**.", bottles=bottles, risk=risk)
    else:
        said = t(
            "With {less} less, **{bottles}** bottles, the chance of running short is **{risk}**; "
            "on average **{short}** would be missing a week.",
            less=f.percent(less), bottles=bottles, risk=risk, short=f.number(row["short"], 1),
        )  # fmt: skip
    return said if len(rows) == 1 else f"{said} {t('Short means that at least one product does not last the week.')}"


def past_rows(screen: Screen, found: pd.DataFrame, level: float, less: float) -> pd.DataFrame:
    """Per product and for all together how such orders would have done: name, weeks, enough, left, short. Empty without past weeks."""
    services = found["service"].tolist()
    told: list[tuple[str, Past | None]] = [
        (name, past_weeks([service], level, less)) for name, service in zip(found["name"], services, strict=True)
    ]
    if len(told) > 1:
        told.append((screen.t("All products"), past_weeks(services, level, less)))
    return pd.DataFrame([{"name": name} | past._asdict() for name, past in told if past is not None])


def _past(screen: Screen, found: pd.DataFrame, level: float, less: float) -> None:
    t, f = screen.t, screen.f
    rows = past_rows(screen, found, level, less)
    if rows.empty:
        later = t("How such orders would have done is shown once the models are trained anew.")
        few = t("There are too few past weeks yet to say how often such orders would have lasted.")
        st.caption(later if any(service.get("weeks") for service in found["service"]) else few)
        return
    st.markdown(
        t("**How such orders would have done** in the last {n} weeks, each with what was known before it:", n=f.number(rows["weeks"].max()))
    )
    lasted = t("Share of the weeks in which it lasted.")
    left_over = t("Bottles on average that would have been left at the end of a past week.")
    columns = [
        tables.Column("name", t("Product")), tables.Column("enough", t("Was enough"), "percent", lasted),
        tables.Column("left", t("Left over a week"), "number", left_over),
        tables.Column("short", t("Missing a week"), "number", digits=1),
    ]  # fmt: skip
    tables.show(screen, rows, columns, alt=t("How such orders would have done"), key="purchase-past")
    st.caption(t("What you have in stock is not known here: take it off."))


def _row(row: dict[Any, Any], level: float, less: float) -> dict[str, Any]:
    order = math.ceil(round(quantile_at(row["quantiles"], level), 6))
    reduced = fewer(order, less)
    risk, short = risk_of(row["quantiles"], reduced), short_of(row["quantiles"], reduced)
    return {"name": row["name"], "value": row["value"], "order": order, "reduced": reduced, "risk": risk, "short": short}
