"""Every way of forecasting has a line of its own colour in the figure, however many there are."""

import pandas as pd
import pytest

from tests.unit.ui.test_charts import screen
from ui import demand_figure, texts

WAYS = ("ridge", "holt_winters", "state_space", "xgboost", "prophet")


@pytest.mark.parametrize("dark", [False, True])
def test_all_five_ways_are_drawn_each_in_its_colour(dark):
    days = pd.DataFrame({"day": pd.date_range("2026-11-23", periods=3, unit="us"), "is_open": [True, True, False]})
    days["members"] = [{name: place + 1.0 for place, name in enumerate(WAYS)}] * 3
    lines = demand_figure.with_ways(screen(dark=dark), {"data": []}, days, "orders")["data"]
    assert [line["name"] for line in lines] == [screen().t(texts.MEMBERS[name]) for name in WAYS]
    assert len({line["line"]["color"] for line in lines}) == 5 and all(len(line["x"]) == 2 for line in lines)
