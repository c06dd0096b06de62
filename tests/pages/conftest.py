"""Screens run in this process through AppTest, on a store filled by hand, signed in as whoever the test says."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ml import clock
from ml.clock import utc_now
from ml.store import sessions, users
from ml.store.engine import begin_write, open_store
from ml.store.person import User
from tests.conftest import once, settings_for
from tests.homes import copy_home
from tests.pages.filled_store import NOW, TODAY, fill
from tests.people import quick_hashes  # noqa: F401 - for every test of this folder
from ui import data, guard, registry, store_access

PASSWORD = "a long enough password"
TIMEOUT_SECONDS = 30
MAIN = Path(__file__).resolve().parents[2] / "ui" / "main.py"
Show = Callable[..., AppTest]


def make_home(home: Path, filler) -> None:
    """A home whose store has a person of each role, and what `filler` writes into it."""
    engine = open_store(settings_for(home))
    with begin_write(engine) as conn:
        for role in users.ROLES:
            users.add(conn, f"{role}@example.com", f"Ana {role.title()}", role, PASSWORD, now=NOW)
    if filler:
        filler(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def empty_home(shared_folder) -> Path:
    """A home whose store has people, and nothing else."""
    return once(shared_folder, "empty-screens", lambda home: make_home(home, None))


@pytest.fixture(scope="session")
def full_home(shared_folder) -> Path:
    """A home whose store is filled."""
    return once(shared_folder, "full-screens", lambda home: make_home(home, fill))


@pytest.fixture
def store_at(monkeypatch) -> Iterator[Callable[[Path], None]]:
    """Points the process at the store of a home for one test."""
    data.forget()
    store_access.forget()

    def point(home: Path) -> None:
        store_access.forget()
        for name, value in {"HOME": str(home), "SECRET_KEY": os.environ.get("INSIGHTS_SECRET_KEY", "k" * 40), "AS_OF": ""}.items():
            monkeypatch.setenv(f"INSIGHTS_{name}", value)

    yield point
    store_access.forget()
    data.forget()


@pytest.fixture
def own_full_home(full_home, tmp_path) -> Path:
    """A filled home that a test may write to."""
    return copy_home(full_home, tmp_path / "home")


@pytest.fixture
def own_empty_home(empty_home, tmp_path) -> Path:
    """An empty home that a test may write to."""
    return copy_home(empty_home, tmp_path / "empty")


@pytest.fixture
def show(store_at, monkeypatch) -> Show:
    """Opens a screen as somebody: `show(home, "demand", role="viewer", language="en", query={"days": "7"})`."""

    def open_page(home: Path, page: str, *, role: str | None = "admin", language: str | None = "es", query: dict | None = None) -> AppTest:
        store_at(home)
        monkeypatch.setattr(clock, "today", lambda timezone: TODAY)
        monkeypatch.setattr(guard, "current_user", lambda token=None: person(role, language))
        monkeypatch.setattr(guard, "session_token", lambda: None)
        app = AppTest.from_file(str(MAIN), default_timeout=TIMEOUT_SECONDS)
        for name, value in (query or {}).items():
            app.query_params[name] = value
        if page == registry.HOME:
            return app.run()
        app.run()
        for name, value in (query or {}).items():
            app.query_params[name] = value
        return app.switch_page(str(registry.page(page).path)).run()

    return open_page


@pytest.fixture
def live(store_at, monkeypatch) -> Show:
    """Opens a screen with a real session, which a test may take away: `live(home, "settings", role="viewer", tab="people")`."""

    def open_page(home: Path, page: str, *, role: str = "admin", language: str = "es", **query: str) -> AppTest:
        store_at(home)
        with begin_write(store_access.store()) as conn:
            user = users.set_language(conn, f"{role}@example.com", language, now=utc_now())
            token = sessions.create(conn, user.id, now=utc_now(), address="10.0.0.7", agent="Mozilla/5.0 (X11; Linux) Firefox/140.0")
        monkeypatch.setattr(guard, "session_token", lambda: token)
        app = AppTest.from_file(str(MAIN), default_timeout=TIMEOUT_SECONDS).run()
        for name, value in query.items():
            app.query_params[name] = value
        return app.switch_page(str(registry.page(page).path)).run()

    return open_page


def person(role: str | None, language: str | None = "es") -> User | None:
    """The person of that role as the store has them; None when nobody is signed in."""
    if role is None:
        return None
    with store_access.store().connect() as conn:
        found = users.get(conn, f"{role}@example.com")
    return User(found.id, found.email, found.name, role, language, None)


def texts_of(app: AppTest) -> str:
    """Everything a screen says, as one text."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "text", "info", "warning", "error", "success", "button")
    said = [str(getattr(element, "value", "") or getattr(element, "label", "")) for kind in kinds for element in app.get(kind)]
    said += [f"{metric.label} {metric.value} {metric.delta}" for metric in app.metric]
    said += [expander.label for expander in app.expander]
    said += [link.label for link in app.get("page_link")]
    return "\n".join(said)
