"""Every button that writes, clicked twice on the same drawing: the second click changes nothing, in no table.

Which buttons there are is read from the code: each call of `ui.presses`, and no other way to write than those named here.
"""

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from ml.store import schema
from ui import presses, store_access

ROOT = Path(__file__).resolve().parents[2]
NAME_PLACE = {"button": 1, "submit": 1, "asked": 3}
LARGE = {"predictions", "customer_orders", "customer_facts", "customer_products", "daily_facts", "delivery_points", "alembic_version"}
BESIDE = {  # writes or looks of another kind, each safe by itself
    "actions.refresh_now",  # single flight: the second press finds the first run (tests/pages/test_screens.py)
    "_language_chosen",  # a choice, not a press: the same one again is the same
    "_language",
    "actions_messages.close",  # shows no more what this session looks at
}
ELSEWHERE = {  # what stands on a screen in a state that its own test makes, pressed twice through the same guard
    "": "names that are handed in: run_orders, model_choice, experiment_create, stock_outcomes",
    "again-": "tests/pages/test_messages.py",
    "retry-": "tests/pages/test_run_orders.py",
    "segment-count": "tests/pages/test_screens.py",
}
PLACES = (
    ("customer", {"customer": "c1"}), ("churn", {"customer": "c1"}), ("churn", {}), ("settings", {"tab": "values"}),
    ("settings", {"tab": "people"}), ("settings", {"tab": "tokens"}), ("settings", {"tab": "own"}), ("operations", {"part": "messages"}),
    ("operations", {"part": "runs"}), ("demand", {}), ("experiments", {}), ("models", {}),
)  # fmt: skip


def calls() -> Iterator[tuple[Path, ast.Call, str]]:
    """Every call in ui/ and pages/, and its name as written."""
    for path in sorted([*(ROOT / "ui").glob("*.py"), *(ROOT / "pages").glob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and path.name != "presses.py":
                yield path, node, ast.unparse(node.func)


def families() -> dict[str, str]:
    """What the names of presses begin with -> where such a button stands; "" for a name that is handed in."""
    found = {}
    for path, call, name in calls():
        kind = name.removeprefix("presses.")
        if name.startswith("presses.") and kind in NAME_PLACE:
            told = call.args[NAME_PLACE[kind]]
            first = told.values[0] if isinstance(told, ast.JoinedStr) else told
            found[str(first.value) if isinstance(first, ast.Constant) else ""] = path.name
    return found


def test_every_other_callback_is_named_here():
    told = {
        ast.unparse(word.value)
        for _, call, _ in calls()
        for word in call.keywords
        if word.arg in ("on_click", "on_change") and ast.unparse(word.value) != "'ignore'"
    }
    assert told == BESIDE


def contents() -> str:
    """A digest of all that people may write."""
    told = hashlib.sha256()
    with store_access.store().connect() as conn:
        for table in schema.metadata.sorted_tables:
            if table.name not in LARGE:
                told.update(repr((table.name, sorted(map(repr, conn.execute(sa.select(table)).all())))).encode())
    return told.hexdigest()


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


def changed(app) -> None:
    """Something usable in every empty field, another value where a button wants one."""
    for entry in [*app.get("text_input"), *app.get("text_area")]:
        if not entry.value and not (entry.key or "").startswith("q"):
            usable = {"email": "nueva@example.com", "url": "https://app.example.com"}
            entry.set_value(next((value for part, value in usable.items() if part in (entry.key or "")), "Por prueba"))
    for entry in app.get("multiselect"):
        entry.set_value(entry.value or [entry.options[0]])
    for entry in app.get("number_input"):
        if (entry.key or "").startswith(("try-cost", "value-call_cost")):
            entry.set_value(1_234.0)
    for entry in app.get("selectbox"):
        if (entry.key or "").startswith("role-of-"):
            entry.set_value("analyst")


def test_the_second_click_writes_nothing(live, own_full_home, pressed):
    known, done = families() | {"back-": "the way back of any of them"}, set()
    for page, query in PLACES:
        app = live(own_full_home, page, language="en", **query)
        changed(app)
        app.run()
        while todo := [entry.key for entry in app.button if (name := _family(entry.key, known)) is not None and name not in done]:
            done.add(_family(todo[0], known))
            changed(app)
            app = next(one for one in app.button if one.key == todo[0]).click().run()
            assert not app.exception, (page, todo[0])
    assert {name: quiet for name, (_, quiet) in pressed.items() if not quiet} == {}
    succeeded = {name for name, (was_done, _) in pressed.items() if was_done}
    assert {one for one in known if not any(_is_of(name, one) for name in succeeded)} == set(ELSEWHERE)


def _family(key: str | None, known: dict[str, str]) -> str | None:
    """What a button's key belongs to: the name and how often it was pressed, as `presses.button` writes it."""
    name = (key or "").rpartition("-")[0]
    return max((one for one in known if _is_of(name, one)), key=len, default=None)


def _is_of(name: str, one: str) -> bool:
    return bool(one) and (name.startswith(one) if one.endswith("-") else name == one)
