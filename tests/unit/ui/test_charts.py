"""Figures as plain dicts: what they hold, not how they look."""

from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from ml.i18n import translator
from ml.i18n.figures import Formatter
from ui import charts


def screen(*, dark: bool = False, language: str = "es"):
    t = translator(language)
    return SimpleNamespace(t=t, f=Formatter(t), dark=dark)


@pytest.fixture
def past():
    days = pd.date_range("2026-11-02", "2026-11-20", freq="D", unit="us")
    return pd.DataFrame({"day": days, "value": [0.0 if day.weekday() > 4 else 5.0 for day in days]})


@pytest.fixture
def ahead():
    days = pd.date_range("2026-11-21", "2026-12-10", freq="D", unit="us")
    is_open = [day.weekday() < 5 and day.date() != date(2026, 12, 8) for day in days]
    frame = pd.DataFrame({"day": days, "value": np.where(is_open, 6.0, 0.0), "is_open": is_open})
    holiday = pd.Series([None if day.date() != date(2026, 12, 8) else "La Inmaculada Concepción; otro" for day in days], dtype=object)
    bands = {name: frame["value"] * share for name, share in (("lo80", 0.5), ("hi80", 1.5), ("lo95", 0.3), ("hi95", 1.9))}
    return frame.assign(holiday=holiday, **bands)


def test_closed_days_leave_the_axis_and_open_ones_stay(past, ahead):
    figure = charts.forecast(screen(), past, ahead, measure="orders")
    gone = figure["layout"]["xaxis"]["rangebreaks"][0]["values"]
    assert {"2026-11-21", "2026-11-22", "2026-12-08", "2026-11-14"} <= set(gone) and "2026-11-23" not in gone
    assert len(figure["data"][0]["x"]) == 15 and all(value > 0 for value in figure["data"][0]["y"])


def test_a_past_holiday_without_sales_leaves_the_axis(past, ahead):
    past.loc[past["day"] == "2026-11-11", "value"] = 0.0
    off = [date(2026, 11, 11), date(2026, 11, 12)]
    gone = charts.forecast(screen(), past, ahead, measure="orders", holidays=off)["layout"]["xaxis"]["rangebreaks"][0]["values"]
    assert "2026-11-11" in gone and "2026-11-12" not in gone


def test_a_sale_on_a_closed_day_is_shown(past, ahead):
    past.loc[past["day"] == "2026-11-14", "value"] = 1.0
    figure = charts.forecast(screen(), past, ahead, measure="orders")
    assert "2026-11-14" not in figure["layout"]["xaxis"]["rangebreaks"][0]["values"]


def test_counts_have_stepped_bands_over_whole_days_and_money_smooth_ones(past, ahead):
    steps = charts.forecast(screen(), past, ahead, measure="orders")["data"][1]
    smooth = charts.forecast(screen(), past, ahead, measure="revenue")["data"][1]
    assert steps["line"]["shape"] == "hv" and steps["x"][0] == pd.Timestamp("2026-11-23") and len(steps["x"]) == len(smooth["x"]) + 1
    assert smooth["line"]["shape"] == "linear" and smooth["x"][0] == pd.Timestamp("2026-11-23 12:00")


def test_bands_are_named_in_words_and_nested(past, ahead):
    figure = charts.forecast(screen(), past, ahead, measure="orders")
    names = [trace["name"] for trace in figure["data"] if trace.get("fill")]
    assert names == ["19 de 20 días", "8 de 10 días"]
    low95, _, low80, _ = (figure["data"][place]["y"] for place in (1, 2, 3, 4))
    assert all(outer <= inner for outer, inner in zip(low95, low80, strict=True))


def test_the_holiday_and_today_are_written_above(past, ahead):
    figure = charts.forecast(screen(), past, ahead, measure="orders")
    said = [note["text"] for note in figure["layout"]["annotations"]]
    assert said == ["La Inmaculada Concepc…", "hoy"]
    assert figure["layout"]["shapes"][0]["line"]["dash"] == "dot" and figure["layout"]["shapes"][0]["x0"] == pd.Timestamp("2026-11-21")


