import numpy as np
import pytest

from ml.customers import scoring


@pytest.fixture
def sample() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    score = rng.random(300).round(2)
    return score, (rng.random(300) < score).astype(float)


def test_areas_agree_with_scikit_learn(sample):
    from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

    score, truth = sample
    assert scoring.auc(score, truth) == pytest.approx(roc_auc_score(truth, score))
    assert scoring.brier(score, truth) == pytest.approx(brier_score_loss(truth, score))
    untied = score + np.arange(300) * 1e-6
    assert scoring.average_precision(untied, truth) == pytest.approx(average_precision_score(truth, untied))


def test_the_error_of_an_area_agrees_with_the_bootstrap(sample):
    score, truth = sample
    rng = np.random.default_rng(1)
    other = score + rng.normal(0, 0.3, 300)
    draws = [rng.integers(0, 300, 300) for _ in range(500)]
    spread = np.std([scoring.auc(score[d], truth[d]) for d in draws])
    paired = np.std([scoring.auc(score[d], truth[d]) - scoring.auc(other[d], truth[d]) for d in draws])
    assert scoring.auc_difference_error(score, None, truth) == pytest.approx(spread, rel=0.15)
    assert scoring.auc_difference_error(score, other, truth) == pytest.approx(paired, rel=0.15)


def test_one_kind_only_has_no_area():
    assert np.isnan(scoring.auc(np.arange(3.0), np.ones(3)))
    assert np.isnan(scoring.average_precision(np.arange(3.0), np.zeros(3)))


def test_calibration_error_is_the_distance_of_said_and_seen():
    assert scoring.calibration_error(np.full(100, 0.3), np.repeat([1.0, 0.0], 50), bins=1) == pytest.approx(0.2)
    assert scoring.calibration_error(np.repeat([0.0, 1.0], 50), np.repeat([0.0, 1.0], 50)) == 0


def test_share_found_by_the_best_tenth():
    amount = np.array([90.0] + [10 / 9] * 9)
    assert scoring.share_found(-np.arange(10.0), amount) == pytest.approx(0.9)
    assert np.isnan(scoring.share_found(np.ones(3), np.zeros(3)))


def test_gini_is_one_for_knowing_and_about_zero_for_guessing():
    spend = np.random.default_rng(2).lognormal(0, 1, 2000)
    assert scoring.normalised_gini(spend, spend) == pytest.approx(1)
    assert scoring.normalised_gini(-spend, spend) == pytest.approx(-1, abs=0.01)
    assert abs(scoring.normalised_gini(np.random.default_rng(3).random(2000), spend)) < 0.1


def test_bounds_are_one_sided():
    assert scoring.bound(0.6, 0.1, 0.9) == pytest.approx(0.6 + 0.12816, abs=1e-4)
