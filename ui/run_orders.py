"""Runs: the buttons that start, repeat and cancel one, what came of it, and the training on the Models screen while it works."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from ml import clock
from ml.i18n import mark, names
from ml.jobs import JOBS
from ml.queries import service
from ml.store.run_history import expected_seconds
from ui import actions_runs, data, guard, presses, texts
from ui.format import md
from ui.screen import Screen
from ui.store_access import settings

RETRAIN = "retrain"
POLL_SECONDS = 1
ALMOST = 0.97
MINUTE = 60
FATES: Mapping[str, str] = {
    "promoted": mark("new version in service"), "kept": mark("version before stays"), "failed": mark("could not be trained"),
    "unavailable": mark("not available"), "review": mark("waits for a person"), "answers": mark("asked anew"),
}  # fmt: skip
STEPS: Mapping[str, str] = {
    "read": mark("The data has been read."), "check": mark("The data has been checked."), "fit": mark("{model}: trained."),
    "judge": mark("{model}: checked against the past."), "predict": mark("{model}: asked."), "write": mark("The models are written."),
    "keep": mark("The results are kept."),
}  # fmt: skip
AGAIN = ("failed", "cancelled", "skipped")


def start(screen: Screen) -> None:
    """A job to run now, or for a trial that keeps nothing."""
    t = screen.t
    if not guard.may(screen.user, actions_runs.RIGHT):
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        job = st.selectbox(t("Start a job"), [job.name for job in JOBS], format_func=lambda name: t(names.JOBS[name]), key="start-job")
        presses.button(t("Run now"), f"start-{job}", partial(actions_runs.start, job), mark("The run is asked for; it begins at once."))
        done = mark("The dry run is asked for; it does everything and keeps nothing.")
        presses.button(t("Dry run"), f"try-{job}", partial(actions_runs.start, job, True), done)


def deeds(screen: Screen, row: Mapping[Any, Any]) -> None:
    """Run again what is over without success; cancel what waits or works."""
    t, run_id = screen.t, int(row["id"])
    if not guard.may(screen.user, actions_runs.RIGHT):
        return
    if row["status"] in AGAIN:
        presses.button(t("Run again"), f"retry-{run_id}", partial(actions_runs.retry, run_id), mark("The run is queued again."))
    elif row["status"] in service.ACTIVE:
        _cancel(screen, run_id)


def outcomes(screen: Screen, progress: Mapping[str, Any] | None) -> None:
    """What became of each model in a run, with the reason; nothing for other runs."""
    t = screen.t
    for name, fate in ((progress or {}).get("outcomes") or {}).items():
        if isinstance(fate, Mapping) and fate.get("state") in FATES:
            reason = f": {md(fate['reason'])}" if fate.get("reason") and fate["state"] != "promoted" else ""
            st.markdown(f"**{md(texts.label(t, names.PREDICTORS, name))}** · {t(FATES[fate['state']])}{reason}")


def training(screen: Screen) -> None:
    """The button that trains the models, or how the training under way is getting on; what came of the last one."""
    if not guard.may(screen.user, actions_runs.RIGHT):
        return
    running = data.ask(service.active_run, RETRAIN)
    with st.container(border=True, key="training"):
        if running is None:
            _button(screen)
            _last(screen)
        else:
            _progress(screen)


def duration(screen: Screen, seconds: float | None) -> str:
    """A duration as people say it: "38 s", "4 min"; empty while it is open."""
    if seconds is None or math.isnan(seconds):
        return ""
    return f"{screen.f.number(seconds)} s" if seconds < 2 * MINUTE else f"{screen.f.number(seconds / MINUTE)} min"


def _button(screen: Screen) -> None:
    t = screen.t
    usual = data.ask(expected_seconds, RETRAIN)
    with st.container(horizontal=True, vertical_alignment="center"):
        done = mark("The training is asked for; it begins at once. You may leave this screen.")
        presses.button(t("Train the models now"), "retrain", partial(actions_runs.start, RETRAIN), done, strong=True)
        said = t("It usually takes {time}.", time=duration(screen, usual)) if usual else ""
        st.caption(" ".join(filter(None, (said, t("What is in service stays until the new one has proved better.")))), width="stretch")


def _last(screen: Screen) -> None:
    """The newest training that is over."""
    t, f = screen.t, screen.f
    last = next(iter(data.ask(service.runs, RETRAIN, 1)), None)
    if last is None or last.finished_at is None:
        return
    moment = md(f.moment(clock.local(last.finished_at, settings().timezone)))
    told = {"done": t("Last training: {moment}, done", moment=moment), "failed": t("Last training: {moment}, failed", moment=moment)}
    with st.expander(told.get(last.status, t("Last training: {moment}, not done", moment=moment)), expanded=last.status == "failed"):
        if last.error:
            st.markdown(f":red[■] {md(last.error)}")
        outcomes(screen, last.progress)


def _progress(screen: Screen) -> None:
    @st.fragment(run_every=POLL_SECONDS)
    def part() -> None:
        t, f, now = screen.t, screen.f, data.ask(service.active_run, RETRAIN)
        if now is None:
            st.rerun()
        seconds = (clock.utc_now() - (now.started_at or now.scheduled_for)).total_seconds()
        usual = data.ask(expected_seconds, RETRAIN)
        if now.status == "queued":
            waits = (now.progress or {}).get("waits_for") == "retry"
            tried = t("The training waits for its next try: {error}", error=md(now.error or "–"))
            st.markdown(tried if waits else t("The training begins …"))
        else:
            told = t("The models are being trained, {n} s so far", n=f.number(seconds))
            st.progress(min(seconds / usual, ALMOST) if usual else 0.0, told)
            st.caption(step_in_words(screen, (now.progress or {}).get("step")))
        _cancel(screen, now.id)

    part()


def step_in_words(screen: Screen, line: str | None) -> str:
    """The last step of a run that is done, as people say it; the line itself where it is none of a training's."""
    t, words = screen.t, (line or "").lstrip("·! ").split()
    if not words:
        return t("Reading the company's data …")
    if words[0] not in STEPS:
        return md(" ".join(words))
    model = texts.label(t, names.PREDICTORS, words[1]) if len(words) > 1 else ""
    return t(STEPS[words[0]], model=md(model))


def _cancel(screen: Screen, run_id: int) -> None:
    t = screen.t
    question = t("The run stops and nothing of it is kept.")
    deed = partial(actions_runs.cancel, run_id)
    presses.asked(t("Cancel"), question, t("Yes, cancel it"), f"cancel-{run_id}", deed, mark("The run is cancelled."))
