"""The pieces a screen is built of: its head, the row of headline numbers, sentences that lead on."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ml.i18n import Translator
from ui import registry
from ui.format import md

CARD_PIXELS = 150
CHOOSER = '[data-testid="stFileUploaderDropzone"]'
MOST_CARDS = 4


class Card(NamedTuple):
    """A headline number. `delta` is a signed change ("+12 %") against `against`; `note` stands there instead where nothing changed."""

    label: str
    value: str
    delta: str | None = None
    against: str | None = None
    note: str | None = None
    help: str | None = None
    trend: Sequence[float] | None = None


class Lead(NamedTuple):
    """A sentence that leads to a screen. `text` is markdown with its parts already made safe."""

    text: str
    page: str
    query: dict[str, str] | None = None
    sign: Literal["", "good", "late", "old"] = ""


def file_chooser(t: Translator, label: str, endings: Sequence[str], *, key: str, shows_label: bool = True) -> UploadedFile | None:
    """A field for one file. Streamlit's own words on it are English in every language: the button says ours, limits stand in the label."""
    st.html(f'<style>{CHOOSER} button p::after {{ content: "{t("Choose a file")}"; font-size: 0.9rem; }}</style>')
    return st.file_uploader(label, type=list(endings), key=key, label_visibility="visible" if shows_label else "collapsed")


def title_row() -> tuple[DeltaGenerator, DeltaGenerator]:
    """A row with the place of the title on the left and of one control on the right; on a phone the control moves below."""
    row = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
    return row.container(width="content"), row.container(width="content")


def cards(entries: Sequence[Card]) -> None:
    """At most four headline numbers in a row that folds to two by two on a phone."""
    with st.grid(min(len(entries), MOST_CARDS), min_column_width=CARD_PIXELS):
        for entry in entries[:MOST_CARDS]:
            st.metric(
                md(entry.label),
                md(entry.value),
                delta=entry.delta or (md(entry.note) if entry.note else None),
                delta_color="normal" if _moved(entry.delta) else "off",
                delta_arrow=_arrow(entry.delta),
                delta_description=entry.against if entry.delta else None,
                help=entry.help,
                chart_data=list(entry.trend) if entry.trend is not None and len(entry.trend) > 1 else None,
                border=True,
                height="stretch",
            )


def leads(entries: Sequence[Lead], key: str = "leads") -> None:
    """Sentences, each a link to the screen it speaks of. `key` begins with "leads"."""
    signs = {"": "", "good": ":green[●] ", "late": ":orange[▲] ", "old": ":red[■] "}
    with st.container(border=True, gap="small", key=key):
        for entry in entries:
            page = registry.page(entry.page)
            st.page_link(
                page.path, label=signs[entry.sign] + entry.text, icon=page.icon, query_params=entry.query, help="", width="stretch"
            )


def _moved(delta: str | None) -> bool:
    return bool(delta) and str(delta)[0] in "+-"


def _arrow(delta: str | None) -> Literal["up", "down", "off"]:
    if not _moved(delta):
        return "off"
    return "down" if str(delta).startswith("-") else "up"
