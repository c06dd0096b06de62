"""Settings, setting up: what is done, what is open, and where one does it; gone once all is done."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import streamlit as st

from ml.i18n import mark
from ml.queries import administration
from ml.queries.administration import Step
from ui import blocks, data
from ui.blocks import Lead
from ui.screen import Screen
from ui.store_access import settings


class StepText(NamedTuple):
    """What is said of a step when it is done and while it is open (msgids), and where it is done: a screen and its address."""

    done: str
    open: str
    page: str
    query: Mapping[str, str]


STEPS: Mapping[str, StepText] = {
    "source": StepText(
        mark("**Your data is connected.**"),
        mark("**Connect your data.** You see the demo company, or a copy of your data: set INSIGHTS_SOURCE."),
        "settings", {"tab": "system"},
    ),
    "mapping": StepText(
        mark("**Your tables are understood.**"),
        mark("**Check what was understood of your tables.** Nothing was read yet, or some tables cannot be read: see what was found."),
        "operations", {"part": "data"},
    ),
    "vat": StepText(
        mark("**It is known whether amounts hold VAT.**"),
        mark("**Say whether your amounts are net or gross of VAT**, in the mapping. Until then money is shown as recorded."),
        "operations", {"part": "data"},
    ),
    "company": StepText(
        mark("**The company's name and logo are chosen.**"),
        mark("**Choose the name and the logo** that stand at the top of every screen."),
        "settings", {"tab": "values", "group": "company"},
    ),
    "depot": StepText(
        mark("**The depot is on the map.**"),
        mark("**Say where your vans start.** The place of the start is the centre of Santiago."),
        "settings", {"tab": "values", "group": "deliveries"},
    ),
    "costs": StepText(
        mark("**Your delivery costs are checked.**"),
        mark("**Check your delivery costs**: kilometre and hour. Routes cost what these say."),
        "settings", {"tab": "values", "group": "deliveries"},
    ),
    "calls": StepText(
        mark("**The worth of a call is checked.**"),
        mark("**Check what a call costs and a sale leaves.** They decide which calls are worth making."),
        "settings", {"tab": "values", "group": "customers"},
    ),
    "horizon": StepText(
        mark("**The silence that counts as leaving is confirmed.**"),
        mark("**Confirm after how many days of silence a customer counts as gone.** It was proposed from your data."),
        "settings", {"tab": "values", "group": "customers"},
    ),
    "colleague": StepText(
        mark("**A colleague is with you.**"), mark("**Add a first colleague.** So far you are alone here."), "settings", {"tab": "people"},
    ),
}  # fmt: skip


def steps() -> list[Step]:
    """The steps as they stand at this moment."""
    return data.ask(administration.setup_steps, is_demo=settings().is_demo)


def show(screen: Screen, known: Sequence[Step]) -> None:
    """How far it is, then each step with its sign, the open ones first, each a link to where it is done."""
    t, done = screen.t, sum(step.done for step in known)
    st.progress(done / len(known), text=t("{done} of {all} steps are done", done=screen.f.number(done), all=screen.f.number(len(known))))
    ordered = sorted(known, key=lambda step: step.done)
    blocks.leads([_lead(screen, step) for step in ordered])


def _lead(screen: Screen, step: Step) -> Lead:
    text = STEPS[step.name]
    return Lead(screen.t(text.done if step.done else text.open), text.page, dict(text.query), "good" if step.done else "late")
