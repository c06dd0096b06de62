import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.forecasting.history import ForecastError, read_history, zeros_out_of_character


def frame(days: list[str], values: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"ds": pd.to_datetime(days), "y": values})


def test_rows_come_in_any_order_and_gaps_become_days():
    series = read_history(frame(["2024-01-04", "2024-01-01"], [4.0, 1.0]))
    assert series.days.astype(str).tolist() == ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]
    assert series.y.tolist() == [1.0, 0.0, 0.0, 4.0] and series.notes == ("missing_days",)


def test_where_zeros_are_written_a_missing_day_is_unknown():
    series = read_history(frame(["2024-01-01", "2024-01-02", "2024-01-04"], [1.0, 0.0, 4.0]))
    assert np.isnan(series.y[2])


def test_a_weekday_without_rows_is_no_business_even_where_zeros_are_written():
    days = [day for day in pd.date_range("2024-01-01", periods=70) if day.day_of_week < 5]
    series = read_history(pd.DataFrame({"ds": days, "y": [0.0] + [5.0] * (len(days) - 1)}))
    assert series.y[5] == 0.0 and series.y[6] == 0.0


def test_same_day_rows_are_added_and_repeated_rows_count_once():
    series = read_history(frame(["2024-01-01 08:00", "2024-01-01 17:00", "2024-01-01 17:00"], [2.0, 3.0, 3.0]))
    assert series.y.tolist() == [5.0] and series.notes == ("duplicate_days",)


def test_an_unknown_row_beside_a_known_one_of_the_same_day_does_not_hide_it():
    assert read_history(frame(["2024-01-01", "2024-01-01"], [np.nan, 3.0])).y.tolist() == [3.0]


def test_eleven_years_are_cut_to_five():
    days = pd.date_range("2010-01-01", periods=4100)
    series = read_history(pd.DataFrame({"ds": days, "y": 1.0}))
    assert len(series) == 1830 and "shortened" in series.notes and series.days[-1] == np.datetime64(days[-1], "D")


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 400), st.floats(-10, 1000) | st.just(float("nan"))), min_size=1, max_size=60))
def test_any_rows_become_consecutive_days_of_values_that_are_not_negative(rows):
    history = pd.DataFrame(
        {"ds": pd.Timestamp("2023-01-01") + pd.to_timedelta([day for day, _ in rows], unit="D"), "y": [v for _, v in rows]}
    )
    if not history["y"].notna().any():
        with pytest.raises(ForecastError, match="at least one known value"):
            read_history(history)
        return
    series = read_history(history)
    assert (np.diff(series.days).astype(int) == 1).all()
    assert not (series.y < 0).any() and len(series.y) == len(series.days)


def test_small_counts_are_told_from_money_and_from_large_counts():
    assert read_history(frame(["2024-01-01", "2024-01-02"], [3.0, 4.0])).is_small_count
    assert not read_history(frame(["2024-01-01", "2024-01-02"], [3.5, 4.0])).is_small_count
    assert not read_history(frame(["2024-01-01", "2024-01-02"], [300.0, 400.0])).is_small_count


def test_a_lone_zero_among_large_values_is_out_of_character():
    y = np.full(100, 500.0) + np.arange(100)
    y[40] = 0
    flags = zeros_out_of_character(y, np.ones(100, dtype=bool))
    assert flags.sum() == 1 and flags[40]


def test_zeros_of_small_counts_and_zeros_at_the_end_are_in_character():
    rng = np.random.default_rng(1)
    small = rng.poisson(2.0, 100).astype(float)
    assert not zeros_out_of_character(small, np.ones(100, dtype=bool)).any()
    stopped = np.concatenate([np.full(100, 500.0), np.zeros(15)])
    assert not zeros_out_of_character(stopped, np.ones(115, dtype=bool)).any()
