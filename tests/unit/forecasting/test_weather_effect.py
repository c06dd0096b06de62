"""The effect of hot and rainy days: found where it is, honest where it cannot be, nothing where there is none."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from ml.forecasting.weather_effect import weather_effects

DAYS = pd.Series(pd.date_range("2023-01-01", "2025-12-10", unit="us"))


def company(hot: float, rain: float, seed: int = 1, rate: float = 30.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    season = np.cos(2 * np.pi * DAYS.dt.day_of_year / 365.25).to_numpy()
    warm = 22 + 7 * season + rng.normal(0, 3, len(DAYS))
    wet = np.where(rng.random(len(DAYS)) < 0.07, 12.0, 0.0)
    mean = rate * np.exp(0.2 * season + np.log1p(hot) * (warm > 28) + np.log1p(rain) * (wet > 5)) * (DAYS.dt.day_of_week < 5)
    return pd.DataFrame({"ds": DAYS, "y": rng.poisson(mean).astype(float)}), pd.DataFrame(
        {"ds": DAYS, "temp_max_c": warm, "precip_mm": wet}
    )


def effects(hot: float, rain: float, **options) -> dict:
    return {entry["kind"]: entry for entry in weather_effects(*company(hot, rain, **options), 28, 5)}


def test_a_true_effect_is_found_within_its_interval():
    found = effects(0.25, -0.20)
    for kind, truth in (("hot", 0.25), ("rainy", -0.20)):
        assert found[kind]["code"] == "measured"
        assert found[kind]["lo95"] < truth < found[kind]["hi95"]
        assert found[kind]["days"] >= 20


def test_no_effect_is_called_nothing_measurable_about_as_often_as_promised():
    codes = [effects(0.0, 0.0, seed=seed)[kind]["code"] for seed in range(12) for kind in ("hot", "rainy")]
    assert codes.count("nothing_measurable") >= 20


def test_season_alone_is_not_taken_for_heat():
    """Sales move with the summer and not with the day's heat: the naive comparison would see an effect."""
    history, weather = company(0.0, 0.0, seed=5)
    hot = weather["temp_max_c"] > 28
    open_days = history["y"] > 0
    assert history.loc[hot & open_days, "y"].mean() > 1.1 * history.loc[~hot & open_days, "y"].mean()
    (heat, _) = weather_effects(history, weather, 28, 5)
    assert heat["lo95"] < 0 < heat["hi95"]


def test_what_cannot_be_said_is_said():
    history, weather = company(0.3, 0.0)
    assert {entry["code"] for entry in weather_effects(history, weather.iloc[:0], 28, 5)} == {"no_weather"}
    recent = history["ds"] > pd.Timestamp("2024-12-10")
    assert {entry["code"] for entry in weather_effects(history[recent], weather[recent], 28, 5)} == {"short_history"}
    dry, _ = weather_effects(history, weather.assign(temp_max_c=20.0), 28, 5)
    assert dry["code"] == "few_such_days" and dry["days"] == 0
    assert all("effect" not in entry for entry in weather_effects(history[recent], weather[recent], 28, 5))


@pytest.mark.parametrize("kind", ["hot", "rainy"])
def test_the_demo_company_s_hidden_truth_lies_in_the_interval(kind):
    """The truth by the same calendar, from the hidden thirst itself."""
    from ml.source.demo.truth import truths

    told = truths("standard", date(2026, 10, 28))
    weather = told.weather.rename(columns={"date": "ds", "city_max_c": "temp_max_c"})
    weather = weather.assign(precip_mm=np.where(weather["rainy"], 9.0, 0.0))
    orders = told.orders.groupby("day").size().reindex(weather["ds"], fill_value=0).to_numpy(dtype=float)
    thirst = np.mean([np.exp(e * np.maximum(0, weather["temp_max_c"] - told.comfort_celsius)) for e in told.heat_effect.values()], axis=0)
    thirst = np.where(orders > 0, thirst * np.exp(told.rain_effect * weather["rainy"]), 0.0)
    history = pd.DataFrame({"ds": weather["ds"], "y": orders})
    place = ("hot", "rainy").index(kind)
    seen, true = (weather_effects(frame, weather, 28, 5)[place] for frame in (history, history.assign(y=thirst)))
    assert seen["lo95"] < true["effect"] < seen["hi95"]
    if kind == "hot":
        assert seen["code"] == "measured" and true["effect"] > 0.05
