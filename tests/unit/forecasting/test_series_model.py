import io
from dataclasses import replace

import joblib
import numpy as np
import pandas as pd
import pytest

from ml.forecasting import ForecastError, SeriesModel, fit_series, forecast, totals_of
from ml.forecasting.history import read_history
from ml.forecasting.members import make_span
from ml.forecasting.series_model import older_forecasts

WEEK = np.array([1.2, 1.3, 1.4, 1.0, 0.9, 0.4, 0.0])


def series(days: int, level: float = 200.0, start: str = "2024-01-01", seed: int = 1) -> pd.DataFrame:
    """A shop closed on Sundays: Poisson counts around a weekday pattern."""
    ds = pd.date_range(start, periods=days, freq="D")
    y = np.random.default_rng(seed).poisson(level * WEEK[ds.day_of_week]).astype(float)
    return pd.DataFrame({"ds": ds, "y": y})


def light(history: pd.DataFrame, horizon: int = 30, **options) -> pd.DataFrame:
    return fit_series(history, members="light", **options).predict(history, horizon)


def sound(frame: pd.DataFrame, horizon: int) -> None:
    """What every answer promises: complete, ordered bands, never below zero, closed days 0."""
    numbers = frame.select_dtypes("number")
    assert len(frame) == horizon and numbers.notna().all().all() and np.isfinite(numbers).all().all()
    assert (numbers >= 0).all().all()
    assert (frame["lo95"] <= frame["lo80"]).all() and (frame["lo80"] <= frame["yhat"] + 1e-9).all()
    assert (frame["yhat"] <= frame["hi80"] + 1e-9).all() and (frame["hi80"] <= frame["hi95"]).all()
    assert (frame.loc[~frame["is_open"], ["yhat", "lo80", "hi80", "lo95", "hi95"]] == 0).all().all()


@pytest.fixture(scope="module")
def full_model() -> SeriesModel:
    return fit_series(series(400))


def test_a_full_forecast_has_the_agreed_columns_and_five_members(full_model: SeriesModel):
    frame = full_model.predict(series(400), 30)
    assert list(frame.columns) == [
        "ds", "yhat", "lo80", "hi80", "lo95", "hi95", "is_open", "holiday", "ridge", "holt_winters",
        "state_space", "xgboost", "prophet",
    ]  # fmt: skip
    sound(frame, 30)
    assert frame["ds"].iloc[0] == pd.Timestamp("2024-01-01") + pd.Timedelta(days=400)
    members = frame[[*full_model.member_names, "holt_winters", "holt_winters", "state_space"]]  # three votes and two
    assert np.allclose(frame["yhat"], np.median(members.to_numpy(), axis=1))
    truth = 200.0 * WEEK[frame["ds"].dt.day_of_week]
    assert abs(frame["yhat"].sum() / truth[frame["is_open"]].sum() - 1) < 0.05


def test_a_model_survives_its_own_pickle_and_answers_the_same(full_model: SeriesModel):
    kept = io.BytesIO()
    joblib.dump(full_model, kept)
    kept.seek(0)
    again = joblib.load(kept)
    pd.testing.assert_frame_equal(again.predict(series(400), 14), full_model.predict(series(400), 14))
    assert isinstance(full_model.members.trees.ubj, bytes) and isinstance(full_model.members.prophet.json, str)


def test_the_same_history_gives_the_same_model(full_model: SeriesModel):
    again = fit_series(series(400)).predict(series(400), 10)
    pd.testing.assert_frame_equal(again, full_model.predict(series(400), 10))


def test_newer_history_moves_the_forecast_without_fitting(full_model: SeriesModel):
    longer = series(428)
    doubled = longer.assign(y=longer["y"].where(longer.index < 400, longer["y"] * 2))
    plain, moved = full_model.predict(longer, 30), full_model.predict(doubled, 30)
    assert plain["ds"].iloc[0] == longer["ds"].iloc[-1] + pd.Timedelta(days=1)
    for member in full_model.member_names:
        assert moved[member].sum() > 1.15 * plain[member].sum(), member


def test_a_history_that_begins_later_than_the_fitted_one_still_answers(full_model: SeriesModel):
    sound(full_model.predict(series(400).iloc[200:], 30), 30)


