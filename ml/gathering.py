"""What a run stands on: the company's data, and beside it what is kept here: events, price tests that are over, weather forecasts."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import sqlalchemy as sa

from ml import clock
from ml.experiments.price_tests import price_test_frame
from ml.settings import Settings
from ml.source.forgetting import Forgotten
from ml.source.open_meteo import WeatherError, fetch_forecast
from ml.source.reading import Reading, read_company
from ml.source.tables import Tables
from ml.store.engine import begin_write
from ml.store.erasing import forgotten
from ml.store.events import event_frame, forecast_frame, keep_forecast, newest_forecast
from ml.store.values import load_preferences

DEMO_SIZE = "standard"
WEATHER_REACH = timedelta(days=16)  # as far as a weather forecast reaches
Note = Callable[[str], None]


def gather(settings: Settings, store: sa.Engine, note: Note) -> Reading:
    """The company's data as canonical tables; the demo company is made, or extended to yesterday, before. Raises what reading raises.

    `note` is told in a sentence why a weather forecast that was asked for did not come; the run goes on without.
    """
    today = clock.today(settings.timezone)
    if settings.is_demo:
        update_demo(settings.demo_file, settings.as_of or today - timedelta(days=1))
    reading = read_company(settings, today, vat_rate=chosen_vat_rate(store), forgotten=erased_people(store))
    keep_weather(settings, store, reading.as_of, today, note)
    return replace(reading, tables=with_own_rows(settings, store, reading))


def with_own_rows(settings: Settings, store: sa.Engine, reading: Reading) -> Tables:
    """The company's tables with what is kept here: events people entered, price tests that are over, weather forecasts."""
    with store.connect() as connection:
        tables = reading.tables.with_rows("events", event_frame(connection))
        tables = tables.with_rows("price_tests", price_test_frame(connection, settings.timezone))
        return tables.with_rows("weather", forecast_frame(connection))


def keep_weather(settings: Settings, store: sa.Engine, as_of: date, today: date, note: Note) -> None:
    """Fetch the weather forecast of the day once, where a person switched it on; without an answer the run goes on without.

    A run that stands on a day long past asks nobody: what is forecast today was not known then and says nothing of the days after it.
    """
    with store.connect() as connection:
        values, newest = load_preferences(connection), newest_forecast(connection)
    if not values.weather_url or newest == today or today - as_of > WEATHER_REACH:
        return
    try:
        rows = fetch_forecast(values.weather_url, values.depot_latitude, values.depot_longitude, today, settings.timezone)
    except WeatherError as error:
        note(str(error))
        return
    with begin_write(store) as connection:
        keep_forecast(connection, rows)


def chosen_vat_rate(store: sa.Engine) -> float | None:
    """The VAT rate a person chose, None where the mapping's counts."""
    with store.connect() as connection:
        preferences = load_preferences(connection)
    return preferences.vat_rate if "vat_rate" in preferences.model_fields_set else None


def erased_people(store: sa.Engine) -> Forgotten | None:
    """Whose names, contacts and places are to be left out."""
    with store.connect() as connection:
        return forgotten(connection)


def update_demo(path: Path, last_day: date) -> None:
    """The demo company, made if there is none, reaches to `last_day`: yesterday, unless INSIGHTS_AS_OF names an earlier one."""
    from ml.source.demo import demo_end, extend_demo, make_demo

    end = demo_end(path)
    if end is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        make_demo(path, DEMO_SIZE, last_day)
    elif end < last_day:
        extend_demo(path, last_day)
