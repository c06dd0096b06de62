"""Every screen on companies that were really trained: the client's size, and a wholesaler without products, coordinates or weather."""

import re

import pytest

from tests import retail
from tests.conftest import SECRET_KEY
from tests.pages.conftest import texts_of
from ui import registry

UNFINISHED = re.compile(r"\b(None|nan|NaN|NaT|null)\b|\(\s*\)|\{\w+\}| ,|  \.")
SEASONAL = re.compile(r"estacional|temporada|seasonal|season", re.IGNORECASE)
NAMES = [entry.name for entry in registry.PAGES]


@pytest.fixture
def at_small(show, small_home, monkeypatch):
    monkeypatch.setenv("INSIGHTS_SECRET_KEY", SECRET_KEY)
    return lambda name, language: show(small_home, name, language=language)


@pytest.fixture
def at_retail(show, retail_home, monkeypatch):
    for variable, value in retail.environment(retail_home).items():
        monkeypatch.setenv(variable, value)
    return lambda name, language: show(retail_home, name, language=language)


def assert_whole(app, name: str) -> str:
    said = texts_of(app)
    assert not app.exception, said
    assert name == "operations" or not app.error, said  # there it is said that no scheduler runs, which is true here
    assert len(said) > 80
    assert not UNFINISHED.search(said), UNFINISHED.search(said)
    return said


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_the_clients_size_is_whole_and_makes_no_seasonal_claim(at_small, name, language):
    said = assert_whole(at_small(name, language), name)
    assert not SEASONAL.search(said), SEASONAL.search(said)


@pytest.mark.parametrize("name", NAMES)
def test_a_company_without_coordinates_products_or_weather(at_retail, name):
    assert_whole(at_retail(name, "es"), name)