def test_totals_have_bands_of_their_own(full_model: SeriesModel):
    frame = full_model.predict(series(400), 14, totals=(7, 30))
    totals = totals_of(frame).set_index("days")
    assert list(totals.index) == [7, 30] and len(frame) == 14
    assert totals.loc[7, "total"] == pytest.approx(frame["yhat"].iloc[:7].sum())
    assert (totals["lo95"] < totals["lo80"]).all() and (totals["lo80"] < totals["total"]).all() and (totals["total"] < totals["hi80"]).all()
    assert totals.loc[7, "hi80"] - totals.loc[7, "lo80"] < (frame["hi80"] - frame["lo80"]).iloc[:7].sum()
    assert totals.loc[7, "open_days"] == 6


def test_light_has_three_members_and_other_levels_other_columns():
    frame = light(series(200), levels=(50, 90))
    assert list(frame.columns) == [
        "ds",
        "yhat",
        "lo50",
        "hi50",
        "lo90",
        "hi90",
        "is_open",
        "holiday",
        "ridge",
        "holt_winters",
        "state_space",
    ]


def test_small_counts_get_whole_number_bands():
    history = series(300, level=4.0)
    frame = light(history)
    sound(frame, 30)
    edges = frame[["lo80", "hi80", "lo95", "hi95"]]
    assert (edges == edges.round()).all().all()
    totals = totals_of(frame)[["lo80", "hi80", "lo95", "hi95"]]
    assert (totals == totals.round()).all().all()


@pytest.mark.parametrize("kind", ["poisson", "negative binomial", "zero inflated", "level shift", "closed Sundays"])
def test_bands_of_simulated_counts_cover_what_they_say(kind: str):
    """Whole-number bands have no interval near 80 %: at least nominal less two points, and not everything there is."""
    inside, width, mean = [], [], 4.0
    days = pd.date_range("2024-03-01", periods=330)
    is_open = np.ones(330, dtype=bool) if kind != "closed Sundays" else np.asarray(days.day_of_week != 6)
    for seed in range(6):
        rng = np.random.default_rng(seed)
        draw = {
            "poisson": lambda rng=rng: rng.poisson(mean, 330),
            "negative binomial": lambda rng=rng: rng.negative_binomial(3, 3 / (3 + mean), 330),
            "zero inflated": lambda rng=rng: rng.poisson(mean / 0.7, 330) * (rng.random(330) < 0.7),
            "level shift": lambda rng=rng: rng.poisson(np.where(np.arange(330) < 240, mean, 1.6 * mean)),
            "closed Sundays": lambda rng=rng: rng.poisson(mean, 330) * is_open,
        }
        history = pd.DataFrame({"ds": days, "y": draw[kind]().astype(float)})
        frame, truth = light(history.iloc[:300]), history["y"].iloc[300:].to_numpy()
        judged = is_open[300:]
        assert (frame["is_open"] == judged).all()
        inside.append(((truth >= frame["lo80"]) & (truth <= frame["hi80"]))[judged].mean())
        width.append((frame["hi80"] - frame["lo80"])[judged].mean())
    widest = {"poisson": 6.0, "negative binomial": 8.5, "zero inflated": 9.5, "level shift": 8.5, "closed Sundays": 6.0}
    assert np.mean(inside) >= 0.78
    assert np.mean(width) <= widest[kind]


def test_totals_of_money_with_a_wandering_level_are_covered():
    """Log-normal days around a level that moves by itself: the 80 % band of the 30-day total holds in most of 12 worlds, not in all."""
    held = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        level = np.exp(np.cumsum(rng.normal(0, 0.02, 330)))
        y = 500 * level * np.tile(WEEK + 0.2, 48)[:330] * np.exp(rng.normal(0, 0.25, 330))
        history = pd.DataFrame({"ds": pd.date_range("2024-03-01", periods=330), "y": y.round(2)})
        row = totals_of(light(history.iloc[:300])).iloc[1]
        held.append(row["lo80"] <= history["y"].iloc[300:].sum() <= row["hi80"])
    assert 0.6 <= np.mean(held) < 1.0


def test_a_year_of_history_adds_a_run_that_follows_the_year_by_its_level(full_model: SeriesModel):
    assert full_model.members.yearless is not None
    assert fit_series(series(200), members="light").members.yearless is None
    seasonal = replace(full_model, members=replace(full_model.members, yearless=None)).predict(series(400), 30)["holt_winters"]
    both = full_model.predict(series(400), 30)["holt_winters"]
    assert not np.allclose(both, seasonal, rtol=1e-4)


