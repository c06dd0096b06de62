"""How the customers of a list stand, and what to do about each."""

from datetime import date

import pandas as pd

from ml.queries import advice, calls
from ml.queries.advice import Known, Standing
from ml.store.preferences import Preferences


def known_of(frame: pd.DataFrame, chosen: Preferences) -> list[Known]:
    """What `advice.standing` wants to know of each row of `customers.told`; nobody of a list is kept from contact."""
    names = ("probability", "population", "horizon_days", "next_hi", "days_since_last_order", "gap_days", "value_at_risk")
    return [
        Known(
            probability, population, horizon, None if pd.isna(latest) else latest.date(), silent, gap,
            worth_a_call=calls.is_worth_a_call(stake, horizon, chosen),
        )
        for probability, population, horizon, latest, silent, gap, stake in zip(*(frame[name].tolist() for name in names), strict=True)
    ]  # fmt: skip


def standings(frame: pd.DataFrame, chosen: Preferences, as_of: date, *, usable: bool | None) -> list[Standing]:
    """How each row of `customers.told` stands on `as_of`, as the JSON answers and the Customer screen say it."""
    return [advice.standing(known, chosen.churn_threshold, as_of, usable=usable) for known in known_of(frame, chosen)]
