"""Words above a figure: none meets another on a phone, and nothing is lost from what the pointer reads."""

import pandas as pd
import pytest

from ml.calendar import holiday_names
from ui.chart_words import DOT, LETTER_PIXELS, NARROW_PIXELS, SHARES, Placed, Word, place

FIRST = pd.Timestamp("2026-09-01")


def reaches(word: Placed, shown: pd.DatetimeIndex) -> tuple[float, float]:
    """From which to which pixel of a phone's figure the text stands."""
    at, width = shown.searchsorted(word.day) / len(shown) * NARROW_PIXELS, len(word.text) * LETTER_PIXELS
    return at - SHARES[word.anchor] * width, at + (1 - SHARES[word.anchor]) * width


def holidays(shown: pd.DatetimeIndex) -> list[Word]:
    named = holiday_names("CL", shown[0].date(), shown[-1].date())
    return [Word(pd.Timestamp(day), name, f"{day}: {name}") for day, name in sorted(named.items())]


@pytest.mark.parametrize("begin", pd.date_range("2026-01-01", periods=12, freq="MS"))
@pytest.mark.parametrize("days", [90, 120, 150])
def test_no_two_words_of_a_row_meet_and_the_pointer_reads_them_all(begin, days):
    shown = pd.date_range(begin, periods=days)
    shown = shown[shown.day_of_week < 6]
    today = Word(shown[len(shown) // 2], "today", "", "right")
    words = holidays(shown)
    placed = place(words, shown, 2, dots=True, taken=[today])
    rows = [[], []]
    rows[0].append(reaches(Placed(*today, row=0), shown))
    for word in placed:
        rows[word.row].append(reaches(word, shown))
        assert rows[word.row][-1][0] >= 0 and rows[word.row][-1][1] <= NARROW_PIXELS
    for row in rows:
        row.sort()
        assert all(left[1] <= right[0] for left, right in zip(row, row[1:], strict=False))
    assert "<br>".join(word.whole for word in placed) == "<br>".join(word.whole for word in words)


def test_words_keep_their_length_while_there_is_room():
    shown = pd.date_range(FIRST, periods=40)
    words = [Word(FIRST + pd.Timedelta(days=15), "La Inmaculada Concepción", "a"), Word(FIRST + pd.Timedelta(days=30), "Navidad", "b")]
    assert [(word.text, word.row) for word in place(words, shown, 2, dots=True)] == [("La Inmaculada Concepc…", 0), ("Navidad", 0)]


def test_neighbours_are_cut_and_the_last_resort_is_a_dot():
    shown = pd.date_range(FIRST, periods=150)
    words = [Word(FIRST + pd.Timedelta(days=day), f"Fiestas Patrias {day}", str(day)) for day in (70, 71, 72, 73)]
    placed = place(words, shown, 2, dots=True)
    assert [word.text for word in placed][0].startswith("Fie") and {word.text for word in placed[1:]} <= {DOT, placed[0].text}
    assert "<br>".join(word.whole for word in placed) == "70<br>71<br>72<br>73"


def test_without_dots_a_word_without_room_is_left_out():
    shown = pd.date_range(FIRST, periods=150)
    words = [Word(FIRST + pd.Timedelta(days=day), "Oferta", "", "left") for day in (70, 71, 72, 73)]
    assert len(place(words, shown, 3, dots=False)) == 3
    assert place(words, shown[:0], 3, dots=False) == []


def test_markup_in_a_name_stays_text():
    shown = pd.date_range(FIRST, periods=30)
    (word,) = place([Word(FIRST, "<b>x", "<i>whole")], shown, 1, dots=False)
    assert word.text == "&lt;b&gt;x" and word.whole == "&lt;i&gt;whole" and word.anchor == "left"
