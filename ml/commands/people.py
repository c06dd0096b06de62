"""`users` and `tokens`: who may come in, and which programs. A secret is printed once, when it is made."""

import argparse
import getpass
import os
import secrets
from datetime import timedelta

from ml import clock
from ml.commands import Context, declare, group
from ml.commands.data import table
from ml.store import tokens, users
from ml.store.engine import begin_write

BY = "command line"
PASSWORD_VARIABLE = "INSIGHTS_NEW_PASSWORD"  # noqa: S105 - the name of an environment variable


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the subcommands."""
    people = group(commands, "users", "people: list, add, disable, enable, role, password")
    declare(people, "list", list_users, "everybody, with role and state")
    new = declare(people, "add", add_user, f"add a person; the password is asked for, read from {PASSWORD_VARIABLE}, or generated")
    new.add_argument("email")
    new.add_argument("--name", default="")
    new.add_argument("--role", default="viewer", help=f"{', '.join(users.ROLES)} (default viewer)")
    for name, run, help in (
        ("disable", disable_user, "shut a person out at once"),
        ("enable", enable_user, "let a disabled person in again"),
        ("password", set_password, "set a new password; all sessions of the person end"),
    ):
        declare(people, name, run, help).add_argument("email")
    role = declare(people, "role", set_role, "give a person another role")
    role.add_argument("email")
    role.add_argument("role", help=", ".join(users.ROLES))
    programs = group(commands, "tokens", "bearer tokens of the JSON routes: list, add, revoke")
    declare(programs, "list", list_tokens, "all tokens, never their secrets")
    token = declare(programs, "add", add_token, "make a token for a person; its secret is printed once")
    token.add_argument("name", help="who or what uses it")
    token.add_argument("--user", required=True, metavar="EMAIL")
    token.add_argument("--scope", action="append", help=f"{', '.join(s.name for s in tokens.SCOPES)} (default: the role's)")
    token.add_argument("--days", type=int, default=None, help="days until it ends (default: never)")
    declare(programs, "revoke", revoke_token, "end a token").add_argument("id", type=int)


def list_users(_arguments: argparse.Namespace, context: Context) -> None:
    """Print everybody."""
    with context.store.connect() as connection:
        rows = [(user.email, user.name, user.role, "active" if user.enabled else "disabled") for user in users.list_users(connection)]
    context.say(table(("e-mail", "name", "role", "state"), rows))


def add_user(arguments: argparse.Namespace, context: Context) -> None:
    """Add a person; a generated password is printed once."""
    password, generated = _new_password()
    with begin_write(context.store) as connection:
        user = users.add(connection, arguments.email, arguments.name, arguments.role, password, now=clock.utc_now(), by=BY)
    context.say(f"{user.email} was added as {user.role}." + (f" Password (shown once): {password}" if generated else ""))


def disable_user(arguments: argparse.Namespace, context: Context) -> None:
    """Disable a person."""
    with begin_write(context.store) as connection:
        user = users.disable(connection, arguments.email, now=clock.utc_now(), by=BY)
    context.say(f"{user.email} is disabled.")


def enable_user(arguments: argparse.Namespace, context: Context) -> None:
    """Enable a person."""
    with begin_write(context.store) as connection:
        user = users.enable(connection, arguments.email, now=clock.utc_now(), by=BY)
    context.say(f"{user.email} may come in again.")


def set_role(arguments: argparse.Namespace, context: Context) -> None:
    """Change a role."""
    with begin_write(context.store) as connection:
        user = users.set_role(connection, arguments.email, arguments.role, now=clock.utc_now(), by=BY)
    context.say(f"{user.email} is {user.role} now.")


def set_password(arguments: argparse.Namespace, context: Context) -> None:
    """Set a password; a generated one is printed once."""
    password, generated = _new_password()
    with begin_write(context.store) as connection:
        user = users.set_password(connection, arguments.email, password, now=clock.utc_now(), by=BY)
    context.say(f"{user.email} has a new password." + (f" Password (shown once): {password}" if generated else ""))


def list_tokens(_arguments: argparse.Namespace, context: Context) -> None:
    """Print all tokens."""
    with context.store.connect() as connection:
        kept = tokens.list_tokens(connection)
    columns = ("id", "name", "email", "scopes", "expires_at", "last_used_at", "revoked_at")
    rows = [tuple(", ".join(row[name]) if name == "scopes" else row[name] or "–" for name in columns) for row in kept]
    context.say(table(columns, rows))


def add_token(arguments: argparse.Namespace, context: Context) -> None:
    """Make a token and print its secret once."""
    now = clock.utc_now()
    expires_at = now + timedelta(days=arguments.days) if arguments.days is not None else None
    with begin_write(context.store) as connection:
        user = users.get(connection, arguments.user)
        scopes = arguments.scope or [scope.name for scope in tokens.SCOPES if user.role in scope.roles]
        number, secret = tokens.add(connection, arguments.name, user, scopes, now=now, expires_at=expires_at, by=BY)
    context.say(f"Token {number} for {user.email}. Secret (shown once): {secret}")


def revoke_token(arguments: argparse.Namespace, context: Context) -> None:
    """End a token."""
    with begin_write(context.store) as connection:
        tokens.revoke(connection, arguments.id, now=clock.utc_now(), by=BY)
    context.say(f"Token {arguments.id} is revoked.")


def _new_password() -> tuple[str, bool]:
    """A password and whether it was generated: from the environment, typed twice at a terminal, or random."""
    import sys

    given = os.environ.get(PASSWORD_VARIABLE)
    if given:
        return given, False
    if sys.stdin.isatty():
        typed = getpass.getpass("New password (empty = generate one): ")
        if typed:
            if typed != getpass.getpass("Again: "):
                raise users.UserError("The two passwords differ; nothing was changed.")
            return typed, False
    return secrets.token_urlsafe(users.GENERATED_PASSWORD_BYTES), True
