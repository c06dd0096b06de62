"""Planned looks: which is due, what its boundary says, and the honest estimate after an early stop."""

import math
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from ml.experiments import analysis, health
from ml.experiments.analysis import Tested
from ml.experiments.designs import look_days
from ml.experiments.sequential import adjusted_drift
from ml.experiments.units import Observed
from ml.store import experiments as store


def due(seen: Observed, taken: list[dict[str, Any]]) -> int | None:
    """The number of the latest planned look whose day has been seen and that was not taken yet; None when there is none."""
    if seen.as_of is None or any(look["result"].get("crossed") for look in taken):
        return None
    passed = sum(day <= seen.as_of for day in look_days(seen.kept.start, seen.kept.end, seen.plan.looks))
    return passed if passed > max((look["number"] for look in taken), default=0) else None


def days_due(seen: Observed, taken: list[dict[str, Any]]) -> list[date]:
    """The days of the planned looks that have been seen and not taken, first to last: a late reading takes each as of its own day."""
    done = max((look["number"] for look in taken), default=0)
    days = look_days(seen.kept.start, seen.kept.end, seen.plan.looks)[done:]
    return [day for day in days if seen.as_of is not None and day <= seen.as_of]


def next_day(seen: Observed, taken: list[dict[str, Any]]) -> date | None:
    """The day of the next planned look, None after the last."""
    done = max((look["number"] for look in taken), default=0)
    days = look_days(seen.kept.start, seen.kept.end, seen.plan.looks)
    return days[done] if done < len(days) else None


def take(connection: sa.Connection, seen: Observed, *, at: datetime) -> dict[str, Any] | None:
    """Take the look that is due and keep it; None when none is due or the sample ratio forbids reading.

    The boundary is that of the share of the days really seen, so a late look spends what is due by then (Lan and DeMets, 1983).
    """
    taken = store.looks_of(connection, seen.kept.experiment_id)
    number = due(seen, taken)
    if number is None or seen.as_of is None or not health.is_readable(health.examine(seen)):
        return None
    fractions = [look["fraction"] for look in taken] + [seen.fraction]
    boundary = seen.plan.boundaries(fractions)[-1]
    tested = analysis.analyse(seen, seen.plan.primary)
    crossed = not math.isnan(tested.z) and abs(tested.z) >= boundary
    result = {
        **tested.as_dict(),
        "z": None if math.isnan(tested.z) else tested.z,
        "crossed": crossed,
        "repeated": repeated(tested, boundary),
        "adjusted": adjusted(tested, [*(look["boundary"] for look in taken), boundary], fractions, seen.plan.alpha) if crossed else None,
    }
    look = {"number": number, "as_of": seen.as_of, "fraction": seen.fraction, "boundary": boundary, "result": result, "taken_at": at}
    store.add_look(connection, seen.kept.experiment_id, look)
    store.note(connection, seen.kept.experiment_id, "experiment.look", {"number": number, "crossed": crossed}, who="system", at=at)
    return look


def repeated(tested: Tested, boundary: float) -> dict[str, float | None]:
    """The interval that holds at every look, absolute and relative (Jennison and Turnbull, 1989)."""
    if math.isnan(tested.se):
        return {"low": None, "high": None, "rel_low": None, "rel_high": None}
    low, high = tested.effect - boundary * tested.se, tested.effect + boundary * tested.se
    base = tested.effect / tested.rel_effect if tested.rel_effect else None
    return {"low": low, "high": high, "rel_low": low / base if base else None, "rel_high": high / base if base else None}


def adjusted(tested: Tested, critical: list[float], fractions: list[float], alpha: float) -> dict[str, float] | None:
    """The stage-wise adjusted effect of a test that stopped before its end; None at a first and only look."""
    if len(fractions) == 1 and fractions[0] >= 1:
        return None
    middle, low, high = adjusted_drift(tested.z, critical, fractions, alpha)
    unit = math.sqrt(fractions[-1]) * tested.se
    return {"effect": middle * unit, "low": low * unit, "high": high * unit}
