"""The Models screen, which version serves: what waits for a yes, what the last training decided, the versions of one model."""

import json
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from ml import clock
from ml.i18n import gate, mark, names
from ml.predictors import PREDICTORS
from ml.queries import trust
from ml.store import choosing
from ml.store.releases import Release, ReleaseError, describe_release
from ui import actions_models, data, guard, presses, records, tables, texts
from ui.format import md
from ui.glossary import term
from ui.screen import Screen
from ui.store_access import settings
from ui.tables import Column

SHORT = 8
LONGEST_NOTE = 300
OK = "ok"
STATES = {"promoted": mark("went into service"), "kept": mark("was kept out"), "review": mark("waits for a yes")}
CHANGED = mark("The version is in service. What it said last shows now, and a new prediction with it has been started.")


def banners(screen: Screen) -> None:
    """What is wrong with the models in service: a damaged version that was stepped over, one that may have seen the answers."""
    for predictor in data.ask(trust.stepped_back):
        name = texts.label(screen.t, names.PREDICTORS, predictor)
        st.error(
            screen.t("The newest version of “{model}” is damaged, so an earlier one serves. Train again to replace it.", model=md(name))
        )

    for asked in data.ask(trust.suspected):
        _suspected(screen, asked)


def waiting(screen: Screen) -> None:
    """What the gate asks a person, with its reasons; a yes or a no for those who may."""
    t = screen.t
    for asked in data.ask(trust.waiting):
        name = texts.label(t, names.PREDICTORS, asked["predictor"])
        with st.container(border=True, key=f"review-{asked['predictor']}"):
            version = md(asked["release_id"][-SHORT:])
            st.markdown(
                f":orange-badge[{t('waits for a yes')}] " + t("**{model}**: new version {version}", model=md(name), version=version)
            )
            for check in asked["checks"]:
                if check["verdict"] != OK:
                    st.markdown(f"- {md(sentence(screen, check))}")
            st.caption(t("Until somebody answers, the version before serves. Look at the numbers of both before you say yes."))
            if guard.may(screen.user, actions_models.RIGHT):
                with st.container(horizontal=True):
                    act, kept = partial(actions_models.say_yes, asked["id"]), partial(actions_models.say_no, asked["id"])
                    with_reason(screen, t("Yes, use it"), f"yes-{asked['id']}", act, CHANGED)
                    with_reason(screen, t("No, keep the present one"), f"no-{asked['id']}", kept, mark("The present version stays."))


def decisions(screen: Screen) -> None:
    """What the last training decided about each model, and why, in words."""
    t, f, zone = screen.t, screen.f, settings().timezone
    said = data.ask(trust.last_verdicts)
    rows = []
    for name, _ in PREDICTORS:
        row = said.get(name)
        if row is None:
            continue
        held = [sentence(screen, check) for check in row["checks"] if check["verdict"] != OK]
        fine = [sentence(screen, check) for check in row["checks"] if check["verdict"] == OK]
        moment = f.day(clock.local(row["at"], zone))
        model = texts.label(t, names.PREDICTORS, name)
        rows.append({"model": model, "state": t(STATES[row["state"]]), "at": moment, "why": " ".join(held or fine[:1])})
    if not rows:
        return
    st.subheader(t("What the last training decided"), anchor=False, help=term(t, "gate"))
    columns = [
        Column("model", t("Model")), Column("state", t("The new version")), Column("why", t("Why"), width="large"), Column("at", t("Day"))
    ]  # fmt: skip
    tables.show(screen, pd.DataFrame(rows), columns, alt=t("What the last training decided about each model"), key="decisions")


