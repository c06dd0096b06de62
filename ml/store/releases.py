"""Stored models on disk: one immutable folder per release, complete or absent, and nothing in it is unpickled before it is verified.

`models/versions/<UTC time>-<hash>/` holds one joblib file per predictor and `manifest.json` (size and SHA-256 of every file, metrics,
data fingerprint, library versions, signature). The signature is an HMAC with INSIGHTS_SECRET_KEY over the rest of the manifest, so a
rewritten manifest is refused as well as a flipped bit. Which release is in service is written in `ml.store.pointers`, not here.
"""

import hashlib
import hmac
import io
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from ml.durable import sync, write_synced
from ml.settings import Settings

MANIFEST = "manifest.json"
UNFINISHED = ".unfinished-"
LIBRARIES = ("pandas", "numpy", "scikit-learn", "xgboost", "xgboost-cpu", "prophet", "scipy", "joblib")


class ReleaseError(RuntimeError):
    """A release cannot be written, or is missing, damaged or not signed by us; the sentence names release and file."""


class Release(NamedTuple):
    """What a release says about itself: its folder's name, when and from what it was made, and what was measured per predictor.

    `learnt` is predictor -> table -> rows it learnt from, `files` the names of all files but the manifest.
    """

    release_id: str
    created_at: datetime
    as_of: date
    fingerprint: str
    predictors: tuple[str, ...]
    metrics: Mapping[str, Any]
    learnt: Mapping[str, Mapping[str, int]]
    files: tuple[str, ...]
    libraries: Mapping[str, str]
    size_bytes: int


def pack(predictor: Any) -> bytes:
    """A fitted predictor as the content of its file. Raises ReleaseError when it holds something that cannot be stored."""
    import pickle

    import joblib

    buffer = io.BytesIO()
    try:
        joblib.dump(predictor, buffer, compress=3)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise ReleaseError(f"The predictor cannot be stored: {error}.") from error
    return buffer.getvalue()


class Content(NamedTuple):
    """What a release is made of: predictor -> what `pack` gave, further files by name, what was measured, and the rows learnt from."""

    packed: Mapping[str, bytes]
    beside: Mapping[str, bytes] = MappingProxyType({})
    metrics: Mapping[str, Any] = MappingProxyType({})
    learnt: Mapping[str, Mapping[str, int]] = MappingProxyType({})


def write_release(models: Path, content: Content, *, key: str, now: datetime, as_of: date, fingerprint: str) -> str:
    """Write fitted predictors as one release below `models` and return its id.

    Everything is written into a temporary folder, synced and renamed: a release is there completely or not at all. Raises ReleaseError
    when the disk refuses.
    """
    versions = models / "versions"
    unfinished = versions / f"{UNFINISHED}{os.getpid()}-{now:%Y%m%dT%H%M%S%f}"
    try:
        unfinished.mkdir(parents=True)
        for name, value in {**{f"{name}.joblib": packed for name, packed in content.packed.items()}, **content.beside}.items():
            write_synced(unfinished / name, value)
        files = {path.name: _fingerprint(path.read_bytes()) for path in sorted(unfinished.iterdir())}
        told = hashlib.sha256(_canonical([now.isoformat(), files]))  # with the moment: equal models of one second are two releases
        release_id = f"{now:%Y%m%dT%H%M%SZ}-{told.hexdigest()[:8]}"
        body = {
            "release_id": release_id,
            "created_at": now.isoformat(),
            "as_of": as_of.isoformat(),
            "fingerprint": fingerprint,
            "predictors": sorted(content.packed),
            "files": files,
            "metrics": dict(content.metrics),
            "learnt": {name: dict(rows) for name, rows in content.learnt.items()},
            "libraries": library_versions(),
        }
        signed = json.dumps({**body, "signature": _signature(body, key)}, indent=1, sort_keys=True)
        write_synced(unfinished / MANIFEST, signed.encode())
        sync(unfinished)
        unfinished.rename(versions / release_id)
        sync(versions)
    except OSError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise ReleaseError(
            f"The models could not be written below {models} ({error.strerror}): free or open the disk and retrain."
        ) from None
    return release_id


def signing_key(settings: Settings) -> str:
    """The key that signs releases. Raises ReleaseError when the settings have none."""
    if settings.secret_key is None:
        raise ReleaseError("INSIGHTS_SECRET_KEY is not set, so models can be neither signed nor checked: run `python -m ml prepare` once.")
    return settings.secret_key.get_secret_value()


def read_manifest(models: Path, release_id: str, key: str) -> dict[str, Any]:
    """The manifest of a release, its signature checked; nothing else of the release is read. Raises ReleaseError."""
    path = models / "versions" / release_id / MANIFEST
    if not release_id or Path(release_id).name != release_id:
        raise ReleaseError(f"{release_id!r} is not the name of a release.")
    try:
        manifest = json.loads(path.read_bytes())
        signature = manifest.pop("signature")
    except OSError as error:
        raise ReleaseError(f"The release {release_id} is missing or cannot be read ({error.strerror}).") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ReleaseError(f"The manifest of release {release_id} is damaged.") from None
    if not isinstance(signature, str) or not hmac.compare_digest(signature, _signature(manifest, key)):
        raise ReleaseError(f"The manifest of release {release_id} was changed or signed with another INSIGHTS_SECRET_KEY.")
    if manifest.get("release_id") != release_id:
        raise ReleaseError(f"The folder {release_id} holds the release {manifest.get('release_id')}.")
    return manifest


