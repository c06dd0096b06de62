"""What needs a person: a model that got worse, a damaged release, a review that waits. One message a key, to the technical readers."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from ml.evaluation.candidate import Candidate
from ml.evaluation.promotion import sentence
from ml.i18n import mark, names, translator
from ml.notify.audience import app_link, letters, readers
from ml.notify.messages import Link, Message, clean
from ml.settings import Settings
from ml.store import outbox


class Alert(NamedTuple):
    """A kind of alert: its title, what to do, and the screen it leads to; texts are msgids with places."""

    code: str
    title: str
    advice: str
    page: str


ALERTS: tuple[Alert, ...] = (
    Alert(
        "release_damaged", mark("A stored model is damaged: {predictor}"),
        mark("The version before serves. Look at the disk, then train again."), "models",
    ),
    Alert(
        "model_worse", mark("A model does worse than promised: {predictor}"),
        mark("For two periods in a row its errors were larger than in its record. Look at the Models screen, and train again."), "models",
    ),
    Alert(
        "needs_review", mark("A newly trained model waits for a person: {predictor}"),
        mark("Something about it is unusual. The Models screen says what; put it into service there, or leave it."), "models",
    ),
    Alert(
        "leak_suspected", mark("Do not rely on it yet: the first version of {predictor} is too good to be true"),
        mark("It may have seen the answers. Look at the data and the Models screen, then train again, or say that it is right."), "models",
    ),
    Alert(
        "source_silent", mark("The company's database does not answer"),
        mark("The last copy serves, and what is shown grows old. Look at the connection."), "operations",
    ),
)  # fmt: skip


class UnknownAlert(LookupError):
    """There is no such alert; the sentence names the known ones."""


def alert(
    connection: sa.Connection, settings: Settings, code: str, params: Mapping[str, Any], *, key: str, now: datetime, detail: str = ""
) -> int:
    """Tell the technical readers, within the caller's transaction; returns how many messages were written (0: this key was told before).

    `params` fill the places of the title (`predictor` by its name); `detail` is one more sentence in plain words. Raises UnknownAlert.
    """
    known = next((entry for entry in ALERTS if entry.code == code), None)
    if known is None:
        raise UnknownAlert(f"There is no alert {code!r}; known are {', '.join(entry.code for entry in ALERTS)}.")
    told = {name: clean(value) for name, value in params.items()}

    def make(language: str) -> Message:
        t = translator(language)
        named = {name: t(names.PREDICTORS.get(value, value)) if name == "predictor" else value for name, value in told.items()}
        title = t(known.title, **named) if named else t(known.title)
        sentences = tuple(filter(None, (clean(detail), t(known.advice))))
        link = Link(t("Open the app"), app_link(settings, known.page))
        return Message("alert", language, title, sentences, (title, *sentences), link=link, facts={"code": code, **told})

    return outbox.enqueue(connection, letters(readers(connection, settings, "technical"), make, key=f"alert:{code}:{key}"), now=now)


def about_models(
    connection: sa.Connection, settings: Settings, candidates: Iterable[Candidate], worse: Iterable[str], *, run_id: int, now: datetime
) -> int:
    """Tell of models that are damaged, wait for a person or serve under a warning after a run, and of those in `worse` (than promised).

    A damaged release is told once, a waiting model once a run, a worse one once a month; returns how many messages were written.
    """
    written = 0
    for candidate in candidates:
        damaged = " ".join(candidate.before.problems) if candidate.before else (candidate.failure or "") if candidate.is_damaged else ""
        found = [("release_damaged", f"{candidate.name}:{candidate.pointed}", damaged)] if damaged else []
        if candidate.decision is not None and candidate.decision.state == "review":
            found.append(("needs_review", f"{candidate.name}:{run_id}", candidate.fate["reason"] or ""))
        if candidate.promoted and candidate.decision is not None and candidate.decision.warnings:
            told = " ".join(sentence(reason) for reason in candidate.decision.warnings)
            found.append(("leak_suspected", f"{candidate.name}:{run_id}", told))
        for code, key, detail in found:
            written += alert(connection, settings, code, {"predictor": candidate.name}, key=key, now=now, detail=detail)
    for name in sorted(set(worse)):
        written += alert(connection, settings, "model_worse", {"predictor": name}, key=f"{name}:{now:%Y-%m}", now=now)
    return written
