"""One table style, and the export of what a table shows."""

import io
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

import pandas as pd
import streamlit as st
from babel.numbers import get_currency_symbol
from pandas.io.formats.style import Styler

from ml.i18n.figures import NBSP
from ui import actions, data, drill
from ui.screen import Screen

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format

Kind = Literal["text", "money", "number", "percent", "bar", "day", "moment", "link"]  # bar: a share (0 to 1) as bar and figure
ROW_PIXELS, HEADER_PIXELS, MOST_ROWS = 35, 38, 12
PAGE_ROWS = 200
NAME: Literal["name"] = "name"
PHONE_NAME_PIXELS, DESK_NAME_PIXELS = 160, 240  # a name and its amount stand side by side on a phone; where there is room more is seen
ABSENT = "–"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
NUMBERS: frozenset[Kind] = frozenset({"money", "number", "percent", "bar"})
BAR_PIXELS, BAR_WORDS, PER_CENT = 130, f"%.0f{NBSP}%%", 100  # the words of Formatter.percent; without decimals they need no language
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHEET_ROWS, SHEET_TEXT = 1_048_575, 32_767  # what a sheet takes below its header, and a cell of text
SHEET_DAY_ZERO = pd.Timestamp(1899, 12, 30)  # a sheet counts days from here
NARROWEST, WIDEST, LOOKED_AT = 10, 50, 200  # column widths in characters, and the rows that decide them


class Column(NamedTuple):
    """How a column of a frame is shown: its header, kind, optional help, and for a link its visible text."""

    name: str
    label: str
    kind: Kind = "text"
    help: str | None = None
    link: str | None = None
    digits: int = 0
    width: int | Literal["small", "medium", "large", "name"] | None = None


class Pages(NamedTuple):
    """A long table that is read a page at a time: how many `rows` it has, and `page`, the at most PAGE_ROWS rows from a number on."""

    rows: int
    page: Callable[[int], pd.DataFrame]


