"""What is said of runs: a training begins, ends with its scores, or fails; any other job that fails for good."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from ml.i18n import Translator, mark, names, translator
from ml.i18n.figures import Formatter
from ml.notify.audience import app_link, letters, readers
from ml.notify.messages import Link, Message, Table, clean, clean_lines
from ml.predictors import PREDICTORS as KNOWN
from ml.predictors import predictor_class
from ml.settings import Settings, without_secrets
from ml.store import outbox
from ml.store.schema import release_pointer, scores

TECHNICAL, TOLD_OF = "technical", "retrain"
MINUTE, LOG_LINES = 60, 25
FATES: Mapping[str, str] = {
    "promoted": mark("new version in service"), "kept": mark("version before stays"), "failed": mark("could not be trained"),
    "unavailable": mark("not available"), "review": mark("waits for a person"), "answers": mark("asked anew"),
}  # fmt: skip


class Compared(NamedTuple):
    """A measure's deciding score: as the run found it, of the release before, and of the simple rule."""

    predictor: str
    measure: str
    metric: str
    now: float | None
    before: float | None
    simple_rule: float | None


def started(connection: sa.Connection, settings: Settings, run: Mapping[str, Any], expected_seconds: float | None, now: datetime) -> int:
    """Say that a training has begun and how long the last ones took; returns how many messages were written (other jobs begin silently)."""
    if run["job"] != TOLD_OF:
        return 0

    def make(language: str) -> Message:
        t = translator(language)
        title = t("Training of the models has begun")
        told = _duration(t, settings, expected_seconds)
        expected = t("It usually takes {time}.", time=told) if told else t("It is the first one, so nobody knows how long it takes.")
        return _message(settings, t, "run_started", title, (expected,), "models")

    return _say(connection, settings, run, make, now)


def done(connection: sa.Connection, settings: Settings, run: Mapping[str, Any], outcome: Mapping[str, Any], now: datetime) -> int:
    """Say how a training ended: each model's fate with its scores against the release before; the report goes with the e-mail.

    `outcome` is each predictor's fate as the ledger keeps it: predictor -> {"state", "reason"}. The scores are those the run wrote. Other
    jobs end silently.
    """
    if run["job"] != TOLD_OF:
        return 0
    fates = {name: fate for name, fate in outcome.items() if isinstance(fate, Mapping)}
    compared = _compared(connection, int(run["id"]))

    def make(language: str) -> Message:
        t = translator(language)
        promoted = sum(fate.get("state") == "promoted" for fate in fates.values())
        title = t.plural(
            "Training done: {n} of {all} models is new", "Training done: {n} of {all} models are new", promoted, **{"all": len(fates)}
        )
        told = tuple(_fate(t, name, fate) for name, fate in fates.items())
        report = t("The report is attached, and stands under Operations, Reports.")
        table = _score_table(Formatter(t, settings.currency), compared)
        return _message(settings, t, "run_done", title, (*told, report), "models", table=table, report_of_run=int(run["id"]))

    _drop_the_start(connection, run, now)
    return _say(connection, settings, run, make, now)


def failed(connection: sa.Connection, settings: Settings, run: Mapping[str, Any], error: str, log_tail: str, now: datetime) -> int:
    """Say that a run failed for good: the step it was at, the error, and the end of its log; returns how many messages were written."""
    step = clean((run.get("progress") or {}).get("step") or "")
    said = clean(without_secrets(settings, error))

    def make(language: str) -> Message:
        t = translator(language)
        title = t("Failed: {job}", job=_named(t, names.JOBS, str(run["job"])))
        sentences = [said]
        if step:
            sentences.append(t("It was at the step: {step}", step=step))
        if run.get("attempt"):
            sentences.append(t("Tries: {n}. What was in service before stays in service.", n=run["attempt"]))
        return _message(settings, t, "run_failed", title, tuple(sentences), "operations?part=runs", log=tail)

    tail = clean_lines(without_secrets(settings, log_tail), LOG_LINES)
    _drop_the_start(connection, run, now)
    return _say(connection, settings, run, make, now)


