"""Every button that writes, clicked twice on the same drawing: the second click changes nothing, in no table."""

import ast

import pytest

from ml.clock import utc_now
from ml.store import sessions, users
from ml.store.engine import begin_write
from tests.pages.writing_buttons import BESIDE, PLACES, calls, changed, contents, families, family, is_of
from ui import actions_alerts, presses, store_access

ELSEWHERE = {  # what stands on a screen in a state that its own test makes, pressed twice through the same guard
    "": "names that are handed in: run_orders, model_choice, experiment_create, stock_outcomes",
    "again-": "tests/pages/test_messages.py",
    "retry-": "tests/pages/test_run_orders.py",
    "segment-count": "tests/pages/test_screens.py",
    "own-password": "tests/pages/test_account.py",
    "logo": "tests/pages/test_settings.py",
    "logo-remove": "tests/pages/test_settings.py",
}
COUNTED = {"own-password"}  # each wrong password is an attempt, as at the sign-in


def test_every_other_callback_is_named():
    told = {
        ast.unparse(word.value)
        for _, call, _ in calls()
        for word in call.keywords
        if word.arg in ("on_click", "on_change") and ast.unparse(word.value) != "'ignore'"
    }
    assert told == BESIDE


@pytest.fixture
def pressed(monkeypatch) -> dict[str, tuple[bool, bool]]:
    """Makes each click a double one; name -> (it was done, the second click wrote nothing more)."""
    found, once = {}, presses.press

    def twice(name, drawn, *press):
        once(name, drawn, *press)
        first, was_done = contents(), presses.number(name) > drawn
        once(name, drawn, *press)
        found[name] = (was_done or found.get(name, (False,))[0], contents() == first)

    monkeypatch.setattr(presses, "press", twice)
    return found


def test_the_second_click_writes_nothing(live, own_full_home, pressed):
    known, done = families() | {"back-": "the way back of any of them"}, set()
    live(own_full_home, "overview")
    with begin_write(store_access.store()) as conn:
        for role in users.ROLES:
            sessions.create(conn, users.get(conn, f"{role}@example.com").id, now=utc_now())
    actions_alerts.open_alert("c1")  # what is taken back first; the alert that is opened then stays for the rest
    for page, query in PLACES:
        app = live(own_full_home, page, language="en", **query)
        changed(app)
        app.run()
        while todo := [entry.key for entry in app.button if (name := family(entry.key, known)) is not None and name not in done]:
            done.add(family(todo[0], known))
            changed(app)
            app = next(one for one in app.button if one.key == todo[0]).click().run()
            assert not app.exception, (page, todo[0])
    assert {name for name, (_, quiet) in pressed.items() if not quiet} == COUNTED
    succeeded = {name for name, (was_done, _) in pressed.items() if was_done}
    assert {one for one in known if not any(is_of(name, one) for name in succeeded)} == set(ELSEWHERE)
