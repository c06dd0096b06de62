"""What may be posted as an outcome, checked before anything is written."""

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from ml.experiments.errors import ExperimentError
from ml.store.experiments import Kept

CUSTOMER_FIELDS = ("revenue", "orders_count", "churned", "units", "unit_price")
STOCK_FIELDS = ("stock_outs", "units_short", "cost_clp")
BESIDE = ("timestamp", "period")
LONGEST_PERIOD = 40


def outcome_row(kept: Kept, unit_id: str, outcome: Mapping[str, Any], today: date) -> dict[str, Any]:
    """The row (unit_id, period, day, outcome) of what was posted. Raises ExperimentError: what came, what is accepted."""
    accepted = CUSTOMER_FIELDS if kept.unit == "customer" else STOCK_FIELDS
    unknown = [name for name in outcome if name not in (*accepted, *BESIDE)]
    values = {name: outcome[name] for name in accepted if name in outcome}
    if unknown or not values:
        raise ExperimentError(
            f"The outcome of {unit_id} had the fields {', '.join(map(str, outcome)) or 'none'}; accepted are {', '.join(accepted)}, "
            "and timestamp.",
            "outcome_fields",
        )
    day = day_of(outcome.get("timestamp"), today)
    if not kept.start <= day <= kept.end:
        raise ExperimentError(
            f"The outcome of {unit_id} is of {day}; {kept.experiment_id} counts from {kept.start} to {kept.end}.", "outcome_day"
        )
    period = str(outcome.get("period") or day.isoformat())[:LONGEST_PERIOD]
    return {
        "unit_id": unit_id,
        "period": period,
        "day": day,
        "outcome": {name: _number(unit_id, name, value) for name, value in values.items()},
    }


def day_of(given: Any, today: date) -> date:
    """A day from a date, a datetime or ISO text; None is `today`. Raises ExperimentError for anything else."""
    if given is None:
        return today
    if isinstance(given, datetime):
        return given.date()
    if isinstance(given, date):
        return given
    try:
        return datetime.fromisoformat(str(given)).date()
    except ValueError:
        raise ExperimentError(f"The day was {str(given)[:40]!r}; a date such as 2026-11-20 is accepted.", "day") from None


def _number(unit_id: str, name: str, value: Any) -> float | int | bool:
    if name == "churned":
        if isinstance(value, bool) or value in (0, 1):
            return bool(value)
        raise ExperimentError(f"churned of {unit_id} was {value!r}; true or false is accepted.", "outcome_value")
    is_number = hasattr(value, "__float__") and not isinstance(value, bool | str)
    number = float(value) if is_number else math.nan
    if not math.isfinite(number) or number < 0:
        raise ExperimentError(f"{name} of {unit_id} was {value!r}; a number of 0 or more is accepted.", "outcome_value")
    if name in ("orders_count", "stock_outs") and number != int(number):
        raise ExperimentError(f"{name} of {unit_id} was {value!r}; a whole number is accepted.", "outcome_value")
    return int(number) if name in ("orders_count", "stock_outs") else number
