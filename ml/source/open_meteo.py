"""The weather forecast of the next 16 days, asked of Open-Meteo (or a server that answers alike) by its address."""

from datetime import date
from typing import Any

SECONDS = 10
DAYS = 16
VARIABLES = {
    "temp_max_c": "temperature_2m_max",
    "temp_min_c": "temperature_2m_min",
    "humidity": "relative_humidity_2m_mean",
    "precip_mm": "precipitation_sum",
}


class WeatherError(RuntimeError):
    """There is no forecast today; the sentence says why. Nothing else depends on it."""


def fetch_forecast(url: str, latitude: float, longitude: float, issued_at: date, timezone: str) -> list[dict[str, Any]]:
    """One row a day: issued_at, date and VARIABLES (None where the server says nothing). Raises WeatherError within SECONDS."""
    import requests

    asked: dict[str, str | int] = {
        "latitude": f"{latitude:.3f}",
        "longitude": f"{longitude:.3f}",
        "daily": ",".join(VARIABLES.values()),
        "forecast_days": DAYS,
        "timezone": timezone,
    }
    try:
        answer = requests.get(url, params=asked, timeout=SECONDS, allow_redirects=False)
        answer.raise_for_status()
        return _rows(answer.json(), issued_at)
    except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeatherError(f"There is no weather forecast today ({type(error).__name__}): {url} gave no usable answer.") from None


def _rows(answer: Any, issued_at: date) -> list[dict[str, Any]]:
    daily = answer["daily"]
    days = [date.fromisoformat(day) for day in daily["time"]]
    columns = {ours: daily.get(theirs) or [None] * len(days) for ours, theirs in VARIABLES.items()}
    numbers = {name: [None if value is None else float(value) for value in values] for name, values in columns.items()}
    if not days or any(len(values) != len(days) for values in numbers.values()):
        raise ValueError("the days and their values do not match")
    return [{"issued_at": issued_at, "date": day, **{name: numbers[name][place] for name in numbers}} for place, day in enumerate(days)]
