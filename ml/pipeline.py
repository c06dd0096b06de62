"""THE main flow: read, check, fit, judge, promote, predict, keep, report. The steps stand below in the order in which they are called."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa

from ml import clock
from ml.evaluation import gate, proving
from ml.evaluation.candidate import Candidate
from ml.evaluation.promotion import overruled, sentence
from ml.evaluation.reality import with_naive
from ml.experiments.following import follow_experiments
from ml.gathering import gather
from ml.keeping import drift_of, keep_answer, keep_drift, keep_months, keep_pointer, keep_proposals, keep_reading
from ml.notify.alerts import about_models
from ml.notify.experiments import tell_ends
from ml.predictors import PREDICTORS, make_predictor
from ml.predictors.base import Company, NotEnoughData, Predictor
from ml.queries.holdout import draw_if_due
from ml.reports.journal import Journal, Say, open_journal
from ml.reports.retrain import headline, retrain_report
from ml.settings import Settings
from ml.source.reading import Reading
from ml.store.alerts import close_on_orders
from ml.store.engine import begin_write
from ml.store.facts import write_facts
from ml.store.pointers import in_service, mirror, serve
from ml.store.predictions import awaiting_truth, read_scores
from ml.store.releases import Content, ReleaseError, pack, remove_unfinished, signing_key, write_release
from ml.store.values import load_preferences

Finish = Callable[[sa.Connection, dict[str, Any]], None]
examine_release: proving.Examine = proving.in_fresh_process


class PipelineError(RuntimeError):
    """A run cannot do its work; the sentence says what is missing and what to do."""


@dataclass(frozen=True)
class Run:
    """What every step of one run shares."""

    settings: Settings
    store: sa.Engine
    journal: Journal
    run_id: int
    finish: Finish | None


@dataclass(frozen=True)
class Outcome:
    """What a run did: the data it saw, each predictor's fate, the release it wrote (None = none), the log file and the report."""

    reading: Reading
    candidates: list[Candidate]
    release_id: str | None
    log_path: Path
    report_path: Path | None = None


def retrain(settings: Settings, store: sa.Engine, *, run_id: int, say: Say, finish: Finish | None = None) -> Outcome:
    """Fit every predictor anew, judge it out of time, and put it into service unless it is clearly worse than what is there.

    A predictor that fails leaves the others, and its previous release, in service. The models' files are complete and synced first, then
    everything the run says is kept in one transaction, in which `finish` is called with its connection and each predictor's fate.
    Raises what reading the source raises, and ReleaseError when the models cannot be written.
    """
    with open_run("retrain", settings, store, run_id, say, finish) as run:
        reading = read(run)
        check(run, reading)
        company = company_of(run)
        candidates = [Candidate(name) for name, _ in PREDICTORS]
        for candidate in candidates:
            load_before(run, candidate, company)
            company = fit(run, candidate, company, reading)
            judge(run, candidate, company, reading)
        release_id = write_models(run, candidates, reading)
        prove(run, candidates, reading, release_id)
        for candidate in candidates:
            predict(run, candidate, reading)
        keep(run, candidates, reading, company, release_id)
        return report(run, Outcome(reading, candidates, release_id, run.journal.path))


def refresh(settings: Settings, store: sa.Engine, *, run_id: int, say: Say, finish: Finish | None = None) -> Outcome:
    """Predict with the releases in service from the newest data, without fitting, and put the truth beside what was said before.

    Raises PipelineError when no release is in service yet, and what reading the source raises.
    """
    with open_run("refresh", settings, store, run_id, say, finish) as run:
        require_a_release(run)
        reading = read(run)
        check(run, reading)
        company = company_of(run)
        candidates = [Candidate(name) for name, _ in PREDICTORS]
        for candidate in candidates:
            load_before(run, candidate, company)
            predict(run, candidate, reading)
        keep(run, candidates, reading, company, None)
        return Outcome(reading, candidates, None, run.journal.path)


@contextmanager
def open_run(name: str, settings: Settings, store: sa.Engine, run_id: int, say: Say, finish: Finish | None) -> Iterator[Run]:
    """A run with its journal; the log file is closed at the end, whatever happens."""
    with open_journal(settings.home / "logs", name, run_id, say, clock.utc_now()) as journal:
        try:
            yield Run(settings, store, journal, run_id, finish)
        except Exception as error:
            journal.log.error("%s ended early: %s", name, error, exc_info=error)
            raise


def require_a_release(run: Run) -> None:
    """Raises PipelineError when nothing is in service."""
    with run.store.connect() as connection:
        if not in_service(connection):
            raise PipelineError(
                "There is no release in service yet, so there is nothing to predict with: run `python -m ml retrain` first."
            )


def read(run: Run) -> Reading:
    """The company's data as canonical tables, with what is kept here beside it (`ml.gathering`)."""
    with run.journal.step("read"):
        reading = gather(run.settings, run.store, run.journal.note)
        orders, customers = len(reading.tables["orders"]), len(reading.tables["customers"])
        run.journal.outcome = f"{orders:,} orders of {customers:,} customers up to {reading.as_of}"
    return reading