def show(screen: Screen, frame: pd.DataFrame | Pages, columns: Sequence[Column], *, alt: str, key: str, opens: bool = False) -> None:
    """The table: only the given columns, the first pinned, money and numbers right-aligned in the reader's form, PAGE_ROWS rows a page.

    `opens`: choosing a row (a frame with customer_id) opens its customer.
    """
    table = frame if isinstance(frame, Pages) else Pages(len(frame), lambda start: frame.iloc[start : start + PAGE_ROWS])
    if not table.rows:
        st.caption(screen.t("No rows."))
        return
    pages = -(-table.rows // PAGE_ROWS)
    place = st.container()
    number = st.pagination(pages, key=f"{key}-page", bind="query-params") if pages > 1 else 1
    with place:
        _page(screen, table.page((number - 1) * PAGE_ROWS), columns, alt=alt, key=key, opens=opens)


def _page(screen: Screen, frame: pd.DataFrame, columns: Sequence[Column], *, alt: str, key: str, opens: bool) -> None:
    """One page of a table. What cannot be chosen from is drawn once."""
    name_pixels = PHONE_NAME_PIXELS if screen.phone else DESK_NAME_PIXELS
    columns = [column._replace(width=name_pixels) if column.width == NAME else column for column in columns]
    shown = frame[[column.name for column in columns]]
    bars = {column.name: shown[column.name] * PER_CENT for column in columns if column.kind == "bar"}
    shown = shown.assign(**bars) if bars else shown
    height = HEADER_PIXELS + ROW_PIXELS * min(len(shown), MOST_ROWS) + 2
    style: dict[str, Any] = {"hide_index": True, "height": height, "alt": alt, "key": key, "placeholder": ABSENT}

    def draw(**more: Any) -> Any:
        config = {column.name: _configured(column, pinned=place == 0) for place, column in enumerate(columns)}
        return st.dataframe(_written(screen, shown, columns), column_config=config, **style, **more)

    if not opens:
        data.drawn(data.digest(screen.t.language, screen.f.currency, shown, tuple(columns), style), draw)
        return
    event = draw(on_select="rerun", selection_mode=["single-row", "single-cell"])
    drill.follow(screen, event, frame, columns[0].name)


def export(screen: Screen, frame: pd.DataFrame | Callable[[], pd.DataFrame], columns: Sequence[Column], *, name: str) -> None:
    """The buttons that hand out the same columns as a CSV and an Excel file; the right to it is asked again when one is pressed.

    `frame` may be a function that reads the rows then: for a table of which the screen shows one page.
    """
    kept = [column for column in columns if column.kind != "link"]
    day = screen.reading.as_of.isoformat() if screen.reading else screen.today.isoformat()
    spanish, money = screen.t.language == "es", money_pattern(screen.f.currency)
    offers: tuple[tuple[str, str, str, Callable[[pd.DataFrame], bytes]], ...] = (
        (screen.t("Download CSV"), "csv", "text/csv", lambda rows: csv_bytes(rows, kept, spanish=spanish)),
        (screen.t("Download Excel"), "xlsx", EXCEL, lambda rows: xlsx_bytes(rows, kept, money=money)),
    )
    with st.container(horizontal=True, key=f"exports-{name}"):
        for label, ending, mime, write in offers:
            st.download_button(
                label,
                data=actions.export_of(screen, f"{name}.{ending}", partial(_file, frame, write)),
                file_name=f"{name}-{day}.{ending}",
                mime=mime,
                key=f"export-{name}-{ending}",
                icon=":material/download:",
                on_click="ignore",
            )


def _file(frame: pd.DataFrame | Callable[[], pd.DataFrame], write: Callable[[pd.DataFrame], bytes]) -> bytes:
    return write(frame() if callable(frame) else frame)


def csv_bytes(frame: pd.DataFrame, columns: Sequence[Column], *, spanish: bool) -> bytes:
    """The columns as CSV that a spreadsheet of that language opens (semicolons and decimal commas in Spanish), formulas made harmless."""
    cells = pd.DataFrame({harmless(column.label): _exported(frame[column.name], column.kind) for column in columns})
    text = io.StringIO()
    cells.to_csv(text, index=False, sep=";" if spanish else ",", decimal="," if spanish else ".", lineterminator="\r\n")
    return text.getvalue().encode("utf-8-sig")


def xlsx_bytes(frame: pd.DataFrame, columns: Sequence[Column], *, money: str = "#,##0") -> bytes:
    """The columns as an Excel workbook: numbers, money and days as such, text never as a formula or a link; header frozen and filterable.

    `money` is Excel's pattern for amounts. Rows beyond what a sheet takes go on to further sheets.
    """
    from xlsxwriter import Workbook

    text = io.BytesIO()
    no_magic = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "constant_memory": True}
    with Workbook(text, no_magic) as book:
        formats = [book.add_format({"num_format": _pattern(column, money)}) for column in columns]
        for start in range(0, max(len(frame), 1), SHEET_ROWS):
            _sheet(book, frame.iloc[start : start + SHEET_ROWS], columns, formats)
    return text.getvalue()


def _sheet(book: "Workbook", frame: pd.DataFrame, columns: Sequence[Column], formats: "Sequence[Format]") -> None:
    """One more sheet with these rows."""
    sheet, header = book.add_worksheet(), book.add_format({"bold": True, "bottom": 1})
    cells = [_cells(frame[column.name], column.kind) for column in columns]
    writers = [sheet.write_string if column.kind == "text" else sheet.write_number for column in columns]
    for place, column in enumerate(columns):
        longest = max((len(cell) for cell in cells[place][:LOOKED_AT] if isinstance(cell, str)), default=0)
        sheet.set_column(place, place, min(max(longest, len(column.label), NARROWEST) + 2, WIDEST))
        sheet.write_string(0, place, harmless(column.label), header)
    for row, values in enumerate(zip(*cells, strict=True), start=1):
        for place, value in enumerate(values):
            if value is not None:
                writers[place](row, place, value, formats[place])
    sheet.freeze_panes(1, 1)
    if len(frame) and columns:
        sheet.autofilter(0, 0, len(frame), len(columns) - 1)


