import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, mean_pinball_loss, roc_auc_score

from ml.evaluation import metrics
from ml.evaluation.metrics import METRICS, MetricError

RNG = np.random.default_rng(5)


def test_errors_by_hand():
    actual, predicted = [10.0, 0.0, 20.0], [12.0, 1.0, 14.0]
    assert metrics.mae(actual, predicted) == 3.0
    assert metrics.rmse(actual, predicted) == pytest.approx(np.sqrt(41 / 3))
    assert metrics.wape(actual, predicted) == 0.3
    assert metrics.bias(actual, predicted) == -0.1


def test_mase_and_rmsse_by_hand():
    """Hyndman and Koehler (2006): the seasonal naive of the history itself has MASE 1 on its own errors."""
    history = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])
    assert metrics.naive_scale(history) == 2.0 and metrics.naive_scale(history, power=2) == 4.0
    assert metrics.mase([10.0], [6.0], 2.0) == 2.0
    assert metrics.rmsse([10.0, 6.0], [6.0, 6.0], 4.0) == pytest.approx(np.sqrt(2.0))


def test_a_history_without_seasonal_change_is_scaled_by_its_steps():
    assert metrics.naive_scale(np.tile(np.arange(7.0), 4)) == pytest.approx((24 * 1 + 3 * 6) / 27)
    assert np.isnan(metrics.naive_scale(np.ones(30))) and np.isnan(metrics.naive_scale([1.0]))


def test_bands_by_hand():
    actual, low, high = [1.0, 5.0, 9.0, 20.0], [0.0, 5.0, 10.0, 10.0], [2.0, 6.0, 12.0, 18.0]
    assert metrics.coverage(actual, low, high) == 0.5
    # widths 2 1 2 8; misses 0 0 1 2, each times 2 / 0.2
    assert metrics.interval_score(actual, low, high, 80) == pytest.approx((13 + 30) / 4)


def test_pinball_agrees_with_scikit_learn():
    actual, quantile = RNG.normal(size=200), RNG.normal(size=200)
    assert metrics.pinball(actual, quantile, 0.1) == pytest.approx(mean_pinball_loss(actual, quantile, alpha=0.1))


def test_interval_score_is_the_pinball_losses_of_its_edges():
    """Gneiting and Raftery (2007): interval score = (2 / alpha) × sum of the two edges' pinball losses."""
    actual, low = RNG.normal(size=100), RNG.normal(size=100) - 1
    high = low + 2
    both = metrics.pinball(actual, low, 0.1) + metrics.pinball(actual, high, 0.9)
    assert metrics.interval_score(actual, low, high, 80) == pytest.approx(both * 2 / 0.2)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=60))
def test_auc_agrees_with_scikit_learn_ties_included(pairs):
    actual, score = np.array([a for a, _ in pairs], dtype=float), np.array([s for _, s in pairs], dtype=float)
    if len(set(actual)) < 2:
        assert np.isnan(metrics.auc(actual, score))
    else:
        assert metrics.auc(actual, score) == pytest.approx(roc_auc_score(actual, score))


def test_brier_agrees_with_scikit_learn():
    actual, probability = (RNG.random(300) < 0.3).astype(float), RNG.random(300)
    assert metrics.brier(actual, probability) == pytest.approx(brier_score_loss(actual, probability))


def test_ece_is_zero_when_every_bin_keeps_its_word_and_the_gap_when_none_does():
    actual = np.tile([1.0, 0.0, 0.0, 0.0, 0.0], 20)
    assert metrics.ece(actual, np.full(100, 0.2), bins=1) == pytest.approx(0.0)
    assert metrics.ece(actual, np.full(100, 0.9)) == pytest.approx(0.7)
    assert np.isnan(metrics.ece([], []))


def test_eta_squared_is_the_r2_of_group_means():
    actual, group = [1.0, 3.0, 7.0, 9.0], ["a", "a", "b", "b"]
    assert metrics.eta_squared(actual, group) == pytest.approx(36 / 40)
    assert metrics.eta_squared(actual, ["a"] * 4) == 0.0
    assert np.isnan(metrics.eta_squared([2.0, 2.0], ["a", "b"]))


def test_gini_is_one_for_the_right_order_and_zero_for_none():
    amounts = RNG.gamma(1.0, 10.0, 500)
    assert metrics.gini(amounts, amounts * 3) == pytest.approx(1.0)
    assert metrics.gini(amounts, -amounts) == pytest.approx(-1.0, abs=0.02)
    assert metrics.gini(amounts, np.zeros(500)) == pytest.approx(0.0, abs=0.01)


def test_randomised_pit_of_the_true_distribution_is_uniform():
    from scipy import stats

    rng = np.random.default_rng(0)
    counts = rng.poisson(3.0, 20_000)
    pit = metrics.randomised_pit(stats.poisson.cdf(counts - 1, 3.0), stats.poisson.cdf(counts, 3.0), rng)
    assert stats.kstest(pit, "uniform").pvalue > 0.01


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(MetricError, match=r"shapes \(2,\) and \(3,\) came"):
        metrics.mae([1.0, 2.0], [1.0, 2.0, 3.0])


# --- the registry


def rows(count: int = 40) -> pd.DataFrame:
    value = RNG.random(count)
    detail = [{"scale": 0.5, "scale_squared": 0.25}] * count
    edges = {"lo80": value - 0.3, "hi80": value + 0.3, "lo95": value - 0.6, "hi95": value + 0.6}
    return pd.DataFrame({"value": value, **edges, "detail": detail, "actual": (RNG.random(count) < 0.5).astype(float)})


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_scores_rows_and_leaves_those_without_truth_out(name: str):
    frame = rows()
    score = METRICS[name].score(frame)
    assert np.isfinite(score)
    unknown = pd.concat([frame, frame.assign(actual=np.nan, value=99.0)], ignore_index=True)
    assert METRICS[name].score(unknown) == score
    assert np.isnan(METRICS[name].score(frame.assign(actual=np.nan)))
    assert METRICS[name].name == name


def test_scaled_errors_take_a_column_before_the_detail():
    frame = rows()
    assert METRICS["mase"].score(frame.assign(scale=1.0)) == pytest.approx(METRICS["mae"].score(frame))
    assert METRICS["mase"].score(frame) == pytest.approx(METRICS["mae"].score(frame) / 0.5)
    with pytest.raises(MetricError, match=r"column 'scale' or detail\['scale'\]"):
        METRICS["mase"].score(frame.drop(columns="detail"))


def test_a_missing_column_is_named():
    with pytest.raises(MetricError, match=r"coverage80 needs the columns \['hi80'\]"):
        METRICS["coverage80"].score(rows().drop(columns="hi80"))


def test_better_follows_the_direction():
    assert METRICS["mae"].is_better(1.0, 2.0) and not METRICS["mae"].is_better(2.0, 2.0)
    assert METRICS["auc"].is_better(0.8, 0.7)
    assert METRICS["coverage80"].is_better(0.82, 0.95) and METRICS["bias"].is_better(-0.01, 0.2)
    assert METRICS["mae"].is_better(1.0, float("nan")) and not METRICS["mae"].is_better(float("nan"), 1.0)
