"""Operations, runs: the scheduler's state, what ran, how it ended, and the end of a run's log."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from ml import clock
from ml.i18n import mark, names
from ml.queries import operations
from ml.reports import files
from ui import data, filters, presses, run_orders, states, tables, texts
from ui.blocks import Card
from ui.format import md
from ui.screen import Screen
from ui.store_access import settings
from ui.tables import Column

STATES: Mapping[str, str] = {
    "queued": mark("waiting"), "running": mark("running"), "done": mark("done"), "failed": mark("failed"), "skipped": mark("skipped"),
    "cancelled": mark("cancelled"),
}  # fmt: skip
ORIGINS: Mapping[str, str] = {
    "cron": mark("by the clock"), "manual": mark("by hand"), "catch_up": mark("caught up"), "setup": mark("at the start"),
}  # fmt: skip
LOG_PIXELS = 360


def cards(screen: Screen, scheduler: operations.Scheduler) -> list[Card]:
    """Scheduler and what comes next; the last run and how it ended."""
    t, f, zone = screen.t, screen.f, settings().timezone
    silent = scheduler.is_silent(clock.utc_now())
    upcoming = min(scheduler.next_runs.items(), key=lambda item: item[1], default=None)
    coming = t("Next: {moment}", moment=f.moment(clock.local(upcoming[1], zone))) if upcoming and not silent else t("nothing planned")
    last, ran = data.ask(operations.last_run), Card(t("Last run"), "–", note=t("none yet"))
    if last is not None:
        moment = f.moment(clock.local(last.scheduled_for, zone))
        ran = Card(t("Last run"), texts.label(t, STATES, last.status), note=moment, help=texts.label(t, names.JOBS, last.job))
    return [Card(t("Scheduler"), t("silent") if silent else t("at work"), note=coming), ran]


def show(screen: Screen) -> None:
    """A job to start; the runs by job and state, a page at a time; one of them with its error, its log, and what can be done with it."""
    t = screen.t
    presses.show(t)
    run_orders.start(screen)
    jobs, kinds = data.ask(operations.run_kinds)
    if not jobs:
        st.write(t("Nothing has run yet."))
        return
    with st.container(horizontal=True):
        job = filters.pick(screen, t("Job"), "job", {name: texts.label(t, names.JOBS, name) for name in jobs})
        status = filters.pick(screen, t("State"), "state", {name: texts.label(t, STATES, name) for name in kinds})
    pages = data.ask(operations.run_pages, job, status)
    page = st.pagination(pages, key="runs-page", bind="query-params") if pages > 1 else 1
    found = data.ask(operations.runs, job, status, page)
    if found.empty:
        states.nothing_matches(t)
        return
    rows, columns = run_rows(screen, found), run_columns(screen)
    tables.show(screen, rows, columns, alt=t("What ran, newest first"), key="runs")
    tables.export(screen, rows, columns, name="runs")
    st.subheader(t("Log of a run"), anchor=False)
    options = {str(row["id"]): _title(row) for row in rows.to_dict("records")}
    chosen = filters.pick(screen, t("Run"), "run", options, none=t("Choose a run"))
    if chosen is not None:
        _one(screen, next(row for row in rows.to_dict("records") if str(row["id"]) == chosen))


def run_rows(screen: Screen, runs: pd.DataFrame) -> pd.DataFrame:
    """The runs in words and local time: when, what, state, took, how, tries, error."""
    t, zone = screen.t, settings().timezone
    begun = runs["started_at"].fillna(runs["scheduled_for"])
    how = zip(runs["origin"], runs["requested_by"], strict=True)
    return runs.assign(
        when=[clock.local(moment.to_pydatetime(), zone) for moment in begun],
        what=[texts.label(t, names.JOBS, job) for job in runs["job"]],
        state=[state_of(screen, row) for row in runs.to_dict("records")],
        took=[run_orders.duration(screen, seconds) for seconds in runs["seconds"]],
        how=[", ".join(filter(None, (texts.label(t, ORIGINS, origin), who))) for origin, who in how],
    )


def state_of(screen: Screen, row: Mapping[Any, Any]) -> str:
    """A run's state, for a waiting one with what it waits for, for a dry run that it was one."""
    t = screen.t
    state = texts.label(t, STATES, row["status"])
    waits_for = str((row["progress"] or {}).get("waits_for") or "") if row["status"] == "queued" else ""
    if waits_for in names.JOBS:
        state = t("waits for: {job}", job=t(names.JOBS[waits_for]))
    elif waits_for and not pd.isna(row["not_before"]):
        moment = screen.f.moment(clock.local(pd.Timestamp(row["not_before"]).to_pydatetime(), settings().timezone))
        state = t("next open day, {moment}", moment=moment) if waits_for == "open_day" else t("next try {moment}", moment=moment)
    return t("{state} (dry run)", state=state) if (row["options"] or {}).get("dry_run") else state


def run_columns(screen: Screen) -> list[Column]:
    """How runs are listed."""
    t = screen.t
    return [
        Column("when", t("Started"), "moment"), Column("state", t("State"), width="medium"), Column("what", t("Job"), width="medium"),
        Column("took", t("Took")), Column("how", t("How"), width="medium"), Column("attempt", t("Tries"), "number"),
        Column("error", t("What went wrong"), width="large"),
    ]  # fmt: skip


def _title(row: Mapping[Any, Any]) -> str:
    return f"{row['when']:%d-%m-%Y %H:%M} · {row['what']} · {row['state']}"


def _one(screen: Screen, row: Mapping[Any, Any]) -> None:
    t = screen.t
    if row["error"]:
        st.markdown(f":red[■] {md(row['error'])}")
    run_orders.outcomes(screen, row["progress"])
    run_orders.deeds(screen, row)
    try:
        text = files.log_tail(settings().home, row["log_path"])
    except files.FileRefused:
        text = row["log_tail"]
    if text is None:
        st.write(t("This run left no log, or it has been removed."))
        return
    st.caption(t("The end of the log; times are UTC. Logs are written in English."))
    st.code(text or "–", language=None, height=LOG_PIXELS, wrap_lines=True)
