"""A store that is locked by another writer, or gone, while somebody works: one sentence with a number that the log knows, nothing half
written, and what was typed is still there."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from ml.i18n import translator
from ml.store import engine as engines
from tests.pages.pressing import button, everything_written, field
from tests.pages.writing_buttons import PLACES, changed, contents, families, family, fill_more
from ui import presses, store_access

ES, EN = translator("es"), translator("en")
NOT_HERE = {"", "open-", "cancel-", "segment-count", "logo", "logo-remove"}
FORMS = (  # screen, its address, the field, its button
    ("customer", {"customer": "c1"}, ("text_area", "note-text-"), "note-"),
    ("churn", {"customer": "c1"}, ("text_input", "one-note-"), "alert-note-"),
    ("demand", {}, ("text_input", "event-0-name"), "event-add-"),
    ("experiments", {"view": "new"}, ("text_input", "x-name-"), "make-experiment-"),
    ("settings", {"tab": "people"}, ("text_input", "new-name-"), "add-person-"),
)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0)


@contextmanager
def locked() -> Iterator[None]:
    """Another writer holds the store."""
    other = sqlite3.connect(store_access.store().url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


@contextmanager
def gone() -> Iterator[None]:
    """Nobody can connect to the store."""
    engine = store_access.store()

    def refuse(*_args: object) -> None:
        raise sa.exc.OperationalError("SELECT 1", None, Exception("unable to open database file"))

    sa.event.listen(engine, "engine_connect", refuse)
    try:
        yield
    finally:
        sa.event.remove(engine, "engine_connect", refuse)


def number_told(app: AppTest) -> str:
    """The number in the sentence about a store that is away; empty where it is not told."""
    pattern = re.escape(EN(presses.AWAY, number="NUMBER")).replace("NUMBER", "([0-9a-f]{8})")
    told = re.search(pattern, "\n".join(entry.value for entry in app.error))
    return told.group(1) if told else ""


def test_every_button_on_a_locked_store_says_so_and_leaves_all_as_it_was(live, own_full_home, caplog):
    live(own_full_home, "overview")
    known, done = families(), set()
    for page, query in (*PLACES, *fill_more()):
        app = live(own_full_home, page, language="en", **query)
        changed(app)
        app.run()
        before = contents()
        with locked():
            while todo := [entry.key for entry in app.button if (name := family(entry.key, known)) is not None and name not in done]:
                done.add(family(todo[0], known))
                changed(app)
                app = button(app, todo[0]).click().run()
                assert not app.exception and not app.success, todo[0]
                number = number_told(app)
                assert number and number in caplog.text, (todo[0], [entry.value for entry in app.error])
                caplog.clear()
        assert contents() == before, page
    assert known.keys() - done == NOT_HERE


def test_the_next_press_is_done_when_the_lock_is_gone(live, own_full_home):
    app = live(own_full_home, "customer", language="en", customer="c1")
    field(app, "text_area", "note-text-").set_value("Prefers mornings")
    with locked():
        app = button(app, "note-").click().run()
    assert number_told(app)
    app = button(app, "note-").click().run()
    assert app.success and not number_told(app) and field(app, "text_area", "note-text-").value == ""


def test_what_is_no_press_of_a_form_says_so_too(live, own_full_home):
    app = live(own_full_home, "segments", language="en", role="analyst")
    before = contents()
    with locked():
        app = button(app, "refresh").click().run()
        first = number_told(app)
        app = field(app, "segmented_control", "language-").set_value("es").run()
    assert first and not app.exception and number_told(app) not in ("", first) and contents() == before


@pytest.mark.parametrize(("page", "query", "place", "press"), FORMS, ids=[page for page, *_ in FORMS])
def test_what_was_typed_is_still_there(live, own_full_home, page, query, place, press, caplog):
    live(own_full_home, "overview")
    fill_more()
    app = live(own_full_home, page, **query)
    before = everything_written()
    field(app, *place).set_value("Half a sentence")
    with locked():
        app = button(app, press).click().run()
    assert field(app, *place).value == "Half a sentence"
    with gone():
        app = button(app, press).click().run()
        assert not app.exception and app.error[0].value == ES("The store cannot be read just now; please try again shortly.")
        assert re.search("[0-9a-f]{8}", app.caption[0].value).group() in caplog.text
        assert not app.text_input
    app = app.run()
    assert field(app, *place).value == "Half a sentence"
    assert everything_written() == before