def check(run: Run, reading: Reading) -> None:
    """Say what the data is like. The findings are kept with the predictions and shown on the screens."""
    with run.journal.step("check"):
        for finding in reading.findings:
            run.journal.log.info("%s in %s: %s rows, %s", finding.code, finding.table, finding.count, finding.action)
        run.journal.outcome = f"{len(reading.findings)} findings" + (", from the last snapshot" if reading.from_snapshot else "")


def company_of(run: Run) -> Company:
    """What predictors may know besides tables: the country, the currency and the values people chose."""
    with run.store.connect() as connection:
        preferences = load_preferences(connection)
    return Company(country=run.settings.country, currency=run.settings.currency, preferences=preferences)


def load_before(run: Run, candidate: Candidate, company: Company) -> None:
    """Load the release in service; a damaged one gives way to the newest earlier one that is whole, and that is said."""
    with run.store.connect() as connection:
        candidate.pointed = in_service(connection).get(candidate.name)
        if candidate.pointed is None:
            return
        try:
            candidate.before = serve(connection, run.settings.models_folder, candidate.name, signing_key(run.settings))
        except ReleaseError as error:
            candidate.failure = str(error)
            run.journal.trouble(candidate.failure)
            return
        candidate.record_before = read_scores(connection, candidate.before.release_id, candidate.name)
        gate.load_past(candidate, run.settings.models_folder, signing_key(run.settings))
    candidate.before.predictor.company = company  # costs, limits and rates of today; what was learnt stays
    for problem in candidate.before.problems:
        run.journal.trouble(f"{problem} The release {candidate.before.release_id} serves {candidate.name} instead.")


def fit(run: Run, candidate: Candidate, company: Company, reading: Reading) -> Company:
    """Fit on everything known at as_of, and ask. Returns the company, with the values a fit proposes where nobody chose one."""
    try:
        with run.journal.step(f"fit {candidate.name}"):
            fitted = make_predictor(candidate.name, company).fit(reading.tables, reading.as_of)
            candidate.challenge = fitted.predict(reading.tables, reading.as_of)
            candidate.packed = pack(fitted)
            candidate.fitted = fitted
            run.journal.outcome = f"{len(candidate.challenge):,} rows"
    except Exception as error:  # noqa: BLE001 - one predictor's fault leaves the others, and its previous release, in service
        fall_back(run, candidate, "fitted", error)
        return company
    chosen = company.preferences.model_dump(exclude_none=True)
    proposed = {name: value for name, value in fitted.proposals().items() if name not in chosen}
    return replace(company, preferences=company.preferences.model_copy(update=proposed)) if proposed else company


def judge(run: Run, candidate: Candidate, company: Company, reading: Reading) -> None:
    """The out-of-time record of the newly fitted predictor, and whether it may replace the one in service."""
    if candidate.fitted is None:
        return
    try:
        with run.journal.step(f"judge {candidate.name}"):
            gate.examine(candidate, company, reading.tables, reading.as_of, make=make_predictor, trouble=run.journal.trouble)
            run.journal.outcome = verdict(candidate)
            for reason in candidate.decision.warnings if candidate.decision else ():
                run.journal.trouble(f"{candidate.name} goes into service, but nobody should rely on it yet: {sentence(reason)}")
    except Exception as error:  # noqa: BLE001 - as in `fit`; without a record there is no promotion
        fall_back(run, candidate, "judged", error)


def verdict(candidate: Candidate) -> str:
    """What the gate decided, in a line."""
    words = {"promoted": "promoted", "kept": "kept back", "review": "needs a person's yes"}
    return f"{words[candidate.decision.state]}. {sentence(candidate.decision.reason)}" if candidate.decision else ""


def predict(run: Run, candidate: Candidate, reading: Reading) -> None:
    """The answer of whichever release serves now, and the truth, where it is known by now, of what was said before."""
    served = candidate.serving
    if served is None:
        return
    try:
        with run.journal.step(f"predict {candidate.name}"):
            candidate.answer = answer_of(candidate, served, reading)
            if candidate.fitted is not None and not candidate.promoted:
                candidate.challenge = beside_naive(candidate.fitted, candidate.challenge, reading)
            candidate.truth = truth_of(run, served, reading)
            run.journal.outcome = f"{len(candidate.answer):,} rows, {len(candidate.truth):,} truths"
    except Exception as error:  # noqa: BLE001 - as in `fit`; what it said before stays
        fall_back(run, candidate, "asked", error)
        if candidate.storable and not candidate.promoted:
            candidate.decision, candidate.answer = overruled(), candidate.challenge


def answer_of(candidate: Candidate, served: Predictor, reading: Reading) -> pd.DataFrame:
    """What is said at this as_of by whoever serves, beside the naive rule's answer; the gate may have asked already."""
    said = candidate.challenge if candidate.promoted else candidate.before_answer
    return beside_naive(served, said if len(said) else served.predict(reading.tables, reading.as_of), reading)


