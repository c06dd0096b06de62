"""The outcomes of a stock test as a CSV file (product_zone, period, stock_outs, units_short, cost_clp): read and checked, or its form."""

import csv
import io
import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pandas as pd

from ml.experiments.errors import ExperimentError
from ml.experiments.outcomes import STOCK_FIELDS, outcome_row
from ml.source.parsing import parse_days, parse_numbers
from ml.store.experiments import Kept

UNIT, PERIOD = "product_zone", "period"
COLUMNS = (UNIT, PERIOD, *STOCK_FIELDS)
LARGEST_BYTES = 5_000_000
MOST_ROWS = 20_000
NO_ZONE = "UTC"  # days without an hour are the same everywhere


def read_outcomes(kept: Kept, arms: Iterable[str], content: bytes, today: date) -> list[dict[str, Any]]:
    """The rows (unit_id, period, day, outcome) of a file with COLUMNS in any order, commas or semicolons between, UTF-8 or Latin-1.

    `period` is the last day of what the row counts, YYYY-MM-DD or DD-MM-YYYY; an empty number is not told. Raises ExperimentError, naming
    the line, before anything could be written.
    """
    lines, cells = _cells(content)
    days = parse_days(pd.Series(cells[PERIOD]), timezone=NO_ZONE, order="dmy").values.tolist()
    numbers = {name: _numbers(lines, name, cells[name]) for name in STOCK_FIELDS}
    known, found = set(arms), []
    for place, line in enumerate(lines):
        given = {name: column[place] for name, column in numbers.items() if not math.isnan(column[place])}
        day = _day(line, cells[PERIOD][place], days[place])
        found.append(_row(kept, known, line, cells[UNIT][place].strip(), {**given, "timestamp": day}, today))
    return found


def form(unit_ids: Iterable[str], day: date) -> bytes:
    """A file to fill in: a line per unit with `day` as its period."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([unit, day.isoformat(), "", "", ""] for unit in unit_ids)
    return out.getvalue().encode("utf-8-sig")


def _decoded(content: bytes) -> str:
    if len(content) > LARGEST_BYTES:
        raise ExperimentError(f"The file is larger than {LARGEST_BYTES // 1_000_000} MB.", "stock_large", most=LARGEST_BYTES // 1_000_000)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _cells(content: bytes) -> tuple[list[int], dict[str, list[str]]]:
    """The numbers of the lines that hold something, and their cells by column of COLUMNS; a number that has no column is empty."""
    text = _decoded(content)
    reader = csv.reader(io.StringIO(text), delimiter=";" if text.split("\n", 1)[0].count(";") else ",")
    rows = [(line, cells) for line, cells in enumerate(reader, start=1) if any(cell.strip() for cell in cells)]
    head = [cell.strip().lower() for cell in rows[0][1]] if rows else []
    missing = [name for name in COLUMNS[:2] if name not in head] or ([] if set(head) & set(STOCK_FIELDS) else list(STOCK_FIELDS))
    if missing:
        raise ExperimentError(
            f"The first line holds {', '.join(head) or 'nothing'}; {', '.join(missing)} is missing, and {', '.join(COLUMNS)} are expected.",
            "stock_columns", missing=", ".join(missing), expected=", ".join(COLUMNS),
        )  # fmt: skip
    if not 1 < len(rows) <= MOST_ROWS + 1:
        raise ExperimentError(f"The file has {len(rows) - 1} rows; 1 to {MOST_ROWS} are accepted.", "stock_rows", most=MOST_ROWS)
    told = [dict(zip(head, cells, strict=False)) for _, cells in rows[1:]]
    return [line for line, _ in rows[1:]], {name: [one.get(name, "") for one in told] for name in COLUMNS}


def _numbers(lines: list[int], name: str, written: list[str]) -> list[float]:
    """The numbers of a column, NaN where a cell is empty; what a point means is read off the column, as in the company's own data."""
    read = parse_numbers(pd.Series(written))
    for line, cell, is_unreadable in zip(lines, written, read.unreadable.tolist(), strict=True):
        if is_unreadable:
            raise ExperimentError(f"Line {line} has {cell[:40]!r} as {name}; a number of 0 or more is accepted.", "stock_value", line=line)
    return [float(value) for value in read.values]


def _day(line: int, written: str, read: Any) -> date:
    if pd.isna(read):
        raise ExperimentError(
            f"Line {line} has {written[:40]!r} as {PERIOD}; a day such as 2026-11-20 or 20-11-2026 is accepted.", "stock_period", line=line
        )
    return pd.Timestamp(read).date()


def _row(kept: Kept, known: set[str], line: int, unit: str, told: Mapping[str, Any], today: date) -> dict[str, Any]:
    if unit not in known:
        raise ExperimentError(
            f"Line {line} is of {unit[:80]!r}, which is not part of {kept.experiment_id}.", "stock_unit", line=line, unit=unit[:80]
        )
    day = told["timestamp"]
    if not kept.start <= day <= kept.end:
        raise ExperimentError(
            f"Line {line} is of {day}; {kept.experiment_id} counts from {kept.start} to {kept.end}.", "stock_day", line=line, day=day,
            start=kept.start, end=kept.end,
        )  # fmt: skip
    if len(told) == 1:
        raise ExperimentError(
            f"Line {line} tells no number: at least one of {', '.join(STOCK_FIELDS)} is needed.", "stock_empty", line=line
        )
    try:
        return outcome_row(kept, unit, told, today)
    except ExperimentError as error:
        raise ExperimentError(f"Line {line}: {error}", "stock_value", line=line) from None
