"""The pieces a screen is built of: its head, the row of headline numbers, sentences that lead on."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui import registry
from ui.format import md

CARD_PIXELS = 150
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


def leads(entries: Sequence[Lead]) -> None:
    """Sentences, each a link to the screen it speaks of."""
    signs = {"": "", "good": ":green[●] ", "late": ":orange[▲] ", "old": ":red[■] "}
    with st.container(border=True, gap="small", key="leads"):
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
