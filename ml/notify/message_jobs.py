"""The flow of a message job: compose, write the letters and the end of the run in one transaction; or only say what would be sent."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from ml import clock
from ml.i18n import translator
from ml.i18n.figures import Formatter
from ml.notify.audience import Address, letters, readers
from ml.notify.messages import Message
from ml.reports.journal import Say, open_journal
from ml.settings import Settings
from ml.store import audit, outbox
from ml.store.engine import begin_write

SYSTEM = "system"
Finish = Callable[[sa.Connection, dict[str, Any]], None]
Compose = Callable[[sa.Connection, Settings, Formatter], Message | None]
Planned = list[tuple[Address, Message | None]]
Effects = Callable[[sa.Connection, Settings, int], None]


@dataclass(frozen=True)
class MessageJob:
    """A job that tells people something. `compose` gives the message in the formatter's language, None when there is nothing to tell;
    `effects` is what the run does besides, in the same transaction."""

    name: str
    compose: Compose
    effects: Effects | None = None


class NothingPredicted(RuntimeError):
    """A message cannot be composed because there are no predictions; the sentence says what to run."""


def run_message_job(
    job: MessageJob, settings: Settings, store: sa.Engine, *, run_id: int, say: Say, finish: Finish | None, dry_run: bool = False
) -> dict[str, Any]:
    """Compose and put into the outbox, or (dry run) only say what would be sent; returns what came of it, as `finish` is told.

    Raises NothingPredicted when there are no predictions to speak of.
    """
    with open_journal(settings.home / "logs", job.name, run_id, say, clock.utc_now()) as journal:
        with store.connect() as connection:
            planned = plan(connection, settings, job)
        with begin_write(store) as connection:
            came = _say_so(planned) if dry_run else _tell(job, connection, settings, planned, run_id)
            if finish is not None:
                finish(connection, {"message": came})
        journal.note(f"{came['state']}: {came['letters']} letters ({', '.join(came['to']) or 'nobody'})")
    return came


def plan(connection: sa.Connection, settings: Settings, job: MessageJob) -> Planned:
    """Who would get which message now; nothing is written."""
    composed: dict[str, Message | None] = {}
    found: Planned = []
    for one in readers(connection, settings, job.name):
        if one.language not in composed:
            composed[one.language] = compose_in(connection, settings, job, one.language)
        found.append((one, composed[one.language]))
    return found


def compose_in(connection: sa.Connection, settings: Settings, job: MessageJob, language: str) -> Message | None:
    """The message of a job as it would be sent now, in a language; None when there is nothing to tell."""
    message = job.compose(connection, settings, Formatter(translator(language), settings.currency))
    return replace(message, language=language) if message else None


def _tell(job: MessageJob, connection: sa.Connection, settings: Settings, planned: Planned, run_id: int) -> dict[str, Any]:
    """Write the letters, or the line that there was nothing to tell."""
    if job.effects:
        job.effects(connection, settings, run_id)
    told = {one.language: message for one, message in planned if message}
    if not told:
        audit.record(connection, SYSTEM, "message.nobody", job.name, {"run": run_id}, at=clock.utc_now())
        return _came("nobody", [])
    readers_now = [one for one, message in planned if message]
    written = letters(readers_now, told.__getitem__, key=f"{job.name}:{run_id}", run_id=run_id)
    outbox.enqueue(connection, written, now=clock.utc_now())
    return _came("kept" if all(letter.kept for letter in written) else "queued", readers_now)


def _say_so(planned: Planned) -> dict[str, Any]:
    """What a dry run says: to whom what would be sent."""
    readers_now = [one for one, message in planned if message]
    return _came("dry_run" if readers_now else "nobody", readers_now)


def _came(state: str, to: list[Address]) -> dict[str, Any]:
    return {"state": state, "reason": None, "letters": len(to), "to": sorted(f"{one.channel} {one.masked}".strip() for one in to)}
