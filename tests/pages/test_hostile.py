"""A customer whose name wants to be a script, a formula, a query, a wall of letters or a text from right to left does no harm anywhere."""

import csv
import io
import re

import openpyxl
import pytest

from ml.store import users
from tests.pages.conftest import make_home, texts_of
from tests.pages.filled_store import fill
from ui import actions, registry, store_access, tables

HOSTILE = {
    "c1": "<script>alert(1)</script>",
    "c2": '=HYPERLINK("http://evil.example","x")',
    "c3": "'; DROP TABLE users; --",
    "c4": "x" * 300,
    "c5": "مرحبا 💧 سلام",
    "c6": "@SUM(1+1)*cmd|' /C calc'!A0",
    "c7": "[x](http://evil.example) <img src=x onerror=alert(1)>",
}
EVERY_SCREEN = [entry.name for entry in registry.PAGES]
FAILED = re.compile("[0-9a-f]{8}$")  # the number under which the log knows why a screen failed
LIVE = re.compile(r"(?<!\\)<(script|img)|(?<!\\)\]\(http|(?<![\\\u2060])\$1\$")


@pytest.fixture(scope="session")
def hostile_home(tmp_path_factory):
    """A home whose customers have such names; they come first in every list."""
    from tests.pages import filled_store

    home = tmp_path_factory.mktemp("hostile")
    kept = dict(filled_store.HOSTILE)
    filled_store.HOSTILE.clear()
    filled_store.HOSTILE.update(HOSTILE)
    make_home(home, lambda engine: fill(engine, customers=30, hostile=True))
    filled_store.HOSTILE.clear()
    filled_store.HOSTILE.update(kept)
    return home


@pytest.fixture
def exported(monkeypatch):
    """What the export buttons of the screens drawn hand out: name of the file -> bytes."""
    made: dict[str, bytes] = {}

    def at_once(screen, name, make):
        made[name] = make()
        return lambda: made[name]

    monkeypatch.setattr(actions, "export_of", at_once)
    return made


@pytest.mark.parametrize("name", EVERY_SCREEN)
def test_no_screen_lets_a_name_act(show, hostile_home, name):
    app = show(hostile_home, name, query={"rule": "all"})
    said = texts_of(app)
    assert not app.exception and not [error for error in app.error if FAILED.search(error.value)]
    assert not LIVE.search(said)
    assert _people() == len(users.ROLES)


@pytest.mark.parametrize("customer", list(HOSTILE))
def test_the_screen_of_such_a_customer_shows_the_name_as_it_is_written(show, hostile_home, customer):
    app = show(hostile_home, "customer", language="en", query={"customer": customer})
    said = texts_of(app)
    assert not app.exception and not app.error and not LIVE.search(said)
    assert HOSTILE[customer] in re.sub(r"\\(.)", r"\1", said).replace("\u2060", "")


@pytest.mark.parametrize("asked", [*HOSTILE.values(), "\x00", "%", "_", "../../etc/passwd"])
def test_such_a_text_can_be_looked_for(show, hostile_home, asked):
    for query in ({"q": asked}, {"customer": asked}):
        app = show(hostile_home, "customer", query=query)
        assert not app.exception and not app.error and not LIVE.search(texts_of(app))


@pytest.mark.parametrize("name", ["churn", "segments", "next_orders"])
def test_no_file_holds_a_formula(show, hostile_home, exported, name):
    app = show(hostile_home, name, query={"rule": "all"})
    assert not app.exception and {file.rsplit(".")[-1] for file in exported} == {"csv", "xlsx"}
    for file, content in exported.items():
        cells = _cells(file, content)
        assert not [cell for cell in cells if isinstance(cell, str) and cell.startswith(tables.FORMULA_STARTS)]


def test_such_names_are_in_the_files_as_text(show, hostile_home, exported):
    for rule in ({"rule": "all"}, {"list": "win_back"}):
        show(hostile_home, "churn", query=rule)
    for ending in ("csv", "xlsx"):
        cells = {cell for file, content in exported.items() if file.endswith(ending) for cell in _cells(file, content)}
        assert {tables.harmless(name) for name in HOSTILE.values()} <= cells


def _people() -> int:
    with store_access.store().connect() as conn:
        return len(users.list_users(conn))


def _cells(file: str, content: bytes) -> list:
    if file.endswith("csv"):
        return [cell for row in csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";") for cell in row]
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert not [cell for sheet in book for row in sheet.rows for cell in row if cell.data_type == "f" or cell.hyperlink]
    return [cell.value for sheet in book for row in sheet.rows for cell in row]
