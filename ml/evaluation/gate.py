"""A newly fitted predictor before the gate: judged out of time, held against the one in service, decided upon."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import pandas as pd

from ml.evaluation.backtest import Make, replay, scores_of
from ml.evaluation.candidate import Candidate
from ml.evaluation.duel import both, fight, pack_judged, plan_unseen, unpack_judged, with_segments
from ml.evaluation.promotion import Evidence, decide
from ml.predictors.base import Company, Predictor
from ml.source.tables import Tables
from ml.store.releases import describe_release, read_file

JUDGED = "judged.parquet"
Trouble = Callable[[str, BaseException | None], None]


def load_past(candidate: Candidate, models: Path, key: str) -> None:
    """Fill what the release in service says about itself: the day it learnt until, the rows it learnt from and was judged on.

    A release without a file of judged rows is compared on unseen windows only. Raises ReleaseError when a file is damaged.
    """
    if candidate.before is None:
        return
    release = describe_release(models, candidate.before.release_id, key)
    candidate.before_as_of, candidate.before_learnt = release.as_of, dict(release.learnt.get(candidate.name, {}))
    file = f"{candidate.name}.{JUDGED}"
    if file in release.files:
        candidate.before_rows = unpack_judged(read_file(models, release.release_id, file, key))


def examine(candidate: Candidate, company: Company, tables: Tables, as_of: date, *, make: Make, trouble: Trouble) -> None:
    """Fill the candidate's rows, record and decision. A champion that cannot answer any more counts as damaged, which is said."""
    if candidate.fitted is None:
        return
    candidate.rows = replay(candidate.name, company, tables, as_of, answer=candidate.challenge, make=make)
    candidate.record = scores_of(candidate.name, candidate.fitted.measures, candidate.rows)
    duel, judged = pd.DataFrame(), replace(company, only_judged=True)
    if candidate.before is not None:
        try:
            candidate.before_answer = candidate.before.predictor.predict(tables, as_of)
            duel = _duel(candidate, candidate.before.predictor, partial(make, candidate.name, judged), tables, as_of)
        except Exception as error:  # noqa: BLE001 - whatever a stored model of an earlier version raises: it cannot serve any more
            trouble(f"The release {candidate.before.release_id} of {candidate.name} cannot answer any more.", error)
            candidate.before, candidate.before_answer = None, pd.DataFrame()
    has_champion = candidate.before is not None
    learnt = learnt_from(candidate.fitted, tables, as_of)
    candidate.decision = decide(
        Evidence(
            measures=candidate.fitted.measures,
            answer=candidate.challenge,
            rows=candidate.rows,
            has_champion=has_champion,
            is_damaged=candidate.is_damaged,
            duel=duel,
            champion_judged=any(score.value is not None for score in candidate.record_before),
            champion_answer=candidate.before_answer,
            learnt={table: (learnt[table], before) for table, before in candidate.before_learnt.items() if table in learnt},
        )
    )


def learnt_from(predictor: Predictor, tables: Tables, as_of: date) -> dict[str, int]:
    """How many rows of each table the predictor could learn from: table -> rows."""
    known = tables.known(as_of, predictor.reads)
    return {name: len(known[name]) for name in sorted(predictor.reads) if known.has(name)}


def files_beside(candidate: Candidate) -> dict[str, bytes]:
    """What is stored beside the newly fitted predictor: the rows it was judged on, for the comparison with its successor."""
    return {f"{candidate.name}.{JUDGED}": pack_judged(candidate.rows)}


def _duel(candidate: Candidate, champion: Predictor, make: Callable[[], Predictor], tables: Tables, as_of: date) -> pd.DataFrame:
    unseen = pd.DataFrame()
    if candidate.before_as_of is not None and candidate.before_as_of < as_of:
        plan = plan_unseen(champion.measures, candidate.before_answer, candidate.before_as_of, as_of)
        unseen = fight(champion, make, plan, tables, candidate.before_as_of, as_of)
    return with_segments(both(unseen, candidate.rows, candidate.before_rows), tables)
