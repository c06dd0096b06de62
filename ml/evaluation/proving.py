"""Does a stored release answer in a process of its own what it answered when it was made? Loaded, asked, compared, timed.

The fresh process knows nothing but the files, the key and the tables: what would fail tomorrow at 05:30 fails before the pointer moves.
"""

import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.evaluation.promotion import Check
from ml.settings import CHECKOUT
from ml.source.tables import Tables
from ml.store.predictions import NUMBERS
from ml.store.releases import ReleaseError, load_predictor

GOLDEN_ROWS = 100
TOLERANCE = 1e-9
MOST_SECONDS = 60.0
PATIENCE_SECONDS = 900
LAST_WORDS = 300


@dataclass(frozen=True)
class Examination:
    """What a fresh process is asked: these predictors of a release, at `as_of`, on these tables."""

    models: Path
    release_id: str
    predictors: Sequence[str]
    key: str
    tables: Tables
    as_of: date


class Told(NamedTuple):
    """What a predictor said in the fresh process: its golden numbers, how many rows there were, its CPU seconds, or the problem."""

    numbers: npt.NDArray[np.float64]
    rows: int
    seconds: float
    problem: str | None = None


Examine = Callable[[Examination], Mapping[str, Told]]


def prove(examination: Examination, answers: Mapping[str, pd.DataFrame], examine: Examine) -> dict[str, Check]:
    """What is wrong with a release: predictor -> the check that stops it; those without an entry passed.

    `answers` are what the predictors said when they were made; GOLDEN_ROWS of each must come again within TOLERANCE.
    """
    found = {}
    for name, told in examine(examination).items():
        check = _judged(told, answers[name])
        if check is not None:
            found[name] = check
    return found


def in_fresh_process(examination: Examination) -> dict[str, Told]:
    """The answers of `examination` from a new Python process, which gets everything on its standard input and sees no screen."""
    command = [sys.executable, "-m", "ml.evaluation.proving"]
    try:
        done = subprocess.run(
            command, cwd=CHECKOUT, input=pickle.dumps(examination), capture_output=True, timeout=PATIENCE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return _all(examination, f"It did not answer within {PATIENCE_SECONDS} seconds.")
    if done.returncode != 0:
        last = (done.stderr.decode(errors="replace").strip().splitlines() or ["nothing was said"])[-1][:LAST_WORDS]
        return _all(examination, f"The process ended with code {done.returncode}: {last}")
    told: dict[str, Told] = pickle.loads(done.stdout)  # noqa: S301 - written by our own process a moment ago
    return told


def examine_here(examination: Examination) -> dict[str, Told]:
    """The same in this process."""
    return {name: _told(examination, name) for name in examination.predictors}


def golden_rows(rows: int) -> npt.NDArray[np.int_]:
    """The places of at most GOLDEN_ROWS rows, evenly spread from the first to the last."""
    return np.unique(np.linspace(0, rows - 1, min(rows, GOLDEN_ROWS)).round().astype(int)) if rows else np.array([], dtype=int)


def golden_numbers(answer: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Value and bands of the golden rows of an answer."""
    return answer[list(NUMBERS)].apply(pd.to_numeric).to_numpy(dtype=float)[golden_rows(len(answer))]


def _told(examination: Examination, name: str) -> Told:
    began = time.process_time()
    try:
        predictor = load_predictor(examination.models, examination.release_id, name, examination.key)
        answer = predictor.predict(examination.tables, examination.as_of)
    except Exception as error:  # noqa: BLE001 - whatever it is, it would fail in service as well
        problem = str(error) if isinstance(error, ReleaseError) else f"{type(error).__name__}: {error}"
        return Told(np.empty((0, len(NUMBERS))), 0, time.process_time() - began, problem)
    return Told(golden_numbers(answer), len(answer), time.process_time() - began)


def _judged(told: Told, answer: pd.DataFrame) -> Check | None:
    if told.problem is not None:
        return Check("cannot_load", "stop", {"problem": told.problem})
    expected = golden_numbers(answer)
    if told.rows != len(answer):
        return Check("not_repeatable", "stop", {"rows": abs(told.rows - len(answer)), "checked": len(answer)})
    differ = ~np.isclose(told.numbers, expected, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
    if differ.any():
        return Check("not_repeatable", "stop", {"rows": int(differ.any(axis=1).sum()), "checked": len(expected)})
    if told.seconds > MOST_SECONDS:
        return Check("too_slow", "stop", {"seconds": told.seconds, "limit": MOST_SECONDS})
    return None


def _all(examination: Examination, problem: str) -> dict[str, Told]:
    return {name: Told(np.empty((0, len(NUMBERS))), 0, 0.0, problem) for name in examination.predictors}


def main() -> None:
    """Read an examination from standard input, write the answers to standard output; libraries that print go to standard error."""
    from ml.evaluation import proving  # under its own name, so that what is pickled here is known there

    out, sys.stdout = sys.stdout.buffer, sys.stderr
    examination: Examination = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - from the process that started this one
    out.write(pickle.dumps(proving.examine_here(examination)))


if __name__ == "__main__":
    main()
