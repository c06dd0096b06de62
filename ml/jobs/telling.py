"""Who is told of a run's start, end and failure: `ml.notify.runs`, within the transaction that writes the same into the ledger.

A fault there costs the message, never the run: it is undone to a savepoint and logged.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol, cast

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ml.jobs import find_job
from ml.settings import Settings
from ml.store.run_history import expected_seconds, get_run
from ml.store.runs import Claim

log = logging.getLogger(__name__)


class Listener(Protocol):
    """What `ml.notify.runs` offers. `run` is the ledger's row, moments are naive UTC; messages are put into the outbox of `connection`."""

    def started(
        self, connection: sa.Connection, settings: Settings, run: Mapping[str, Any], expected_seconds: float | None, now: datetime
    ) -> None:
        """The first attempt of a run begins; it usually takes that long (None: it never ran)."""

    def done(
        self, connection: sa.Connection, settings: Settings, run: Mapping[str, Any], outcome: Mapping[str, Any], now: datetime
    ) -> None:
        """The run is done, with the outcomes its function gave to `finish`."""

    def failed(
        self, connection: sa.Connection, settings: Settings, run: Mapping[str, Any], error: str, log_tail: str, now: datetime
    ) -> None:
        """The last attempt is lost."""


def listener() -> Listener:
    """Who listens."""
    from ml.notify import runs  # loads pandas, which a tick without news does not need

    return cast(Listener, runs)


def tell_started(connection: sa.Connection, settings: Settings, claim: Claim, now: datetime) -> None:
    """Tell of the start of an announced run's first attempt."""
    if claim.attempt == 1 and find_job(claim.job).is_announced:
        _tell(
            connection, claim.run_id, lambda who, run: who.started(connection, settings, run, expected_seconds(connection, claim.job), now)
        )


def tell_done(connection: sa.Connection, settings: Settings, claim: Claim, outcome: Mapping[str, Any], now: datetime) -> None:
    """Tell of the end of an announced run."""
    if not find_job(claim.job).is_announced:
        return
    _tell(connection, claim.run_id, lambda who, run: who.done(connection, settings, run, outcome, now))


def tell_failed(connection: sa.Connection, settings: Settings, run_id: int, error: str, log_tail: str | None, now: datetime) -> None:
    """Tell of a run that has failed for good."""
    _tell(connection, run_id, lambda who, run: who.failed(connection, settings, run, error, log_tail or "", now))


def _tell(connection: sa.Connection, run_id: int, call: Any) -> None:
    run = get_run(connection, run_id)
    if run is None or (run["options"] or {}).get("dry_run"):
        return
    try:
        with connection.begin_nested():
            call(listener(), run)
    except Exception as error:  # noqa: BLE001 - a message that cannot be written must not cost the run
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise  # the store itself is gone: the run's own write must see it
        log.exception("No message could be written about run %s of %s.", run_id, run["job"])
