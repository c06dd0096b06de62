"""What a run leaves in the store, written in the one transaction of `ml.pipeline.keep`."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from ml import clock
from ml.evaluation.candidate import Candidate
from ml.evaluation.drift import drifted
from ml.evaluation.reality import Month, is_worse_than_promised, judge_months
from ml.predictors.base import Company
from ml.source.reading import Reading
from ml.source.tables import Tables
from ml.store import audit
from ml.store.facts import write_reading
from ml.store.pointers import point_to
from ml.store.predictions import read_scores, write_predictions, write_scores, write_truth
from ml.store.realities import WORSE, known_rows, read_months, write_drift, write_months
from ml.store.values import load_preferences, set_preference
from ml.store.verdicts import write_verdict

SYSTEM = "system"


def keep_reading(connection: sa.Connection, reading: Reading, *, is_demo: bool) -> None:
    """What was read, for the stamps "data up to" and the data-quality findings."""
    write_reading(
        connection,
        read_at=clock.utc_now(),
        as_of=reading.as_of,
        findings=[finding.as_dict() for finding in reading.findings],
        source=reading.source,
        fingerprint=reading.fingerprint,
        from_snapshot=reading.from_snapshot,
        is_demo=is_demo,
        amount_basis=reading.amount_basis,
        tables=reading.spans,
    )


def keep_proposals(connection: sa.Connection, company: Company) -> None:
    """A value that a fit proposed becomes a preference, once: from then on only a person changes it."""
    proposed = company.preferences.model_dump(exclude_none=True)
    for name in sorted(set(proposed) - set(load_preferences(connection).model_dump(exclude_none=True))):
        set_preference(connection, name, proposed[name], who=SYSTEM, at=clock.utc_now())


def keep_pointer(connection: sa.Connection, candidate: Candidate, release_id: str | None, run_id: int) -> None:
    """Point to the release that answers from now on, where that changed, and keep the new release's record and the gate's verdict."""
    if candidate.storable and release_id:
        write_scores(connection, candidate.record, run_id=run_id, release_id=release_id, at=clock.utc_now())
    if candidate.decision is not None:
        write_verdict(
            connection,
            run_id=run_id,
            predictor=candidate.name,
            release_id=release_id if candidate.storable else None,
            at=clock.utc_now(),
            state=candidate.decision.state,
            checks=candidate.decision.checks,
        )
    serving = candidate.serving_release(release_id)
    if serving is None or serving == candidate.pointed:
        return
    reason = candidate.decision.reason if candidate.promoted and candidate.decision else damaged_reason(candidate)
    point_to(connection, candidate.name, serving, at=clock.utc_now(), by=SYSTEM, reason=reason, run_id=run_id)


def damaged_reason(candidate: Candidate) -> dict[str, Any]:
    """Why an earlier release serves again."""
    problems = candidate.before.problems if candidate.before else ()
    return {"code": "release_damaged", "params": {"problem": " ".join(problems)}}


def keep_answer(connection: sa.Connection, candidate: Candidate, release_id: str | None, as_of: date, run_id: int) -> int:
    """What one predictor says, and the truth of what it said before; returns the number of predictions.

    A stored challenger that does not serve keeps its answer too: whoever puts it into service sees it at once.
    """
    write_truth(connection, candidate.truth)
    fixed: dict[str, Any] = {"run_id": run_id, "predictor": candidate.name, "as_of": as_of}
    written = 0
    if candidate.storable and not candidate.promoted and release_id:
        written += write_predictions(connection, candidate.challenge, release_id=release_id, **fixed)
    serving = candidate.serving_release(release_id)
    if serving is None or candidate.answer.empty:
        return written
    return written + write_predictions(connection, candidate.answer, release_id=serving, **fixed)


def keep_months(connection: sa.Connection, candidate: Candidate, as_of: date) -> list[str]:
    """How what was said turned out, by month, and an alarm where the model in service is worse than promised; the measures it is about."""
    predictor = candidate.serving
    if predictor is None:
        return []
    judged = [measure for measure in predictor.measures if measure.metric]
    rows = known_rows(connection, candidate.name, [measure.name for measure in judged], as_of)
    if rows.empty:
        return []
    promised = {release: read_scores(connection, release, candidate.name) for release in rows["release_id"].unique()}
    write_months(connection, judge_months(candidate.name, judged, rows, promised))
    return _alarms(connection, candidate.name, as_of)


def _alarms(connection: sa.Connection, predictor: str, as_of: date) -> list[str]:
    """The measures that are worse than promised for two months; each pair of release and month is told once, in the audit."""
    fields = Month.__dataclass_fields__
    months = [Month(**{name: row[name] for name in fields}) for row in read_months(connection, predictor)]
    found = []
    for release, measure in dict.fromkeys((m.release_id, m.measure) for m in months if m.probability_worse is not None):
        mine = [m for m in months if (m.release_id, m.measure) == (release, measure)]
        if not is_worse_than_promised(mine, as_of):
            continue
        newest = max((m for m in mine if m.probability_worse is not None and m.month < as_of.replace(day=1)), key=lambda m: m.month)
        detail = {
            "release": release, "measure": measure, "metric": newest.metric, "month": newest.month.isoformat(),
            "value": newest.value, "promised": newest.promised,
        }  # fmt: skip
        if not audit.was_recorded(connection, WORSE, predictor, {"release": release, "measure": measure, "month": detail["month"]}):
            audit.record(connection, SYSTEM, WORSE, predictor, detail, at=clock.utc_now())
            found.append(measure)
    return found


def drift_of(tables: Tables, candidates: Sequence[Candidate], as_of: date) -> tuple[date, list[dict[str, Any]]]:
    """Until when the models in service learnt, at the earliest, and how the newest weeks differ from what they learnt."""
    learnt_until = min((c.before_as_of for c in candidates if c.before_as_of is not None), default=as_of)
    return learnt_until, [feature.as_dict() for feature in drifted(tables, learnt_until, as_of)]


def keep_drift(connection: sa.Connection, drift: tuple[date, list[dict[str, Any]]], as_of: date, run_id: int) -> None:
    """The comparison of inputs that `drift_of` made."""
    learnt_until, features = drift
    write_drift(connection, features, run_id=run_id, at=clock.utc_now(), as_of=as_of, learnt_until=learnt_until)
