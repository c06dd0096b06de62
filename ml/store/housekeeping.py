"""Tidying up, once a day: what is older than it is kept is removed from the store and the disk. Nothing in service is ever touched."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ml import clock
from ml.settings import Settings
from ml.store import backup, outbox, verdicts
from ml.store.customer_rows import refill_older
from ml.store.engine import begin_write
from ml.store.pointers import in_service, pointed_releases
from ml.store.preferences import Preferences
from ml.store.realities import forget_drift
from ml.store.releases import ReleaseError, list_releases, remove_release, remove_unfinished
from ml.store.schema import login_attempts, predictions, sessions
from ml.store.values import load_preferences

SESSIONS_KEPT = timedelta(days=30)
ATTEMPTS_KEPT = timedelta(days=90)
LOGS_KEPT = timedelta(days=180)
REPORTS_KEPT = timedelta(days=730)
DRIFT_KEPT = timedelta(days=730)
PREDICTIONS_KEPT = timedelta(days=730)
EVERY_DAY_KEPT = timedelta(days=120)  # older answers about customers: one a week is enough for the record
Say = Callable[[str], None]


def run(
    settings: Settings,
    store: sa.Engine,
    *,
    run_id: int,  # noqa: ARG001 - of the form of every job
    say: Say,
    finish: Callable[[sa.Connection, dict[str, Any]], None] | None = None,
    **_options: Any,
) -> None:
    """The job: tables in one transaction with the end of the run, then files; a file that resists is said and left for tomorrow."""
    now = clock.utc_now()
    with store.connect() as connection:
        chosen = load_preferences(connection)
        spare = releases_to_remove(connection, settings.models_folder, chosen.kept_releases)
    done = tidy_files(settings, spare, chosen, now, say)
    with begin_write(store) as connection:
        done |= tidy_tables(connection, chosen, now)
        if finish is not None:
            finish(connection, {name: {"state": "done", "reason": str(count)} for name, count in done.items()})
    say(", ".join(f"{name}: {count}" for name, count in done.items() if count) or "Nothing was old enough to be removed.")


def tidy_tables(connection: sa.Connection, chosen: Preferences, now: datetime) -> dict[str, int]:
    """Remove old rows; table -> how many."""
    ended = sa.or_(sessions.c.expires_at < now - SESSIONS_KEPT, sessions.c.revoked_at < now - SESSIONS_KEPT)
    customers = (predictions.c.entity_type == "customer") & (predictions.c.as_of < (now - EVERY_DAY_KEPT).date())
    kept_days = _one_a_week(connection, (now - EVERY_DAY_KEPT).date())
    done = {
        "sessions": connection.execute(sa.delete(sessions).where(ended)).rowcount,
        "login_attempts": connection.execute(sa.delete(login_attempts).where(login_attempts.c.at < now - ATTEMPTS_KEPT)).rowcount,
        "messages": outbox.purge(connection, now, chosen.message_keep_days),
        "input_drift": forget_drift(connection, now - DRIFT_KEPT),
        "predictions": connection.execute(sa.delete(predictions).where(predictions.c.as_of < (now - PREDICTIONS_KEPT).date())).rowcount
        + connection.execute(sa.delete(predictions).where(customers, predictions.c.as_of.not_in(kept_days))).rowcount,
    }
    refill_older(connection, (now - EVERY_DAY_KEPT).date())
    return done


def tidy_files(settings: Settings, spare: Iterable[str], chosen: Preferences, now: datetime, say: Say) -> dict[str, int]:
    """Remove releases, backups, logs and reports beyond what is kept; kind -> how many."""
    removed = 0
    for release_id in spare:
        try:
            remove_release(settings.models_folder, release_id)
            removed += 1
        except ReleaseError as error:
            say(str(error))
    remove_unfinished(settings.models_folder)
    return {
        "releases": removed,
        "backups": len(backup.prune(settings.home / backup.FOLDER, chosen.kept_backups)),
        "logs": _remove_old(settings.home / "logs", "*.log", now - LOGS_KEPT, say),
        "reports": _remove_old(settings.home / "reports", "*.md", now - REPORTS_KEPT, say),
    }


def releases_to_remove(connection: sa.Connection, models: Path, keep: int) -> list[str]:
    """The releases beyond the newest `keep` that neither serve, nor are the step back of any predictor, nor wait for a person's yes."""
    needed = {row["release_id"] for row in verdicts.waiting(connection).values()}
    for predictor in in_service(connection):
        needed |= set(pointed_releases(connection, predictor)[:2])
    return [release_id for release_id in list_releases(models)[keep:] if release_id not in needed]


def _one_a_week(connection: sa.Connection, before: Any) -> list[Any]:
    days = connection.execute(sa.select(predictions.c.as_of).where(predictions.c.as_of < before).distinct()).scalars()
    last = {day.isocalendar()[:2]: day for day in sorted(days)}
    return list(last.values())


def _remove_old(folder: Path, pattern: str, before: datetime, say: Say) -> int:
    removed = 0
    for path in folder.glob(pattern):
        try:
            if datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(tzinfo=None) < before:
                path.unlink()
                removed += 1
        except OSError as error:
            say(f"{path.name} could not be removed ({error.strerror}).")
    return removed
