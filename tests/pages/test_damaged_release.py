"""A release that is damaged on disk while people look at screens: said in one sentence with what to do, and what is stored stays."""

import pytest
import sqlalchemy as sa

from ml.clock import utc_now
from ml.i18n import translator
from ml.store import schema, users
from ml.store.engine import begin_write
from ml.store.pointers import Served
from tests.pages.conftest import PASSWORD, texts_of
from ui import loaded, store_access
from ui.loaded import LoadedModels

EN = translator("en")
DAMAGED = EN("The version of this model in service is damaged or missing on the server's disk.")
ASKING = ("routes", "prices", "customer")
STORED = ("demand", "segments", "churn", "next_orders", "overview", "models")


@pytest.fixture
def opened(live, own_trained_home, store_at, monkeypatch):
    """Opens a screen of a trained company, whose models this process has not loaded yet: `opened("routes", role="viewer")`."""
    store_at(own_trained_home)
    with begin_write(store_access.store()) as conn:
        for role in users.ROLES:
            if users.find(conn, f"{role}@example.com") is None:
                users.add(conn, f"{role}@example.com", role, role, PASSWORD, now=utc_now())
        scored = sa.select(schema.predictions.c.entity_id).where(schema.predictions.c.measure == "churn_probability").limit(1)
        customer = conn.execute(scored).scalar_one()
    monkeypatch.setattr(loaded, "MODELS", LoadedModels(store_access.settings))

    def open_screen(page: str, role: str = "admin"):
        app = live(own_trained_home, page, role=role, language="en", **({"customer": customer} if page == "customer" else {}))
        return app.toggle(key="what-if").set_value(True).run() if page == "customer" else app

    return open_screen


def damage(home) -> None:
    """One bit of every model's file."""
    for path in (home / "models" / "versions").rglob("*.joblib"):
        path.chmod(0o644)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)


def stored(app) -> list[str]:
    """What stands on a screen without asking a model: its figures and tables, but what the what-if shows."""
    return [frame.value.to_csv() for frame in app.dataframe[-2:]] + [metric.value for metric in app.metric[:3]]


def warned(app) -> list[str]:
    return [entry.value for entry in app.warning if entry.value.startswith(DAMAGED)]


def test_every_screen_that_asks_a_model_says_so_and_the_others_go_on(opened, own_trained_home, monkeypatch):
    before = {page: opened(page) for page in (*ASKING, *STORED)}
    assert not [page for page, app in before.items() if warned(app) or app.exception]
    damage(own_trained_home)
    assert not warned(before["routes"].run())  # what is loaded was verified, and goes on answering
    monkeypatch.setattr(loaded, "MODELS", LoadedModels(store_access.settings))
    for page in ASKING:
        (told,) = warned(opened(page))
        assert EN("Train the models again on the screen Models; that replaces it.") in told
        (told,) = warned(opened(page, "viewer"))
        assert EN("Tell your administrator.") in told
    for page in (*ASKING, *STORED):
        app = opened(page)
        assert not app.exception and not [entry.value for entry in app.error if "could not be shown" in entry.value], page
        assert page == "routes" or stored(app) == stored(before[page]), page
    assert EN("The cost below is calculated from the depot and the rates on Settings instead.") in texts_of(opened("routes"))


def test_an_earlier_version_that_answers_is_named(opened, monkeypatch):
    opened("routes")
    earlier = {name: served for name in ("route_cost", "price", "customers") if (served := loaded.ask(name).served)}

    class Stepped:
        def serving(self, _connection, predictor: str) -> Served:
            return earlier[predictor]._replace(release_id="20260101T000000Z-0badf00d", problems=("It is damaged.",))

    monkeypatch.setattr(loaded, "MODELS", Stepped())
    for page in ASKING:
        (told,) = warned(opened(page))
        assert EN("An earlier version, {version}, answers instead.", version="0badf00d") in told