def _cells(values: pd.Series, kind: Kind) -> list[Any]:
    """A column as the plain values of a sheet's cells; None where there is nothing to write."""
    if kind == "text":
        return [None if pd.isna(text) else text[:SHEET_TEXT] for text in _exported(values, kind)]
    told = (pd.to_datetime(values) - SHEET_DAY_ZERO) / pd.Timedelta(days=1) if kind in ("day", "moment") else _exported(values, kind)
    return [number if math.isfinite(number) else None for number in told.astype("float64").tolist()]


def _pattern(column: Column, money: str) -> str:
    """Excel's number format of a column; the reader's Excel puts in the signs of its language."""
    decimals = "." + "0" * column.digits if column.digits else ""
    patterns = {
        "money": money,
        "percent": f"0{decimals}%",
        "bar": "0%",
        "number": f"#,##0{decimals}",
        "day": "dd-mm-yyyy",
        "moment": "dd-mm-yyyy hh:mm",
    }
    return patterns.get(column.kind, "@")


def money_pattern(currency: str) -> str:
    """Excel's pattern for whole amounts of a currency.

    >>> money_pattern("CLP")
    '"$" #,##0'
    """
    return f'"{get_currency_symbol(currency, locale="es_CL")}" #,##0'


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula: one that starts like a formula gets a leading apostrophe.

    >>> harmless("=1+1"), harmless("Ana")
    ("'=1+1", 'Ana')
    """
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) or text.startswith(FORMULA_STARTS) else text


def _exported(values: pd.Series, kind: Kind) -> pd.Series:
    if kind == "day":
        return values.dt.strftime("%d-%m-%Y")
    if kind == "moment":
        return values.dt.strftime("%d-%m-%Y %H:%M")
    if kind in NUMBERS:
        numbers = pd.to_numeric(values, errors="coerce").astype("float64").round(4)
        return numbers.astype("Int64") if (numbers.dropna() % 1 == 0).all() else numbers
    return values.map(lambda value: None if pd.isna(value) else harmless(str(value)))


def _written(screen: Screen, frame: pd.DataFrame, columns: Sequence[Column]) -> Styler:
    """The frame with its numbers in the reader's words: a column stays one of numbers, to sort by, and is seen as text.

    Streamlit takes such words from a Styler alone, which pandas computes cell by cell with styles that nobody asked for (15 ms for 200
    rows); here the words are handed over as they are (3 ms).
    """
    f = screen.f
    writers: dict[Kind, Callable[[Column], Callable[[Any], str]]] = {
        "money": lambda _: f.money,
        "percent": lambda column: partial(f.percent, digits=column.digits),
        "number": lambda column: partial(f.number, digits=column.digits),
    }
    body = []
    for place, column in enumerate(columns):
        values, missing = frame[column.name].tolist(), frame[column.name].isna().to_numpy()
        if column.kind in writers:
            write = writers[column.kind](column)
            words = [(row, ABSENT if missing[row] else write(value)) for row, value in enumerate(values)]
        else:
            words = [(int(row), ABSENT) for row in missing.nonzero()[0]]
        body.append([{"id": f"row{row}_col{place}", "display_value": word} for row, word in words])
    styler: Any = frame.style
    styler._compute = lambda: styler
    styler._translate = lambda *_: {"body": body}
    return cast(Styler, styler)


def _configured(column: Column, *, pinned: bool) -> Any:
    config = st.column_config
    told: Any = {"label": column.label, "help": column.help, "pinned": pinned, "width": column.width}
    if column.kind == "day":
        return config.DateColumn(format="DD-MM-YYYY", **told)
    if column.kind == "moment":
        return config.DatetimeColumn(format="DD-MM-YYYY HH:mm", **told)
    if column.kind == "bar":  # Streamlit takes the words of a bar from its format alone, never from a Styler
        told["width"] = column.width or BAR_PIXELS
        return config.ProgressColumn(min_value=0, max_value=PER_CENT, format=BAR_WORDS, **told)
    if column.kind == "link":
        return config.LinkColumn(display_text=column.link, **told)
    return config.TextColumn(**told) if column.kind == "text" else config.NumberColumn(**told)
