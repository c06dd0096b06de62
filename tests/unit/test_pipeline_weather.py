"""When a run asks for the weather forecast: once a day, where it is switched on, and never for a day long past."""

from datetime import timedelta

import pytest

from ml import gathering
from ml.source.open_meteo import WeatherError
from ml.store.engine import begin_write
from ml.store.events import forecast_frame
from ml.store.values import set_preference
from tests.fakes import AS_OF
from tests.unit.test_pipeline import NOW, Company, company  # noqa: F401 - the toy company of the main flow


@pytest.fixture
def asked(company, monkeypatch):  # noqa: F811
    """The days on which a forecast was asked for; the company's data end on AS_OF."""
    days = []

    def fetch(_url, _latitude, _longitude, today, _timezone):
        days.append(today)
        return [{"issued_at": today, "date": today, "temp_max_c": 30.0, "temp_min_c": 12.0, "humidity": 40.0, "precip_mm": 0.0}]

    monkeypatch.setattr(gathering, "fetch_forecast", fetch)
    company.retrain()
    return days


def switch_on(company: Company) -> None:  # noqa: F811
    with begin_write(company.store) as conn:
        set_preference(conn, "weather_url", "https://weather.example/v1/forecast", who="ana@example.com", at=NOW)


def run_on(company: Company, monkeypatch, day) -> None:  # noqa: F811
    monkeypatch.setattr("ml.clock.today", lambda _timezone: day)
    company.refresh()


def kept(company: Company) -> list:  # noqa: F811
    with company.store.connect() as conn:
        return forecast_frame(conn)["issued_at"].tolist()


def test_nobody_is_asked_until_a_person_switches_it_on(company, asked, monkeypatch):  # noqa: F811
    run_on(company, monkeypatch, AS_OF + timedelta(days=1))
    assert asked == [] and kept(company) == []


def test_it_is_asked_for_once_a_day_also_where_the_day_is_given(company, asked, monkeypatch):  # noqa: F811
    assert company.settings.as_of is not None
    switch_on(company)
    for day in (1, 1, 2):
        run_on(company, monkeypatch, AS_OF + timedelta(days=day))
    assert asked == kept(company) == [AS_OF + timedelta(days=1), AS_OF + timedelta(days=2)]


def test_a_run_on_a_day_long_past_asks_nobody(company, asked, monkeypatch):  # noqa: F811
    switch_on(company)
    run_on(company, monkeypatch, AS_OF + timedelta(days=17))
    assert asked == []
    run_on(company, monkeypatch, AS_OF + timedelta(days=16))
    assert len(asked) == 1


def test_without_an_answer_the_run_goes_on_and_says_so(company, asked, monkeypatch):  # noqa: F811
    switch_on(company)

    def silent(*_asked):
        raise WeatherError("There is no weather forecast today (Timeout).")

    monkeypatch.setattr(gathering, "fetch_forecast", silent)
    run_on(company, monkeypatch, AS_OF + timedelta(days=1))
    assert any("There is no weather forecast today" in line for line in company.lines) and kept(company) == []