def versions_of(screen: Screen, predictor: str) -> None:
    """The versions of a model on disk, newest first: made when, from which data, how well it did; one press puts another into service."""
    t = screen.t
    try:
        shelf = actions_models.shelf()
    except ReleaseError as error:
        st.warning(md(str(error)))
        return
    history = data.ask(trust.served, predictor)
    serving = history[0] if history else None
    may = guard.may(screen.user, actions_models.RIGHT)
    if may and len(history) > 1:
        label = t("Back to the previous one ({version})", version=history[1][-SHORT:])
        with_reason(screen, label, f"back-{predictor}", partial(actions_models.go_back, predictor), CHANGED)
    for release_id in choosing.available(shelf, predictor):
        release = describe_release(shelf.models, release_id, shelf.key)
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"version-{predictor}-{release_id}"):
            with st.container(width="stretch", gap=None):
                badge = f" :green-badge[{t('in service')}]" if release_id == serving else ""
                st.markdown(f"**{md(release_id[-SHORT:])}**{badge} · {md(_made(screen, release))}")
                st.caption(md(_promise(screen, release, predictor)))
            if may and release_id != serving:
                use = partial(actions_models.use_release, predictor, release_id)
                with_reason(screen, t("Use this version"), f"use-{predictor}-{release_id}", use, CHANGED)


def with_reason(screen: Screen, label: str, name: str, act: Any, done: str) -> None:
    """A button that asks why before it does something; the reason is kept with the change."""
    t, key = screen.t, f"why-{name}-{presses.number(name)}"
    with st.popover(label, key=f"ask-{name}-{presses.number(name)}"):
        st.text_input(t("Why? It is kept with the change."), key=key, max_chars=LONGEST_NOTE)
        presses.button(t("Do it"), name, lambda: act(str(st.session_state.get(key) or "")), done, strong=True)


def sentence(screen: Screen, reason: dict[str, Any]) -> str:
    """A reason of the gate in the reader's language."""
    return gate.say(screen.f, reason, partial(_name, screen))


def promotion(screen: Screen, reason: str) -> str:
    """Why a version went into service, in words; a text that is no code is shown as it is."""
    try:
        said: Any = json.loads(reason)
    except ValueError:
        return reason
    return sentence(screen, said) if isinstance(said, dict) else ""


def _suspected(screen: Screen, asked: dict[str, Any]) -> None:
    """A version that serves although it is too good to be true, until somebody says that it is right."""
    t = screen.t
    name = texts.label(t, names.PREDICTORS, asked["predictor"])
    with st.container(border=True, key=f"suspected-{asked['predictor']}"):
        st.error(
            t("“{model}” is too good to be true: do not rely on it before somebody has looked at the data.", model=md(name)),
            icon=":material/warning:",
        )
        for check in asked["checks"]:
            if check["verdict"] != OK:
                st.markdown(f"- {md(sentence(screen, check))}")
        st.caption(t("It serves because it is the first version: there is no other. Once the data is mended, train again."))
        if guard.may(screen.user, actions_models.RIGHT):
            act = partial(actions_models.believe, asked["id"])
            with_reason(screen, t("I looked at it: it is right"), f"believe-{asked['id']}", act, mark("Kept, with your reason."))


def _name(screen: Screen, kind: str, name: str) -> str:
    """The words for a measure, a figure, a table or a segment."""
    t = screen.t
    if kind == "figure":
        return t(records.METRICS[name][0]) if name in records.METRICS else name
    if kind == "segment":
        return texts.weekday(screen.f, name) if name in texts.WEEKDAYS else name
    return texts.label(t, records.MEASURES if kind == "measure" else texts.TABLES, name)


def _made(screen: Screen, release: Release) -> str:
    made = clock.local(release.created_at, settings().timezone)
    return screen.t("trained {day}, data up to {as_of}", day=screen.f.day(made), as_of=screen.f.day(release.as_of))


def _promise(screen: Screen, release: Release, predictor: str) -> str:
    """How well it did in its own checks, beside the simple rule: the main measure."""
    t, f = screen.t, screen.f
    told = next(iter(release.metrics.get(predictor, {}).items()), None)
    if told is None:
        return t(texts.TOO_SHORT)
    measure, score = told
    metric = str(score["metric"])
    write = f.percent if metric in records.SHARES else partial(f.number, digits=2)
    said = {"measure": _name(screen, "measure", measure), "figure": _name(screen, "figure", metric)}
    return t("{measure}, {figure}: {value} (simple rule: {rule})", **said, value=write(score["value"]), rule=write(score["baseline"]))
