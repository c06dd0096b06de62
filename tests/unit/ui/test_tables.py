"""Exports open in the spreadsheet of their language, and never as formulas. openpyxl, another library, reads what was written."""

import csv
import io
from datetime import datetime
from functools import partial
from types import SimpleNamespace

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.elements.lib.pandas_styler_utils import marshall_styler
from streamlit.proto.ArrowData_pb2 import ArrowData

from ml.i18n import translator
from ml.i18n.figures import Formatter
from ui import alerts, groups, tables, week
from ui.tables import Column, csv_bytes, harmless, money_pattern, xlsx_bytes

COLUMNS = [Column("who", "Customer"), Column("money", "Sales", "money"), Column("share", "Risk", "percent"), Column("day", "Day", "day")]
FRAME = pd.DataFrame(
    {
        "who": ["Ana; Pérez", '=HYPERLINK("x")', None],
        "money": [164_000.0, 12.0, float("nan")],
        "share": [0.42, 0.5, 1.0],
        "day": pd.to_datetime(["2026-11-20", None, "2026-01-02"]),
    }
)


def reader(*, phone: bool) -> SimpleNamespace:
    t = translator("es")
    return SimpleNamespace(t=t, f=Formatter(t), phone=phone)


def rows(content: bytes, separator: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=separator))


def test_spanish_spreadsheets_get_semicolons_and_decimal_commas():
    assert rows(csv_bytes(FRAME, COLUMNS, spanish=True), ";") == [
        ["Customer", "Sales", "Risk", "Day"],
        ["Ana; Pérez", "164000", "0,42", "20-11-2026"],
        ['\'=HYPERLINK("x")', "12", "0,5", ""],
        ["", "", "1,0", "02-01-2026"],
    ]


def test_english_spreadsheets_get_commas_and_points():
    assert rows(csv_bytes(FRAME, COLUMNS, spanish=False), ",")[1] == ["Ana; Pérez", "164000", "0.42", "20-11-2026"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "  =1", " @x"])
def test_what_starts_like_a_formula_gets_an_apostrophe(text):
    assert harmless(text) == f"'{text}"


@given(st.text(max_size=40))
def test_nothing_else_changes(text):
    assert harmless(text).lstrip(" ")[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n") or not text
    assert harmless(text).endswith(text)


def sheet(content: bytes):
    return openpyxl.load_workbook(io.BytesIO(content)).active


def test_a_workbook_holds_numbers_as_numbers_and_days_as_days():
    book = sheet(xlsx_bytes(FRAME, COLUMNS, money=money_pattern("CLP")))
    assert [[cell.value for cell in row] for row in book.rows] == [
        ["Customer", "Sales", "Risk", "Day"],
        ["Ana; Pérez", 164_000, 0.42, datetime(2026, 11, 20)],
        ['\'=HYPERLINK("x")', 12, 0.5, None],
        [None, None, 1, datetime(2026, 1, 2)],
    ]
    assert [cell.data_type for cell in book[2]] == ["s", "n", "n", "d"]
    assert [cell.number_format for cell in book[2]][1:] == ['"$" #,##0', "0%", "dd-mm-yyyy"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "  =1", "{=A1}", "http://evil.example", "0042", "مرحبا 💧"])
def test_text_in_a_workbook_is_text_and_nothing_else(text):
    cell = sheet(xlsx_bytes(pd.DataFrame({"who": [text]}), COLUMNS[:1]))["A2"]
    assert cell.data_type == "s" and cell.hyperlink is None
    assert cell.value == harmless(text)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20), min_size=1, max_size=5))
@settings(max_examples=40)
def test_no_text_at_all_becomes_a_formula_or_breaks_the_workbook(texts):
    book = sheet(xlsx_bytes(pd.DataFrame({"who": texts}), COLUMNS[:1]))
    assert {cell.data_type for cell in book["A"][1:]} == {"s"}


def test_a_workbook_without_rows_has_its_header():
    assert [[cell.value for cell in row] for row in sheet(xlsx_bytes(FRAME.iloc[:0], COLUMNS)).rows] == [
        ["Customer", "Sales", "Risk", "Day"]
    ]


def test_numbers_that_are_none_stay_empty():
    frame = pd.DataFrame({"money": [float("inf"), float("nan"), -3.5]})
    assert [row[0].value for row in sheet(xlsx_bytes(frame, COLUMNS[1:2])).iter_rows(min_row=2)] == [None, None, -3.5]


def test_a_text_longer_than_a_cell_is_cut():
    cell = sheet(xlsx_bytes(pd.DataFrame({"who": ["x" * 40_000]}), COLUMNS[:1]))["A2"]
    assert cell.value == "x" * tables.SHEET_TEXT