def describe_release(models: Path, release_id: str, key: str) -> Release:
    """What a release says about itself, from its verified manifest. Raises ReleaseError."""
    manifest = read_manifest(models, release_id, key)
    return Release(
        release_id=release_id,
        created_at=datetime.fromisoformat(manifest["created_at"]),
        as_of=date.fromisoformat(manifest["as_of"]),
        fingerprint=manifest["fingerprint"],
        predictors=tuple(manifest["predictors"]),
        metrics=manifest["metrics"],
        learnt=manifest.get("learnt", {}),
        files=tuple(sorted(manifest["files"])),
        libraries=manifest["libraries"],
        size_bytes=sum(entry["size"] for entry in manifest["files"].values()),
    )


def verify_release(models: Path, release_id: str, key: str) -> list[str]:
    """What is wrong with a release, one sentence each; empty = whole and ours."""
    try:
        manifest = read_manifest(models, release_id, key)
    except ReleaseError as error:
        return [str(error)]
    problems = []
    for file in manifest["files"]:
        try:
            _verified_bytes(models, release_id, file, manifest)
        except ReleaseError as error:
            problems.append(str(error))
    return problems


def load_predictor(models: Path, release_id: str, predictor: str, key: str) -> Any:
    """The fitted predictor of a release. Signature, size and hash are checked before a byte is unpickled. Raises ReleaseError."""
    import joblib

    manifest = read_manifest(models, release_id, key)
    content = _verified_bytes(models, release_id, f"{predictor}.joblib", manifest)
    try:
        return joblib.load(io.BytesIO(content))
    except Exception as error:  # noqa: BLE001 - whatever unpickling whole, signed bytes raises means: made by another version of the code
        raise ReleaseError(
            f"The file {predictor}.joblib of release {release_id} is whole but made by another version ({type(error).__name__}); retrain."
        ) from error


def read_file(models: Path, release_id: str, file: str, key: str) -> bytes:
    """The content of a file of a release; signature, size and hash are checked. Raises ReleaseError."""
    return _verified_bytes(models, release_id, file, read_manifest(models, release_id, key))


def verify_predictor(models: Path, release_id: str, predictor: str, key: str) -> None:
    """Check signature, size and hash of one predictor's file without unpickling it. Raises ReleaseError."""
    read_file(models, release_id, f"{predictor}.joblib", key)


def resign_release(models: Path, release_id: str, old_key: str, key: str) -> bool:
    """Sign a release anew after INSIGHTS_SECRET_KEY was changed; False when it bears the new signature already.

    Every file is checked against the manifest that the old key signed. Raises ReleaseError when anything is not whole.
    """
    if not verify_release(models, release_id, key):
        return False
    problems = verify_release(models, release_id, old_key)
    if problems:
        raise ReleaseError(" ".join(problems))
    body = read_manifest(models, release_id, old_key)
    write_synced_json(models / "versions" / release_id / MANIFEST, {**body, "signature": _signature(body, key)})
    return True


def remove_release(models: Path, release_id: str) -> int:
    """Remove a release's folder, hidden first, so that nobody reads a part of it; returns the bytes freed. Raises ReleaseError."""
    folder = models / "versions" / release_id
    hidden = folder.with_name(f"{UNFINISHED}removed-{release_id}")  # nobody's: an interrupted removal is finished by the next retrain
    try:
        size = sum(path.stat().st_size for path in folder.iterdir())
        folder.rename(hidden)
        shutil.rmtree(hidden)
    except OSError as error:
        raise ReleaseError(f"The release {release_id} could not be removed ({error.strerror}).") from None
    return size


def list_releases(models: Path) -> list[str]:
    """The ids of all complete releases on disk, newest first (not verified)."""
    versions = models / "versions"
    if not versions.is_dir():
        return []
    return sorted((p.name for p in versions.iterdir() if p.is_dir() and not p.name.startswith(".")), reverse=True)


def remove_unfinished(models: Path) -> list[str]:
    """Remove what interrupted runs left behind; returns the names. Folders of a process that still lives are left alone."""
    removed = []
    for folder in (models / "versions").glob(f"{UNFINISHED}*"):
        if not _is_alive(folder.name.removeprefix(UNFINISHED).partition("-")[0]):
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder.name)
    return removed


def library_versions(names: Iterable[str] = LIBRARIES) -> dict[str, str]:
    """The installed versions of the libraries that models are made of (absent ones are left out)."""
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def write_synced_json(path: Path, value: Any) -> None:
    """Replace a JSON file as a whole: readers see the old content or the new, never a part."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_synced(unfinished, json.dumps(value, indent=1, sort_keys=True).encode())
    unfinished.replace(path)
    sync(path.parent)


def _verified_bytes(models: Path, release_id: str, file: str, manifest: Mapping[str, Any]) -> bytes:
    expected = manifest["files"].get(file)
    if expected is None:
        raise ReleaseError(f"The release {release_id} has no file {file}.")
    try:
        content = (models / "versions" / release_id / file).read_bytes()
    except OSError as error:
        raise ReleaseError(f"The file {file} of release {release_id} is missing or cannot be read ({error.strerror}).") from None
    if len(content) != expected["size"]:
        raise ReleaseError(f"The file {file} of release {release_id} has {len(content)} bytes instead of {expected['size']}.")
    if not hmac.compare_digest(_fingerprint(content)["sha256"], expected["sha256"]):
        raise ReleaseError(f"The file {file} of release {release_id} is damaged: its SHA-256 differs from the manifest's.")
    return content


def _fingerprint(content: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _signature(body: Mapping[str, Any], key: str) -> str:
    return hmac.new(key.encode(), _canonical(body), hashlib.sha256).hexdigest()


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True
