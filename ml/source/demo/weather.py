"""Santiago's weather, day by day and commune by commune: dry hot summers (December to February), mild wet winters."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.source.demo.places import COMMUNES
from ml.source.demo.sizes import Plan
from ml.source.demo.streams import Flags, Floats, exponential, stream

HOT_DAY_CELSIUS = 28.0
RAINY_DAY_MM = 1.0
COMFORT_CELSIUS = 20.0
PER_DEGREE = {"Hogar": 0.034, "Empresa": 0.020}  # log of water bought per °C of the day's maximum above COMFORT_CELSIUS
RAIN_EFFECT = -0.08  # log of water bought on a rainy day


@dataclass(frozen=True)
class Weather:
    """Days × communes for the city's temperatures, humidity and rain, and the city's maximum and rain per day."""

    temp_max_c: Floats
    temp_min_c: Floats
    humidity: Floats
    precip_mm: Floats
    city_max_c: Floats
    rainy: Flags

    def thirst(self, customer_type: str) -> Floats:
        """Factor on the water that customers of a type buy, per day."""
        degrees = np.maximum(0.0, self.city_max_c - COMFORT_CELSIUS)
        return np.exp(PER_DEGREE[customer_type] * degrees + RAIN_EFFECT * self.rainy)


def make_weather(plan: Plan) -> Weather:
    """The weather of every day of the plan."""
    days, places = plan.days, len(COMMUNES)
    draws = stream(plan.seed, "weather").random((days, 4))
    season = np.cos(2 * np.pi * (plan.day_of_year - 18) / 365.25)
    rainy = draws[:, 0] < np.maximum(0.004, 0.09 - 0.12 * season)
    spell = _autoregressive(stream(plan.seed, "warm spells").standard_normal(days), memory=0.72, spread=2.6)
    city_max = 22.6 + 7.4 * season + spell - 5.0 * rainy * (season < 0.5)
    city_min = 8.6 + 4.6 * season + 0.35 * spell + 1.5 * rainy
    local = stream(plan.seed, "local weather").standard_normal((days, places, 2))
    warmth = np.array([commune.warmth for commune in COMMUNES])
    rain_mm = np.where(rainy, 1.2 + 8.0 * exponential(draws[:, 1]), 0.0)
    return Weather(
        temp_max_c=(city_max[:, None] + warmth + 0.5 * local[:, :, 0]).round(1),
        temp_min_c=(city_min[:, None] + 0.5 * warmth + 0.5 * local[:, :, 1]).round(1),
        humidity=(58 - 14 * season - 0.8 * spell + 18 * rainy + 6 * (draws[:, 2] - 0.5)).clip(15, 98).round(0)[:, None] + np.zeros(places),
        precip_mm=(rain_mm[:, None] * (1 + 0.25 * local[:, :, 1]).clip(0.2)).round(1),
        city_max_c=city_max,
        rainy=rainy,
    )


def weather_table(plan: Plan, weather: Weather) -> pd.DataFrame:
    """Rows of 3t_weather_data: one per past day and commune of the company."""
    communes = [commune.name for commune in COMMUNES[: plan.size.communes]]
    places = len(communes)
    high, low, rain = (values[:, :places].ravel() for values in (weather.temp_max_c, weather.temp_min_c, weather.precip_mm))
    return pd.DataFrame(
        {
            "date": np.repeat(np.datetime_as_string(plan.calendar, unit="D"), places),
            "commune": np.tile(np.array(communes, dtype=object), plan.days),
            "temp_c": (0.55 * high + 0.45 * low).round(1),
            "temp_max_c": high,
            "temp_min_c": low,
            "humidity": weather.humidity[:, :places].ravel(),
            "precip_mm": rain,
            "is_hot_day": high >= HOT_DAY_CELSIUS,
            "is_rainy_day": rain >= RAINY_DAY_MM,
        }
    )


def _autoregressive(shocks: Floats, memory: float, spread: float) -> Floats:
    values, level = np.empty(len(shocks)), 0.0
    scale = spread * np.sqrt(1 - memory**2)
    for day, shock in enumerate(shocks):
        level = memory * level + scale * shock
        values[day] = level
    return values
