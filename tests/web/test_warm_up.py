"""Before the first visitor: what the screens import is found from the screens themselves, and a store that is away stops nothing."""

import logging

import pytest

from ml.store.engine import StoreError
from ui.registry import PAGES
from ui.web import warm_up
from ui.web.warm_up import imported_by


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_imports_of_every_screen_are_found(page):
    assert {"streamlit", "ui.guard"} <= imported_by(page.path)
    assert not {name for name in imported_by(page.path) if not warm_up._is_module(name)}


def test_a_store_that_is_away_is_one_line_in_the_log(monkeypatch, caplog):
    def away():
        raise StoreError("The store x cannot be used: no. Check it.")

    monkeypatch.setattr(warm_up, "store", away)
    monkeypatch.setattr(warm_up.gc, "freeze", lambda: None)
    with caplog.at_level(logging.ERROR):
        warm_up.warm_up()
    assert caplog.messages == ["The app starts without its store: The store x cannot be used: no. Check it."]
