"""Events over the forecast figure: where their days are shaded, where their words stand, and what the pointer reads."""

from datetime import date

import pandas as pd
import pytest

from tests.unit.ui.test_charts import ahead, past, screen  # noqa: F401 - the figure's own fixtures
from ui import charts, event_marks
from ui.chart_words import LONGEST, ROW_PIXELS
from ui.event_list import KINDS, with_words

DAY = pd.Timedelta(days=1)
LOWEST = charts.WORD_ROWS * ROW_PIXELS


def events(*rows: tuple, is_entered: bool = True) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["kind", "name", "start", "end"]).assign(is_entered=is_entered)
    return frame.astype({"start": "datetime64[us]", "end": "datetime64[us]"})


@pytest.fixture
def draw(past, ahead):  # noqa: F811
    def over(*rows: tuple, dark: bool = False, is_entered: bool = True) -> dict:
        seen = screen(dark=dark)
        figure = charts.forecast(seen, past, ahead, measure="orders")
        return event_marks.over(seen, figure, events(*rows, is_entered=is_entered), KINDS, [*past["day"], *ahead["day"]])

    return over


def shades(figure: dict) -> list[tuple]:
    return [(shape["x0"], shape["x1"]) for shape in figure["layout"]["shapes"] if shape["type"] == "rect"]


def words(figure: dict) -> list[str]:
    return [note["text"] for note in figure["layout"]["annotations"] if note.get("yshift", 0) >= LOWEST]


def test_a_past_and_a_coming_promotion_are_shaded_over_their_days(draw):
    figure = draw(("promotion", "Invierno", "2026-11-09", "2026-11-12"), ("promotion", "Verano", "2026-12-01", None))
    days = [(pd.Timestamp("2026-11-09"), pd.Timestamp("2026-11-13")), (pd.Timestamp("2026-12-01"), pd.Timestamp("2026-12-02"))]
    assert shades(figure) == days
    assert words(figure) == ["Invierno", "Verano"]
    assert figure["data"][-1]["customdata"][0].replace("\u00a0", " ") == "Promoción: Invierno, lun 09-11 a jue 12-11"


def test_an_event_that_the_data_tells_is_drawn_the_same_and_says_where_it_is_from(draw):
    one = ("promotion", "Invierno", "2026-11-09", "2026-11-12")
    entered, told = draw(one), draw(one, is_entered=False)
    assert shades(told) == shades(entered) and words(told) == words(entered) == ["Invierno"]
    assert told["data"][-1]["customdata"][0].endswith("(de sus datos)") and "datos" not in entered["data"][-1]["customdata"][0]
    assert told["data"][-1]["marker"]["symbol"] == ["triangle-up-open"] != entered["data"][-1]["marker"]["symbol"]


def test_an_event_that_begins_before_the_figure_begins_with_it_and_others_are_left_out(draw):
    figure = draw(
        ("strike", "Paro", "2026-10-20", "2026-11-03"),
        ("strike", "Ya fue", "2026-10-01", "2026-10-05"),
        ("closure", "Lejos", "2027-02-01", None),
    )
    assert words(figure) == ["Paro"] and shades(figure) == [(pd.Timestamp("2026-11-02"), pd.Timestamp("2026-11-04"))]


def test_a_lasting_price_change_is_a_line_where_it_begins(draw):
    figure = draw(("price_change", "Alza", "2026-11-16", None))
    (line,) = [shape for shape in figure["layout"]["shapes"] if shape["line"].get("dash") == "dash"]
    assert line["x0"] == pd.Timestamp("2026-11-16") and shades(figure) == []
    assert figure["data"][-1]["customdata"][0].replace("\u00a0", " ") == "Cambio de precio: Alza, desde el lun 16-11"
    assert words(draw(("price_change", "Vieja", "2025-01-01", None))) == []


def test_a_closure_on_days_that_left_the_axis_is_a_line_at_the_next_day_shown(past, ahead):  # noqa: F811
    shut = ahead.assign(is_open=ahead["is_open"] & ~ahead["day"].between("2026-11-23", "2026-11-25"))
    shut = shut.assign(value=shut["value"].where(shut["is_open"], 0.0))
    figure = charts.forecast(screen(), past, shut, measure="orders")
    found = events(("closure", "Inventario", "2026-11-23", "2026-11-25"))
    marked = event_marks.over(screen(), figure, found, KINDS, [*past["day"], *shut["day"]])
    (line,) = [shape for shape in marked["layout"]["shapes"] if shape["line"].get("dash") == "dash"]
    assert line["x0"] == pd.Timestamp("2026-11-26") and words(marked) == ["Inventario"]


def test_words_that_would_meet_stand_in_rows_and_the_fourth_keeps_only_its_shade(draw):
    day = pd.Timestamp("2026-11-09")
    figure = draw(*[("promotion", f"Una oferta de nombre largo {n}", day, None) for n in range(4)])
    notes = [note for note in figure["layout"]["annotations"] if note.get("yshift", 0) >= LOWEST]
    assert len({note["yshift"] for note in notes}) == len(notes) == 3 and len(shades(figure)) == 4
    assert all(len(note["text"]) <= LONGEST for note in notes)
    assert [note["hovertext"].replace("\u00a0", " ") for note in notes][0] == "Promoción: Una oferta de nombre largo 0, lun 09-11"
    plain = draw()
    assert figure["layout"]["height"] > plain["layout"]["height"] and figure["layout"]["margin"]["t"] > plain["layout"]["margin"]["t"]


def test_a_name_is_no_markup(draw):
    figure = draw(("promotion", "<a href='x'>y</a>", "2026-11-09", None))
    assert "<" not in words(figure)[0] and "<" not in figure["data"][-1]["customdata"][0].replace("<extra></extra>", "")


def test_colours_follow_the_mode_and_nothing_changes_without_events(draw):
    one = ("promotion", "Una", "2026-11-09", None)
    assert draw(one)["layout"]["shapes"][0]["fillcolor"] != draw(one, dark=True)["layout"]["shapes"][0]["fillcolor"]
    assert draw() == draw(("strike", "Ya fue", "2026-10-01", None))


def test_the_table_names_an_event_on_each_of_its_days(ahead):  # noqa: F811
    found = events(("promotion", "Verano", "2026-12-07", "2026-12-09"), ("price_change", "Alza", "2026-12-09", None))
    told = with_words(ahead, found).set_index("day")["holiday"]
    assert told[pd.Timestamp("2026-12-07")] == "Verano"
    assert told[pd.Timestamp("2026-12-08")] == "Verano; La Inmaculada Concepción; otro"
    assert told[pd.Timestamp("2026-12-09")] == "Verano; Alza" and told[pd.Timestamp("2026-12-10")] is None
    assert told.index[0].date() == date(2026, 11, 21)
