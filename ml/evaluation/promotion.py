"""Does the challenger replace the champion? Each check says ok, warn, stop or ask, as a code with params that screens put into words."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from ml.evaluation import leaks
from ml.evaluation.bootstrap import Draws, losses, probability_positive, probability_worse
from ml.evaluation.duel import deciding_rows
from ml.evaluation.metrics import METRICS
from ml.evaluation.shift import shifts
from ml.predictors.base import Measure
from ml.store.predictions import Score

MARGIN = 0.05  # share by which a loss may exceed the champion's or the naive rule's; docs/decisions/gate.md
SURE = 0.90
CUTOFFS_FOR_THE_RULE = 3
SEGMENT_MARGIN = 0.25
SEGMENT_ROWS = 12
PROBABILITY_GAP = 0.10  # between the mean probability and the share that came
LEAST_COVERAGE80 = 0.65
ROWS_FOR_CALIBRATION = 20
LEAST_SHARE_LEARNT = 0.50  # of the rows the champion learnt from
SEED = 20240101
WARN: Literal["warn"] = "warn"
Verdict = Literal["ok", "warn", "stop", "ask"]
REASONS: Mapping[str, str] = {
    "first_release": "There was no release before: any valid answer is better than none.",
    "champion_damaged": "The release before cannot be used any more.",
    "not_worse": "As good as the release before, or better ({measure}: {metric} {challenger} against {champion}).",
    "champion_not_judged": "The release before had no record to compare with.",
    "neither_judged": "Neither this release nor the one before could be judged out of time; the newer data decides.",
    "clearly_worse": "Clearly worse than the release before ({measure}: {metric} {challenger} against {champion}).",
    "loses_to_rule": "Worse than the simple rule over {cutoffs} past checks ({measure}: {metric} {challenger} against {champion}).",
    "segment_worse": "Clearly worse than the release before for {segment} ({measure}: {metric} {challenger} against {champion}).",
    "badly_calibrated": "Its probabilities are off: it said {said} on average and {came} came ({measure}).",
    "bands_too_narrow": "Its ranges are too narrow: {came} of the outcomes fell into the 80 % range ({measure}).",
    "not_judged": "It could not be judged out of time, and the release before was.",
    "too_little_data": "It learnt from far less than the release before: {now} rows of {table} against {before}.",
    "empty_answer": "It had nothing to say about any entity.",
    "not_a_number": "Its answer for {measure} holds no usable number.",
    "too_good": "Too good to be true ({measure}: {metric} {challenger}, simple rule {baseline}): a leak until shown otherwise.",
    "leak_ranking": "It orders better than its own probabilities allow ({measure}: AUC {auc}, implied {implied}): "
    "a leak until shown otherwise.",
    "leak_fit": "It explains nearly everything, far more than the simple calculation ({measure}: R² {r2} against {physics}): "
    "a leak until shown otherwise.",
    "shift_step": "Its answers lie far from those in service ({measure}: {size} on average, allowed {limit}).",
    "shift_total": "Its total lies far from the one in service ({measure}: {size}, allowed {limit}).",
    "shift_lost": "It is silent about many that the release in service knows ({measure}: {size}, allowed {limit}).",
    "cannot_load": "It could not be loaded in a fresh process: {problem}",
    "not_repeatable": "A fresh process gave other answers than the training ({rows} of {checked} rows).",
    "too_slow": "A fresh process took {seconds} seconds to answer, more than the {limit} allowed.",
    "approved": "A person looked at it and said yes.",
    "chosen": "Chosen by a person.",
    "rollback": "Put back into service by a person.",
    "release_damaged": "The newer release is damaged: {problem}",
}
UNUSABLE = ("empty_answer", "not_a_number", "too_little_data")  # not even stored


class Check(NamedTuple):
    """One check of the gate: a code of REASONS, what it means for the promotion, and the values of its sentence."""

    code: str
    verdict: Verdict
    params: dict[str, Any]


@dataclass(frozen=True)
class Evidence:
    """What the gate looks at. `rows` are the challenger's judged rows at its own cutoffs (value, baseline, actual, bands, detail, cutoff);
    `duel` those of both (value, rival, basis, segment); `learnt` is table -> (rows now, rows the champion learnt from)."""

    measures: Sequence[Measure]
    answer: pd.DataFrame
    rows: pd.DataFrame = field(default_factory=pd.DataFrame)
    has_champion: bool = False
    is_damaged: bool = False
    duel: pd.DataFrame = field(default_factory=pd.DataFrame)
    champion_judged: bool = False
    champion_answer: pd.DataFrame = field(default_factory=pd.DataFrame)
    learnt: Mapping[str, tuple[int, int]] = field(default_factory=dict)


class Decision(NamedTuple):
    """Whether the challenger goes into service (promoted), stays outside (kept) or waits for a person (review), and why.

    `code` and `params` are the decisive check's; `checks` are all of them in the order in which they were made.
    """

    state: Literal["promoted", "kept", "review"]
    code: str
    params: dict[str, Any]
    checks: tuple[Check, ...] = ()

    @property
    def promoted(self) -> bool:
        """Whether the challenger goes into service by itself."""
        return self.state == "promoted"

    @property
    def reason(self) -> dict[str, Any]:
        """The decisive reason as it is kept and shown: {"code", "params"}."""
        return {"code": self.code, "params": self.params}

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """The decisive reason where it is promoted, then every one that stopped it, asks for a person or warns."""
        told = [{"code": check.code, "params": check.params} for check in self.checks if check.verdict != "ok"]
        return [self.reason, *told] if self.promoted else told or [self.reason]

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """What a person should look at although it is promoted."""
        return [{"code": check.code, "params": check.params} for check in self.checks if check.verdict == WARN]


def decide(evidence: Evidence) -> Decision:
    """Promote, keep or ask. An answer that cannot be used stops the rest; the first release needs neither champion nor person: where it is
    too good to be true it serves with a warning, because nothing else does."""
    judged = [measure for measure in evidence.measures if measure.metric]
    refusals = [*_unusable(judged, evidence.answer), *_too_little(evidence.learnt)]
    if refusals:
        return concluded(refusals)
    is_first = not evidence.has_champion and not evidence.is_damaged
    suspicions = [
        Check(alarm.code, WARN if is_first else "ask", alarm.params)
        for measure in judged
        for alarm in (leaks.alarms(measure, deciding_rows(measure, evidence.rows)) if len(evidence.rows) else ())
    ]
    if not evidence.has_champion:
        return concluded([*suspicions, Check("first_release" if is_first else "champion_damaged", "ok", {})])
    moved = shifts(judged, evidence.answer, evidence.champion_answer) if len(evidence.champion_answer) else []
    return concluded(
        [
            *_against_champion(judged, evidence),
            *_against_rule(judged, evidence.rows),
            *_calibration(judged, evidence.rows),
            *_segments(judged, evidence.duel),
            *suspicions,
            *(Check(f"shift_{step.kind}", "ask", {"measure": step.measure, "size": step.size, "limit": step.limit}) for step in moved),
        ]
    )


def concluded(checks: Sequence[Check]) -> Decision:
    """The decision that these checks make: one that stops outweighs those that ask, those the rest; a warning decides nothing."""
    for verdict, state in (("stop", "kept"), ("ask", "review"), ("ok", "promoted")):
        decisive = next((check for check in checks if check.verdict == verdict), None)
        if decisive is not None:
            return Decision(state, decisive.code, decisive.params, tuple(checks))  # type: ignore[arg-type]
    raise ValueError("A decision needs at least one check; none was made.")


def overruled() -> Decision:
    """Promote a challenger that was kept back, because the champion turned out unable to answer."""
    return concluded([Check("champion_damaged", "ok", {})])


def sentence(reason: Mapping[str, Any]) -> str:
    """The reason in English words, for logs and reports.

    >>> sentence({"code": "not_a_number", "params": {"measure": "orders"}})
    'Its answer for orders holds no usable number.'
    """
    params = {name: f"{value:.3g}" if isinstance(value, float) else value for name, value in reason["params"].items()}
    return REASONS[reason["code"]].format(**params)


def deciding(measure: Measure, record: Iterable[Score]) -> list[Score]:
    """The scores that decide about a measure: its metric at its shortest window."""
    scores = [score for score in record if score.measure == measure.name and score.metric == measure.metric and _is_number(score.value)]
    shortest = min((score.window_days for score in scores), default=None)
    return [score for score in scores if score.window_days == shortest]


def _unusable(judged: Iterable[Measure], answer: pd.DataFrame) -> list[Check]:
    if answer.empty:
        return [Check("empty_answer", "stop", {})]
    values = pd.to_numeric(answer["value"]).to_numpy(dtype=float)
    if np.isinf(values).any():
        return [Check("not_a_number", "stop", {"measure": str(answer.loc[np.isinf(values), "measure"].iloc[0])})]
    said = pd.Series(np.isfinite(values), index=answer.index).groupby(answer["measure"]).any()
    must_speak = {measure.name for measure in judged}  # a parameter without a number can be an honest "not enough variation"
    silent = sorted(set(said.index[~said]) & must_speak)
    return [Check("not_a_number", "stop", {"measure": silent[0]})] if silent else []


def _too_little(learnt: Mapping[str, tuple[int, int]]) -> list[Check]:
    return [
        Check("too_little_data", "stop", {"table": table, "now": now, "before": before})
        for table, (now, before) in sorted(learnt.items())
        if now < LEAST_SHARE_LEARNT * before
    ]


def _against_champion(judged: Sequence[Measure], evidence: Evidence) -> list[Check]:
    checks = [check for measure in judged for check in _compared(measure, evidence.duel)]
    if checks:
        return checks
    if len(evidence.rows):
        return [Check("champion_not_judged", "ok", {})]
    return [Check("not_judged", "stop", {}) if evidence.champion_judged else Check("neither_judged", "ok", {})]


def _compared(measure: Measure, duel: pd.DataFrame) -> list[Check]:
    rows, metric = deciding_rows(measure, duel), str(measure.metric)
    if rows.empty:
        return []
    sure = probability_worse(metric, rows, "value", "rival", MARGIN, SEED)
    if math.isnan(sure):
        return []
    params = {**_figures(measure, rows, "rival"), "probability": sure, "basis": str(rows["basis"].iloc[0]), "rows": len(rows)}
    return [Check("clearly_worse", "stop", params) if sure > SURE else Check("not_worse", "ok", params)]


def _against_rule(judged: Sequence[Measure], rows: pd.DataFrame) -> list[Check]:
    checks = []
    for measure in judged:
        known = deciding_rows(measure, rows)
        known = known[known["baseline"].notna()] if len(known) else known
        cutoffs = known["cutoff"].nunique() if len(known) else 0
        if cutoffs < CUTOFFS_FOR_THE_RULE:
            continue
        if probability_worse(str(measure.metric), known, "value", "baseline", MARGIN, SEED) > SURE:
            checks.append(Check("loses_to_rule", "stop", {**_figures(measure, known, "baseline"), "cutoffs": int(cutoffs)}))
    return checks


def _calibration(judged: Sequence[Measure], rows: pd.DataFrame) -> list[Check]:
    checks = []
    for measure in judged:
        known = deciding_rows(measure, rows)
        if len(known) < ROWS_FOR_CALIBRATION:
            continue
        said, came = (known[name].to_numpy(dtype=float) for name in ("value", "actual"))
        if measure.unit == "probability":
            if _surely_above(np.abs, said - came, PROBABILITY_GAP, known):
                checks.append(Check("badly_calibrated", "stop", {"measure": measure.name, "said": said.mean(), "came": came.mean()}))
        elif known["lo80"].notna().all() and known["hi80"].notna().all():
            outside = ((came < known["lo80"].to_numpy(dtype=float)) | (came > known["hi80"].to_numpy(dtype=float))).astype(float)
            if _surely_above(np.asarray, outside, 1 - LEAST_COVERAGE80, known):
                checks.append(Check("bands_too_narrow", "stop", {"measure": measure.name, "came": 1 - outside.mean()}))
    return checks


def _surely_above(size: Callable[[Draws], Draws], figure: Draws, limit: float, rows: pd.DataFrame) -> bool:
    """Whether the size of the mean of a figure exceeds a limit by more than luck."""

    def excess(weights: Draws) -> Draws:
        return size(weights @ figure / weights.sum(axis=1)) - limit

    return probability_positive(excess, rows, ("value",), SEED) > SURE


def _segments(judged: Sequence[Measure], duel: pd.DataFrame) -> list[Check]:
    """The worst segment: the more segments are looked at, the surer it must be (Bonferroni)."""
    parts = []
    for measure in judged:
        rows = deciding_rows(measure, duel)
        groups = rows.groupby("segment") if len(rows) else ()
        parts += [(measure, str(name), part) for name, part in groups if SEGMENT_ROWS <= len(part) < len(rows)]
    checks = []
    for measure, name, part in parts:
        sure = probability_worse(str(measure.metric), part, "value", "rival", SEGMENT_MARGIN, SEED)
        if sure > 1 - (1 - SURE) / len(parts):
            checks.append(Check("segment_worse", "stop", {**_figures(measure, part, "rival"), "segment": name}))
    return checks


def _figures(measure: Measure, rows: pd.DataFrame, rival: str) -> dict[str, Any]:
    """The metric of both on all rows, for the sentence."""
    once = np.ones((1, len(rows)))
    metric = str(measure.metric)
    mine, theirs = (float(losses(metric, rows, name, once)[0]) for name in ("value", rival))
    if METRICS[metric].direction == "higher":
        mine, theirs = 1 - mine, 1 - theirs
    return {"measure": measure.name, "metric": metric, "challenger": mine, "champion": theirs}


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
