"""A store filled by hand, made once a file; a test's changes are taken back."""

import pytest

from ml.store.engine import open_store
from tests.conftest import settings_for
from tests.pages.filled_store import fill


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    made = open_store(settings_for(tmp_path_factory.mktemp("queries")))
    fill(made)
    yield made
    made.dispose()


@pytest.fixture
def conn(engine):
    """A connection whose changes are taken back."""
    with engine.connect() as connection:
        yield connection
        connection.rollback()
