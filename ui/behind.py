"""What stands behind a demand forecast in a few lines, what weather does, and how the last three months would have gone."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from ml.i18n import mark
from ml.queries import demand_parts
from ml.queries.events import WeatherForecast
from ml.queries.service import Service
from ui import charts, tables
from ui.format import md
from ui.glossary import term
from ui.screen import Screen

SMALL = 0.005
FEW = 100
PARTS: Mapping[str, str] = {"product": mark("Product"), "zone": mark("Zone"), "customer_type": mark("Customer type")}
KINDS: Mapping[str, str] = {"hot": mark("Hot days (over {limit} °C)"), "rainy": mark("Rainy days (over {limit} mm)")}
LIMITS = {"hot": "hot_day_celsius", "rainy": "rainy_day_mm"}


def options(screen: Screen, service: Service, measure: str) -> dict[str, str]:
    """What can be chosen besides the whole company: "zone:Ñuñoa" -> "Zone: Ñuñoa"."""
    t = screen.t
    found = screen.read(demand_parts.parts, service, measure)
    return {
        f"{kind}:{entity}": f"{t(PARTS[kind])}: {t('the others') if entity == demand_parts.OTHERS else name}"
        for kind, entity, name in zip(found["kind"], found["entity"], found["name"], strict=True)
    }


def lines(screen: Screen, said: Mapping[str, Any], days: pd.DataFrame, measure: str) -> list[str]:
    """Trend, weekday, holidays, season and weather as sentences in markdown; the weekday alone where the model knows no more."""
    t, told = screen.t, []
    if said:
        told.append(t("**Trend:** {change} against 90 days ago", change=md(_signed(screen, said.get("trend")))))
        season = said.get("season")
        if season is not None:
            told.append(t("**Season:** {change} against the last 30 days", change=md(_signed(screen, season))))
        closed = said.get("closed_holidays") or 0
        days_off = t.plural("**Holidays:** {n} closed day in the next 30", "**Holidays:** {n} closed days in the next 30", closed)
        near = said.get("holiday") or 0.0
        beside = t("; they move its open days by {change}", change=md(_signed(screen, near))) if abs(near) >= SMALL else ""
        told.append(days_off + beside)
    by_weekday = _weekdays(screen, days, measure)
    if by_weekday:
        told.append(t("**Usual week:** {days}", days=md(by_weekday)))
    if said.get("weather") is not None:
        told.append(t("**Weather:** {change} in the next 16 days against usual weather", change=md(_signed(screen, said["weather"]))))
    return told


def weather(screen: Screen, said: Mapping[str, Any], forecast: WeatherForecast) -> list[str]:
    """The effect of hot and rainy days with its interval, whether the forecast uses weather and why not, and where the weather of the
    coming days comes from or how it is switched on, as sentences in markdown."""
    return [*_effects(screen, said), *_use(screen, said), _source(screen, forecast)]


def _effects(screen: Screen, said: Mapping[str, Any]) -> list[str]:
    t, f = screen.t, screen.f
    effects = said.get("effects", ())
    if not effects or all(effect["code"] == "no_weather" for effect in effects):
        return [
            t(
                "There is no weather in your data. With a table of days, highest temperature and rain "
                "the effect of heat and rain is shown here."
            )
        ]
    told = []
    for effect in effects:
        name = md(t(KINDS[effect["kind"]], limit=f.number(said.get(LIMITS[effect["kind"]]), 1)))
        told.append(f"**{name}:** {_effect(screen, effect)}")
    return told


def _use(screen: Screen, said: Mapping[str, Any]) -> list[str]:
    t, group = screen.t, (said.get("groups") or {}).get("weather", {})
    if group.get("code") == "short_history":
        return [t("The forecast does not use the weather: the history is too short to check whether it helps.")]
    if "error_with" not in group or group["error_without"] <= 0:
        return []
    change = group["error_with"] / group["error_without"] - 1
    share = md(screen.f.percent(abs(change), 1))
    if "temp_max_c" in said.get("kept", ()):
        told = [t("The forecast uses the weather: with what was known at the time past errors are {share} smaller.", share=share)]
    elif change > 0:
        told = [
            t(
                "The forecast does not use the weather: with what was known at the time past errors would have been {share} larger.",
                share=share,
            )
        ]
    else:
        told = [
            t(
                "The forecast does not use the weather: with what was known at the time past errors would have been only {share} smaller.",
                share=share,
            )
        ]
    if "error_if_known" in group:
        most = group["error_if_known"] / group["error_without"] - 1
        gain = t(
            "With the weather that came, which nobody knows before, they would have been {share} smaller: the most there is to gain.",
            share=md(screen.f.percent(abs(most), 1)),
        )
        told.append(gain if most < 0 else t("Not even the weather that came, which nobody knows before, would have helped."))
    return told


def _source(screen: Screen, forecast: WeatherForecast) -> str:
    """Where the weather of the coming days comes from."""
    t, f = screen.t, screen.f
    if not forecast.is_on:
        return t(
            "The weather of the coming days is not asked for. An administrator switches it on in Settings, Values, Weather, "
            "with the address of the forecast; only the position of the depot is sent there."
        )
    if forecast.issued_at is None or forecast.last_day is None:
        return t("The weather of the coming days is switched on; it comes with the next refresh.")
    return t(
        "The weather forecast is of {issued} and reaches until {last}; after that the usual weather of the season counts.",
        issued=md(f.short_date(forecast.issued_at)),
        last=md(f.short_date(forecast.last_day)),
    )


def replayed(screen: Screen, said: Mapping[str, Any], measure: str) -> None:
    """The last three months' forecasts against what came, with their figures; nothing where the history is too short."""
    if not said.get("days"):
        return
    t, f = screen.t, screen.f
    st.subheader(t("The last three months, as they would have been forecast"), anchor=False)
    days = pd.DataFrame(said["days"]).rename(columns={"yhat": "value"})
    days = days.assign(day=pd.to_datetime(days["day"]).astype("datetime64[us]"))
    figure = charts.told(screen, days, measure=measure, line=t("What was said at the start of the month"))
    charts.draw(figure, alt=t("Each month as forecast at its start, and what came"), key="replayed")
    st.markdown(
        t(
            "Error against the weekday rule (MASE): **{mase}**, the last week repeated {naive}, plain Prophet {prophet}. "
            "In the range of 8 of 10: **{inner}** of days; in that of 19 of 20: **{outer}**. "
            "The 30-day totals together were **{bias}**.",
            mase=md(f.number(said.get("mase"), 2)), naive=md(f.number(said.get("mase_naive"), 2)),
            prophet=md(f.number(said.get("mase_prophet"), 2)), inner=md(f.percent(said.get("coverage80"))),
            outer=md(f.percent(said.get("coverage95"))), bias=md(_leaning(screen, said.get("bias"))),
        ),
        help=term(t, "MASE"),
    )  # fmt: skip
    rows = pd.DataFrame(said["months"])
    kind: tables.Kind = "money" if measure == "revenue" else "number"
    rows = rows.assign(month=[f.short_date(pd.Timestamp(day)) for day in rows["from"]])
    columns = [
        tables.Column("month", t("30 days from")), tables.Column("value", t("Expected"), kind),
        tables.Column("actual", t("What came"), kind), tables.Column("lo80", t("From"), kind), tables.Column("hi80", t("To"), kind),
    ]  # fmt: skip
    tables.show(screen, rows, columns, alt=t("Totals of the last three months as forecast, and what came"), key="months")


