"""Numbers, days, ids and flags out of what people type."""

from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.source.parsing import parse_days, parse_flags, parse_ids, parse_numbers, parse_texts

SANTIAGO = "America/Santiago"


def numbers(*values: object, **how: object) -> list[float | None]:
    parsed = parse_numbers(pd.Series(values, dtype=object), **how).values  # type: ignore[arg-type]
    return [None if np.isnan(value) else value for value in parsed]


@pytest.mark.parametrize(
    ("came", "wanted"),
    [
        (["$ 1.234", "$ 12.500"], [1234, 12500]),
        (["1.234.567"], [1234567]),
        (["1.234,50", "2,5"], [1234.5, 2.5]),
        (["1,234.50", "7"], [1234.5, 7]),
        (["1234.5", "20.25", "1.234"], [1234.5, 20.25, 1.234]),
        (["0.123"], [0.123]),
        (["12 CLP", "CLP 12", "12clp", "US$ 3"], [12, 12, 12, 3]),
        (["(500)", "500-", "-500", "- 500"], [-500, -500, -500, -500]),
        (["1.500.-", "$1.990.-"], [1500, 1990]),
        (["1'234", "1 234", "1\u00a0234"], [1234, 1234, 1234]),
        (["", " ", "null", "N/A", "-", None], [None] * 6),
        (["abc", "1.2.3", "12/3", "1e5", "inf", "--5"], [None, None, None, 1e5, None, None]),
        ([Decimal("12.50"), 3, 4.5, np.int64(7)], [12.5, 3, 4.5, 7]),
    ],
)
def test_numbers_are_read_as_a_person_would(came: list[object], wanted: list[float | None]) -> None:
    assert numbers(*came) == wanted


def test_a_column_that_proves_nothing_is_read_with_thousands_and_says_so() -> None:
    parsed = parse_numbers(pd.Series(["1.234", "5.000", "12"]))
    assert parsed.values.tolist() == [1234, 5000, 12]
    assert parsed.assumed
    assert parsed.corrected.tolist() == [True, True, False]


def test_the_mapping_decides_when_it_says_so() -> None:
    assert numbers("1.234", decimal=".") == [1.234]
    assert numbers("1,234", decimal=",") == [1.234]
    assert not parse_numbers(pd.Series(["1.234"]), decimal=".").assumed


def test_coordinates_have_no_thousands() -> None:
    assert numbers("-33.449", "-33,449", grouped=False) == [-33.449, -33.449]
    assert not parse_numbers(pd.Series(["-33.449"]), grouped=False).assumed


def test_unreadable_numbers_are_marked_and_plain_ones_are_not() -> None:
    parsed = parse_numbers(pd.Series(["12", "abc", None, "$ 5"]))
    assert parsed.unreadable.tolist() == [False, True, False, False]
    assert parsed.corrected.tolist() == [False, False, False, True]
    assert parse_numbers(pd.Series([1.0, np.inf])).unreadable.tolist() == [False, True]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-1e9, 1e9).map(lambda x: round(x, 2)), min_size=1))
def test_numbers_written_plainly_come_back(values: list[float]) -> None:
    texts = pd.Series([f"{value:.2f}" for value in values])
    assert parse_numbers(texts).values.tolist() == [float(text) for text in texts]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-(10**9), 10**9), min_size=1))
def test_chilean_money_comes_back(values: list[int]) -> None:
    texts = pd.Series([f"$ {value:,}".replace(",", ".") for value in values])
    assert parse_numbers(texts).values.tolist() == values


@settings(deadline=None, max_examples=40)
@given(st.lists(st.one_of(st.none(), st.text(max_size=12), st.floats(), st.integers(-(10**20), 10**20)), max_size=20))
def test_no_cell_breaks_a_parser_and_parsing_twice_changes_nothing(values: list[object]) -> None:
    column = pd.Series(values, dtype=object)
    once = parse_numbers(column).values
    pd.testing.assert_series_equal(parse_numbers(once).values, once)
    days = parse_days(column, timezone=SANTIAGO).values
    pd.testing.assert_series_equal(parse_days(days, timezone=SANTIAGO).values, days)
    ids = parse_ids(column).values
    pd.testing.assert_series_equal(parse_ids(ids).values, ids)
    assert len(parse_flags(column)) == len(parse_texts(column)) == len(column)


