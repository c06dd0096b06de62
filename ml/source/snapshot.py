"""What was read, kept as fingerprinted Parquet: the last good reading serves when the source is unreachable."""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from ml.durable import sha256_of, sync
from ml.source.errors import SourceError
from ml.source.findings import Finding, finding_from
from ml.source.tables import SPECS, TableError, Tables, conform

KEEP = 5
MANIFEST = "manifest.json"
FORMAT = 1


class SnapshotDamaged(SourceError):
    """A snapshot's files are not what its manifest says; it is not used."""


@dataclass(frozen=True)
class Snapshot:
    """A reading as it was kept: tables, findings, the last day that counted then, and whose data it is."""

    tables: Tables
    findings: list[Finding]
    as_of: date
    read_on: date
    fingerprint: str
    source: str


def fingerprint_of(tables: Tables) -> str:
    """A hex digest of every cell of the canonical tables: equal data, equal fingerprint, whatever the source."""
    digest = hashlib.sha256()
    for name in SPECS:
        if tables.has(name):
            digest.update(f"{name}:{len(tables[name])};".encode())
            digest.update(pd.util.hash_pandas_object(tables[name], index=False).to_numpy().tobytes())
    return digest.hexdigest()[:32]


def keep_snapshot(folder: Path, snapshot: Snapshot, *, identity: str) -> Path:
    """Write the snapshot to folder/<fingerprint>/ (complete or not at all) and drop all but the last five of this source.

    `identity` says which source and mapping it belongs to; it is kept as a hash. Raises OSError when the disk refuses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / snapshot.fingerprint
    key = _key(identity)
    if target.is_dir() and _is_whole(target, key):
        _replace_text(target / MANIFEST, json.dumps(_manifest(snapshot, key, _digests(target, snapshot.tables)), indent=1))
    else:
        _write_whole(folder, target, snapshot, key)
    for _, old in _of_source(folder, key)[KEEP:]:
        shutil.rmtree(old, ignore_errors=True)
    return target


def rewrite_snapshots(folder: Path, change: Callable[[Tables], Tables]) -> int:
    """Replace each snapshot by what `change` makes of its tables, whole or not at all; damaged ones are removed. Returns how many changed.

    Raises OSError when the disk refuses.
    """
    changed = 0
    for path in sorted(manifest.parent for manifest in folder.glob("*/" + MANIFEST)) if folder.is_dir() else ():
        if path.name.startswith("."):
            continue
        try:
            kept = load_snapshot(path)
            key = json.loads((path / MANIFEST).read_text(encoding="utf-8"))["source_key"]
        except SnapshotDamaged:
            shutil.rmtree(path)
            changed += 1
            continue
        tables = change(kept.tables)
        fingerprint = fingerprint_of(tables)
        if fingerprint != kept.fingerprint:
            moment = (path / MANIFEST).stat().st_mtime_ns
            target = folder / fingerprint
            _write_whole(folder, target, replace(kept, tables=tables, fingerprint=fingerprint), key)
            os.utime(target / MANIFEST, ns=(moment, moment))  # as old as the one it replaces: the newest stays the newest
            shutil.rmtree(path)
            changed += 1
    return changed


def last_snapshot(folder: Path, *, identity: str) -> tuple[Snapshot, list[str]]:
    """The newest whole snapshot of this source, and the names of newer ones that were damaged and refused.

    Raises SourceError when there is none.
    """
    damaged: list[str] = []
    for _, path in _of_source(folder, _key(identity)):
        try:
            return load_snapshot(path), damaged
        except SnapshotDamaged:
            damaged.append(path.name)
    why = f"; {len(damaged)} damaged snapshots were refused" if damaged else ""
    raise SourceError(f"There is no snapshot of this source and mapping to fall back on{why}.")


def load_snapshot(path: Path) -> Snapshot:
    """Read one snapshot folder. Raises SnapshotDamaged when a file is missing, changed or not what the manifest says."""
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT or manifest["fingerprint"] != path.name:
            raise SnapshotDamaged(f"The snapshot {path.name} has another form than this version reads; it is not used.")
        frames = {name: _read_frame(path, name, entry) for name, entry in manifest["tables"].items()}
        return Snapshot(
            tables=Tables(frames),
            findings=[finding_from(values) for values in manifest["findings"]],
            as_of=date.fromisoformat(manifest["as_of"]),
            read_on=date.fromisoformat(manifest["read_on"]),
            fingerprint=manifest["fingerprint"],
            source=manifest["source"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise error if isinstance(error, SnapshotDamaged) else _damaged(path) from error


def _damaged(path: Path) -> SnapshotDamaged:
    return SnapshotDamaged(f"The snapshot {path.name} is damaged; it is not used. Read the source again to write a new one.")


def _read_frame(path: Path, name: str, entry: Mapping[str, Any]) -> pd.DataFrame:
    import pyarrow as pa

    file = path / f"{name}.parquet"
    if sha256_of(file) != entry["sha256"]:
        raise _damaged(path)
    try:
        frame = conform(SPECS[name], pd.read_parquet(file))
    except (pa.ArrowException, TableError) as error:
        raise _damaged(path) from error
    if len(frame) != entry["rows"]:
        raise _damaged(path)
    return frame


def _write_whole(folder: Path, target: Path, snapshot: Snapshot, key: str) -> None:
    """Write beside the target, sync, then rename: a reader sees all of it or nothing."""
    beside = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
    try:
        for name in SPECS:
            if snapshot.tables.has(name):
                snapshot.tables[name].to_parquet(beside / f"{name}.parquet", index=False)
                sync(beside / f"{name}.parquet")
        _replace_text(beside / MANIFEST, json.dumps(_manifest(snapshot, key, _digests(beside, snapshot.tables)), indent=1))
        sync(beside)
        if target.exists():
            shutil.rmtree(target)
        beside.rename(target)
        sync(folder)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def _manifest(snapshot: Snapshot, key: str, digests: Mapping[str, str]) -> dict[str, Any]:
    tables = {name: {"sha256": digest, "rows": len(snapshot.tables[name])} for name, digest in digests.items()}
    return {
        "format": FORMAT,
        "source_key": key,
        "source": snapshot.source,
        "fingerprint": snapshot.fingerprint,
        "as_of": snapshot.as_of.isoformat(),
        "read_on": snapshot.read_on.isoformat(),
        "tables": tables,
        "findings": [finding.as_dict() for finding in snapshot.findings],
    }


def _digests(path: Path, tables: Tables) -> dict[str, str]:
    return {name: sha256_of(path / f"{name}.parquet") for name in SPECS if tables.has(name)}


def _is_whole(path: Path, key: str) -> bool:
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        digests = {name: sha256_of(path / f"{name}.parquet") for name in manifest["tables"]}
        return manifest["source_key"] == key and all(entry["sha256"] == digests[name] for name, entry in manifest["tables"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _of_source(folder: Path, key: str) -> list[tuple[int, Path]]:
    """(time of the manifest, folder) of this source's snapshots, newest first; ones whose manifest cannot be read belong to nobody."""
    found = []
    for path in folder.glob("*/" + MANIFEST) if folder.is_dir() else ():
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            if json.loads(path.read_text(encoding="utf-8"))["source_key"] == key:
                found.append((path.stat().st_mtime_ns, path.parent))
    return sorted((item for item in found if not item[1].name.startswith(".")), reverse=True)


def _replace_text(path: Path, text: str) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    sync(beside)
    beside.replace(path)


def _key(identity: str) -> str:
    return hashlib.sha256(identity.encode()).hexdigest()[:24]