@pytest.mark.parametrize(("days", "groups", "cutoffs"), [(250, 2, 0), (300, 2, 3), (390, 2, 6), (390, 1, 3)])
def test_older_forecasts_lie_before_the_earlier_ones(days: int, groups: int, cutoffs: int):
    span = make_span(read_history(series(days)), 0, "CL")
    older = older_forecasts(span, groups, seed=1)
    assert len(older) == cutoffs
    for place, then in enumerate(older):
        first = days - 90 * (place // 3 + 2) + 30 * (place % 3)
        assert np.array_equal(then.truth, span.y[first : first + 30])


# --- bad input: a clear error or a stated fallback, never a crash or NaN


def codes(history: pd.DataFrame, **options) -> list[str]:
    return [note["code"] for note in fit_series(history, members="light", **options).notes]


def test_duplicate_days_are_added_up_and_repeated_rows_count_once():
    history = series(200)
    halves = pd.concat([history.assign(y=history["y"] * 0.4), history.assign(y=history["y"] * 0.6)])
    repeated = pd.concat([history, history.tail(5)])
    expected = light(history)["yhat"]
    assert np.allclose(light(halves)["yhat"], expected) and np.allclose(light(repeated)["yhat"], expected)
    assert "duplicate_days" in codes(repeated)


def test_gaps_are_unknown_where_zeros_are_written_down():
    history = series(300)
    full_open = history[history["y"] > 0]
    gappy = history.drop(full_open.index[50:80])
    frame = light(gappy)
    sound(frame, 30)
    assert abs(frame["yhat"].sum() / light(history)["yhat"].sum() - 1) < 0.05
    assert "missing_days" in codes(gappy)


def test_gaps_are_closed_days_where_only_sales_are_written_down():
    history = series(300)
    frame = light(history[history["y"] > 0])
    assert not frame.loc[frame["ds"].dt.day_of_week == 6, "is_open"].any()


def test_unknown_values_are_left_out():
    history = series(300)
    history.loc[[20, 100, 299], "y"] = [np.nan, np.inf, np.nan]
    sound(light(history), 30)
    assert "unknown_values" in codes(history)


def test_negative_values_count_as_zero():
    history = series(300)
    history.loc[[50, 290], "y"] = [-500.0, -20.0]
    sound(light(history), 30)
    assert "negative_values" in codes(history)


def test_a_constant_series_stays_constant():
    history = series(200).assign(y=7.0)
    frame = forecast(history, 30)
    sound(frame, 30)
    assert np.allclose(frame["yhat"], 7.0, rtol=0.02)


def test_all_zeros_stay_zero():
    frame = light(series(200).assign(y=0.0))
    sound(frame, 30)
    assert (frame["yhat"] == 0).all()


@pytest.mark.parametrize("days", [1, 2, 8, 20, 119])
def test_a_short_history_gives_a_profile_and_says_so(days: int):
    history = series(days)
    model = fit_series(history)
    sound(model.predict(history, 30), 30)
    assert model.member_names == ("profile",)
    assert {"code": "short_history", "params": {"days": days, "needed": 120}} in model.notes


def test_a_profile_is_less_sure_than_a_model_of_more_days():
    def relative(days: int, seed: int) -> float:
        history = series(days, level=5.0, seed=seed)
        row = totals_of(fit_series(history).predict(history, 30)).iloc[1]
        return (row["hi95"] - row["lo95"]) / row["total"]

    means = [np.mean([relative(days, seed) for seed in range(6)]) for days in (20, 100)]
    assert means[0] > 1.1 * means[1]


def test_under_one_order_a_day_gives_a_profile_and_says_so():
    history = series(300, level=0.4)
    model = fit_series(history)
    frame = model.predict(history, 30)
    sound(frame, 30)
    assert [note["code"] for note in model.notes] == ["few_sales"]


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2, 0.24])
def test_sales_on_few_days_are_no_slips(share: float):
    """Eight units now and then: the mean is forecast with a band that holds most worlds, not 0 for sure."""
    held, means = [], []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        y = (rng.random(730) < share) * (1.0 + rng.poisson(7.0, 730))
        history = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=730), "y": y})
        frame = light(history.iloc[:700])
        sound(frame, 30)
        means.append(frame["yhat"].mean())
        month = totals_of(frame).iloc[1]
        held.append(month["lo95"] <= y[700:].sum() <= month["hi95"])
        spiked = history.iloc[:700].copy()
        spiked.loc[spiked.index[-1], "y"] = 800.0
        assert light(spiked)["yhat"].mean() < means[-1] + 1.0, "800 counts as 48"
    assert np.mean(means) == pytest.approx(8 * share, rel=0.35) and min(means) > 0
    assert np.mean(held) >= 0.8


