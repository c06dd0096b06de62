"""What every reading of the company's data does for experiments: looks that are due, alarms, ends; and the demo company's own three."""

from datetime import datetime

import sqlalchemy as sa

from ml.experiments import reading
from ml.experiments.demo import make_demo_experiments
from ml.settings import Settings


def follow_experiments(connection: sa.Connection, settings: Settings, *, now: datetime) -> list[str]:
    """Bring the experiments up to the data that was just read, in the caller's transaction; returns the ids where something happened."""
    if settings.is_demo:
        make_demo_experiments(connection, now=now)
    return reading.follow_up(connection, now=now)
