"""The 5 × 5 grid of a larger company: shapes in the colours of the palette, which the rules of style turn with the mode."""

import json
from functools import partial

import pytest

from tests.conftest import once
from tests.pages.conftest import make_home
from tests.pages.filled_store import fill
from ui import charts

ENOUGH = 320


@pytest.fixture(scope="module")
def large_home(shared_folder):
    """A home whose store has more customers than a grid wants."""
    return once(shared_folder, "large-screens", lambda home: make_home(home, partial(fill, customers=ENOUGH)))


def test_each_cell_is_a_shape_in_a_colour_that_follows_the_mode(show, large_home):
    drawn = [json.loads(chart.proto.spec) for chart in show(large_home, "segments").get("plotly_chart")]
    (grid,) = [figure["data"] for figure in drawn if len(figure["data"]) == 5 and all(one["type"] == "bar" for one in figure["data"])]
    colours = {colour for row in grid for colour in row["marker"]["color"]}
    assert len(colours) > 1 and colours <= set(charts.LIGHT)
    assert {row["textfont"]["color"] for row in grid} == {charts.INK[0]}
    assert sum(int(text.replace(".", "")) for row in grid for text in row["text"]) == ENOUGH
    assert not any(one["type"] == "heatmap" for figure in drawn for one in figure["data"])
