"""Training a company the way `python -m ml retrain` does, for tests."""

from datetime import datetime

import sqlalchemy as sa

from ml.jobs.running import run_job
from ml.settings import Settings
from ml.store import users
from ml.store.engine import begin_write, open_store
from ml.store.schema import scheduler_state

ALIVE = datetime(2100, 1, 1)
PASSWORD = "correct horse battery"
PEOPLE = {"admin": "admin@example.com", "analyst": "analyst@example.com", "viewer": "viewer@example.com"}


def train(settings: Settings) -> None:
    """One retrain into a fresh store, one person of each role with PASSWORD, and the sign of a scheduler that lives for ever."""
    from ml import clock

    store = open_store(settings)
    try:
        run_job(settings, store, "retrain", say=lambda _line: None, origin="setup")
        with begin_write(store) as connection:
            for role, email in PEOPLE.items():
                users.add(connection, email, role.capitalize(), role, PASSWORD, now=clock.utc_now())
            connection.execute(sa.insert(scheduler_state).values(owner="test", heartbeat_at=ALIVE, next_runs={}))
    finally:
        store.dispose()
