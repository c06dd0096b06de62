"""Small words above a figure of days: in rows in which no two meet on a phone, shortened where there is no room for the whole."""

from collections.abc import Sequence
from html import escape
from typing import Literal, NamedTuple

import pandas as pd

Anchor = Literal["left", "center", "right"]
NARROW_PIXELS, LETTER_PIXELS, ROW_PIXELS = 290, 5.8, 15  # what a phone leaves for the figure; a letter of the small words; a row of them
LONGEST, SHORTEST = 22, 5
DOT = "•"
SHARES: dict[Anchor, float] = {"left": 0.0, "center": 0.5, "right": 1.0}  # how much of a word lies before its day


class Word(NamedTuple):
    """What stands above a day, the whole of it for the pointer, and which side of the word the day is on."""

    day: pd.Timestamp
    text: str
    whole: str
    anchor: Anchor = "center"


class Placed(NamedTuple):
    """A word with its place: `row` 0 is the lowest, `text` what there is room for, `whole` what the pointer reads, markup escaped."""

    day: pd.Timestamp
    text: str
    whole: str
    anchor: Anchor
    row: int


def place(words: Sequence[Word], shown: pd.DatetimeIndex, rows: int, *, dots: bool, taken: Sequence[Word] = ()) -> list[Placed]:
    """Where each word stands above an axis of the days `shown`, so that no two of a row meet when the figure is as narrow as a phone.

    All are cut to one length, the longest at which most find room. With `dots` a word that still finds none becomes a dot, or is told by
    the pointer with the word before; without, it is left out. `taken` are words that stand in row 0 already.
    """
    if not len(shown):
        return []
    best: list[Placed] = []
    for longest in range(LONGEST, SHORTEST - 1, -1):
        found = _tried(words, shown, rows, longest, taken=taken, dots=False)
        if len(found) > len(best):
            best = found
        if len(best) == len(words):
            return best
    return _tried(words, shown, rows, SHORTEST, taken=taken, dots=True) if dots else best


def shortened(text: str, longest: int) -> str:
    """The text, cut to `longest` letters.

    >>> shortened("La Inmaculada", 8), shortened("Navidad", 8)
    ('La Inma…', 'Navidad')
    """
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def _tried(words: Sequence[Word], shown: pd.DatetimeIndex, rows: int, longest: int, *, taken: Sequence[Word], dots: bool) -> list[Placed]:
    days_a_letter = LETTER_PIXELS * len(shown) / NARROW_PIXELS
    full: list[list[tuple[float, float]]] = [[] for _ in range(rows)]
    full[0] += [_reach(word.day, word.text, word.anchor, shown, days_a_letter)[1:] for word in taken]
    found: list[Placed] = []
    for word in words:
        texts = [shortened(word.text, longest), *([DOT] if dots else [])]
        spot = next((spot for text in texts if (spot := _free(word, text, shown, days_a_letter, full))), None)
        if spot:
            found.append(spot)
        elif dots and found:
            found[-1] = found[-1]._replace(whole=f"{found[-1].whole}<br>{escape(word.whole)}")
    return found


def _free(word: Word, text: str, shown: pd.DatetimeIndex, days_a_letter: float, full: list[list[tuple[float, float]]]) -> Placed | None:
    """The lowest row in which the text meets no other, and takes its room; None without one."""
    anchor, begin, end = _reach(word.day, text, word.anchor, shown, days_a_letter)
    for row, others in enumerate(full):
        if all(end <= begins or begin >= ends for begins, ends in others):
            others.append((begin, end))
            return Placed(word.day, escape(text), escape(word.whole), anchor, row)
    return None


def _reach(day: pd.Timestamp, text: str, anchor: Anchor, shown: pd.DatetimeIndex, days_a_letter: float) -> tuple[Anchor, float, float]:
    """From which to which place of the axis a text reaches, a letter of air included; turned where it would leave the figure."""
    place, width = float(shown.searchsorted(day)), (len(text) + 1) * days_a_letter
    if anchor != "left" and place - SHARES[anchor] * width < 0:
        anchor = "left"
    elif anchor != "right" and place + (1 - SHARES[anchor]) * width > len(shown):
        anchor = "right"
    begin = place - SHARES[anchor] * width
    return anchor, begin, begin + width
