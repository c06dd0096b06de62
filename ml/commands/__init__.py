"""The command line's subjects, one file each: every one has `add(commands)`, which declares its subcommands and what they run."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import sqlalchemy as sa

from ml.settings import CHECKOUT, Settings


@dataclass
class Context:
    """What a subcommand works with: the settings, the store (opened when first used) and a voice."""

    settings: Settings
    say: Callable[[str], None]
    env_file: Path = CHECKOUT / ".env"

    @cached_property
    def store(self) -> sa.Engine:
        """The store's engine, migrated."""
        from ml.store.engine import open_store

        return open_store(self.settings)


Command = Callable[[argparse.Namespace, Context], int | None]


def declare(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, run: Command, help: str) -> argparse.ArgumentParser:
    """A subcommand `name` that runs `run(arguments, context)`; returns its parser for arguments."""
    parser = commands.add_parser(name, help=help, description=help)
    parser.set_defaults(run=run)
    return parser


def group(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, help: str
) -> "argparse._SubParsersAction[argparse.ArgumentParser]":
    """A subcommand with subcommands of its own (`users add`, `users list`); one of them must be given."""
    parser = commands.add_parser(name, help=help, description=help)
    return parser.add_subparsers(required=True, metavar="what")
