"""Numbers, money and dates in both languages; text made harmless."""

import re
from datetime import date, datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.i18n import translator
from ml.i18n.figures import Formatter
from ui.format import MARKDOWN, mask_name, mask_phone, md

ES, EN = Formatter(translator("es")), Formatter(translator("en"))
FRIDAY = date(2026, 11, 20)


def plain(text: str | None) -> str:
    return (text or "").replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (ES.money(164_000.4), "$ 164.000"),
        (EN.money(164_000.4), "$ 164.000"),
        (ES.money(-0.4), "$ 0"),
        (ES.money(None), "–"),
        (ES.money(float("nan")), "–"),
        (Formatter(translator("es"), "GBP").money(12.5), "GBP 12,50"),
        (Formatter(translator("es"), "GBP").money(1250), "GBP 1.250"),
        (ES.number(1234.56, 1), "1.234,6"),
        (EN.number(1234.56, 1), "1.234,6"),
        (Formatter(translator("en"), "GBP").number(1234.56, 1), "1,234.6"),
        (ES.number(-0.2), "0"),
        (ES.percent(0.094), "9 %"),
        (ES.percent(0.094, 1), "9,4 %"),
        (ES.day(FRIDAY), "20-11-2026"),
        (ES.day(pd.NaT), "–"),
        (ES.short_date(FRIDAY), "vie 20-11"),
        (EN.short_date(pd.Timestamp(FRIDAY)), "Fri 20-11"),
        (ES.moment(datetime(2026, 11, 20, 5, 30)), "vie 20-11 05:30"),
        (ES.weekday(FRIDAY), "viernes"),
        (ES.month(FRIDAY, year=True), "noviembre 2026"),
        (ES.span(84, 113), "84 – 113"),
        (ES.span(1e6, 2e6, money=True), "$ 1.000.000 – 2.000.000"),
        (ES.span(None, 3), "–"),
        (ES.change(112, 100), "+12 %"),
        (ES.change(9, 10), "-10 %"),
        (ES.change(100.1, 100), "0 %"),
        (ES.separators, ",."),
        (EN.separators, ",."),
        (Formatter(translator("en"), "GBP").separators, ".,"),
    ],
)
def test_what_is_written(written, expected):
    assert plain(written) == expected


def test_nothing_to_compare_with_is_no_change():
    assert ES.change(5, 0) is None and ES.change(5, float("nan")) is None and ES.change(None, 5) is None


@given(st.text(max_size=80))
def test_no_markdown_sign_survives_unescaped(text):
    shown = md(text)
    assert "\n" not in shown
    assert MARKDOWN.sub("", text.replace("\n", " ")) == MARKDOWN.sub("", shown.replace("\\", "")) or "\\" in text
    for place, sign in enumerate(shown):
        if sign in "*_<[$`" and place:
            assert shown[place - 1] == "\\"


def test_masks_show_initials_and_last_digits_only():
    assert mask_name("Ana María Pérez Soto") == "A··· M··· P···"
    assert mask_name("") == mask_name(None) == "–"
    assert mask_phone("+56 9 1234 5678") == "··· 678"
    assert mask_phone("none") == "–"


@pytest.mark.parametrize("text", ["https://evil.example", "HTTP://evil.example/x", "www.evil.example", "see www.evil.example"])
def test_an_address_in_a_name_is_no_link(text):
    """The reader's markdown makes a link of `https?://…` and `www.…` wherever the letters stand together."""
    shown = md(text).replace("\\", "")
    assert "\u2060" in shown and shown.replace("\u2060", "") == text
    assert not re.search(r"https?://|www\.", shown, re.IGNORECASE)