def _say(connection: sa.Connection, settings: Settings, run: Mapping[str, Any], make: Callable[[str], Message], now: datetime) -> int:
    kind = make("en").kind
    attempt = f":{run['attempt']}" if kind == "run_failed" and run.get("attempt") else ""
    written = letters(readers(connection, settings, TECHNICAL), make, key=f"{kind}:{run['id']}{attempt}", run_id=int(run["id"]))
    return outbox.enqueue(connection, written, now=now)


def _message(settings: Settings, t: Translator, kind: str, title: str, sentences: tuple[str, ...], page: str, **more: Any) -> Message:
    link = Link(t("Open the app"), app_link(settings, page))
    return Message(kind, t.language, title, sentences, (title, *sentences[:3]), link=link, **more)


def _drop_the_start(connection: sa.Connection, run: Mapping[str, Any], now: datetime) -> None:
    """What was to say that the run begins, and still waits for the morning, says nothing any more."""
    outbox.supersede(connection, outbox.waiting_of_run(connection, int(run["id"]), "run_started"), reason="overtaken", now=now)


def _fate(t: Translator, name: str, fate: Mapping[str, Any]) -> str:
    said = f"{_named(t, names.PREDICTORS, name)}: {_named(t, FATES, str(fate.get('state')))}"
    return f"{said}. {clean(fate['reason'])}" if fate.get("reason") and fate.get("state") != "promoted" else said


def _named(t: Translator, known: Mapping[str, str], code: str) -> str:
    return t(known[code]) if code in known else code.replace("_", " ")


def _duration(t: Translator, settings: Settings, seconds: float | None) -> str:
    if seconds is None:
        return ""
    f = Formatter(t, settings.currency)
    return f"{f.number(seconds)} s" if seconds < 2 * MINUTE else f"{f.number(seconds / MINUTE)} min"


def _compared(connection: sa.Connection, run_id: int) -> list[Compared]:
    """The scores this run wrote that decide about each measure (its metric at the shortest window, over all cutoffs)."""
    table = scores.c
    deciding = {(name, measure.name): measure.metric for name, _ in KNOWN for measure in predictor_class(name).measures}
    written = connection.execute(sa.select(scores).where(table.run_id == run_id, table.cutoff.is_(None)).order_by(table.window_days)).all()
    found: dict[tuple[str, str], Compared] = {}
    for row in written:
        subject = (row.predictor, row.measure)
        if subject in found or deciding.get(subject) != row.metric:
            continue
        before = _release_before(connection, row.predictor, run_id)
        same = [table[name] == getattr(row, name) for name in ("predictor", "measure", "metric", "window_days", "population")]
        earlier = sa.select(table.value).where(table.release_id == before, table.cutoff.is_(None), *same).limit(1)
        found[subject] = Compared(*subject, row.metric, row.value, connection.execute(earlier).scalar() if before else None, row.baseline)
    return list(found.values())


def _release_before(connection: sa.Connection, predictor: str, run_id: int) -> str | None:
    """The release that was in service before this run."""
    pointer = release_pointer.c
    query = sa.select(pointer.release_id).where(pointer.predictor == predictor, pointer.run_id.is_distinct_from(run_id))
    return connection.execute(query.order_by(pointer.seq.desc()).limit(1)).scalar()


def _score_table(f: Formatter, compared: list[Compared]) -> Table | None:
    if not compared:
        return None
    t = f.t
    head = (t("Model"), t("Measure"), t("Now"), t("Before"), t("Simple rule"))
    rows = [
        (
            _named(t, names.PREDICTORS, one.predictor), f"{one.measure.replace('_', ' ')} · {one.metric}", f.number(one.now, 3),
            f.number(one.before, 3), f.number(one.simple_rule, 3),
        )
        for one in compared
    ]  # fmt: skip
    return Table(head, tuple(rows), ("left", "left", "right", "right", "right"))
