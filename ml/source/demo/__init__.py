"""The demo company: a bottled-water delivery of Santiago, invented and seeded, written as the company's own database (the `3t` schema).

Read `company` first: it lines up the rooms (opening, weather, prices, customers and their lives, rhythm, baskets, tours, money, dirt).
`records` writes down what people saw of it, `files` keeps it, `truth` holds what nobody saw (for tests only).

**What stays when the end moves.** Everything that happens on a day follows from size, seed, first day and that day. So extending a
company to a later end gives, row for row, the company made at once with the same first day and that later end; and its past does not
change but for what people learn later (deliveries, payments, invoices) and what is only kept as of today (list and personal prices).
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ml.source.demo.company import simulate
from ml.source.demo.files import Made, count_rows, read_made, remade_plan, write_file
from ml.source.demo.records import records
from ml.source.demo.sizes import DemoError, Plan, make_plan


@dataclass(frozen=True)
class DemoCompany:
    """What was made: where, of what size and seed, its first and last day, and rows per table."""

    path: Path
    size: str
    seed: int
    start: date
    end: date
    counts: dict[str, int]


def make_demo(path: Path, size: str, end: date, seed: int = 7, *, start: date | None = None) -> DemoCompany:
    """Write a demo company of a size (a key of `sizes.SIZES`) to an SQLite file, replacing what was there in one step.

    Its first day is `start`, or as long before `end` as its size says. Raises DemoError for an unknown size, a negative seed, an end
    too near to the start, or a folder that cannot be written.
    """
    return _write(path, make_plan(size, end, seed, start))


def extend_demo(path: Path, end: date) -> int:
    """Move a demo company on to `end`: new orders, and what became known of the old ones. Returns how many orders came in.

    Does nothing and returns 0 when it already reaches `end`. Raises DemoError when there is no demo company at `path`.
    """
    made = _made(path)
    if end <= made.end:
        return 0
    before = count_rows(path, "3t_orders")
    return _write(path, remade_plan(made, end)).counts["3t_orders"] - before


def demo_end(path: Path) -> date | None:
    """The last day of the demo company at `path`; None when there is none."""
    made = read_made(path)
    return made.end if made else None


def _made(path: Path) -> Made:
    made = read_made(path)
    if made is None:
        raise DemoError(f"There is no demo company at {path}; make one with `python -m ml demo`.")
    return made


def _write(path: Path, plan: Plan) -> DemoCompany:
    frames = records(simulate(plan))
    write_file(path, plan, frames)
    return DemoCompany(path, plan.size.name, plan.seed, plan.start, plan.end, {name: len(frame) for name, frame in frames.items()})
