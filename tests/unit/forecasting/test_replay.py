from datetime import date

import numpy as np
import pandas as pd
import pytest

from ml.forecasting import ForecastError, backtest, fit_series, totals_of

DAYS = pd.date_range("2024-01-01", periods=240)
HISTORY = pd.DataFrame({"ds": DAYS, "y": np.random.default_rng(2).poisson(100, 240).astype(float)})


def test_a_backtest_says_what_would_have_been_said_and_what_came():
    cutoffs = [date(2024, 6, 1), date(2024, 8, 10)]
    result = backtest(HISTORY, cutoffs, 30, members="light")
    assert result.groupby("cutoff").size().tolist() == [30, 30]
    first = result[result["cutoff"] == pd.Timestamp(cutoffs[0])]
    known = HISTORY[HISTORY["ds"] <= "2024-06-01"]
    expected = fit_series(known, members="light").predict(known, 30)
    assert np.allclose(first["yhat"], expected["yhat"]) and first["step"].tolist() == list(range(1, 31))
    assert first["actual"].tolist() == HISTORY.loc[(HISTORY["ds"] > "2024-06-01") & (HISTORY["ds"] <= "2024-07-01"), "y"].tolist()
    totals = totals_of(result).set_index(["cutoff", "days"])
    assert totals.loc[(cutoffs[0], 30), "actual"] == first["actual"].sum()


def test_the_future_does_not_move_a_backtest():
    changed = HISTORY.assign(y=HISTORY["y"].where(HISTORY["ds"] <= "2024-06-01", 9999.0))
    expected, answer = (backtest(frame, [date(2024, 6, 1)], 10, members="light")["yhat"] for frame in (HISTORY, changed))
    assert np.allclose(expected, answer)


def test_days_that_have_not_come_have_no_truth():
    result = backtest(HISTORY, [date(2024, 8, 20)], 30, members="light")
    assert result["actual"].notna().sum() == 7
    assert np.isnan(totals_of(result).set_index("days").loc[30, "actual"])


@pytest.mark.parametrize("cutoffs", [[], date(2024, 6, 1), ["mayo"], [pd.NaT], None, [None]])
def test_what_is_no_list_of_days_is_refused(cutoffs):
    with pytest.raises(ForecastError, match="Cutoffs are a list of one or more days"):
        backtest(HISTORY, cutoffs)


def test_a_cutoff_with_hour_and_zone_is_its_day():
    plain, odd = (
        backtest(HISTORY, [day], 7, members="light") for day in (date(2024, 6, 1), pd.Timestamp("2024-06-01 15:00", tz="Etc/UTC"))
    )
    pd.testing.assert_frame_equal(plain, odd)


def test_a_cutoff_outside_the_history_is_refused():
    with pytest.raises(ForecastError, match="2024-01-01 to 2024-08-27; 2025-01-01 came"):
        backtest(HISTORY, [date(2025, 1, 1)])
