"""Bad input through both doors: `forecast` and `fit_series(...).predict` say the same, complete, without NaN, or refuse in a sentence."""

import numpy as np
import pandas as pd
import pytest

from ml.forecasting import ForecastError, fit_series, forecast, totals_of
from tests.unit.forecasting.test_series_model import series, sound

HISTORY = series(160)


def changed(*places: int, to) -> pd.DataFrame:
    y = HISTORY["y"].to_numpy(copy=True)
    y[list(places)] = to(y[list(places)])
    return HISTORY.assign(y=y)


BAD = {
    "duplicate days": pd.concat([HISTORY, HISTORY.tail(9).assign(y=3.0)], ignore_index=True),
    "gaps": HISTORY.drop(index=[*range(40, 70), 150]),
    "nan": changed(3, 90, 159, to=lambda y: y * np.nan),
    "infinite": changed(3, 90, to=lambda y: y + np.inf),
    "negative": changed(10, 120, 158, to=lambda y: -y - 1),
    "constant": HISTORY.assign(y=7.0),
    "zeros": HISTORY.assign(y=0.0),
    "20 days": HISTORY.tail(20),
    "spike of 100 times": changed(157, to=lambda y: 100 * y),
    "ended 40 days ago": HISTORY.iloc[:-40],
    "with zone": HISTORY.assign(ds=HISTORY["ds"].dt.tz_localize("America/Lima") + pd.Timedelta(hours=8)),
    "backwards": HISTORY.iloc[::-1],
}


@pytest.mark.parametrize("kind", BAD)
def test_both_doors_answer_alike_and_soundly(kind):
    history = BAD[kind]
    at_once = forecast(history, 14, members="light")
    learnt = fit_series(history, members="light").predict(history, 14)
    sound(at_once, 14)
    pd.testing.assert_frame_equal(at_once, learnt)
    assert totals_of(at_once).notna().all(axis=None)
    assert at_once["ds"].iloc[0] == history["ds"].dt.tz_localize(None).max().normalize() + pd.Timedelta(days=1)


@pytest.mark.parametrize("kind", BAD)
def test_a_model_learnt_from_good_days_answers_bad_newer_ones(kind):
    """What the daily refresh does: the model stays, the history that comes may be anything."""
    frame = fit_series(HISTORY, members="light").predict(BAD[kind], 14)
    sound(frame, 14)


@pytest.mark.parametrize("horizon", [0, 400, -1, 1.5])
def test_both_doors_refuse_a_horizon_out_of_range(horizon):
    for ask in (forecast, fit_series(HISTORY, members="light").predict):
        with pytest.raises(ForecastError, match=r"whole number of days from 1 to 365; .* came"):
            ask(HISTORY, horizon)


def test_both_doors_forecast_without_holidays_where_the_country_has_none():
    at_once = forecast(HISTORY, 14, country="XX", members="light")
    sound(at_once, 14)
    pd.testing.assert_frame_equal(at_once, fit_series(HISTORY, country="XX", members="light").predict(HISTORY, 14))
    for ask in (forecast, fit_series):
        with pytest.raises(ForecastError, match="is not a two-letter code"):
            ask(HISTORY, country="nowhere")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"country": 56}, "The country 56 is not a two-letter code"),
        ({"levels": 80}, "levels are whole per cent"),
        ({"members": "all"}, "members is 'full' or 'light'"),
    ],
)
def test_an_option_that_is_none_is_refused_in_a_sentence(options, sentence):
    with pytest.raises(ForecastError, match=sentence):
        fit_series(HISTORY, **{"members": "light"} | options)


def test_numbers_for_days_are_refused_and_not_taken_for_the_year_1970():
    with pytest.raises(ForecastError, match="days in ds; numbers came, the first 0"):
        forecast(HISTORY.assign(ds=range(len(HISTORY))))


def test_one_day_of_history_claims_next_to_nothing():
    frame = forecast(HISTORY.head(1), 30)
    (month,) = [row for row in totals_of(frame).to_dict("records") if row["days"] == 30]
    assert month["hi80"] - month["lo80"] >= 0.8 * month["total"] and month["hi95"] > month["hi80"]


def test_a_slip_of_a_hundred_times_leaves_the_bands_in_proportion():
    slip = HISTORY.assign(y=HISTORY["y"].where(HISTORY.index != len(HISTORY) - 10, 100 * HISTORY["y"].mean()))
    plain, odd = (totals_of(forecast(history, 30, members="light")).iloc[-1] for history in (HISTORY, slip))
    assert odd["hi80"] - odd["lo80"] <= 4 * (plain["hi80"] - plain["lo80"]) and odd["total"] == pytest.approx(plain["total"], rel=0.2)
