"""`check` says what was understood of the company's data, `demo` makes the demo company anew."""

import argparse
from datetime import timedelta
from typing import Any

from ml import clock
from ml.commands import Context, declare


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the subcommands."""
    declare(commands, "check", check, "read the company's data and say what was understood and what is wrong with it")
    demo = declare(commands, "demo", make, "make the demo company anew, with orders up to yesterday")
    demo.add_argument("--size", default="standard", help="tiny, small, standard (default) or large")
    demo.add_argument("--seed", type=int, default=7, help="another number invents another company (default 7)")


def check(_arguments: argparse.Namespace, context: Context) -> None:
    """Print what was understood: tables, spans, findings, monthly totals net and gross of VAT."""
    from ml.source.check import describe
    from ml.source.reading import read_company

    reading = read_company(context.settings, clock.today(context.settings.timezone))
    context.say(describe(reading, context.settings.currency))


def make(arguments: argparse.Namespace, context: Context) -> None:
    """Make the demo company anew and say what is in it."""
    from ml.source.demo import make_demo

    path = context.settings.demo_file
    path.parent.mkdir(parents=True, exist_ok=True)
    yesterday = clock.today(context.settings.timezone) - timedelta(days=1)
    company = make_demo(path, arguments.size, yesterday, arguments.seed)
    context.say(f"The demo company ({arguments.size}) is in {path}, with orders up to {yesterday}.")
    context.say(table(("table", "rows"), [(name, f"{count:,}") for name, count in company.counts.items()]))
    if not context.settings.is_demo:
        context.say("INSIGHTS_SOURCE names another source, so the demo company is not shown: leave it empty to see it.")


def table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    """A table for a terminal: the Markdown one with its columns padded."""
    lines = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(line[number]) for line in lines) for number in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)
