"""The command line: `python -m ml <command>`. Each subject has a file in `ml.commands`; `--help` says what there is."""

import argparse
import gc
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from ml.commands import Context
from ml.settings import CHECKOUT, SettingsError, load_settings

EXIT_FAILED, EXIT_SETTINGS = 1, 2
SELDOM = (50_000, 20, 50)  # looking for cycles among hundreds of thousands of rows took a quarter of a refresh and found none


def main(argv: Sequence[str] | None = None, *, say: Callable[[str], None] | None = None, env_file: Path | None = CHECKOUT / ".env") -> int:
    """Run one command; the exit code: 0 done, 1 failed, 2 a bad setting or argument, 3 the job is running already.

    What can go wrong in daily life is one sentence on stderr, without a trace.
    """
    arguments = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return run(arguments, say or partial(print, flush=True), env_file)
    except KeyboardInterrupt:  # around everything, for it may come while an error is being told
        print("Stopped.", file=sys.stderr)
        return EXIT_FAILED


def run(arguments: argparse.Namespace, say: Callable[[str], None], env_file: Path | None) -> int:
    """Run the parsed command; errors of daily life become a sentence on stderr and an exit code."""
    try:
        context = Context(load_settings(env_file), say, env_file or CHECKOUT / ".env")
        return arguments.run(arguments, context) or 0
    except SettingsError as error:
        print(error, file=sys.stderr)
        return EXIT_SETTINGS
    except expected_errors() as error:
        print(error, file=sys.stderr)
        return EXIT_FAILED


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    from ml.commands import data, people, prepare, releases, upkeep, work

    top = argparse.ArgumentParser(prog="python -m ml", description="3T Insights: data, models, jobs and people from the command line.")
    commands = top.add_subparsers(required=True, metavar="command")
    for subject in (prepare, data, work, releases, upkeep, people):
        subject.add(commands)
    return top


def expected_errors() -> tuple[type[Exception], ...]:
    """The errors that are one sentence for a person."""
    from ml.jobs import JobError
    from ml.jobs.orders import OrderError
    from ml.launch import LaunchError
    from ml.pipeline import PipelineError
    from ml.reports.journal import JournalError
    from ml.source.demo.sizes import DemoError
    from ml.source.errors import SourceError
    from ml.store.backup import BackupError
    from ml.store.engine import StoreError
    from ml.store.erasing import NobodyThere
    from ml.store.preferences import PreferenceError
    from ml.store.releases import ReleaseError
    from ml.store.runs import RunLost
    from ml.store.tokens import TokenError
    from ml.store.users import UserError

    errors: list[type[Exception]] = [DemoError, JobError, JournalError, LaunchError, OrderError, PipelineError, PreferenceError]
    return (*errors, BackupError, NobodyThere, ReleaseError, RunLost, SourceError, StoreError, TokenError, UserError)


if __name__ == "__main__":
    gc.set_threshold(*SELDOM)
    sys.exit(main())