def test_a_spike_of_a_hundred_times_does_not_carry_over():
    history = series(300)
    spiked = history.copy()
    spiked.loc[spiked.index[-3], "y"] *= 100
    expected, frame = light(history), light(spiked)
    sound(frame, 30)
    assert abs(frame["yhat"].sum() / expected["yhat"].sum() - 1) < 0.10


def test_a_history_that_ended_earlier_is_continued_from_its_own_end():
    history = series(300)
    frame = light(history.iloc[:-40])
    assert frame["ds"].iloc[0] == history["ds"].iloc[-40]


def test_timestamps_with_zone_become_local_days():
    history = series(200)
    zoned = history.assign(ds=history["ds"].dt.tz_localize("America/New_York") + pd.Timedelta(hours=9))
    assert np.allclose(light(zoned)["yhat"], light(history)["yhat"])


def test_a_country_without_holidays_is_forecast_without_and_says_so():
    frame = light(series(200), country="XX")
    sound(frame, 30)
    assert (frame["holiday"] == "").all() and "no_holidays_known" in codes(series(200), country="XX")


def test_what_is_no_country_is_refused():
    with pytest.raises(ForecastError, match="'Chile' is not a two-letter code"):
        fit_series(series(200), country="Chile")


@pytest.mark.parametrize("horizon", [0, 400, -3, 2.5, True])
def test_a_horizon_out_of_range_is_refused(horizon):
    with pytest.raises(ForecastError, match="whole number of days from 1 to 365"):
        forecast(series(200), horizon)


def test_other_forms_of_history_are_refused():
    with pytest.raises(ForecastError, match=r"columns ds \(day\) and y \(number\); \['day'\] came"):
        fit_series(pd.DataFrame({"day": []}))
    with pytest.raises(ForecastError, match="could not be read"):
        fit_series(pd.DataFrame({"ds": ["2024-01-01"], "y": ["many"]}))
    with pytest.raises(ForecastError, match="at least one known value"):
        fit_series(series(50).assign(y=np.nan))
    with pytest.raises(ForecastError, match="list came"):
        fit_series([1, 2, 3])


def test_unknown_options_are_refused():
    with pytest.raises(ForecastError, match="'full' or 'light'; 'best' came"):
        fit_series(series(200), members="best")
    with pytest.raises(ForecastError, match="whole per cent"):
        fit_series(series(200), levels=(0.8,))


# --- regressors


def warm(history: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same sales lifted by heat, and the heat of the history and 60 days more."""
    days = pd.date_range(history["ds"].iloc[0], periods=len(history) + 60, freq="D")
    heat = np.random.default_rng(3).normal(20, 6, len(days))
    lifted = history.assign(y=(history["y"] * np.exp(0.04 * (heat[: len(history)] - 20))).round())
    return lifted, pd.DataFrame({"ds": days, "heat": heat})


def test_a_regressor_that_matters_moves_every_member():
    history, heat = warm(series(400))
    model = fit_series(history, regressors=heat, members="light")
    hot, cold = heat.assign(heat=26.0), heat.assign(heat=14.0)
    future = heat["ds"] > history["ds"].iloc[-1]
    answers = [model.predict(history, 30, regressors=heat.where(~future, other)) for other in (hot, cold)]
    for member in model.member_names:
        assert answers[0][member].sum() / answers[1][member].sum() == pytest.approx(np.exp(0.04 * 12), rel=0.15), member


def test_regressors_that_end_before_the_horizon_are_filled_and_counted():
    history, heat = warm(series(400))
    model = fit_series(history, regressors=heat, members="light")
    frame = model.predict(history, 30, regressors=heat.iloc[: len(history) + 10])
    sound(frame, 30)
    assert frame.attrs["regressors_filled"] == 20
    assert model.predict(history, 30).attrs["regressors_filled"] == 30


def test_regressors_of_other_days_are_refused():
    with pytest.raises(ForecastError, match=r"\['heat'\] have no value on any day"):
        fit_series(series(200), regressors=pd.DataFrame({"ds": pd.to_datetime(["2000-01-01"]), "heat": [1.0]}))
    with pytest.raises(ForecastError, match="at least one number column"):
        fit_series(series(200), regressors=pd.DataFrame({"ds": pd.to_datetime(["2000-01-01"])}))