def test_hovering_reads_a_sentence_in_the_readers_language(past, ahead):
    told = charts.forecast(screen(), past, ahead, measure="orders")["data"][-1]["customdata"][0].replace("\u00a0", " ")
    assert told == "lun 23-11: 6; 8 de 10 días entre 3 – 9"
    assert charts.forecast(screen(language="en"), past, ahead, measure="orders")["layout"]["separators"] == ",."


def test_colours_follow_the_mode(past, ahead):
    light, dark = (charts.forecast(screen(dark=mode), past, ahead, measure="orders") for mode in (False, True))
    assert light["data"][0]["marker"]["color"] == "rgba(0,114,178,.35)" and dark["data"][0]["marker"]["color"] == "rgba(86,180,233,.55)"


def test_ticks_are_few_and_numeric(past, ahead):
    axis = charts.forecast(screen(), past, ahead, measure="orders")["layout"]["xaxis"]
    assert 2 <= len(axis["ticktext"]) <= charts.MOST_TICKS and axis["ticktext"][0] == "02-11"


def test_nothing_in_the_past_or_ahead_is_no_error(past, ahead):
    assert charts.forecast(screen(), past.iloc[:0], ahead, measure="orders")["data"]
    assert charts.forecast(screen(), past, ahead.iloc[:0], measure="orders")["layout"]["shapes"] == []


def test_told_and_came_leaves_out_empty_days():
    came = pd.DataFrame({"day": pd.date_range("2026-11-02", periods=4, unit="us"), "value": [5.0, 0, 6, 7], "actual": [4.0, 0, 6, 0]})
    figure = charts.told(screen(), came.assign(lo80=1.0, hi80=9.0), measure="orders")
    assert len(figure["data"][0]["x"]) == 3 and figure["layout"]["xaxis"]["rangebreaks"][0]["values"] == ["2026-11-03"]


def test_the_gain_curve_starts_at_nothing_and_marks_the_best():
    figure = charts.gain_curve(screen(), [100.0, 150.0, 120.0], best=2)
    assert list(figure["data"][0]["y"]) == [0.0, 100.0, 150.0, 120.0] and figure["layout"]["shapes"][0]["x0"] == 2


def test_shares_side_by_side_and_error_over_time():
    figure = charts.two_bars(screen(), ["VIP", "Leales"], {"a": [0.1, 0.9], "b": [0.5, 0.5]})
    assert figure["data"][0]["text"] == ["10\u00a0%", "90\u00a0%"] and figure["layout"]["yaxis"]["autorange"] == "reversed"
    cutoffs = pd.DataFrame({"cutoff": pd.to_datetime(["2026-08-09", "2026-09-13"]), "value": [0.1, 0.2], "baseline": [0.3, 0.3]})
    lines = charts.over_time(screen(), cutoffs, unit="percent", names=("Modelo", "Regla simple"))
    assert [line["name"] for line in lines["data"]] == ["Regla simple", "Modelo"] and lines["layout"]["yaxis"]["tickformat"] == ".0%"


@pytest.mark.parametrize("days", [20, 60, 90, 120, 150])
def test_the_days_under_the_figure_do_not_meet_on_a_phone(ahead, days):
    shown = pd.date_range("2026-09-26", periods=days, unit="us")
    shown = shown[shown.day_of_week < 6]
    past = pd.DataFrame({"day": shown, "value": 5.0})
    axis = charts.forecast(screen(), past, ahead.iloc[:0], measure="orders")["layout"]["xaxis"]
    places = [shown.get_loc(day - charts.NOON) for day in axis["tickvals"]]
    pixels = [(later - sooner) * charts.NARROW_PIXELS / len(shown) for sooner, later in zip(places, places[1:], strict=False)]
    assert len(places) >= 2 and min(pixels) >= charts.TICK_PIXELS
