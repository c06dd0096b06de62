"""What the Experiments screen writes: making one, its states, what a person decides."""

from datetime import date
from typing import Any

from ml import clock
from ml.experiments import creating, stock_file
from ml.experiments.creating import When, Wish
from ml.experiments.words import CHOICES
from ml.notify.experiments import tell_ends
from ml.store import experiments as store
from ml.store.refused import Refused
from ui.actions import writing
from ui.store_access import settings

ACTION = "experiments"


def create(kind: str, unit_ids: tuple[str, ...], start: date, days: int, wish: dict[str, Any]) -> str:
    """Make an experiment that starts on `start`; returns its id. Raises Refused for what cannot be."""
    with writing(ACTION) as write:
        when = When(start, days, clock.today(settings().timezone), write.now, write.user.email)
        return creating.create(write.conn, kind, unit_ids, when, Wish(**wish)).experiment_id


def move(experiment_id: str, state: str) -> None:
    """Start, pause, go on or end an experiment; an end is told to its readers. Raises Refused for a step that is not possible."""
    with writing(ACTION) as write:
        store.move(write.conn, experiment_id, state, who=write.user.email, at=write.now)
        tell_ends(write.conn, settings(), now=write.now)


def hand_in(experiment_id: str, content: bytes) -> None:
    """Keep the outcomes of a stock test's file, all or none. Raises Refused for a file that cannot be used."""
    with writing(ACTION) as write:
        kept = store.get(write.conn, experiment_id)
        if kept.state not in ("active", "paused"):
            raise Refused(f"{experiment_id} is {kept.state}: outcomes are taken while it runs.", "experiment_state")
        units = store.units_of(write.conn, experiment_id)["unit_id"]
        rows = stock_file.read_outcomes(kept, units, content, clock.today(settings().timezone))
        fresh = store.add_outcomes(write.conn, experiment_id, rows, who=write.user.email, at=write.now)
        store.note(write.conn, experiment_id, "experiment.outcomes", {"number": fresh}, who=write.user.email, at=write.now)


def decide(experiment_id: str, choice: str) -> None:
    """Keep what a person decided. Raises Refused for an unknown choice."""
    if choice not in CHOICES:
        raise Refused(f"The choice was {choice!r}; known are {', '.join(CHOICES)}.", "experiment")
    with writing(ACTION) as write:
        store.decide(write.conn, experiment_id, {"choice": choice}, who=write.user.email, at=write.now)
