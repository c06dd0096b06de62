"""What the formula leaves over: a random forest on log(actual / formula), kept only where it beats the formula out of time."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.routing.physics import FEATURES

Array = npt.NDArray[np.float64]
MIN_TOURS = 60
FOLDS = 4
FIRST_TRAINING_SHARE = 0.5
MUST_BEAT_BY = 0.98
BAND_LEVELS = (0.025, 0.10, 0.90, 0.975)
MIN_ERRORS_FOR_BAND = 30


class Correction(NamedTuple):
    """What was learnt from ended tours: the forest (None = the formula alone), the out-of-time mean absolute errors in money of the
    formula and of the forest, the tours they were judged on, and the quantiles (2.5, 10, 90, 97.5 %) of log(actual / said) in service.
    """

    forest: Any
    formula_mae: float
    forest_mae: float
    judged_tours: int
    log_bands: tuple[float, ...]


NOTHING_LEARNT = Correction(None, float("nan"), float("nan"), 0, ())


def learn_correction(features: pd.DataFrame, actual: pd.Series, days: pd.Series, seed: int) -> Correction:
    """Judge the forest against the formula out of time and keep the better; the formula alone under 60 ended tours.

    `features` are `tour_features` rows of ended tours, `actual` their cost, `days` their dates. The forest is trained on the tours
    before a day and judged on those after it, in four steps over the later half; it must cut the mean absolute error by 2 %.
    """
    usable = (actual > 0) & (features["physics"] > 0)
    features, actual, days = features[usable], actual[usable], days[usable]
    order = np.argsort(days.to_numpy(), kind="stable")
    features, actual, days = features.iloc[order], actual.iloc[order], days.iloc[order]
    target = np.log(actual.to_numpy(dtype=float) / features["physics"].to_numpy(dtype=float))
    if len(features) < MIN_TOURS:
        return NOTHING_LEARNT._replace(log_bands=_bands(target))
    said, judged = _out_of_time(features[list(FEATURES)], target, days, seed)
    physics = features["physics"].to_numpy(dtype=float)[judged]
    truth = physics * np.exp(target[judged])
    formula_mae, forest_mae = float(np.abs(physics - truth).mean()), float(np.abs(physics * np.exp(said) - truth).mean())
    if forest_mae > MUST_BEAT_BY * formula_mae:
        return Correction(None, formula_mae, forest_mae, int(judged.sum()), _bands(target[judged]))
    forest = _new_forest(seed).fit(features[list(FEATURES)], target)
    return Correction(forest, formula_mae, forest_mae, int(judged.sum()), _bands(target[judged] - said))


def corrected(features: pd.DataFrame, correction: Correction) -> Array:
    """The cost of each row of `tour_features`: the formula's, times what the forest learnt where there is one."""
    physics = features["physics"].to_numpy(dtype=float)
    if correction.forest is None or features.empty:
        return physics
    return physics * np.exp(correction.forest.predict(features[list(FEATURES)]))


def _out_of_time(features: pd.DataFrame, target: Array, days: pd.Series, seed: int) -> tuple[Array, npt.NDArray[np.bool_]]:
    edges = np.linspace(FIRST_TRAINING_SHARE, 1.0, FOLDS + 1)
    cuts = [days.iloc[min(int(edge * len(days)), len(days) - 1)] for edge in edges[:-1]]
    said, judged = np.full(len(target), np.nan), np.zeros(len(target), dtype=bool)
    for start, stop in zip(cuts, [*cuts[1:], None], strict=True):
        train = (days < start).to_numpy()
        test = ((days >= start) & ((days < stop) if stop is not None else True)).to_numpy()
        if train.any() and test.any():
            forest = _new_forest(seed).fit(features[train], target[train])
            said[test], judged = forest.predict(features[test]), judged | test
    return said[judged], judged


def _new_forest(seed: int) -> Any:
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(n_estimators=100, min_samples_leaf=5, max_features=0.5, random_state=seed, n_jobs=1)


def _bands(errors: Array) -> tuple[float, ...]:
    return tuple(float(np.quantile(errors, level)) for level in BAND_LEVELS) if len(errors) >= MIN_ERRORS_FOR_BAND else ()
