"""From a table to a customer: a marked row opens at once, a cell that was only chosen offers a link."""

from types import SimpleNamespace

import pandas as pd
import pytest

from ml.i18n import translator
from ui import drill

FRAME = pd.DataFrame({"customer_id": ["c1", "c2"], "who": ["Ana *Rojas*", "Bruno Vera"]})


@pytest.fixture
def done(monkeypatch):
    """What a choice does: (what, with what)."""
    found = []
    monkeypatch.setattr(drill.st, "switch_page", lambda _path, query_params: found.append(("opened", query_params)))
    monkeypatch.setattr(drill.st, "page_link", lambda _path, label, icon, query_params: found.append((label, query_params)))
    monkeypatch.setattr(drill.st, "caption", lambda text: found.append(("said", text)))
    return found


def choose(rows=(), cells=()) -> None:
    event = SimpleNamespace(selection=SimpleNamespace(rows=list(rows), cells=list(cells)))
    drill.follow(SimpleNamespace(t=translator("en")), event, FRAME, "who")


def test_a_marked_row_opens_its_customer(done):
    choose(rows=[1])
    assert done[0] == ("opened", {"customer": "c2"})


@pytest.mark.parametrize("column", ["who", "value_at_risk"])
def test_a_chosen_cell_only_offers_to_open_it(done, column):
    choose(cells=[(0, column)])
    assert done == [("Open Ana \\*Rojas\\*", {"customer": "c1"})]


@pytest.mark.parametrize("place", [{}, {"cells": [(2, "who")]}, {"rows": [5]}])
def test_without_a_choice_or_after_rows_went_away_it_says_how(done, place):
    choose(**place)
    assert done == [("said", "Mark a row to open the customer.")]
