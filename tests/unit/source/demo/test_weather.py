from datetime import date

import numpy as np
import pytest

from ml.source.demo.sizes import make_plan
from ml.source.demo.weather import COMFORT_CELSIUS, PER_DEGREE, make_weather, weather_table


def test_summers_are_hot_and_dry_and_winters_mild_and_wet() -> None:
    plan = make_plan("standard", date(2026, 11, 21), 7)
    weather = make_weather(plan)
    summer, winter = np.isin(plan.month, (11, 0, 1)), np.isin(plan.month, (5, 6, 7))
    # Quinta Normal normals 1991–2020 (Dirección Meteorológica de Chile): January maximum about 30.3 °C, July about 15.6 °C
    assert weather.city_max_c[plan.month == 0].mean() == pytest.approx(30.3, abs=1.5)
    assert weather.city_max_c[plan.month == 6].mean() == pytest.approx(15.6, abs=2.0)
    assert weather.rainy[summer].mean() < 0.03 < 0.12 < weather.rainy[winter].mean()
    assert weather.city_max_c[summer].std() > 1.5
    assert (weather.temp_max_c > weather.temp_min_c).mean() > 0.99


def test_heat_and_rain_move_thirst_by_the_declared_effect() -> None:
    weather = make_weather(make_plan("tiny", date(2026, 3, 1), 7))
    dry = ~weather.rainy
    degrees = np.maximum(0, weather.city_max_c - COMFORT_CELSIUS)
    assert np.log(weather.thirst("Hogar")[dry]) == pytest.approx(PER_DEGREE["Hogar"] * degrees[dry])
    assert (weather.thirst("Empresa")[dry] <= weather.thirst("Hogar")[dry]).all()


def test_the_table_has_one_row_per_past_day_and_commune() -> None:
    plan = make_plan("tiny", date(2026, 3, 1), 7)
    table = weather_table(plan, make_weather(plan))
    assert len(table) == 400 * 6
    assert not table.duplicated(["date", "commune"]).any()
    assert table["date"].max() == "2026-03-01"
    assert (table["is_hot_day"] == (table["temp_max_c"] >= 28)).all()
    assert table["humidity"].between(10, 100).all()
    assert (table["precip_mm"] >= 0).all()
