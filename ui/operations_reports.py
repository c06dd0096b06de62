"""Operations, reports: what each training of the models wrote down, to read and to take away."""

import re

import streamlit as st

from ml import clock
from ml.reports import files
from ui import actions, filters, states
from ui.screen import Screen
from ui.store_access import settings

MARKUP = re.compile(r"([\[\]<>$:~`!])")
ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)
WORD_JOINER = "\u2060"


def show(screen: Screen) -> None:
    """The reports by name; the chosen one, else the newest."""
    t, f, zone = screen.t, screen.f, settings().timezone
    known = files.reports(settings().home)
    if not known:
        st.write(t("No training has left a report yet."))
        return
    options = {
        report.name: f"{f.day(moment)} {moment:%H:%M} · {report.name}"
        for report in known
        for moment in (clock.local(report.written_at, zone),)
    }
    chosen = filters.pick(screen, t("Report"), "report", options, default=known[0].name) or known[0].name
    try:
        text = files.read_report(settings().home, chosen)
    except files.FileRefused:
        states.nothing_matches(t)
        return
    st.download_button(
        t("Download the report"),
        data=actions.export_of(screen, chosen, text.encode),
        file_name=chosen,
        mime="text/markdown",
        key="export-report",
        icon=":material/download:",
        on_click="ignore",
    )
    st.caption(t("Reports are written in English, for whoever looks after the models."))
    with st.container(border=True, key="report"):
        st.markdown(calm(text))


def calm(markdown: str) -> str:
    """A report's Markdown with tables and headings, but no link, image, HTML or formula that a name in the data could smuggle in.

    >>> calm("![x](/a) <b>")
    '\\\\!\\\\[x\\\\](/a) \\\\<b\\\\>'
    """
    return MARKUP.sub(r"\\\1", ADDRESS.sub(WORD_JOINER, markdown))