def beside_naive(predictor: Predictor, said: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """An answer with the naive rule's value in the detail of its judged rows, for the comparison once the truth is known."""
    return with_naive(predictor, said, predictor.baseline(reading.tables, reading.as_of))


def fall_back(run: Run, candidate: Candidate, verb: str, error: Exception) -> None:
    """Note why a predictor has nothing new: a sentence for the report, and the trace in the log when it was not expected."""
    is_expected = isinstance(error, NotEnoughData)
    candidate.failure = str(error) if is_expected else f"{type(error).__name__}: {error}"
    stays = f"; {candidate.before.release_id} stays in service" if candidate.before else ""
    run.journal.trouble(f"{candidate.name} could not be {verb}{stays}.", None if is_expected else error)


def truth_of(run: Run, predictor: Predictor, reading: Reading) -> dict[int, float]:
    """Prediction row id -> what came, for stored rows whose window has ended."""
    judged = [measure.name for measure in predictor.measures if measure.metric]
    with run.store.connect() as connection:
        waiting = awaiting_truth(connection, predictor.name, judged, reading.as_of)
    truth = predictor.actual(reading.tables, waiting, reading.as_of) if len(waiting) else None
    if truth is None:
        return {}
    known = truth.dropna()
    return dict(zip(waiting.loc[known.index, "id"].tolist(), known.astype(float).tolist(), strict=True))


def write_models(run: Run, candidates: list[Candidate], reading: Reading) -> str | None:
    """One release of every newly fitted predictor that is valid, complete on disk; its id, or None when there is nothing to store."""
    stored = [candidate for candidate in candidates if candidate.storable]
    if not stored:
        return None
    with run.journal.step("write models"):
        models = run.settings.models_folder
        remove_unfinished(models)
        content = Content(
            packed={candidate.name: candidate.packed for candidate in stored},
            beside={name: file for candidate in stored for name, file in gate.files_beside(candidate).items()},
            metrics={candidate.name: headline(candidate) for candidate in stored},
            learnt={c.name: gate.learnt_from(c.fitted, reading.tables, reading.as_of) for c in stored if c.fitted},
        )
        key = signing_key(run.settings)
        release_id = write_release(models, content, key=key, now=clock.utc_now(), as_of=reading.as_of, fingerprint=reading.fingerprint)
        run.journal.outcome = release_id
    return release_id


def prove(run: Run, candidates: list[Candidate], reading: Reading, release_id: str | None) -> None:
    """Whether what was stored answers in a fresh process as it did here; what does not stays out of service."""
    stored = {candidate.name: candidate for candidate in candidates if candidate.storable}
    if release_id is None:
        return
    with run.journal.step("prove"):
        answers = {name: candidate.challenge for name, candidate in stored.items()}
        key = signing_key(run.settings)
        asked = proving.Examination(run.settings.models_folder, release_id, tuple(stored), key, reading.tables, reading.as_of)
        failed = proving.prove(asked, answers, examine_release)
        for name, check in failed.items():
            stored[name].stop(check)
            run.journal.trouble(f"{name}: {sentence({'code': check.code, 'params': check.params})}")
        run.journal.outcome = f"{len(stored) - len(failed)} of {len(stored)} models answer the same in a fresh process"


def keep(run: Run, candidates: list[Candidate], reading: Reading, company: Company, release_id: str | None) -> None:
    """One transaction: the reading, the facts, predictions and truths, records, what is in service, and the end of the run."""
    with run.journal.step("keep"):
        drift = drift_of(reading.tables, candidates, reading.as_of)
        with begin_write(run.store) as connection:
            keep_reading(connection, reading, is_demo=run.settings.is_demo)
            rows = write_facts(connection, reading.tables, reading.as_of)
            close_on_orders(connection, reading.as_of, clock.utc_now())
            keep_proposals(connection, company)
            worse: list[str] = []
            for candidate in candidates:
                keep_pointer(connection, candidate, release_id, run.run_id)
                rows += keep_answer(connection, candidate, release_id, reading.as_of, run.run_id)
                for measure in keep_months(connection, candidate, reading.as_of):
                    worse.append(candidate.name)
                    run.journal.trouble(f"{candidate.name} is worse than its checks promised for two months ({measure}).")
            keep_drift(connection, drift, reading.as_of, run.run_id)
            about_models(connection, run.settings, candidates, worse, run_id=run.run_id, now=clock.utc_now())
            draw_if_due(connection, reading.as_of, salt=signing_key(run.settings), now=clock.utc_now())
            follow_experiments(connection, run.settings, now=clock.utc_now())
            tell_ends(connection, run.settings, now=clock.utc_now())
            if run.finish is not None:
                run.finish(connection, {candidate.name: candidate.fate for candidate in candidates})
        with run.store.connect() as connection:
            mirror(connection, run.settings.models_folder)
        run.journal.outcome = f"{rows:,} rows"


def report(run: Run, outcome: Outcome) -> Outcome:
    """The Markdown report of the run, beside its log."""
    path = run.settings.home / "reports" / f"{run.journal.path.stem}.md"
    text = retrain_report(outcome.reading, outcome.candidates, outcome.release_id, run.journal)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    run.journal.note(f"report: {path}")
    return replace(outcome, report_path=path)
