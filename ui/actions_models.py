"""What a screen can change about the models in service. Each act asks for the right by itself and leaves an audit row."""

import logging

from ml.jobs.running import request_job
from ml.store import choosing
from ml.store.pointers import mirror
from ml.store.releases import ReleaseError, signing_key
from ui.actions import REFRESH, Write, writing
from ui.store_access import settings, store

RIGHT = "releases"
log = logging.getLogger(__name__)


def use_release(predictor: str, release_id: str, note: str) -> None:
    """Put a version into service; what it said last shows at once, and a refresh with it is queued. Raises Refused."""
    with writing(RIGHT) as write:
        choosing.use(write.conn, shelf(), predictor, release_id, _by(write, note))
    _afterwards(write)


def go_back(predictor: str, note: str) -> None:
    """Put the version that served before back into service, as `use_release` does. Raises Refused."""
    with writing(RIGHT) as write:
        choosing.go_back(write.conn, shelf(), predictor, _by(write, note))
    _afterwards(write)


def say_yes(verdict_id: int, note: str) -> None:
    """Put into service what the gate asked about, as `use_release` does. Raises Refused."""
    with writing(RIGHT) as write:
        choosing.say_yes(write.conn, shelf(), verdict_id, _by(write, note))
    _afterwards(write)


def say_no(verdict_id: int, note: str) -> None:
    """Keep the version in service where the gate asked. Raises Refused."""
    with writing(RIGHT) as write:
        choosing.say_no(write.conn, verdict_id, _by(write, note))


def believe(verdict_id: int, note: str) -> None:
    """Say that a version under a warning was looked at and is right. Raises Refused."""
    with writing(RIGHT) as write:
        choosing.believe(write.conn, verdict_id, _by(write, note))


def shelf() -> choosing.Shelf:
    """Where the releases lie. Raises ReleaseError without a signing key."""
    return choosing.Shelf(settings().models_folder, signing_key(settings()))


def _by(write: Write, note: str) -> choosing.By:
    return choosing.By(write.user.email, write.now, note)


def _afterwards(write: Write) -> None:
    """The mirror for people and backups, and a refresh: neither may undo what was decided."""
    try:
        with store().connect() as connection:
            mirror(connection, settings().models_folder)
    except ReleaseError as error:
        log.error("%s It is repaired at the next start.", error)
    request_job(settings(), store(), REFRESH, requested_by=write.user.email)
