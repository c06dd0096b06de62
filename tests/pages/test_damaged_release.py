"""A release that is damaged or gone from the disk: each screen that asks it says so with what to do, and what is stored stays."""

from types import SimpleNamespace

import pytest

from ml.i18n import translator
from ml.pricing.model import PricingError
from ml.routing.delivery import DeliveryEstimate, estimate_delivery
from ml.store.pointers import Served
from ml.store.preferences import Preferences
from tests.pages.conftest import texts_of
from ui import loaded, store_access
from ui.loaded import LoadedModels

EN = translator("en")
DAMAGED = EN("The version of this model in service is damaged or missing on the server's disk.")
ASKING = {"routes": {}, "prices": {"product": "p1", "type": "Hogar"}, "customer": {"customer": "c2"}}
STORED = ("demand", "segments", "churn", "next_orders", "overview", "models")


@pytest.fixture
def opened(show, full_home, monkeypatch):
    """Opens a screen of a company whose releases have no files: `opened("routes", role="viewer")`."""
    monkeypatch.setattr(loaded, "MODELS", LoadedModels(store_access.settings))

    def open_screen(page: str, role: str = "admin"):
        app = show(full_home, page, role=role, language="en", query=ASKING.get(page))
        return app.toggle(key="what-if").set_value(True).run() if page == "customer" else app

    return open_screen


def warned(app) -> list[str]:
    return [entry.value for entry in app.warning if entry.value.startswith(DAMAGED)]


@pytest.mark.parametrize("page", ASKING)
def test_a_screen_that_asks_a_model_says_so_with_what_to_do(opened, page):
    app = opened(page)
    (told,) = warned(app)
    assert EN("Train the models again on the screen Models; that replaces it.") in told
    assert not app.exception and not app.error and len(app.metric) >= 3 and app.dataframe  # what is stored still stands
    (told,) = warned(opened(page, "viewer"))
    assert EN("Tell your administrator.") in told


def test_the_rates_answer_for_deliveries_and_it_is_said(opened):
    said = texts_of(opened("routes"))
    assert EN("The cost is calculated from the depot and the rates on Settings instead.") in said


@pytest.mark.parametrize("page", STORED)
def test_screens_that_only_read_what_is_stored_go_on(opened, page):
    app = opened(page)
    assert not app.exception and not warned(app) and (app.dataframe or app.metric)
    assert not [entry.value for entry in app.error if "could not be shown" in entry.value]


@pytest.mark.parametrize("page", ASKING)
def test_an_earlier_version_that_answers_is_named(opened, page, monkeypatch):
    silent = SimpleNamespace(model_=None, price_what_if=no_price, estimate_delivery=route_answer)
    for problems, is_told in (((), False), (("It is damaged.",), True)):
        served = Served(silent, "20260101T000000Z-0badf00d", problems)
        monkeypatch.setattr(loaded, "MODELS", SimpleNamespace(serving=lambda _connection, _name, served=served: served))
        told = " ".join(warned(opened(page)))
        assert (EN("An earlier version, {version}, answers instead.", version="0badf00d") in told) is is_told


def no_price(*_asked, **_now):
    raise PricingError("It does not know the product.")


def route_answer(*asked) -> DeliveryEstimate:
    return estimate_delivery(*asked, Preferences())
