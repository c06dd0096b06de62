"""What is behind a forecast in words: errors larger or smaller, totals too high or too low, never a sign to be read twice."""

import pytest

from ml.queries.events import WeatherForecast
from tests.unit.ui.test_charts import screen
from ui import behind

OFF = WeatherForecast(False, None, None)


def weather(kept: list[str], without: float, with_it: float, **more: float) -> str:
    groups = {"weather": {"error_without": without, "error_with": with_it} | more}
    return " ".join(behind.weather(screen(), {"effects": [], "kept": kept, "groups": groups}, OFF)).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("kept", "with_it", "sentence"),
    [
        ([], 102.3, "no usa el clima: con lo que se sabía entonces, los errores pasados habrían sido 2,3 % más grandes."),
        ([], 99.5, "no usa el clima: con lo que se sabía entonces, los errores pasados habrían sido solo 0,5 % más chicos."),
        (["temp_max_c"], 94.0, "usa el clima: con lo que se sabía entonces, los errores pasados son 6 % más chicos."),
    ],
)
def test_what_the_weather_does_to_past_errors(kept, with_it, sentence):
    assert sentence in weather(kept, 100.0, with_it)


def test_the_most_there_is_to_gain():
    assert "habrían sido 3 % más chicos: es lo máximo" in weather([], 100.0, 101.0, error_if_known=97.0)
    assert "Ni siquiera el clima que hubo" in weather([], 100.0, 101.0, error_if_known=100.5)


@pytest.mark.parametrize(
    ("bias", "words"),
    [(0.034, "3 % sobre lo que vino"), (-0.12, "12 % bajo lo que vino"), (0.004, "ni altos ni bajos"), (None, "–"), (float("nan"), "–")],
)
def test_totals_are_too_high_or_too_low(bias, words):
    assert behind._leaning(screen(), bias).replace("\u00a0", " ") == words
