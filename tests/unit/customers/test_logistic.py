import numpy as np
import pytest
from scipy.special import expit

from ml.customers.days import collapse, day_number
from ml.customers.features import Panel
from ml.customers.logistic import fit_logistic, fit_ridge_logistic, log_rfm


def test_coefficients_agree_with_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    rows = rng.normal(size=(3000, 3))
    truth = (rng.random(3000) < expit(0.5 + rows @ np.array([1.0, -0.5, 0.0]))).astype(float)
    coefficients, intercept = fit_ridge_logistic(rows, truth, 1.0)
    other = LogisticRegression(C=1.0).fit(rows, truth)
    np.testing.assert_allclose(coefficients, other.coef_[0], atol=2e-3)
    assert intercept == pytest.approx(other.intercept_[0], abs=2e-3)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_one_sided_truth_gives_a_finite_answer(value):
    coefficients, intercept = fit_ridge_logistic(np.random.default_rng(1).normal(size=(50, 2)), np.full(50, value), 1.0)
    assert np.isfinite(coefficients).all()
    assert np.sign(intercept) == (1 if value else -1)
    assert abs(intercept) < 10


def test_regressors_are_finite_and_longer_silence_raises_the_odds(log):
    panel = Panel(collapse(log, "2024-12-31"), 30)
    snapshots = [panel.snapshot(day_number(day)) for day in ("2024-08-01", "2024-10-01")]
    assert np.isfinite(log_rfm(snapshots[0])).all()
    fitted = fit_logistic(snapshots, [panel.outcome(snapshot).churned for snapshot in snapshots])
    odds = fitted.log_odds(snapshots[1])
    late = snapshots[1]["silence_to_mean_gap"]
    assert odds[late > 3].mean() > odds[late < 1].mean() + 1
