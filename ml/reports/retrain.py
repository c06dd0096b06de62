"""The report of a retrain in Markdown, and the table of honest records that docs/models.md is made from."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ml.evaluation.candidate import Candidate
from ml.evaluation.promotion import deciding, sentence
from ml.reports.journal import Journal
from ml.source.reading import Reading
from ml.store.predictions import Score, finite

RECORD_HEAD = ("model", "measure", "window", "metric", "score", "simple rule", "judged on", "cutoffs")
EXAMPLES = 3


def retrain_report(reading: Reading, candidates: Sequence[Candidate], release_id: str | None, journal: Journal) -> str:
    """One run for a person to read: data, findings, each model's record against baseline and release before, promotion, time, memory."""
    parts = [
        f"# {journal.path.stem}",
        _data(reading),
        _findings(reading),
        f"## Models\n\nRelease: {release_id or 'none was written'}\n\n{_fates(candidates)}",
        f"### Records, out of time\n\n{records_table(score for candidate in candidates for score in candidate.record)}",
        _before(candidates),
        _costs(journal),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def records_table(record: Iterable[Score]) -> str:
    """Scores over all cutoffs as a Markdown table, with the number of cutoffs they rest on."""
    scores = list(record)
    rows = []
    for score in scores:
        if score.cutoff is None:
            same = [s.cutoff for s in scores if s.cutoff and _subject(s) == _subject(score)]
            judged_on = f"{score.count:,} rows ({score.population})"
            days = "day" if score.window_days == 1 else f"{score.window_days} days"
            cells = (score.predictor, score.measure, days, score.metric, number(score.value), number(score.baseline), judged_on, len(same))
            rows.append(cells)
    if not rows:
        return "Nothing could be judged out of time yet: the history is too short."
    return markdown_table(RECORD_HEAD, rows)


def headline(candidate: Candidate) -> dict[str, Any]:
    """The deciding scores of a predictor, for the manifest of its release: measure -> metric, value, baseline, count."""
    if candidate.fitted is None:
        return {}
    pooled = {m.name: next((s for s in deciding(m, candidate.record) if s.cutoff is None), None) for m in candidate.fitted.measures}
    return {
        name: {"metric": score.metric, "value": finite(score.value), "baseline": finite(score.baseline), "count": score.count}
        for name, score in pooled.items()
        if score is not None
    }


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; cells are shown as they are."""
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join("---" for _ in head) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows)])


def number(value: float | None) -> str:
    """Three significant digits without an exponent; a dash where there is no value.

    >>> number(0.12345), number(1234567.8), number(None)
    ('0.123', '1,234,568', '–')
    """
    if value is None or finite(value) is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _data(reading: Reading) -> str:
    rows = [(name, f"{span['rows']:,}", span.get("first") or "", span.get("last") or "") for name, span in reading.spans.items()]
    source = f"{reading.source}{' (the last snapshot: the source could not be reached)' if reading.from_snapshot else ''}"
    lead = f"Source: {source}. As of {reading.as_of}. Amounts are {reading.amount_basis} of VAT. Fingerprint {reading.fingerprint[:12]}."
    return f"## Data\n\n{lead}\n\n{markdown_table(('table', 'rows', 'first', 'last'), rows)}"


def _findings(reading: Reading) -> str:
    if not reading.findings:
        return "## Findings\n\nNothing was amiss."
    rows = [
        (finding.code, finding.table, f"{finding.count:,}", finding.action, ", ".join(map(str, list(finding.examples)[:EXAMPLES])))
        for finding in reading.findings
    ]
    return f"## Findings\n\n{markdown_table(('finding', 'table', 'rows', 'what was done', 'examples'), rows)}"


def _fates(candidates: Sequence[Candidate]) -> str:
    rows = []
    for candidate in candidates:
        before = candidate.pointed or "–"
        if candidate.decision is not None:
            fate = {"promoted": "promoted", "kept": "kept back", "review": "needs a person's yes"}[candidate.decision.state]
            fate = f"**{fate}, but do not rely on it yet**" if candidate.decision.warnings else fate
            why = " ".join(sentence(reason) for reason in candidate.decision.reasons)
        else:
            fate, why = "not available" if candidate.before is None else "kept back", candidate.failure or "It was not fitted."
        rows.append((candidate.name, fate, why, before))
    return markdown_table(("model", "fate", "why", "release before"), rows)


def _before(candidates: Sequence[Candidate]) -> str:
    rows = []
    for candidate in candidates:
        old = _pooled(candidate.record_before)
        for key, score in _pooled(candidate.record).items():
            if key in old:
                rows.append((candidate.name, score.measure, score.metric, number(score.value), number(old[key].value)))
    if not rows:
        return ""
    return f"### Against the release before\n\n{markdown_table(('model', 'measure', 'metric', 'now', 'before'), rows)}"


def _costs(journal: Journal) -> str:
    rows = [
        (step.name, f"{step.seconds:.1f}", f"{step.cpu_seconds:.1f}", f"{step.peak_megabytes:.0f}", "failed" if step.failed else "done")
        for step in journal.steps
    ]
    total = ("all", f"{sum(s.seconds for s in journal.steps):.1f}", f"{sum(s.cpu_seconds for s in journal.steps):.1f}")
    peak = f"{max((s.peak_megabytes for s in journal.steps), default=0):.0f}"
    head = ("step", "seconds", "CPU seconds", "peak memory MB", "")
    return f"## Time and memory\n\n{markdown_table(head, [*rows, (*total, peak, '')])}"


def _subject(score: Score) -> tuple[object, ...]:
    return score.predictor, score.measure, score.metric, score.window_days


def _pooled(record: Sequence[Score]) -> Mapping[tuple[object, ...], Score]:
    return {_subject(score): score for score in record if score.cutoff is None}
