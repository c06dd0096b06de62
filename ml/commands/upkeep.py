"""`backup`, `restore` and `customers erase`: our own data kept, brought back, and forgotten."""

import argparse
from pathlib import Path

from ml import clock
from ml.commands import Context, declare, group
from ml.commands.data import table

BY = "command line"
THEIRS = (
    "This program does not change the company's own database: remove or blank the person there as well (name, contact, address, notes), "
    "and in exports and mailboxes. Models hold no names; copies made before today hold the person until they are removed in their turn."
)


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the subcommands."""
    parser = declare(commands, "backup", back_up, "copy the store now (the scheduler does it daily)")
    parser.add_argument("--list", action="store_true", dest="only_list", help="show the copies there are")
    parser = declare(commands, "restore", restore, "replace the store by a copy; stop the app and the scheduler first")
    parser.add_argument("copy", help="a file, or a name of `backup --list`")
    parser.add_argument("--yes", action="store_true", help="do it: everything written since the copy is lost")
    customers = group(commands, "customers", "people in our own data: erase")
    parser = declare(customers, "erase", erase, "remove a person from store, snapshots and messages, for good")
    parser.add_argument("customer_id", help="the id as in the company's own table")
    parser.add_argument("--yes", action="store_true", help="do it: there is no way back")


def back_up(arguments: argparse.Namespace, context: Context) -> None:
    """Make a copy, or list those there are."""
    from ml.store import backup

    folder = context.settings.home / backup.FOLDER
    if arguments.only_list:
        rows = [(path.name, f"{path.stat().st_size / 1e6:.1f} MB") for path in backup.list_backups(folder)]
        context.say(table(("copy", "size"), rows) if rows else f"There is no copy in {folder} yet: `python -m ml backup` makes one.")
        return
    path = backup.make_backup(context.settings, context.store, clock.utc_now())
    context.say(f"The store was copied to {path}. Copy the folder models/ and the file .env as well, to another machine.")


def restore(arguments: argparse.Namespace, context: Context) -> int:
    """Replace the store by a copy; 1 without --yes."""
    from ml.store import backup
    from ml.store.pointers import in_service, mirror
    from ml.store.releases import list_releases

    given = Path(arguments.copy)
    path = given if given.exists() else context.settings.home / backup.FOLDER / given.name
    backup.check(path)
    if not arguments.yes:
        context.say(
            f"{path.name} is whole. Stop the app and the scheduler, then run this again with --yes: what was written since is lost."
        )
        return 1
    done = backup.restore(context.store, path, now=clock.utc_now(), by=BY)
    context.say(f"{sum(done.rows.values()):,} rows of {len(done.rows)} tables are back; {done.erased} erased people stay erased.")
    with context.store.connect() as connection:
        mirror(connection, context.settings.models_folder)
        missing = sorted(set(in_service(connection).values()) - set(list_releases(context.settings.models_folder)))
    context.say("Everybody signs in anew; waiting messages were not sent. People, roles and access keys are those of the copy: check them.")
    if missing:
        context.say(f"Models in service are missing on this disk ({', '.join(missing)}): copy models/ back, or run `python -m ml retrain`.")
    return 0


def erase(arguments: argparse.Namespace, context: Context) -> int:
    """Remove a person from store, snapshots and messages, and say what was done; 1 without --yes."""
    from ml.source.forgetting import forget
    from ml.source.snapshot import rewrite_snapshots
    from ml.store import erasing
    from ml.store.engine import begin_write

    if not arguments.yes:
        context.say(f"This removes {arguments.customer_id} from our data for good. Run it again with --yes.")
        return 1
    with begin_write(context.store) as connection:
        done = erasing.erase(connection, arguments.customer_id, by=BY, at=clock.utc_now())
        forgotten = erasing.forgotten(connection)
    snapshots = rewrite_snapshots(context.settings.data_folder / "snapshots", lambda tables: forget(tables, forgotten))
    rows = [*((name, f"{count:,} rows") for name, count in sorted(done.items())), ("snapshots", f"{snapshots} written anew")]
    context.say(table(("where", "removed or changed"), rows))
    context.say(THEIRS)
    return 0
