"""The parts of the Models screen: each model's state, the versions, what was found in the data."""

from typing import Any

import pandas as pd
import streamlit as st

from ml import clock
from ml.i18n import names
from ml.predictors import PREDICTORS
from ml.queries import record, trust
from ml.source import finding_texts
from ml.source.findings import Finding, finding_from
from ui import data, model_choice, records, states, texts
from ui.format import md
from ui.glossary import term
from ui.screen import Screen
from ui.store_access import settings
from ui.tables import Column


def model(screen: Screen, predictor: str) -> None:
    """One model: what it answers, whether it beats the simple rule, its record in words, since when it is in service."""
    t, service = screen.t, screen.services.get(predictor)
    with st.container(border=True, gap="xsmall", height="stretch"):
        st.markdown(f"**{md(texts.label(t, names.PREDICTORS, predictor))}** {_badge(screen, predictor)}")
        st.caption(t(texts.QUESTIONS[predictor]))
        if service is None:
            states.unavailable(screen, predictor)
            return
        frame = screen.read(record.scores, service)
        said = records.sentence(screen, predictor, frame)
        st.markdown(md(said) if said else t(texts.UNJUDGED.get(predictor, texts.TOO_SHORT)))
        since = clock.local(service.since, settings().timezone)
        st.caption(t("In service since {day} · version {version}", day=md(screen.f.day(since)), version=md(service.release_id[-8:])))
        records.details(screen, service, frame)


def model_names(screen: Screen) -> dict[str, str]:
    """The models in service: predictor -> name."""
    return {name: texts.label(screen.t, names.PREDICTORS, name) for name, _ in PREDICTORS if name in screen.services}


def releases(screen: Screen) -> tuple[pd.DataFrame, list[Column]]:
    """The versions put into service, newest first, and how they are listed."""
    t, f, zone = screen.t, screen.f, settings().timezone
    frame = screen.read(record.releases)
    rows = frame.assign(
        model=[texts.label(t, names.PREDICTORS, name) for name in frame["predictor"]],
        since=[f.moment(clock.local(moment, zone)) for moment in frame["at"]],
        version=[str(release)[-8:] for release in frame["release_id"]],
        state=[t("in service") if serving else "" for serving in frame["in_service"]],
        why=[model_choice.promotion(screen, reason) for reason in frame["reason"]],
    )
    columns = [
        Column("model", t("Model")), Column("version", t("Version"), help=term(t, "version")), Column("since", t("Since")),
        Column("state", t("State")), Column("why", t("Why"), width="large"),
    ]  # fmt: skip
    return rows, columns


def findings(screen: Screen) -> tuple[pd.DataFrame, list[Column]]:
    """What the last reading found in the data, most rows first, and how it is listed."""
    t = screen.t
    found = screen.reading.findings if screen.reading else []
    rows = pd.DataFrame(
        [_finding(screen, finding_from(values)) for values in found], columns=["table", "what", "count", "done", "examples"]
    )
    columns = [
        Column("what", t("What was found"), width="large"), Column("count", t("Rows"), "number"), Column("table", t("Where")),
        Column("done", t("What was done")), Column("examples", t("Examples")),
    ]  # fmt: skip
    shown = columns[:-1] if screen.masked else columns
    return rows.sort_values("count", ascending=False), shown


def _finding(screen: Screen, finding: Finding) -> dict[str, Any]:
    t = screen.t
    text = finding_texts.FINDINGS.get(finding.code, finding.code.replace("_", " "))
    return {
        "table": texts.label(t, texts.TABLES, finding.table),
        "what": t(text, **finding_texts.places(finding)),
        "count": finding.count,
        "done": texts.label(t, finding_texts.ACTIONS, finding.action),
        "examples": ", ".join(finding.examples),
    }


def _badge(screen: Screen, predictor: str) -> str:
    t, service = screen.t, screen.services.get(predictor)
    if service is None:
        return f":gray-badge[{t('not in service')}]"
    if any(row["predictor"] == predictor for row in data.ask(trust.suspected)):
        return f":red-badge[{t('do not rely on it yet')}]"
    verdict = records.better(screen.read(record.verdicts, service))
    if verdict is None:
        return f":gray-badge[{t('not checked yet')}]"
    return f":green-badge[{t('better than the simple rule')}]" if verdict else f":orange-badge[{t('not better than the simple rule')}]"


def nothing_at_all(screen: Screen) -> bool:
    """Whether no model is in service; says so."""
    if screen.services:
        return False
    states.nothing_yet(screen, "demand", screen.t("Here you see how well each model did beside the simple rule, and its versions."))
    return True
