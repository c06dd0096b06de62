"""Which release is in service: one row of `release_pointer` per change, the highest `seq` of a predictor counts.

The table is the truth. `models/current.json` mirrors it for people and backups, and is repaired from it at start.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from ml.store.releases import ReleaseError, load_predictor, write_synced_json
from ml.store.schema import release_pointer

CURRENT = "current.json"


class Served(NamedTuple):
    """A predictor ready to answer: from which release, and what was wrong with newer ones (one sentence each)."""

    predictor: Any
    release_id: str
    problems: tuple[str, ...]


def in_service(connection: sa.Connection) -> dict[str, str]:
    """Predictor name -> id of the release in service."""
    newest = (
        sa.select(release_pointer.c.predictor, sa.func.max(release_pointer.c.seq).label("seq"))
        .group_by(release_pointer.c.predictor)
        .subquery()
    )
    rows = connection.execute(
        sa.select(release_pointer.c.predictor, release_pointer.c.release_id).join(
            newest, (release_pointer.c.predictor == newest.c.predictor) & (release_pointer.c.seq == newest.c.seq)
        )
    )
    return dict(rows.all())


def pointer_history(connection: sa.Connection, predictor: str | None = None) -> list[dict[str, Any]]:
    """Every change of what is in service, newest first: predictor, seq, release_id, run_id, at, by, reason ({"code", "params"})."""
    query = sa.select(release_pointer).order_by(release_pointer.c.at.desc(), release_pointer.c.seq.desc())
    if predictor is not None:
        query = query.where(release_pointer.c.predictor == predictor)
    return [{**row, "reason": json.loads(row["reason"])} for row in connection.execute(query).mappings()]


def point_to(
    connection: sa.Connection,
    predictor: str,
    release_id: str,
    *,
    at: datetime,
    by: str,
    reason: Mapping[str, Any],
    run_id: int | None = None,
) -> int:
    """Put a release into service for one predictor, within the caller's transaction; returns the new seq.

    The release's files must be complete and synced, and its predictions written in the same transaction. `reason` is a code with params.
    """
    highest = connection.execute(sa.select(sa.func.max(release_pointer.c.seq)).where(release_pointer.c.predictor == predictor)).scalar()
    seq = (highest or 0) + 1
    connection.execute(
        sa.insert(release_pointer).values(
            predictor=predictor,
            seq=seq,
            release_id=release_id,
            run_id=run_id,
            at=at,
            by=by,
            reason=json.dumps(reason, ensure_ascii=False, sort_keys=True, default=str),
        )
    )
    return seq


def serve(connection: sa.Connection, models: Path, predictor: str, key: str) -> Served:
    """The predictor of the release in service, or of the newest earlier release of that predictor that is whole.

    Raises ReleaseError when the predictor has no release, or none that can be verified.
    """
    candidates = pointed_releases(connection, predictor)
    if not candidates:
        raise ReleaseError(f"There is no release of {predictor} in service yet: run `python -m ml retrain`.")
    problems: list[str] = []
    for release_id in candidates:
        try:
            return Served(load_predictor(models, release_id, predictor, key), release_id, tuple(problems))
        except ReleaseError as error:
            problems.append(str(error))
    raise ReleaseError(f"No release of {predictor} can be used: {' '.join(problems)} Run `python -m ml retrain`.")


def pointed_releases(connection: sa.Connection, predictor: str) -> list[str]:
    """The releases that were or are in service for a predictor, the current one first, each once."""
    query = sa.select(release_pointer.c.release_id).where(release_pointer.c.predictor == predictor).order_by(release_pointer.c.seq.desc())
    return list(dict.fromkeys(connection.execute(query).scalars()))


def mirror(connection: sa.Connection, models: Path) -> dict[str, str]:
    """Make `models/current.json` say what the table says; returns predictor -> release. Raises ReleaseError when the disk refuses."""
    serving = in_service(connection)
    path = models / CURRENT
    try:
        kept = json.loads(path.read_bytes())
    except (OSError, ValueError):
        kept = None
    if kept != serving and (serving or kept is not None):
        try:
            write_synced_json(path, serving)
        except OSError as error:
            raise ReleaseError(f"{path} cannot be written ({error.strerror}).") from None
    return serving
