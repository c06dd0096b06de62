"""How far does the new answer lie from the one in service, asked at the same day? Large steps need a person's yes."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from ml.predictors.base import Measure
from ml.store.predictions import KEY

MEAN_STEP_OF_A_PROBABILITY = 0.15
SHARE_THAT_CHANGED_GROUP = 0.60  # a month apart 48 % of 128 customers change theirs
MEAN_STEP_OF_DAYS = 0.50  # of the mean number of days said before
STEP_OF_AN_AMOUNT = 0.50  # sum of the steps of all entities, as a share of what was said before
STEP_OF_A_TOTAL = 0.35  # of the sum over all entities and days
ENTITIES_LOST = 0.20
FEWEST_ENTITIES = 5


class Shift(NamedTuple):
    """A step beyond its limit: what moved (step, total or lost), by how much, and what is allowed."""

    measure: str
    kind: str
    size: float
    limit: float


def shifts(measures: Iterable[Measure], new: pd.DataFrame, old: pd.DataFrame) -> list[Shift]:
    """The steps beyond their limits between two answers (PREDICTION_COLUMNS) for the judged measures; empty when all is within."""
    found: list[Shift] = []
    for measure in measures:
        if measure.metric:
            found += _of(measure, _pairs(measure.name, new, old))
    return found


def _pairs(measure: str, new: pd.DataFrame, old: pd.DataFrame) -> pd.DataFrame:
    """Days, or windows where there are no days, of both answers: new, old (NaN where one has no such row)."""
    sides = []
    for frame, name in ((new, "new"), (old, "old")):
        rows = frame[(frame["measure"] == measure) & pd.to_numeric(frame["value"]).notna()]
        rows = rows[rows["window_days"] == rows["window_days"].min()] if len(rows) else rows
        keys = [key for key in KEY if key != "window_days"]
        if len(rows) and rows["window_days"].iloc[0] > 1:
            keys.remove("target_date")  # another horizon ends on another day; the entity is the same
        sides.append(rows.drop_duplicates(keys)[[*keys, "value"]].rename(columns={"value": name}))
    keys = [key for key in KEY if key in sides[0] and key in sides[1]]
    return sides[0].merge(sides[1], on=keys, how="outer")


def _of(measure: Measure, pairs: pd.DataFrame) -> list[Shift]:
    before, both = pairs[pairs["old"].notna()], pairs.dropna(subset=["new", "old"])
    found: list[Shift] = []
    if len(before) >= FEWEST_ENTITIES:
        lost = 1 - len(both) / len(before)
        found += [Shift(measure.name, "lost", lost, ENTITIES_LOST)] if lost > ENTITIES_LOST else []
    if both.empty:
        return found
    new, old = both["new"].to_numpy(dtype=float), both["old"].to_numpy(dtype=float)
    for kind, size, limit in _sizes(measure.unit, new, old):
        found += [Shift(measure.name, kind, size, limit)] if size > limit else []
    return found


def _sizes(unit: str, new: np.ndarray, old: np.ndarray) -> list[tuple[str, float, float]]:
    step = np.abs(new - old)
    if unit == "probability":
        return [("step", float(step.mean()), MEAN_STEP_OF_A_PROBABILITY)]
    if unit == "index":
        return [("step", float((step > 0).mean()), SHARE_THAT_CHANGED_GROUP)]
    size = float(np.abs(old).sum())
    if size <= 0:
        return []
    if unit == "days":
        return [("step", float(step.sum()) / size, MEAN_STEP_OF_DAYS)]
    return [
        ("step", float(step.sum()) / size, STEP_OF_AN_AMOUNT),
        ("total", float(abs(new.sum() - old.sum())) / size, STEP_OF_A_TOTAL),
    ]