def test_more_rows_than_a_sheet_takes_go_on_to_the_next(monkeypatch):
    monkeypatch.setattr(tables, "SHEET_ROWS", 2)
    book = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(FRAME, COLUMNS)))
    assert [sheet.max_row for sheet in book] == [3, 2]
    assert [sheet["A1"].value for sheet in book] == ["Customer", "Customer"]


@pytest.mark.slow
def test_a_hundred_thousand_rows_come_whole():
    count = 100_000
    frame = pd.DataFrame({"who": [f"Cliente {number}" for number in range(count)], "money": range(count)})
    assert csv_bytes(frame, COLUMNS[:2], spanish=True).count(b"\r\n") == count + 1
    book = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(frame, COLUMNS[:2])), read_only=True)
    last = next(book.active.iter_rows(min_row=count + 1))
    assert [cell.value for cell in last] == ["Cliente 99999", 99_999]


@pytest.mark.parametrize(("language", "money"), [("es", ["$\xa0164.000", "$\xa012", "–"]), ("en", ["$\xa0164.000", "$\xa012", "–"])])
def test_numbers_are_handed_over_as_numbers_with_the_readers_words_and_holes_as_a_dash(language, money):
    screen = SimpleNamespace(f=Formatter(translator(language)))
    proto = ArrowData()
    marshall_styler(proto, tables._written(screen, FRAME, COLUMNS), "id")
    seen = convert_arrow_bytes_to_pandas_df(proto.styler.display_values)
    assert list(seen["money"]) == money
    assert list(seen["share"]) == ["42\xa0%", "50\xa0%", "100\xa0%"]
    assert list(seen["who"]) == ["Ana; Pérez", '=HYPERLINK("x")', "–"]
    assert seen["day"].iloc[1] == "–"


def test_words_are_those_of_a_full_styler():
    screen = SimpleNamespace(f=Formatter(translator("es")))
    quick, full = ArrowData(), ArrowData()
    marshall_styler(quick, tables._written(screen, FRAME, COLUMNS), "id")
    marshall_styler(full, FRAME.style.format({"money": screen.f.money, "share": screen.f.percent}, na_rep="–"), "id")
    numbers = ["money", "share"]
    assert convert_arrow_bytes_to_pandas_df(quick.styler.display_values)[numbers].equals(
        convert_arrow_bytes_to_pandas_df(full.styler.display_values)[numbers]
    )


def test_a_bar_is_a_number_of_per_cent_with_the_readers_figure_and_leaves_as_a_share(monkeypatch):
    came = {}
    monkeypatch.setattr(tables.st, "dataframe", lambda data, **told: came.update(told, data=data.data))
    monkeypatch.setattr(tables.data, "drawn", lambda _key, draw: draw())
    columns, screen = [COLUMNS[0], Column("share", "Risk", "bar")], reader(phone=False)
    tables.show(screen, FRAME, columns, alt="x", key="x")
    config = came["column_config"]["share"]["type_config"]
    assert list(came["data"]["share"]) == [42, 50, 100] and came["data"]["share"].dtype == "float64"
    assert (config["type"], config["min_value"], config["max_value"]) == ("progress", 0, 100)
    assert [config["format"] % value for value in (0, 42.4, 99.5)] == [screen.f.percent(share) for share in (0, 0.424, 0.995)]
    assert [row[1] for row in rows(csv_bytes(FRAME, columns, spanish=True), ";")] == ["Risk", "0,42", "0,5", "1,0"]
    book = sheet(xlsx_bytes(FRAME, columns))
    assert [(cell.value, cell.number_format) for cell in book["B"][1:]] == [(0.42, "0%"), (0.5, "0%"), (1, "0%")]
    assert list(FRAME["share"]) == [0.42, 0.5, 1.0]


@pytest.mark.parametrize(("phone", "pixels"), [(True, 160), (False, 240)])
def test_a_desk_shows_more_of_a_name_than_a_phone(monkeypatch, phone, pixels):
    came = {}
    monkeypatch.setattr(tables.st, "dataframe", lambda data, **told: came.update(told))
    monkeypatch.setattr(tables.data, "drawn", lambda _key, draw: draw())
    tables.show(reader(phone=phone), FRAME, [Column("who", "Customer", width=tables.NAME)], alt="x", key="x")
    assert came["column_config"]["who"]["width"] == pixels


@pytest.mark.parametrize(
    "columns_of",
    [
        partial(alerts.risk_columns, to_call=True),
        partial(alerts.win_back_columns, usable=True),
        partial(week.columns, usable=True),
        groups.member_columns,
    ],
)
def test_a_phone_shows_the_customer_and_the_amount_side_by_side(columns_of):
    screen = SimpleNamespace(t=translator("es"), f=Formatter(translator("es")), masked=False, basis="neto")
    name, amount = columns_of(screen)[:2]
    assert (name.name, name.width, amount.kind) == ("who", tables.NAME, "money")
