"""Each piece of the kit in each of its states draws, in both languages, and nothing of it can be talked into acting."""

import re
from pathlib import Path

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from tests.pages import gallery
from tests.pages.conftest import TIMEOUT_SECONDS, texts_of
from ui import guard, registry

SCRIPT = Path(gallery.__file__)
FIGURES = 10
ON_PURPOSE = 3  # broken on purpose, a lost right, a refused press


@pytest.fixture
def drawn(store_at, empty_home, monkeypatch):
    """The gallery in a language."""

    def draw(language: str) -> AppTest:
        store_at(empty_home)
        monkeypatch.setattr(guard, "current_user", lambda token=None: None)
        app = AppTest.from_file(str(SCRIPT), default_timeout=TIMEOUT_SECONDS)
        app.query_params["language"] = language
        return app.run()

    return draw


@pytest.mark.parametrize(("language", "fresh"), [("es", "Datos hasta"), ("en", "Data up to")])
def test_every_piece_draws_in_every_state(drawn, language, fresh):
    app = drawn(language)
    assert not app.exception
    assert len(app.error) == ON_PURPOSE
    assert [header.value for header in app.header] == [piece.__name__ for piece in gallery.PIECES]
    assert len(app.get("plotly_chart")) == FIGURES
    assert fresh in texts_of(app)
    assert "password=secret" not in texts_of(app)


def test_hostile_texts_are_shown_as_they_are_written(drawn):
    app = drawn("en")
    said = "".join(str(piece.value) for kind in ("markdown", "caption", "info", "warning") for piece in app.get(kind))
    said += "".join(f"{metric.label}{metric.value}{metric.delta}" for metric in app.metric)
    assert "script" in said and not re.search(r"(?<!\\)<script|(?<!\\)]\(http", said)
    assert set(gallery.HOSTILE) < set(app.dataframe[0].value["who"])


def test_missing_cells_are_no_word_of_the_machine(drawn):
    """What a table displays for a hole is set here; the browser would say None, nan or NaT."""
    kinds = drawn("es").dataframe[0].proto
    assert kinds.placeholder == "–"
    displayed = pa.ipc.open_stream(kinds.arrow_data.styler.display_values).read_pandas()
    assert set(displayed.iloc[-1]) == {"–"}


def test_the_gallery_is_not_part_of_the_product():
    assert "gallery" not in {entry.name for entry in registry.PAGES}
