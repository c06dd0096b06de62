"""The third member of the blend: gradient-boosted trees on the whole snapshot, with exact contributions for the reasons."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ml.customers.features import Snapshot

MOST_ROWS = 120_000


@dataclass(frozen=True)
class Trees:
    """A booster as .ubj bytes, so that it pickles and travels between versions of the library."""

    booster: bytes

    def margins(self, values: np.ndarray) -> np.ndarray:
        """The raw output per row: log-odds for a classifier, shape (rows,) or (rows, outputs)."""
        return self._loaded().inplace_predict(values, predict_type="margin")

    def contributions(self, values: np.ndarray) -> np.ndarray:
        """Exact contributions (TreeSHAP) of each feature to the log-odds, shape (rows, features); with the base they sum to the margin."""
        import xgboost

        return self._loaded().predict(xgboost.DMatrix(values), pred_contribs=True)[:, :-1]

    def _loaded(self) -> Any:
        import xgboost

        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(bytearray(self.booster))
        return booster


def fit_trees(
    values: np.ndarray, target: np.ndarray, parameters: dict[str, Any], *, rounds: int, seed: int, most_rows: int = MOST_ROWS
) -> Trees:
    """Boosted trees for an objective (and other parameters) of XGBoost; every k-th row when there are more than `most_rows`."""
    import xgboost

    step = -(-len(values) // most_rows)
    settings: dict[str, Any] = {
        "max_depth": 3,
        "eta": 0.1,
        "subsample": 0.7,
        "colsample_bytree": 0.5,
        "min_child_weight": 12,
        "lambda": 8.0,
        "tree_method": "hist",
        "max_bin": 64,
        "nthread": 1,
        "seed": seed,
        **parameters,
    }
    rows = xgboost.QuantileDMatrix(values[::step], target[::step], max_bin=settings["max_bin"], nthread=1)
    return Trees(bytes(xgboost.train(settings, rows, num_boost_round=rounds).save_raw("ubj")))


def fit_churn_trees(snapshots: list[Snapshot], churned: list[np.ndarray], seed: int) -> Trees:
    """Trees for the log-odds of no order within H."""
    values = np.vstack([snapshot.values for snapshot in snapshots])
    target = np.concatenate(churned).astype(np.float32)
    rounds = int(np.clip(len(target) / 40, 40, 100))
    return fit_trees(values, target, {"objective": "binary:logistic"}, rounds=rounds, seed=seed)