def _effect(screen: Screen, effect: Mapping[str, Any]) -> str:
    t, f = screen.t, screen.f
    code = effect["code"]
    if code == "short_history":
        return t("two years of history are needed to tell the heat from the time of the year")
    if code == "few_such_days":
        return t("only {n} such days on record; {needed} are needed", n=f.number(effect["days"]), needed=f.number(effect["needed"]))
    span = {"low": md(_signed(screen, effect["lo95"])), "high": md(_signed(screen, effect["hi95"])), "n": f.number(effect["days"])}
    if code == "nothing_measurable":
        return t("no measurable effect in your data (between {low} and {high}, {n} days)", **span)
    return t("{effect} (between {low} and {high}, {n} days)", effect=md(_signed(screen, effect["effect"])), **span)


def _weekdays(screen: Screen, days: pd.DataFrame, measure: str) -> str:
    """ "lun 4, mar 5": the mean expected on each open weekday."""
    f = screen.f
    opened = days[days["is_open"]]
    by_weekday = opened.groupby(opened["day"].dt.day_of_week)
    means, first = by_weekday["value"].mean(), by_weekday["day"].first()
    write = f.money if measure == "revenue" else partial(f.number, digits=1 if means.max() < FEW else 0)
    return ", ".join(f"{f.weekday(day, short=True)} {write(mean)}" for mean, day in zip(means, first, strict=True))


def _leaning(screen: Screen, bias: float | None) -> str:
    """A share of too much or too little in words."""
    t = screen.t
    if bias is None or pd.isna(bias):
        return "–"
    share = screen.f.percent(abs(bias))
    if abs(bias) < SMALL:
        return t("neither too high nor too low")
    return t("{share} too high", share=share) if bias > 0 else t("{share} too low", share=share)


def _signed(screen: Screen, share: float | None, digits: int = 0) -> str:
    if share is None or pd.isna(share):
        return "–"
    sign = "" if abs(share) < SMALL / 10**digits else "+" if share > 0 else "−"
    return f"{sign}{screen.f.percent(abs(share), digits)}"
