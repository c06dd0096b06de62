"""Real input: a wholesaler's 406,829 order lines through the `lines` preset and the whole pipeline."""

from datetime import date

import pytest

from ml.queries.record import why_missing
from ml.queries.service import latest_reading
from ml.store.engine import open_store
from ml.store.pointers import in_service
from tests import retail
from tests.homes import copy_home


@pytest.fixture
def store(retail_home, tmp_path):
    home = tmp_path / "home"
    copy_home(retail_home, home, "snapshots")
    engine = open_store(retail.settings(home))
    yield engine
    engine.dispose()


def test_what_can_be_said_is_in_service_and_what_is_missing_is_said(store):
    with store.connect() as connection:
        assert {"demand", "segments", "customers", "price"} <= set(in_service(connection))
        assert "route_cost" not in in_service(connection)
        assert why_missing(connection, "route_cost")


def test_as_of_is_the_last_complete_day_of_an_old_log(store):
    with store.connect() as connection:
        assert latest_reading(connection).as_of in (date(2011, 12, 8), date(2011, 12, 9))
