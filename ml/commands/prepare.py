"""`prepare` does everything the app needs before it starts, once; `up` prepares, then runs the app and the scheduler."""

import argparse

from ml.commands import Context, declare
from ml.settings import ensure_secret_key
from ml.store.pointers import in_service, mirror
from ml.store.released_files import require_released_files
from ml.store.releases import remove_unfinished


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the subcommands."""
    declare(commands, "prepare", prepare, "make ready: key, store, demo company, first admin, first models")
    declare(commands, "up", up, "prepare, then run the app and the scheduler until Ctrl-C (what `make run` does)")


def prepare(_arguments: argparse.Namespace, context: Context) -> None:
    """Make everything ready that is not: a second call changes nothing and takes no time.

    Address, first user and a generated password are printed; the password exactly once in the life of the store.
    """
    from ml.store.users import ensure_first_admin

    context.settings = ensure_secret_key(context.settings, context.env_file)
    settings, store, say = context.settings, context.store, context.say
    remove_unfinished(settings.models_folder)
    require_released_files(settings, store)
    with store.connect() as connection:
        has_models = bool(in_service(connection))
        mirror(connection, settings.models_folder)
    if not has_models:
        from ml.jobs.running import run_job  # loads pandas: a second start does not need it

        say("First start: the models are trained now, which takes about a minute.")
        run_job(settings, store, "retrain", say=say, origin="setup")
    email, password = ensure_first_admin(settings, store)
    say(f"Address:  http://127.0.0.1:{settings.port}")
    say(f"User:     {email}")
    if password is not None:
        say(f"Password: {password}   (shown once; change it with `python -m ml users password {email}`)")


def up(arguments: argparse.Namespace, context: Context) -> int:
    """Prepare and serve."""
    from ml.launch import require_free_port, serve

    require_free_port(context.settings.port)
    prepare(arguments, context)
    return serve(context.settings, context.say)
