"""Every piece of the kit in every state, as a Streamlit script outside the product: for tests and for pictures.

Pictures: `INSIGHTS_HOME=<folder> python -m streamlit run tests/pages/gallery.py`, then open it with `?language=es` or `?language=en`.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import pandas as pd
import streamlit as st

from ml.i18n import LANGUAGES, translator
from ml.i18n.figures import Formatter
from ml.queries.service import Reading, Service
from ml.store.person import User
from ml.store.refused import Refused
from ui import blocks, charts, data, failures, filters, frame, guard, presses, registry, states, tables
from ui.blocks import Card, Lead
from ui.glossary import term
from ui.screen import Screen
from ui.tables import Column

TODAY = date(2026, 11, 21)
AS_OF = TODAY - timedelta(days=1)
HOSTILE = (
    "<script>alert(1)</script>",
    '=HYPERLINK("http://evil.example","x")',
    "'; DROP TABLE users; --",
    "x" * 300,
    "مرحبا 💧 سلام",
    "*a* $1$ [x](http://evil.example) :red[y]",
)
NOW = datetime(2026, 11, 21, 9, 0)
READING = Reading(1, NOW, AS_OF, "sqlite:demo.db", from_snapshot=False, is_demo=True, amount_basis="net")
SERVICE = Service("demand", "20261101T050000Z-1a2b3c4d", AS_OF, NOW, "first_release", "system")


def screen_of(language: str) -> Screen:
    """A screen with a reading, without a store behind it."""
    t = translator(language)
    person = User(1, "ana@example.com", "Ana", "admin", language, None)
    version, _, _ = data.now()
    dark = getattr(st.context.theme, "type", None) == "dark"
    return Screen(person, t, Formatter(t), version, {"demand": SERVICE}, READING, TODAY, dark)


def head_cards(screen: Screen) -> None:
    """Headline numbers: plain, range, up, down, unchanged, with a note, a trend and a help; one alone; five, of which four show."""
    f = screen.f
    trend = [3.0, 5.0, 4.0, 6.0, 5.5]
    blocks.cards(
        [
            Card("Plain", f.number(98), help=term(screen.t, "range")),
            Card("Range", f.span(84, 113)),
            Card("Up", f.money(2_140_000), delta="+12 %", against="last month", trend=trend),
            Card("Down", f.money(1_640_000), delta="-9 %", against="last month", trend=trend),
        ]
    )
    blocks.cards([Card("Unchanged", "–", delta="0 %", against="last month"), Card("Note", f.percent(0.09), note="simple rule: 15 %")])
    blocks.cards([Card("Alone", "1")])
    blocks.cards([Card(f"Of five: {place}", str(place)) for place in range(5)])
    blocks.cards([Card(HOSTILE[0], HOSTILE[5], note=HOSTILE[5])])


def sentences(screen: Screen) -> None:
    """Sentences that lead on, with each sign."""
    signs = ("", "good", "late", "old")
    blocks.leads([Lead(f"A sentence with the sign “{sign or 'none'}”", "demand", {"days": "7"}, sign) for sign in signs])


def controls(screen: Screen) -> None:
    """The filters, and a text that is searched for."""
    filters.choose(screen, "Choose", "measure", {"orders": "Orders", "revenue": "Sales"})
    filters.pick(screen, "Pick", "zone", {"n": "Ñuñoa", "p": "Providencia", "h": HOSTILE[0]})
    filters.days("Days", "days", (7, 14, 30), 14)
    filters.search("Search", "q", "Name, phone or id")


def figures(screen: Screen) -> None:
    """Each figure with usual data, and with the least it is drawn from."""
    past, ahead = _past(90), _ahead(30)
    charts.draw(charts.forecast(screen, past, ahead, measure="orders", holidays=[AS_OF]), alt="Orders", key="orders")
    sales = past.assign(value=past["value"] * 21_500)
    charts.draw(charts.forecast(screen, sales, _times(ahead, 21_500), measure="revenue"), alt="Sales", key="revenue")
    charts.draw(charts.forecast(screen, past.iloc[:0], ahead.iloc[2:3], measure="orders"), alt="One day", key="one-day")
    came = ahead.assign(actual=ahead["value"] * 1.1)
    charts.draw(charts.told(screen, came, measure="orders"), alt="Told and came", key="told")
    charts.draw(charts.two_bars(screen, ["VIP", HOSTILE[0]], {"a": [0.4, 0.6], "b": [0.1, 0.9]}), alt="Shares", key="shares")
    checks = pd.DataFrame({"cutoff": pd.date_range("2026-08-01", periods=3, freq="MS"), "value": [0.3, 0.25, 0.28], "baseline": 0.4})
    charts.draw(charts.over_time(screen, checks, unit="percent", names=("model", "rule")), alt="Over time", key="time")
    charts.draw(charts.over_time(screen, checks[:1], unit="number", names=("model", "rule")), alt="One check", key="time-1")
    charts.draw(charts.per_day(screen, past[-30:], "visits"), alt="Visits", key="visits")
    charts.draw(charts.gain_curve(screen, [9_000, 14_000, 15_000, 13_000], 3), alt="Gains", key="gains")
    charts.draw(charts.gain_curve(screen, [], 0), alt="No gains", key="gains-0")


def lists(screen: Screen) -> None:
    """The table with each kind of column, with holes, with hostile names, without rows, with rows to choose; its exports."""
    rows, columns = table_rows(), table_columns()
    tables.show(screen, rows, columns, alt="Each kind of column", key="kinds")
    tables.export(screen, rows, columns, name="kinds")
    tables.show(screen, rows, columns[:3], alt="Rows to choose", key="opens", opens=True)
    tables.show(screen, rows.iloc[:0], columns, alt="No rows", key="no-rows")
    tables.export(screen, rows.iloc[:0], columns, name="no-rows")


def table_rows() -> pd.DataFrame:
    """Hostile names, a row of holes, and usual values."""
    count = len(HOSTILE) + 2
    return pd.DataFrame(
        {
            "who": ["Ana Rojas", *HOSTILE, None],
            "customer_id": [f"c{place}" for place in range(count)],
            "money": [164_000.0] * (count - 1) + [float("nan")],
            "orders": pd.array([1_234] * (count - 1) + [None], dtype="Int64"),
            "share": [0.42] * (count - 1) + [float("nan")],
            "chance": [0.0, 0.004, 0.425, 0.995, 1.0][: count - 1] + [0.42] * max(count - 6, 0) + [float("nan")],
            "day": pd.to_datetime(["2026-11-20"] * (count - 1) + [None]),
            "at": pd.to_datetime(["2026-11-20 05:30"] * (count - 1) + [None]),
            "call": ["tel:+56912345678"] * (count - 1) + [None],
        }
    )


def table_columns() -> list[Column]:
    """One column of each kind."""
    return [
        Column("who", "Text", width="medium"),
        Column("money", "Money", "money", "What the column says."),
        Column("orders", "Number", "number"),
        Column("share", "Per cent", "percent"),
        Column("chance", "Bar", "bar"),
        Column("day", "Day", "day"),
        Column("at", "Moment", "moment"),
        Column("call", "Link", "link", link="call"),
    ]


def conditions(screen: Screen) -> None:
    """Empty, nothing matches, not enough data, fresh, late, old, a copy, broken, refused."""
    states.nothing_yet(replace(screen, reading=None), "demand", "What it would show.")
    states.nothing_yet(screen, "demand", "What it would show.")
    states.unavailable(screen, "price")
    states.nothing_matches(screen.t)
    states.stamp(screen, SERVICE)
    for behind, copied in ((states.LATE_DAYS, False), (700, False), (0, True)):
        states.late(replace(screen, reading=replace(READING, as_of=AS_OF - timedelta(days=behind), from_snapshot=copied)))
    with states.errors_shown(screen.t):
        raise RuntimeError("broken on purpose, password=secret")
    with suppress(guard.NotAllowed):
        failures.say_failure(guard.NotAllowed("The role of ana@example.com is viewer."))


def writes(screen: Screen) -> None:
    """A button that writes, one that asks first, and what came of a press: done, refused, a secret."""
    presses.button("Do it", "plain", lambda: None, "Done.")
    presses.button("Do it, strongly", "strong", lambda: None, "Done.", strong=True)
    presses.asked("Remove", "Really remove <b>this</b>?", "Yes, remove", "asked", lambda: None, "Done.")
    for outcome in (lambda: None, _refused, lambda: "a-secret-of-nobody"):
        presses.press("shown", presses.number("shown"), outcome, "Done.", {})
        presses.show(screen.t)
    presses.forget()


PIECES: tuple[Callable[[Screen], None], ...] = (head_cards, sentences, controls, figures, lists, conditions, writes)


def gallery() -> None:
    """All pieces, in the language of the address, one below the other."""
    asked = st.query_params.get("language", "")
    screen = screen_of(asked if asked in LANGUAGES else "es")
    frame.style()
    left, right = blocks.title_row()
    left.title("Gallery", anchor=False)
    with right:
        filters.choose(screen, "Beside the title", "beside", {"a": "A", "b": "B"})
    for piece in PIECES:
        st.header(piece.__name__, anchor=False)
        piece(screen)


def _refused() -> str | None:
    raise Refused("There is only one administrator.", "last_admin")


def _past(days: int) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    dates = pd.date_range(end=AS_OF, periods=days, freq="D")
    return pd.DataFrame({"day": dates, "value": np.where(dates.day_of_week < 5, rng.poisson(7, days), 0).astype(float)})


def _ahead(days: int) -> pd.DataFrame:
    dates = pd.date_range(TODAY, periods=days, freq="D")
    value = np.where(dates.day_of_week < 5, 7.0, 0.0)
    bands = {"lo80": value * 0.6, "hi80": value * 1.5, "lo95": value * 0.4, "hi95": value * 1.8}
    holiday = [f"Inmaculada Concepción {HOSTILE[0]}" if place == 17 else None for place in range(days)]
    return pd.DataFrame(
        {"day": dates, "value": value, **bands, "is_open": value > 0, "holiday": holiday, "members": [{"ridge": 1.0}] * days}
    )


def _times(ahead: pd.DataFrame, factor: float) -> pd.DataFrame:
    return ahead.assign(**{name: ahead[name] * factor for name in ("value", "lo80", "hi80", "lo95", "hi95")})


if __name__ == "__main__":
    st.set_page_config(page_title="Gallery", layout="wide")
    others = [st.Page(entry.path, url_path=entry.name, visibility="hidden") for entry in registry.PAGES]
    st.navigation([st.Page(gallery, title="Gallery", default=True), *others]).run()
