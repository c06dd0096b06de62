"""Real servers for all tests of this folder that only need a server, with stores filled by hand."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from ml.clock import utc_now
from ml.jobs.watch import write_heartbeat
from ml.store import users
from ml.store.engine import begin_write
from tests.conftest import SECRET_KEY
from tests.pages import filled_store
from tests.people import NOW
from tests.web.filling import fill
from tests.web.served import Served, serve
from ui.registry import PAGES


@pytest.fixture(scope="session")
def app(tmp_path_factory) -> Iterator[Served]:
    """The running app with a filled store; admin, analyst and viewer may come in."""
    served = serve(tmp_path_factory.mktemp("home"), INSIGHTS_SECRET_KEY=SECRET_KEY)
    served.try_screens([page.name for page in PAGES])
    with begin_write(served.store) as connection:
        fill(connection)
        users.disable(connection, "leaver@example.com", now=NOW)
    yield served
    served.stop()


@pytest.fixture(scope="session")
def filled_app(tmp_path_factory) -> Iterator[Served]:
    """The running app of a company in which every screen has something to show, with a scheduler that was heard just now. Read only."""
    served = serve(tmp_path_factory.mktemp("filled"))
    filled_store.fill(served.store)
    filled_store.as_of_yesterday(served.store)
    write_heartbeat(served.store, "scheduler of the test", "America/Santiago", utc_now() + timedelta(hours=1))
    yield served
    served.stop()
    served.store.dispose()
