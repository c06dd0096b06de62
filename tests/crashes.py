"""Killing a retrain at any moment, and looking at what is left: used by the tests (a few times) and by the soak (hundreds of times).

The retrain is the real one on a company of ten-line predictors, in a forked process that is killed with SIGKILL: at a named moment (the
n-th call of a function between files and pointer), or after a random time.
"""

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ml import gathering, pipeline
from ml.evaluation import proving
from ml.settings import Settings
from ml.store import pointers, releases
from ml.store.engine import open_store
from ml.store.pointers import in_service, serve
from ml.store.predictions import read_predictions
from ml.store.releases import signing_key
from tests.fakes import AS_OF, Orders, toy_reading, toy_tables

PREDICTORS = ("orders", "second", "third")
MOMENTS: tuple[tuple[str, Any, str, int], ...] = (  # what, where, function, at which call
    ("before the first file", releases, "write_synced", 1),
    ("between two files", releases, "write_synced", 2),
    ("before the manifest", releases, "write_synced", 7),
    ("after the manifest, before the rename", releases, "sync", 1),
    ("after the rename", releases, "sync", 2),
    ("before the proof", pipeline, "prove", 1),
    ("before the transaction", pipeline, "keep", 1),
    ("in the transaction, before the first pointer", pipeline, "keep_pointer", 1),
    ("in the transaction, between two pointers", pipeline, "keep_pointer", 2),
    ("in the transaction, after the last pointer", pipeline, "keep_drift", 1),
    ("after the transaction, before the mirror", pipeline, "mirror", 1),
    ("within the mirror", pointers, "write_synced_json", 1),
)


class Marked(Orders):
    """A predictor whose answer is the number of the retrain that fitted it: what is served shows where it came from."""

    number = 0.0

    def _fit(self, tables: Any, as_of: Any) -> None:
        super()._fit(tables, as_of)
        self.mark_ = Marked.number

    def _predict(self, tables: Any, as_of: Any) -> Any:
        return super()._predict(tables, as_of).assign(value=5.0 + self.mark_ / 10_000)


def prepare() -> None:
    """Put the toy company and its predictors into the pipeline of this process."""
    reading = toy_reading(toy_tables(days=130), AS_OF)
    pipeline.PREDICTORS = tuple((name, "tests.crashes") for name in PREDICTORS)
    pipeline.make_predictor = lambda _name, company: Marked(company)
    gathering.read_company = lambda _settings, _today, **_options: reading
    pipeline.examine_release = proving.examine_here


def retrained(settings: Settings, number: int) -> None:
    """One whole retrain with this number."""
    Marked.number = float(number)
    store = open_store(settings)
    pipeline.retrain(settings, store, run_id=number, say=lambda _line: None)
    store.dispose()


def killed(settings: Settings, number: int, moment: tuple[str, Any, str, int] | None, seconds: float = 0.0) -> bool:
    """Fork, retrain, and be killed at the moment (or after `seconds`); whether it was killed before it ended."""
    child = os.fork()
    if child == 0:
        try:
            if moment is not None:
                _, place, name, call = moment
                setattr(place, name, _deadly(getattr(place, name), call))
            else:
                threading.Timer(seconds, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
            retrained(settings, number)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def look(settings: Settings) -> list[str]:
    """What is wrong with what is left, one sentence each; empty = every predictor is served whole, by one release, with its own answers."""
    store, problems = open_store(settings), []
    with store.connect() as connection:
        for name, release_id in in_service(connection).items():
            try:
                served = serve(connection, settings.models_folder, name, signing_key(settings))
            except releases.ReleaseError as error:
                problems.append(f"unreadable: {error}")
                continue
            said = read_predictions(connection, release_id, name, AS_OF)
            expected = 5.0 + served.predictor.mark_ / 10_000
            if served.release_id != release_id or served.problems:
                problems.append(f"{name}: {served.release_id} serves instead of {release_id}")
            if said.empty or not (said["value"].astype(float) - expected).abs().max() < 1e-9:
                problems.append(f"{name}: mixed, the answers in the store are not those of {release_id}")
        at_once = set(in_service(connection).values())
    store.dispose()
    return problems + ([f"predictors of one retrain are served by {len(at_once)} releases"] if len(at_once) > 1 else [])


def soak(home: Path, make: Callable[[Path], Settings], kills: int, seed: int = 7) -> tuple[int, list[str]]:
    """`kills` killed retrains, half at named moments and half at random ones, looked at after each; kills and problems."""
    prepare()
    settings, rng, problems, done, number = make(home), random.Random(seed), [], 0, 2
    retrained(settings, 1)  # loads the libraries, which the killed ones find loaded
    began = time.monotonic()
    retrained(settings, number)
    whole = time.monotonic() - began
    while done < kills:
        number += 1
        moment = MOMENTS[(done // 2) % len(MOMENTS)] if done % 2 == 0 else None
        done += killed(settings, number, moment, rng.uniform(0.05 * whole, 0.95 * whole))
        problems += [f"kill {done} ({moment[0] if moment else 'random'}): {problem}" for problem in look(settings)]
        with_room(settings)
    retrained(settings, number + 1)
    return done, problems + look(settings)


def with_room(settings: Settings) -> None:
    """What the next run does first: the remains of killed ones go. Releases that never served go too, so that the disk stays small."""
    releases.remove_unfinished(settings.models_folder)
    store = open_store(settings)
    with store.connect() as connection:
        known = set(connection.execute(sa.text("SELECT release_id FROM release_pointer")).scalars())
    store.dispose()
    for release_id in releases.list_releases(settings.models_folder)[3:]:
        if release_id not in known:
            releases.remove_release(settings.models_folder, release_id)


def damaged(content: bytes, rng: random.Random) -> bytes:
    """One flipped bit, or the end cut off."""
    if rng.random() < 0.5:
        return content[: rng.randrange(len(content))]
    changed = bytearray(content)
    changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _deadly(function: Callable[..., Any], call: int) -> Callable[..., Any]:
    calls = 0

    def dying(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **named)

    return dying
