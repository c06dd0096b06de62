"""Which release serves, as a person decides: use this one, go back to the previous one, yes or no to what the gate asked, and its
warnings."""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from ml.store import audit, verdicts
from ml.store.pointers import in_service, point_to, pointed_releases
from ml.store.refused import Refused
from ml.store.releases import ReleaseError, describe_release, list_releases, verify_predictor

LONGEST_NOTE = 300


class Shelf(NamedTuple):
    """Where releases lie and what they are signed with."""

    models: Path
    key: str


class By(NamedTuple):
    """Who decides, when (naive UTC), and why in their own words."""

    who: str
    at: datetime
    note: str


def use(connection: sa.Connection, shelf: Shelf, predictor: str, release_id: str, by: By, *, code: str = "chosen") -> str:
    """Put a release into service for one predictor, once its file is verified; returns the release that served before.

    The files are checked byte by byte, not unpickled: that takes no second. Raises Refused when there is no reason given, the release
    has no such predictor, is damaged, or serves already.
    """
    note = by.note.strip()[:LONGEST_NOTE]
    if not note:
        raise Refused("No reason was given; write in a few words why.", "reason_missing")
    before = in_service(connection).get(predictor, "")
    if before == release_id:
        raise Refused(f"The release {release_id} serves {predictor} already.", "already_serves")
    try:
        verify_predictor(shelf.models, release_id, predictor, shelf.key)
    except ReleaseError as error:
        raise Refused(str(error), "release_damaged") from error
    reason = {"code": code, "params": {"from": before, "note": note}}
    point_to(connection, predictor, release_id, at=by.at, by=by.who, reason=reason)
    audit.record(connection, by.who, "release.use", predictor, {"release": release_id, "before": before, "reason": note}, at=by.at)
    return before


def go_back(connection: sa.Connection, shelf: Shelf, predictor: str, by: By) -> str:
    """Put the release that served before the present one back into service; returns its id. Raises Refused as `use` does."""
    known = pointed_releases(connection, predictor)
    if not known:
        names = ", ".join(sorted(in_service(connection))) or "none"
        raise Refused(f"There is no release of {predictor} in service; in service are {names}.", "nothing_before")
    if len(known) == 1:
        raise Refused(f"{predictor} has only the release {known[0]}: there is none to go back to.", "nothing_before")
    earlier = known[1]
    use(connection, shelf, predictor, earlier, by, code="rollback")
    return earlier


def say_yes(connection: sa.Connection, shelf: Shelf, verdict_id: int, by: By) -> str:
    """A person looked at what the gate asked and wants the release in service; returns its id. Raises Refused as `use` does."""
    asked = verdicts.answer(connection, verdict_id, verdicts.YES, at=by.at, by=by.who, note=by.note)
    use(connection, shelf, asked["predictor"], asked["release_id"], by, code="approved")
    return str(asked["release_id"])


def say_no(connection: sa.Connection, verdict_id: int, by: By) -> None:
    """A person looked at what the gate asked and keeps what serves. Raises Refused when no reason is given or nothing waits."""
    _answer(connection, verdict_id, by, verdicts.NO, "release.refuse")


def believe(connection: sa.Connection, verdict_id: int, by: By) -> None:
    """A person looked at a release that serves under a warning and found it right. Raises Refused as `say_no` does."""
    _answer(connection, verdict_id, by, verdicts.YES, "release.believe")


def _answer(connection: sa.Connection, verdict_id: int, by: By, answer: str, action: str) -> None:
    """Keep an answer that changes nothing of what serves, with its reason."""
    if not by.note.strip():
        raise Refused("No reason was given; write in a few words why.", "reason_missing")
    asked = verdicts.answer(connection, verdict_id, answer, at=by.at, by=by.who, note=by.note)
    audit.record(connection, by.who, action, asked["predictor"], {"release": asked["release_id"], "reason": by.note}, at=by.at)


def available(shelf: Shelf, predictor: str) -> list[str]:
    """The releases on disk that hold a predictor and whose manifest is ours, newest first."""
    found = []
    for release_id in list_releases(shelf.models):
        try:
            release = describe_release(shelf.models, release_id, shelf.key)
        except ReleaseError:
            continue  # `releases verify` tells what is wrong with it; it cannot be chosen
        found += [release_id] if predictor in release.predictors else []
    return found
