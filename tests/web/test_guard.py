"""The guard inside a screen: signed out, not allowed, away, and what each action wants."""

import ast
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ml.i18n import translator
from ml.store import sessions, users
from ml.store.engine import StoreError
from ml.store.users import ROLES
from tests.people import NOW, add_person, quick_hashes, quick_store  # noqa: F401
from ui import guard
from ui.guard import ACTIONS, NotAllowed
from ui.registry import PAGES

SCREEN = """
import streamlit as st
from ui import guard
user = guard.require("admin", "analyst")
st.write(f"secret for {user.email}")
"""


@pytest.fixture
def store(monkeypatch):
    engine = quick_store()
    with engine.begin() as connection:
        for role in ROLES:
            add_person(connection, role)
        add_person(connection, "admin", "second")
    monkeypatch.setattr(guard, "store", lambda: engine)
    monkeypatch.setattr(guard, "utc_now", lambda: NOW)
    return engine


@pytest.fixture
def enter(store, monkeypatch):
    """Sign somebody in: their session stands in the browser's cookie."""

    def signed_in(name: str | None) -> str | None:
        token = None
        if name is not None:
            with store.begin() as connection:
                token = sessions.create(connection, users.get(connection, f"{name}@example.com").id, now=NOW)
        monkeypatch.setattr(guard, "session_token", lambda: token)
        return token

    return signed_in


def shown(script: str = SCREEN) -> str:
    run = AppTest.from_string(script, default_timeout=60).run()
    assert not run.exception
    return "\n".join(element.value for kind in (run.markdown, run.subheader, run.error) for element in kind)


def said(msgid: str, text: str) -> bool:
    return any(translator(language)(msgid) in text for language in ("es", "en"))


@pytest.mark.parametrize("role", ["admin", "analyst"])
def test_the_named_roles_see_the_screen(enter, role):
    enter(role)
    assert shown() == f"secret for {role}@example.com"


def test_another_role_sees_why_not_and_nothing_else(enter):
    enter("viewer")
    text = shown()
    assert said("This screen is not for your role", text)
    assert "secret" not in text


def test_nobody_sees_the_way_in_and_nothing_else(enter):
    enter(None)
    text = shown()
    assert said("You are signed out", text)
    assert "secret" not in text


def test_a_right_revoked_while_the_page_is_open_ends_it_at_the_next_run(enter, store):
    enter("analyst")
    page = AppTest.from_string(SCREEN, default_timeout=60).run()
    assert page.markdown[0].value == "secret for analyst@example.com"
    with store.begin() as connection:
        users.set_role(connection, "analyst@example.com", "viewer", now=NOW)
    assert said("This screen is not for your role", page.run().subheader[0].value)
    with store.begin() as connection:
        users.disable(connection, "analyst@example.com", now=NOW)
    assert said("You are signed out", page.run().subheader[0].value)


def test_a_store_that_is_away_shows_nothing(enter, monkeypatch):
    enter("admin")

    def away():
        raise StoreError("The store is away.")

    monkeypatch.setattr(guard, "store", away)
    text = shown()
    assert said("The store cannot be read just now; please try again shortly.", text)
    assert "secret" not in text


@pytest.mark.parametrize("role", [*ROLES, None])
@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_each_action_is_for_the_declared_roles(enter, action, role):
    enter(role)
    if role in action.roles:
        assert guard.authorise(action.name).role == role
    else:
        with pytest.raises(NotAllowed, match=f"{action.name} is for {', '.join(action.roles)}"):
            guard.authorise(action.name)


def test_may_agrees_with_authorise(store):
    with store.connect() as connection:
        for user in users.list_users(connection):
            for action in ACTIONS:
                assert guard.may(user, action.name) is (user.role in action.roles)


def test_an_undeclared_action_is_a_mistake_in_the_code(enter):
    enter("admin")
    with pytest.raises(KeyError):
        guard.authorise("destroy")


def test_a_deferred_export_brings_the_session_it_was_made_with(enter, store):
    token = enter("viewer")
    enter(None)
    assert guard.authorise("export", token).email == "viewer@example.com"
    with store.begin() as connection:
        users.disable(connection, "viewer@example.com", now=NOW)
    with pytest.raises(NotAllowed, match="Nobody is signed in"):
        guard.authorise("export", token)


REMEMBERING = """
import streamlit as st
from ui import guard
user = guard.require()
st.session_state.setdefault("note", f"note of {user.email}")
st.write(st.session_state["note"])
"""


def test_the_next_person_in_the_same_browser_inherits_nothing(enter):
    enter("analyst")
    page = AppTest.from_string(REMEMBERING, default_timeout=60).run()
    assert page.run().markdown[0].value == "note of analyst@example.com"
    enter("viewer")
    assert page.run().markdown[0].value == "note of viewer@example.com"


FAILING = """
import streamlit as st
from ui import failures, guard
for error in (guard.NotAllowed("canary"), ValueError("canary")):
    assert failures.say_failure(error)
"""


def test_a_failed_press_reads_calmly_and_tells_no_detail(enter):
    enter("viewer")
    text = shown(FAILING)
    assert said("This is not for your role, or your session has ended. Nothing was changed; load the page again.", text)
    assert "canary" not in text
    assert re.search(r"[0-9a-f]{8}", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_screen_starts_with_the_guard_and_names_its_roles(page):
    calls = [node for node in ast.walk(first_statement(page.path)) if isinstance(node, ast.Call)]
    called = [call for call in calls if ast.unparse(call.func) == "guard.require"]
    assert len(called) == 1
    assert {ast.literal_eval(argument) for argument in called[0].args} == set(page.roles)


def first_statement(path: Path) -> ast.stmt:
    """The first statement of a screen that does something: imports, the docstring and plain constants do nothing."""
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        if isinstance(statement, ast.Expr | ast.Assign) and all(is_plain(part) for part in ast.walk(statement.value)):
            continue
        return statement
    raise AssertionError(f"{path.name} does nothing")


def is_plain(part: ast.AST) -> bool:
    return isinstance(part, ast.Constant | ast.Tuple | ast.List | ast.Dict | ast.Load | ast.UnaryOp | ast.USub)