def days(*values: object, **how: object) -> list[str | None]:
    parsed = parse_days(pd.Series(values, dtype=object), timezone=SANTIAGO, **how).values  # type: ignore[arg-type]
    return [None if pd.isna(value) else f"{value:%Y-%m-%d}" for value in parsed]


@pytest.mark.parametrize(
    ("came", "wanted"),
    [
        (["2026-03-02", "2026-03-02 23:59:59", "2026-03-02T10:00"], ["2026-03-02"] * 3),
        (["31-12-2025", "01/02/2026", "3.4.26"], ["2025-12-31", "2026-02-01", "2026-04-03"]),
        (["12/31/2025", "01/02/2026"], ["2025-12-31", "2026-01-02"]),
        (["2026/3/2"], ["2026-03-02"]),
        (["", None, "NaT"], [None] * 3),
        (["31-02-2026", "yesterday", 20260302, "2026-13-01", "2026-03-02abc"], [None] * 5),
        ([date(2026, 3, 2), datetime(2026, 3, 2, 23), pd.Timestamp("2026-03-02", tz="UTC")], ["2026-03-02", "2026-03-02", "2026-03-01"]),
        (["2026-03-03 02:30:00+00", "2026-03-03T02:30:00Z", "2026-03-02T22:30:00-03:00"], ["2026-03-02"] * 3),
    ],
)
def test_days_are_naive_and_local(came: list[object], wanted: list[str | None]) -> None:
    assert days(*came) == wanted


def test_the_night_without_midnight_is_a_day_like_any_other() -> None:
    """On 2026-09-06 the clocks of Santiago jump from 24:00 to 01:00: its midnight does not exist."""
    column = pd.Series(pd.to_datetime(["2026-09-06 04:30:00", "2026-09-06 03:30:00"], utc=True))
    assert parse_days(column, timezone=SANTIAGO).values.dt.strftime("%Y-%m-%d").tolist() == ["2026-09-06", "2026-09-05"]
    assert days("2026-09-06 04:30:00+00", "2026-09-06") == ["2026-09-06", "2026-09-06"]


def test_the_order_of_day_and_month_is_proven_assumed_or_said() -> None:
    assert parse_days(pd.Series(["01/02/2026"]), timezone=SANTIAGO).assumed
    assert not parse_days(pd.Series(["01/02/2026", "25/02/2026"]), timezone=SANTIAGO).assumed
    assert days("01/02/2026", order="mdy") == ["2026-01-02"]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.dates(date(1900, 1, 1), date(2100, 1, 1)), min_size=1))
def test_chilean_dates_come_back(values: list[date]) -> None:
    parsed = days(*(f"{value:%d-%m-%Y}" for value in values), order="dmy")
    assert parsed == [value.isoformat() for value in values]


def test_an_id_is_one_text_however_it_was_written() -> None:
    parsed = parse_ids(pd.Series([12, 12.0, "12", "12.0", " 12 ", "007", "A.0", "", None, Decimal("12")], dtype=object))
    assert parsed.values.dropna().tolist() == ["12"] * 5 + ["007", "A.0", "12"]
    assert parsed.corrected.tolist() == [False, False, False, True] + [False] * 6
    assert parse_ids(pd.Series([17850.0, np.nan])).values.tolist()[0] == "17850"
    assert parse_ids(pd.Series([2**60 + 1, 5])).values.tolist() == [str(2**60 + 1), "5"]


def test_flags_and_texts() -> None:
    assert parse_flags(pd.Series([True, 1, 1.0, "sí", "X", "no", 0, None], dtype=object)).tolist() == [True] * 5 + [False] * 3
    assert parse_texts(pd.Series(["  a   b ", "", None])).dropna().tolist() == ["a b"]
