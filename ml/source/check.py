"""A reading as text for a terminal: what was understood, what is wrong with it, and the monthly totals both ways."""

from collections.abc import Iterable, Sequence

from ml.source.finding_texts import ACTIONS, sentence
from ml.source.findings import Finding
from ml.source.reading import Reading

MONTHS_SHOWN = 24


def describe(reading: Reading, currency: str = "CLP") -> str:
    """Source, as of, tables (ours, theirs, rows, span), findings (what, how many, what was done, examples), monthly totals."""
    live = " (last snapshot: the source does not answer)" if reading.from_snapshot else ""
    head = [f"Source       {reading.source}{live}", f"Data up to   {reading.as_of}", f"Fingerprint  {reading.fingerprint}"]
    return "\n\n".join(["\n".join(head), _tables(reading), _findings(reading.findings), _totals(reading, currency)])


def _tables(reading: Reading) -> str:
    rows = [
        (name, reading.their_tables.get(name, "(derived)"), f"{span['rows']:,}", span["first"] or "–", span["last"] or "–")
        for name, span in reading.spans.items()
    ]
    return "Tables\n" + _grid(("table", "theirs", "rows", "first day", "last day"), rows)


def _findings(findings: Iterable[Finding]) -> str:
    rows = [
        (
            finding.table,
            sentence(finding),
            f"{finding.count:,}" if finding.count else "",
            ACTIONS[finding.action],
            "; ".join(finding.examples),
        )
        for finding in findings
    ]
    return "Findings\n" + _grid(("table", "what", "count", "what was done", "examples"), rows) if rows else "Findings\n  none"


def _totals(reading: Reading, currency: str) -> str:
    totals = reading.monthly_totals.tail(MONTHS_SHOWN)
    rows = [(f"{row.month:%Y-%m}", f"{row.net:,.0f}", f"{row.gross:,.0f}") for row in totals.itertuples()]
    note = "; as recorded, because the mapping does not say which it is" if reading.amount_basis == "unknown" else ""
    title = f"Monthly totals in {currency} (recorded amounts are {reading.amount_basis}{note})"
    return title + "\n" + _grid(("month", "net of VAT", "with VAT"), rows)


def _grid(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head))]
    return "\n".join("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [head, *rows])
