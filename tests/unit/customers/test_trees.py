import numpy as np

from ml.customers.features import FEATURES
from ml.customers.trees import fit_trees


def data(rows: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    values = rng.normal(size=(rows, len(FEATURES))).astype(np.float32)
    return values, (values[:, 0] + 0.3 * rng.normal(size=rows) > 0).astype(np.float32)


def test_contributions_and_their_base_add_up_to_the_margin():
    import xgboost

    values, target = data()
    trees = fit_trees(values, target, {"objective": "binary:logistic"}, rounds=20, seed=1)
    shares = trees.contributions(values)
    base = trees._loaded().predict(xgboost.DMatrix(values), pred_contribs=True)[:, -1]
    np.testing.assert_allclose(shares.sum(axis=1) + base, trees.margins(values), atol=1e-4)
    assert np.abs(shares).sum(axis=0).argmax() == 0


def test_the_same_seed_gives_the_same_bytes():
    values, target = data()
    one, other = (fit_trees(values, target, {"objective": "binary:logistic"}, rounds=5, seed=3) for _ in range(2))
    assert one.booster == other.booster


def test_more_rows_than_wanted_are_thinned():
    values, target = data(1000)
    one = fit_trees(values, target, {"objective": "binary:logistic"}, rounds=5, seed=3, most_rows=100)
    other = fit_trees(values[::10], target[::10], {"objective": "binary:logistic"}, rounds=5, seed=3)
    np.testing.assert_allclose(one.margins(values), other.margins(values))
