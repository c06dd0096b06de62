"""The tree member: one XGBoost model for all horizons, learnt from (origin, days ahead) pairs of the series' own past."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.forecasting.days import YEAR, DayTable
from ml.forecasting.history import Array, Flags

LONGEST_DAYS = 1100
LEAST_PAIRS = 300
MAX_STEP = 42
STEPS_PER_ORIGIN = 10
MOST_ORIGINS = 360
WINDOWS = (7, 14, 28, 56, 112, 364)
WEEKDAY_DECAYS = (0.5, 0.8, 0.93)
ROUNDS = 120
FLOOR = 0.05
PARAMETERS = {
    "objective": "count:poisson", "max_depth": 4, "eta": 0.035, "subsample": 0.7, "colsample_bytree": 0.6, "min_child_weight": 20,
    "lambda": 3.0, "max_bin": 64, "nthread": 1, "tree_method": "hist",
}  # fmt: skip


@dataclass(frozen=True)
class Trees:
    """A booster as .ubj bytes (nothing else is safe to keep) that predicts the mean ratio of a day to the level at its origin."""

    ubj: bytes

    def predict(self, y: Array, use: Flags, table: DayTable, is_open: Flags, horizon: int) -> Array:
        """Forecasts for `horizon` days after the history; `table` and `is_open` begin with the history's first day and reach beyond it."""
        import xgboost

        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(bytearray(self.ubj))
        origins = np.full(horizon, len(y) - 1)
        steps = np.arange(1, horizon + 1)
        state = _origin_state(y, use, table.weekday[: len(y)])
        matrix = _matrix(state, y, use, table, is_open, origins, steps)
        ratio = booster.predict(xgboost.DMatrix(matrix), validate_features=False)
        return np.asarray(ratio * state.level[origins], dtype=float)


@dataclass(frozen=True)
class OriginState:
    """What is known at the end of each day: level, means of windows over the level, weighted same-weekday means over the level."""

    level: Array
    windows: Array
    weekdays: Array  # days × decays × 7


def fit_trees(y: Array, use: Flags, table: DayTable, is_open: Flags, seed: int) -> Trees | None:
    """Learn from pairs of origin and day ahead within the last three years; None when the history gives fewer than 300 pairs."""
    import xgboost

    rng = np.random.default_rng(seed)
    first = max(len(y) - LONGEST_DAYS, 35)
    candidates = np.arange(first, len(y) - 1)
    if not len(candidates):
        return None
    origins = np.sort(rng.permutation(candidates)[:MOST_ORIGINS]).repeat(STEPS_PER_ORIGIN)
    steps = rng.integers(1, MAX_STEP + 1, len(origins))
    valid = origins + steps < len(y)
    valid[valid] &= use[(origins + steps)[valid]]
    origins, steps = origins[valid], steps[valid]
    if len(origins) < LEAST_PAIRS:
        return None
    state = _origin_state(y, use, table.weekday[: len(y)])
    target = y[origins + steps] / state.level[origins]
    age = (len(y) - 1 - origins - steps) / YEAR
    matrix = _matrix(state, y, use, table, is_open, origins, steps)
    data = xgboost.DMatrix(matrix, label=target, weight=0.6**age)
    booster = xgboost.train(PARAMETERS | {"seed": seed}, data, num_boost_round=ROUNDS)
    return Trees(bytes(booster.save_raw("ubj")))


def _origin_state(y: Array, use: Flags, weekday: npt.NDArray[np.int64]) -> OriginState:
    values, counts = np.where(use, y, 0.0), use.astype(float)
    total, known = np.concatenate([[0.0], np.cumsum(values)]), np.concatenate([[0.0], np.cumsum(counts)])
    ends = np.arange(1, len(y) + 1)

    def mean(days: int) -> Array:
        begins = np.maximum(ends - days, 0)
        number = known[ends] - known[begins]
        return np.where(number > 0, (total[ends] - total[begins]) / np.maximum(number, 1), np.nan)

    overall = np.maximum(total[-1] / max(known[-1], 1), 1e-9)
    level = mean(28)
    level = np.where(np.isnan(level) | (level < 0.02 * overall), np.maximum(mean(112), 0.02 * overall), level)
    level = np.where(np.isnan(level), overall, level)
    windows = np.column_stack([np.where(ends >= days * 0.9, mean(days) / level, np.nan) for days in WINDOWS])
    return OriginState(level, np.log(windows + FLOOR), _weekday_means(y, use, weekday) / level[:, None, None])


def _weekday_means(y: Array, use: Flags, weekday: npt.NDArray[np.int64]) -> Array:
    """Exponentially weighted mean of each weekday's values up to each day (days × decays × 7)."""
    decays = np.array(WEEKDAY_DECAYS)
    sums, weights = np.zeros((7, len(decays))), np.zeros((7, len(decays)))
    out = np.full((len(y), len(decays), 7), np.nan)
    for i in range(len(y)):
        if use[i]:
            day = weekday[i]
            sums[day] = decays * sums[day] + y[i]
            weights[day] = decays * weights[day] + 1
        out[i] = np.where(weights > 0, sums / np.maximum(weights, 1e-9), np.nan).T
    return out


def _matrix(
    state: OriginState, y: Array, use: Flags, table: DayTable, is_open: Flags, origins: npt.NDArray[np.int64], steps: npt.NDArray[np.int64]
) -> Array:
    target = origins + steps
    weekday = table.weekday[target]
    same_weekday = np.log(state.weekdays[origins, :, weekday] + FLOOR)
    angle = 2 * np.pi * table.year_position[target]
    off = table.is_holiday | ~is_open
    ahead, behind = np.minimum(target + 1, len(table) - 1), np.maximum(target - 1, 0)
    calendar = [
        steps, weekday, np.sin(angle), np.cos(angle), table.day_of_month[target], table.days_to_month_end[target],
        table.is_holiday[target], table.is_holiday[ahead], table.is_holiday[behind], off[ahead], off[behind],
    ]  # fmt: skip
    last = np.log(np.where(use[origins], y[origins], np.nan) / state.level[origins] + FLOOR)
    return np.column_stack([*calendar, last, state.windows[origins], same_weekday, _year_ago(state, y, use, origins, steps)])


def _year_ago(state: OriginState, y: Array, use: Flags, origins: npt.NDArray[np.int64], steps: npt.NDArray[np.int64]) -> Array:
    """Log of the same day and the same week 52 weeks before the target, over the level 52 weeks before the origin."""
    day = origins + steps - 364
    known = (day >= 3) & (origins >= 364)
    day, origin = np.where(known, day, 3), np.where(known, origins - 364, 0)
    values = np.where(use, y, np.nan)
    week = np.stack([values[np.clip(day + shift, 0, len(y) - 1)] for shift in range(-3, 4)])
    number = (~np.isnan(week)).sum(axis=0)
    mean = np.where(number > 0, np.nansum(week, axis=0) / np.maximum(number, 1), np.nan)
    both = np.column_stack([values[np.clip(day, 0, len(y) - 1)], mean]) / state.level[origin][:, None]
    return np.where(known[:, None], np.log(both + FLOOR), np.nan)
