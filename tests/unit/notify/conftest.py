"""A filled store of a company that is not the demo, filled once for all tests of this folder."""

from pathlib import Path

import pytest

from ml.store.engine import open_store
from tests.conftest import once
from tests.homes import copy_home
from tests.pages.filled_store import fill
from tests.unit.notify.sending import own_settings


@pytest.fixture(scope="session")
def filled_home(shared_folder) -> Path:
    """INSIGHTS_HOME with a filled store. Read only."""

    def make(home: Path) -> None:
        store = open_store(own_settings(home))
        fill(store)
        store.dispose()

    return once(shared_folder, "filled-messages", make)


@pytest.fixture
def own_filled_home(filled_home, tmp_path) -> Path:
    """A private copy of it that a test may write to."""
    return copy_home(filled_home, tmp_path / "filled")
