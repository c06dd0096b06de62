"""docs/security.md names every path, action, scope and limit as the code has them."""

from pathlib import Path

import pytest

from ml.store import attempts, sessions
from ml.store.tokens import SCOPES
from ml.store.users import PASSWORD_LENGTHS, ROLES
from ui.guard import ACTIONS
from ui.web.access import ACCESS

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line.startswith("| ")]
WORDS = {
    "public": "everybody",
    "session": "signed in",
    "visitor": "signed in, now or before",
    "role:admin": "admin",
    "reader": "signed in, or any token",
}


@pytest.mark.parametrize("access", ACCESS, ids=lambda access: access.path)
def test_every_path_with_its_methods_and_who(access):
    row = next(row for row in ROWS if f"`{access.path}`" in row[0])
    assert row[1] == ", ".join(access.methods)
    assert row[2] == WORDS.get(access.who, f"token with `{access.who.removeprefix('scope:')}`")


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_every_action_with_its_roles(action):
    header = next(row for row in ROWS if row[0] == "action")
    row = next(row for row in ROWS if row[0].startswith(f"`{action.name}`"))
    assert {role for role, cell in zip(header[1:], row[1:], strict=True) if cell == "✓"} == set(action.roles)
    assert set(header[1:]) == set(ROLES)


def test_scopes_and_limits():
    assert all(f"`{scope.name}`" in TEXT for scope in SCOPES)
    assert "{} to {} characters".format(*PASSWORD_LENGTHS) in TEXT
    assert f"After {attempts.FREE_FAILURES} wrong passwords" in TEXT
    assert f"{attempts.FIRST_WAIT.seconds} seconds, doubling to {attempts.LONGEST_WAIT.seconds // 60} minutes" in TEXT
    assert f"{attempts.ADDRESS_FAILURES} failures in {attempts.ADDRESS_WINDOW.seconds // 60} minutes" in TEXT
    assert f"within {attempts.TRUST.days} days" in TEXT
    hours, days = int(sessions.IDLE.total_seconds() // 3600), sessions.ABSOLUTE.days
    assert f"ends after {hours} hours without use" in " ".join(TEXT.split())
    assert f"after {days} days in any case" in TEXT
