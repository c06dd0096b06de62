"""Operations, people: visits per day, and who did what."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from ml import clock
from ml.i18n import mark, names
from ml.queries import operations
from ui import (
    charts,
    data,
    deeds,
    filters,
    preference_texts,
    settings_people,
    settings_tokens,
    settings_values,
    states,
    tables,
    texts,
)
from ui.blocks import Card
from ui.glossary import term
from ui.screen import Screen
from ui.store_access import settings
from ui.tables import Column

DAYS, WEEK = 28, 7
LONGEST_DETAIL, SHORT = 200, 8
REASONS: Mapping[str, str] = {"sample_ratio": mark("the groups are not what was drawn"), "end": mark("its last day has passed")}


def visited(screen: Screen) -> pd.DataFrame:
    """Different people per day over the last DAYS days: day, people."""
    return data.ask(operations.visits, settings().timezone, screen.today, DAYS)


def card(screen: Screen, days: pd.DataFrame) -> Card:
    """People on an average day of the last week, with the days behind as a line."""
    t, f = screen.t, screen.f
    return Card(
        t("Visits by day"),
        f.number(days["people"].tail(WEEK).max()),
        note=t("at most, last {n} days", n=WEEK),
        help=term(t, "visits"),
    )


def show(screen: Screen, days: pd.DataFrame) -> None:
    """Visits by day; the audit by person and deed, a page at a time."""
    t = screen.t
    st.subheader(t("Visits by day"), anchor=False, help=term(t, "visits"))
    frame = days.rename(columns={"people": "value"})
    charts.draw(charts.per_day(screen, frame, t("People")), alt=t("Different people by day in the last {n} days", n=DAYS), key="visits")
    st.subheader(t("Who did what"), anchor=False)
    people, kinds = data.ask(operations.audit_kinds)
    with st.container(horizontal=True):
        who = filters.pick(screen, t("Who"), "who", {name: name for name in people})
        deed = filters.pick(screen, t("What"), "deed", {name: texts.label(t, deeds.DEEDS, name) for name in kinds})
    pages = data.ask(operations.audit_pages, who, deed)
    place = st.empty()
    page = st.pagination(pages, key="audit-page", bind="query-params") if pages > 1 else 1
    found = data.ask(operations.audit, who, deed, page)
    if found.empty:
        states.nothing_matches(t)
        return
    columns = audit_columns(screen)
    with place.container():
        tables.show(screen, audit_rows(screen, found), columns, alt=t("Who did what, newest first"), key="audit")
    tables.export(screen, lambda: audit_rows(screen, data.ask(operations.audit, who, deed, None)), columns, name="audit")


def audit_rows(screen: Screen, found: pd.DataFrame) -> pd.DataFrame:
    """The audit in words and local time: when, who, what, whom, more."""
    t, zone = screen.t, settings().timezone
    return found.assign(
        when=pd.Series([clock.local(moment.to_pydatetime(), zone) for moment in found["at"]], index=found.index, dtype="datetime64[us]"),
        what=[texts.label(t, deeds.DEEDS, action) for action in found["action"]],
        whom=[whom(screen, row) for row in found.to_dict("records")],
        more=[told(screen, row) for row in found.to_dict("records")],
    )


def audit_columns(screen: Screen) -> list[Column]:
    """How the audit is listed."""
    t = screen.t
    return [
        Column("when", t("When"), "moment"), Column("who", t("Who"), width="medium"), Column("what", t("What"), width="medium"),
        Column("whom", t("Whom or what"), width="medium"), Column("more", t("Details"), width="large"),
    ]  # fmt: skip


def whom(screen: Screen, row: Mapping[Any, Any]) -> str:
    """To whom or what something was done: a value by its name, a job by its name, else as it was written."""
    action, target = row["action"], str(row["target"])
    if action == "preference.set" and target in preference_texts.TEXTS:
        return screen.t(preference_texts.TEXTS[target].label)
    if action in ("message.preview", "message.dry_run", "message.nobody"):
        return texts.label(screen.t, names.MESSAGES, target)
    if action.startswith(("release.", "model.")):
        return texts.label(screen.t, names.PREDICTORS, target)
    return texts.label(screen.t, names.JOBS, target) if action.startswith("job.") else target


def told(screen: Screen, row: Mapping[Any, Any]) -> str:
    """The detail of an audit row in words: a change as "350 → 400", else the parts that say something."""
    t, detail = screen.t, dict(row["detail"] or {})
    if row["action"] == "preference.set" and row["target"] in preference_texts.TEXTS:
        old, new = (settings_values.written(screen, row["target"], detail.get(side)) for side in ("before", "after"))
        return f"{old} → {new}"
    if {"from", "to"} == set(detail):
        return f"{settings_people.role_name(t, detail['from'])} → {settings_people.role_name(t, detail['to'])}"
    said = {
        "role": lambda value: settings_people.role_name(t, str(value)),
        "scopes": lambda value: ", ".join(settings_tokens.scope_name(screen, scope) for scope in value),
        "masked": lambda value: t("without names and phones") if value else "",
        "channel": lambda value: texts.label(t, names.CHANNELS, str(value)),
        "address": lambda value: str(value),
        "run": lambda value: t("run {n}", n=value),
        "release": lambda value: t("version {version}", version=str(value)[-SHORT:]),
        "before": lambda value: t("before: {version}", version=str(value)[-SHORT:]) if row["action"] == "release.use" else f"{value}",
        "reason": lambda value: texts.label(t, REASONS, str(value)),
        "number": lambda value: t("no. {n}", n=value),
        "customer": lambda value: t("customer {n}", n=value),
        "sessions": lambda value: t.plural("{n} session", "{n} sessions", int(value)),
    }
    parts = (said[name](value) if name in said else f"{name}: {value}" for name, value in detail.items() if value is not None)
    return "; ".join(filter(None, parts))[:LONGEST_DETAIL]
