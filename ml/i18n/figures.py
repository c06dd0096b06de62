"""Numbers, money and dates as people in Chile write them, on screens and in messages, whatever language the words are in."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, lru_cache

import pandas as pd
from babel.core import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, get_currency_precision

from ml.i18n import DEFAULT_LANGUAGE, LOCALES, Translator

NBSP = "\u00a0"
SMALL_MONEY = 100
KEPT_TEXTS = 20_000
MONDAY = date(2026, 11, 23)


@dataclass(frozen=True)
class Formatter:
    """Says names of days and months in the language of `t`, money in `currency`. An absent value (None, NaN, NaT) is "–" everywhere.

    A company that counts in CLP reads "$ 164.000" in both languages: one figure must not be written in two ways by colleagues of one
    office. Other currencies follow the language.
    """

    t: Translator
    currency: str = "CLP"

    @property
    def figures_locale(self) -> str:
        """The Babel locale of numbers and money."""
        return LOCALES[DEFAULT_LANGUAGE] if self.currency == "CLP" else self.t.locale

    def money(self, amount: float | None) -> str:
        """Money without decimals (two where the currency has them and the amount is small): "$ 164.000"."""
        if _absent(amount):
            return "–"
        decimals = get_currency_precision(self.currency) if abs(float(amount)) < SMALL_MONEY else 0  # type: ignore[arg-type]
        pattern = "¤ #,##0" + ("." + "0" * decimals if decimals else "")
        value = round(float(amount), decimals) + 0.0  # type: ignore[arg-type]
        return _money(value, self.currency, pattern, self.figures_locale)

    def number(self, value: float | None, digits: int = 0) -> str:
        """A number with its separators, at most `digits` decimals: "1.234"."""
        if _absent(value):
            return "–"
        pattern = "#,##0" + ("." + "#" * digits if digits else "")
        return _decimal(round(float(value), digits) + 0.0, pattern, self.figures_locale)  # type: ignore[arg-type]

    def percent(self, share: float | None, digits: int = 0) -> str:
        """A share (0 to 1) in per cent: "9 %"."""
        return "–" if _absent(share) else f"{self.number(float(share) * 100, digits)}{NBSP}%"  # type: ignore[arg-type]

    def change(self, now: float | None, then: float | None) -> str | None:
        """The change from `then` to `now` in per cent with its sign ("+12 %", "0 %"), None where there is nothing to compare with."""
        if _absent(now) or _absent(then) or not then:
            return None
        share = round(float(now) / float(then) - 1, 2)  # type: ignore[arg-type]
        return f"{'' if share == 0 else '+' if share > 0 else '-'}{self.percent(abs(share))}"

    def day(self, day: date | None) -> str:
        """A day as DD-MM-YYYY."""
        return "–" if _absent(day) else f"{day:%d-%m-%Y}"

    def short_date(self, day: date | None) -> str:
        """A day with its weekday: "vie 20-11"."""
        return "–" if _absent(day) else f"{self.weekday(day, short=True)} {day:%d-%m}".replace(" ", NBSP)

    def moment(self, moment: datetime | None) -> str:
        """A local moment: "vie 20-11 05:30"."""
        return "–" if _absent(moment) else f"{self.short_date(moment)}{NBSP}{moment:%H:%M}"

    def weekday(self, day: date | None, *, short: bool = False) -> str:
        """The name of the weekday: "viernes", or "vie"."""
        return "–" if day is None or _absent(day) else _weekday(day.weekday(), "EEE" if short else "EEEE", self.t.locale)

    def month(self, day: date | None, *, year: bool = False) -> str:
        """The name of the month: "noviembre", or "noviembre 2026"."""
        return "–" if _absent(day) else format_date(day, "LLLL y" if year else "LLLL", locale=self.t.locale)

    def span(self, low: float | None, high: float | None, *, money: bool = False, digits: int = 0) -> str:
        """A range from low to high: "84 – 113"; money names its sign once."""
        if _absent(low) or _absent(high):
            return "–"
        first = self.money(low) if money else self.number(low, digits)
        return f"{first}{NBSP}–{NBSP}{self.number(high, digits)}"

    @property
    def separators(self) -> str:
        """Decimal and thousands signs in the form Plotly wants: ",." in Chile."""
        symbols = Locale.parse(self.figures_locale).number_symbols["latn"]
        return f"{symbols['decimal']}{symbols['group']}"


@lru_cache(maxsize=KEPT_TEXTS)  # a table of 200 rows writes a thousand figures, mostly the same ones again
def _decimal(value: float, pattern: str, locale: str) -> str:
    return format_decimal(value, pattern, locale=locale)


@lru_cache(maxsize=KEPT_TEXTS)
def _money(value: float, currency: str, pattern: str, locale: str) -> str:
    return format_currency(value, currency, pattern, locale=locale, currency_digits=False).replace(" ", NBSP)


@cache
def _weekday(number: int, pattern: str, locale: str) -> str:
    return format_date(MONDAY + timedelta(days=number), pattern, locale=locale).rstrip(".")


def _absent(value: object) -> bool:
    return value is None or bool(pd.isna(value))  # type: ignore[call-overload]
