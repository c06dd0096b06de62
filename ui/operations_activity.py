"""Operations, activity: who or what did something, when, and how it ended, in one list of jobs, messages and people."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from ml import clock
from ml.i18n import mark, names
from ml.queries import activity
from ui import data, deeds, filters, operations_messages, operations_people, operations_runs, run_orders, states, tables, texts
from ui.screen import Screen
from ui.store_access import settings
from ui.tables import Column

SOURCES: Mapping[str, str] = {"job": mark("Jobs"), "message": mark("Messages"), "person": mark("People")}
RESULTS: Mapping[str, str] = {
    "fine": mark("went well"), "trouble": mark("went wrong"), "open": mark("not finished"), "nothing": mark("nothing came of it"),
}  # fmt: skip
LONGEST = 300


def show(screen: Screen) -> None:
    """The list with its filters, a page at a time, and its export."""
    t = screen.t
    people = data.ask(activity.activity_people)
    with st.container(horizontal=True):
        source = filters.pick(screen, t("What"), "source", {code: t(text) for code, text in SOURCES.items()})
        who = filters.pick(screen, t("Who"), "by", {name: _who(screen, name) for name in people})
        result = filters.pick(screen, t("Result"), "result", {code: t(text) for code, text in RESULTS.items()})
    pages = data.ask(activity.activity_pages, source, who, result)
    page = st.pagination(pages, key="activity-page", bind="query-params") if pages > 1 else 1
    found = data.ask(activity.activity, source, who, result, page)
    if found.empty:
        states.nothing_matches(t)
        return
    columns = activity_columns(screen)
    tables.show(screen, activity_rows(screen, found), columns, alt=t("Jobs, messages and people, newest first"), key="activity")
    whole = lambda: activity_rows(screen, data.ask(activity.activity, source, who, result, None))  # noqa: E731
    tables.export(screen, whole, columns, name="activity")


def activity_rows(screen: Screen, found: pd.DataFrame) -> pd.DataFrame:
    """The events in words and local time: when, actor, what, ended, more."""
    zone = settings().timezone
    told = [_told(screen, source, row) for source, row in zip(found["source"], found["row"], strict=True)]
    return found.assign(
        when=pd.Series([clock.local(moment.to_pydatetime(), zone) for moment in found["at"]], index=found.index, dtype="datetime64[us]"),
        actor=[_who(screen, who) for who in found["who"]],
        what=[what for what, _, _ in told],
        ended=[ended for _, ended, _ in told],
        more=[more[:LONGEST] for _, _, more in told],
    )


def activity_columns(screen: Screen) -> list[Column]:
    """How the events are listed."""
    t = screen.t
    return [
        Column("when", t("When"), "moment"), Column("actor", t("Who"), width="medium"), Column("what", t("What"), width="large"),
        Column("ended", t("Result"), width="medium"), Column("more", t("Details"), width="large"),
    ]  # fmt: skip


def _who(screen: Screen, name: str) -> str:
    return screen.t("by itself") if name == activity.SYSTEM else name


def _told(screen: Screen, source: str, row: Mapping[str, Any]) -> tuple[str, str, str]:
    """What was done, how it ended, and what more there is to say."""
    if source == "job":
        return _of_job(screen, row)
    return _of_message(screen, row) if source == "message" else _of_person(screen, row)


def _of_job(screen: Screen, row: Mapping[str, Any]) -> tuple[str, str, str]:
    t = screen.t
    took = ""
    if row["started_at"] and row["finished_at"]:
        took = run_orders.duration(screen, (row["finished_at"] - row["started_at"]).total_seconds())
    ended = texts.label(t, operations_runs.STATES, row["status"])
    return texts.label(t, names.JOBS, row["job"]), ", ".join(filter(None, (ended, took))), row["error"] or ""


def _of_message(screen: Screen, row: Mapping[str, Any]) -> tuple[str, str, str]:
    t = screen.t
    what = f"{texts.label(t, names.MESSAGES, row['kind'])}: {row['title']}"
    to = row["masked"] if row["channel"] in ("email", "apprise") else ""
    by = " ".join(filter(None, (texts.label(t, names.CHANNELS, row["channel"]), to)))
    ended = texts.label(t, operations_messages.STATES, row["state"])
    return what, ended, "; ".join(filter(None, (by, operations_messages.why(screen, row["reason"]))))


def _of_person(screen: Screen, row: Mapping[str, Any]) -> tuple[str, str, str]:
    t = screen.t
    what = f"{texts.label(t, deeds.DEEDS, row['action'])} {operations_people.whom(screen, row)}"
    ended = t(RESULTS[activity.ENDS["person"].get(row["action"], "fine")])
    return what, ended, operations_people.told(screen, row)
