"""`releases`: what models are on disk and which of them serve, whether they are whole, and which of them shall serve."""

import argparse
import os
from typing import Any

from ml import clock
from ml.commands import Context, group
from ml.commands import declare as declare_command
from ml.commands.data import table
from ml.store import choosing, verdicts
from ml.store.engine import begin_write
from ml.store.pointers import in_service, mirror
from ml.store.refused import Refused
from ml.store.releases import ReleaseError, describe_release, list_releases, resign_release, signing_key, verify_release

BY = "command line"
OLD_KEY = "INSIGHTS_OLD_SECRET_KEY"
NEXT = "`python -m ml refresh` predicts with it from the newest data."


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the subcommands."""
    releases = group(commands, "releases", "stored models: list, verify, promote, rollback, resign")
    declare_command(releases, "list", show, "the releases on disk, what they hold and serve, and what waits for a person's yes")
    declare_command(releases, "verify", verify, "check signature, size and hash of every file of every release")
    use = declare_command(releases, "promote", promote, "put a release into service for one predictor: also the yes that the gate asks for")
    use.add_argument("predictor")
    use.add_argument("release")
    back = declare_command(releases, "rollback", rollback, "put the release that served before back into service")
    back.add_argument("predictor")
    back.add_argument("--to", metavar="RELEASE", default=None, help="which release (default: the one before)")
    for parser in (use, back):
        parser.add_argument("--reason", default="by hand", help="why, for the record")
    declare_command(
        releases, "resign", resign, f"sign all releases anew after INSIGHTS_SECRET_KEY changed; the old key is read from {OLD_KEY}"
    )


def show(_arguments: argparse.Namespace, context: Context) -> None:
    """Print the releases, newest first."""
    models, key = context.settings.models_folder, signing_key(context.settings)
    with context.store.connect() as connection:
        serving = in_service(connection)
        asked = {row["release_id"]: name for name, row in verdicts.waiting(connection).items()}
    rows: list[tuple[Any, ...]] = []
    for release_id in sorted({*list_releases(models), *serving.values()}, reverse=True):
        try:
            release = describe_release(models, release_id, key)
            said = (str(release.as_of), ", ".join(release.predictors), f"{release.size_bytes / 1e6:.1f} MB")
        except ReleaseError:
            said = ("?", "damaged: see `releases verify`", "?")
        serves = ", ".join(sorted(name for name, serves in serving.items() if serves == release_id)) or "–"
        rows.append((release_id, *said, serves, asked.get(release_id, "–")))
    head = ("release", "as of", "holds", "size", "serves", "waits for a yes")
    context.say(table(head, rows) if rows else "There is no release yet: run `python -m ml retrain`.")


def verify(_arguments: argparse.Namespace, context: Context) -> int:
    """Print what is wrong with each release; 1 when anything is."""
    models, key = context.settings.models_folder, signing_key(context.settings)
    with context.store.connect() as connection:
        serving = set(in_service(connection).values())
    problems = 0
    for release_id in sorted({*list_releases(models), *serving}, reverse=True):
        found = verify_release(models, release_id, key)
        problems += len(found)
        context.say(f"{release_id}  {'whole' if not found else ' '.join(found)}{'  (in service)' if release_id in serving else ''}")
    return 1 if problems else 0


def promote(arguments: argparse.Namespace, context: Context) -> None:
    """Put a release into service, once it is verified; answers the gate's question where it asked about this release."""
    shelf, by = _shelf(context), choosing.By(BY, clock.utc_now(), arguments.reason)
    predictor, release_id = arguments.predictor, arguments.release
    with begin_write(context.store) as connection:
        asked = verdicts.waiting(connection).get(predictor)
        if asked is not None and asked["release_id"] == release_id:
            _told(choosing.say_yes, connection, shelf, asked["id"], by)
        else:
            _told(choosing.use, connection, shelf, predictor, release_id, by)
    _mirrored(context)
    context.say(f"{predictor} is served by {release_id}; {NEXT}")


def rollback(arguments: argparse.Namespace, context: Context) -> None:
    """Point to an earlier release, once it is verified, and say what to do next."""
    shelf, by = _shelf(context), choosing.By(BY, clock.utc_now(), arguments.reason)
    predictor, release_id = arguments.predictor, arguments.to
    with begin_write(context.store) as connection:
        if release_id is None:
            release_id = _told(choosing.go_back, connection, shelf, predictor, by)
        else:
            _told(choosing.use, connection, shelf, predictor, release_id, by, code="rollback")
    _mirrored(context)
    context.say(f"{predictor} is served by {release_id} again; {NEXT}")


def resign(_arguments: argparse.Namespace, context: Context) -> int:
    """Sign every release that the old key signed with the present one; 1 when one is not whole."""
    old_key = os.environ.get(OLD_KEY, "")
    if not old_key:
        raise ReleaseError(f"{OLD_KEY} is not set: give the key with which the releases were signed, for this command only.")
    models, key, damaged = context.settings.models_folder, signing_key(context.settings), 0
    for release_id in list_releases(models):
        try:
            done = resign_release(models, release_id, old_key, key)
            context.say(f"{release_id}  {'signed anew' if done else 'bears the present signature already'}")
        except ReleaseError as error:
            damaged += 1
            context.say(f"{release_id}  {error}")
    return 1 if damaged else 0


def _shelf(context: Context) -> choosing.Shelf:
    return choosing.Shelf(context.settings.models_folder, signing_key(context.settings))


def _told(act: Any, *arguments: Any, **named: Any) -> Any:
    """What `act` gives; what it refuses is an error of the command line."""
    try:
        return act(*arguments, **named)
    except Refused as refusal:
        raise ReleaseError(str(refusal)) from refusal


def _mirrored(context: Context) -> None:
    with context.store.connect() as connection:
        mirror(connection, context.settings.models_folder)
