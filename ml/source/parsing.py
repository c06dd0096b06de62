"""Text into ids, numbers, days and flags, without guessing silently: each parser returns the values and masks of what it did.

A parser works on the different values of a column, so that a column of a million rows costs what its vocabulary costs.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

DecimalMark = Literal[".", ","]
DateOrder = Literal["dmy", "mdy"]
EMPTY_WORDS = frozenset({"", "null", "none", "nan", "nat", "n/a", "na", "-", "--", "#n/a"})
TRUE_WORDS = frozenset({"true", "t", "1", "1.0", "yes", "y", "si", "sí", "verdadero", "x"})

_PLAIN = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?")
_CURRENCY = re.compile(r"(?i)(?<![a-z])(clp|usd|us|eur|gbp|uf|ars|pen|cop|mxn|brl)(?![a-z])|[$€£¥\s\u00a0\u202f'’]")
_DIGITS = re.compile(r"[+-]?[\d.,]*\d[.,]?-?")
_GROUPED = {mark: re.compile(rf"[+-]?[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+") for mark in ".,"}
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_SLASHED = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(?:[ T,].*)?")
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?:[ T].*)?")
_OFFSET = re.compile(r"\d{2}:\d{2}.*(Z|[+-]\d{2}(:?\d{2})?)$")
_POINT_ZERO = re.compile(r"(-?\d+)\.0+")


class Numbers(NamedTuple):
    """Parsed numbers: float values; where a text was rewritten; where nothing could be read; whether "1.234" was taken as grouped."""

    values: pd.Series
    corrected: pd.Series
    unreadable: pd.Series
    assumed: bool


class Days(NamedTuple):
    """Parsed days: datetime64[us] at midnight; where nothing could be read; whether the order day-month was assumed."""

    values: pd.Series
    unreadable: pd.Series
    assumed: bool


class Ids(NamedTuple):
    """Parsed ids: text; where "12.0" became "12"."""

    values: pd.Series
    corrected: pd.Series


def parse_ids(values: pd.Series) -> Ids:
    """Ids as text, trimmed, empty as missing; a whole number keeps no ".0" (12, 12.0 and "12.0" are all "12"; "007" stays).

    >>> parse_ids(pd.Series([12.0, " A1 ", "12.0", None], dtype=object)).values.tolist()
    ['12', 'A1', '12', nan]
    """
    codes, uniques = pd.factorize(values)
    texts = [_id_text(value) for value in uniques]
    changed = [isinstance(value, str) and text is not None and text != value.strip() for value, text in zip(uniques, texts, strict=True)]
    return Ids(_spread(codes, texts, values.index, "str"), _spread(codes, changed, values.index, "bool"))


def parse_numbers(values: pd.Series, *, decimal: DecimalMark | None = None, grouped: bool = True) -> Numbers:
    """Numbers out of a column that may hold text such as "$ 1.234", "1.234,50", "1,234.50", "(500)" or "12 CLP".

    The decimal mark is `decimal` if given; else what the column itself proves (a value with both marks, a repeated mark, or not exactly
    three digits behind one). If it proves nothing, "1.234" is 1234 and `assumed` is True; with grouped=False (coordinates) it is 1.234.

    >>> parse_numbers(pd.Series(["$ 1.234", "2.500,5"])).values.tolist()
    [1234.0, 2500.5]
    """
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        floats = pd.Series(values.to_numpy(dtype="float64", na_value=np.nan), index=values.index)
        infinite = pd.Series(np.isinf(floats), index=values.index)
        return Numbers(floats.mask(infinite), _no(values), infinite, assumed=False)
    codes, uniques = pd.factorize(values)
    bare = [_bare_number(value) for value in uniques]
    texts = [value for value in bare if isinstance(value, str)]
    proven = _proven_mark(texts) if decimal is None else decimal
    doubtful = [bool(_GROUPED["."].fullmatch(text) or _GROUPED[","].fullmatch(text)) for text in texts]
    mark = (proven or _default_mark(texts)) if grouped else None
    parsed = [_number(value, mark) for value in bare]
    unreadable = [value is not None and math is None for value, math in zip(bare, parsed, strict=True)]
    corrected = [_was_rewritten(raw, math) for raw, math in zip(uniques, parsed, strict=True)]
    return Numbers(
        _spread(codes, parsed, values.index, "float64"),
        _spread(codes, corrected, values.index, "bool"),
        _spread(codes, unreadable, values.index, "bool"),
        assumed=proven is None and grouped and any(doubtful),
    )


def parse_days(values: pd.Series, *, timezone: str, order: DateOrder | None = None) -> Days:
    """Naive local days out of dates, timestamps and text (ISO, or day and month in either order with -, / or .).

    A moment with an offset is taken to `timezone` first. The order of day and month is `order` if given, else what the column proves
    (a part over 12); if it proves nothing the day comes first and `assumed` is True.

    >>> parse_days(pd.Series(["31-12-2024", "2025-01-02 23:30:00"]), timezone="America/Santiago").values.dt.day.tolist()
    [31, 2]
    """
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        values = values.dt.tz_convert(timezone).dt.tz_localize(None)
    if pd.api.types.is_datetime64_dtype(values):
        return Days(values.dt.normalize().astype("datetime64[us]"), _no(values), assumed=False)
    codes, uniques = pd.factorize(values)
    texts = [_day_text(value, timezone) for value in uniques]
    matches = [match for text in texts if text is not None and (match := _SLASHED.fullmatch(text))]
    proven = _proven_order(matches) if order is None else order
    parsed = [_day(text, proven or "dmy") for text in texts]
    unreadable = [text is not None and day is None for text, day in zip(texts, parsed, strict=True)]
    return Days(
        _spread(codes, [None if day is None else np.datetime64(day, "us") for day in parsed], values.index, "datetime64[us]"),
        _spread(codes, unreadable, values.index, "bool"),
        assumed=proven is None and bool(matches),
    )


def parse_flags(values: pd.Series) -> pd.Series:
    """True where the text means yes (true, t, 1, yes, sí, x), False elsewhere."""
    return _by_value(values, lambda value: str(value).strip().lower() in TRUE_WORDS, "bool")


def parse_texts(values: pd.Series) -> pd.Series:
    """Text, trimmed, inner white space as one space, empty as missing."""
    return _by_value(values, lambda value: " ".join(str(value).split()) or None, "str")


def _by_value(values: pd.Series, function: Callable[[Any], Any], dtype: str) -> pd.Series:
    codes, uniques = pd.factorize(values)
    return _spread(codes, [function(value) for value in uniques], values.index, dtype)


def _spread(codes: np.ndarray, answers: list[Any], index: pd.Index, dtype: str) -> pd.Series:
    """The answer of each different value at its rows; False or missing where the value itself was missing (code -1)."""
    missing: Any = {"bool": False, "float64": np.nan, "datetime64[us]": pd.NaT}.get(dtype)
    by_code = pd.Series([*(missing if answer is None else answer for answer in answers), missing], dtype=dtype)
    return by_code.take(np.where(codes < 0, len(answers), codes)).set_axis(index)


def _no(values: pd.Series) -> pd.Series:
    return pd.Series(False, index=values.index)


def _id_text(value: Any) -> str | None:
    if isinstance(value, float | np.floating | Decimal) and np.isfinite(float(value)) and value == int(value):
        return str(int(value))
    text = str(value).strip()
    match = _POINT_ZERO.fullmatch(text)
    return match.group(1) if match else text or None


def _bare_number(value: Any) -> str | float | None:
    """The number itself; or a text with nothing but digits, signs and marks; or the text as it came when that cannot be had."""
    if isinstance(value, bool | np.bool_):
        return str(value)
    if isinstance(value, int | float | Decimal | np.number):
        return float(value) if np.isfinite(float(value)) else "infinite"
    text = str(value).strip()
    if text.lower() in EMPTY_WORDS:
        return None
    bare = _CURRENCY.sub("", text).removesuffix(".-").removesuffix(",-")
    if bare.startswith("(") and bare.endswith(")"):
        bare = f"-{bare[1:-1].lstrip('-')}"
    return f"-{bare[:-1]}" if bare.endswith("-") and not bare.startswith("-") else bare


def _proven_mark(texts: list[str]) -> DecimalMark | None:
    """The decimal mark the column proves; None when no value proves one."""
    votes = {".": 0, ",": 0}
    for text in texts:
        dots, commas = text.count("."), text.count(",")
        if dots and commas:
            votes["." if text.rfind(".") > text.rfind(",") else ","] += 1
        elif dots > 1 or commas > 1:
            votes["," if dots else "."] += 1
        elif dots + commas == 1 and not _GROUPED["." if dots else ","].fullmatch(text):
            votes["." if dots else ","] += 1
    if votes["."] == votes[","]:
        return None
    return "." if votes["."] > votes[","] else ","


def _default_mark(texts: list[str]) -> DecimalMark:
    return "," if any("." in text for text in texts) else "."


def _number(value: str | float | None, mark: DecimalMark | None) -> float | None:
    """The number under a decimal mark; under None (nothing is grouped) either mark is the decimal one."""
    if value is None or isinstance(value, float):
        return value
    other = "," if mark == "." else "."
    if not _DIGITS.fullmatch(value):
        return float(value) if _PLAIN.fullmatch(value) and abs(float(value)) < 1e300 else None
    if mark and other in value:
        whole = value.split(mark)[0]
        if _GROUPED[other].fullmatch(whole):
            value = value.replace(other, "")
        elif mark in value or value.count(other) > 1:
            return None
    try:
        return float(value.replace(",", "."))
    except ValueError:
        return None


def _was_rewritten(raw: Any, parsed: float | None) -> bool:
    """Whether a text was read as another number than a computer would read in it."""
    if parsed is None or not isinstance(raw, str):
        return False
    text = raw.strip()
    return not _PLAIN.fullmatch(text) or float(text) != parsed


def _day_text(value: Any, timezone: str) -> str | None:
    if isinstance(value, datetime | np.datetime64 | pd.Timestamp):
        moment = pd.Timestamp(value)
        local = moment.tz_convert(timezone) if moment.tzinfo else moment
        return local.strftime("%Y-%m-%d")
    if isinstance(value, date):
        return value.isoformat()
    text = str(value).strip()
    if text.lower() in EMPTY_WORDS:
        return None
    if _ISO.match(text) and _OFFSET.search(text):
        parsed = pd.to_datetime(text, utc=True, errors="coerce")
        return text if pd.isna(parsed) else parsed.tz_convert(timezone).strftime("%Y-%m-%d")
    return text


def _proven_order(matches: list[re.Match[str]]) -> DateOrder | None:
    first = sum(int(match.group(1)) > 12 for match in matches)
    second = sum(int(match.group(2)) > 12 for match in matches)
    if first == second:
        return None
    return "dmy" if first > second else "mdy"


def _day(text: str | None, order: DateOrder) -> date | None:
    if text is None:
        return None
    if match := _ISO.match(text):
        rest = text[10:]
        parts = match.group(0).split("-") if not rest or rest[0] in "T " else None
    elif match := _SLASHED.fullmatch(text):
        one, two, year = match.groups()
        month, day = (two, one) if order == "dmy" else (one, two)
        parts = [year if len(year) == 4 else f"20{year}", month, day]
    elif match := _YEAR_FIRST.fullmatch(text):
        parts = list(match.groups())
    else:
        parts = None
    try:
        return date(*map(int, parts)) if parts else None
    except ValueError:
        return None
