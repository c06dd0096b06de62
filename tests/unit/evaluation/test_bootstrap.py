"""The weighted metrics of the bootstrap are those of the registry, and blocks are drawn whole."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp
from sklearn.metrics import roc_auc_score

from ml.evaluation.bootstrap import (
    USUAL_CORRELATION,
    blocks_of,
    draw_blocks,
    level_correlation,
    losses,
    probability_positive,
    probability_worse,
    scorer,
    thinned,
)
from ml.evaluation.metrics import METRICS
from ml.evaluation.promotion import MARGIN
from tests.bench.bench_gate import customers, days, kept_back

RNG = np.random.default_rng(5)
N = 60
ROWS = pd.DataFrame(
    {
        "entity_id": [f"C{n}" for n in range(N)],
        "target_date": pd.Timestamp("2026-10-31"),
        "window_days": 30,
        "actual": RNG.integers(0, 2, N).astype(float),
        "value": RNG.random(N).round(1),
        "scale": 2.0,
        "scale_squared": 4.0,
        "lo80": 0.2,
        "hi80": 0.8,
    }
)


@pytest.mark.parametrize(
    "metric", ["mae", "rmse", "wape", "bias", "brier", "mase", "rmsse", "auc", "gini", "eta_squared", "ece", "coverage80"]
)
def test_with_every_row_once_it_is_the_metric_of_the_registry(metric):
    once = np.ones((1, N))
    assert scorer(metric, ROWS, "value")(once)[0] == pytest.approx(METRICS[metric].score(ROWS))


@pytest.mark.parametrize("metric", ["mae", "wape", "auc", "gini", "eta_squared", "rmse"])
def test_a_weight_counts_like_repeating_the_row(metric):
    weight = np.random.default_rng(3).integers(0, 3, N)
    repeated = ROWS.iloc[np.repeat(np.arange(N), weight)]
    assert scorer(metric, ROWS, "value")(weight[None, :].astype(float))[0] == pytest.approx(METRICS[metric].score(repeated))


def test_the_weighted_auc_is_scikit_learns():
    weight = np.random.default_rng(4).integers(1, 4, N).astype(float)
    expected = roc_auc_score(ROWS["actual"], ROWS["value"], sample_weight=weight)
    assert scorer("auc", ROWS, "value")(weight[None, :])[0] == pytest.approx(expected)


def test_rows_of_a_block_are_drawn_together_and_as_many_blocks_as_there_are():
    blocks = np.repeat(["a", "b", "c"], [2, 3, 1])
    drawn = draw_blocks(blocks, 7, draws=50)
    assert (drawn[:, 0] == drawn[:, 1]).all()
    assert (drawn[:, [0, 2, 5]].sum(axis=1) == 3).all()
    assert (draw_blocks(blocks, 7, draws=50) == drawn).all()


def test_days_go_by_week_and_cutoff_customers_by_themselves():
    days = pd.DataFrame({"entity_id": "all", "window_days": 1, "cutoff": date(2026, 9, 6)}, index=range(28))
    days["target_date"] = [date(2026, 9, 6) + timedelta(days=n) for n in range(28)]
    assert blocks_of(days).value_counts().tolist() == [7] * 4
    assert blocks_of(ROWS).nunique() == N


def test_the_loss_is_what_should_be_small():
    once = np.ones((1, N))
    assert losses("auc", ROWS, "value", once)[0] == pytest.approx(1 - METRICS["auc"].score(ROWS))
    assert losses("bias", ROWS, "value", once)[0] == pytest.approx(abs(METRICS["bias"].score(ROWS)))


def test_the_same_answer_is_never_worse_and_a_bad_one_surely_is():
    rows = ROWS.assign(rival=ROWS["value"], bad=1 - ROWS["actual"])
    assert probability_worse("auc", rows, "value", "rival", 0.0, 1) == 0.0
    assert probability_worse("auc", rows, "bad", "rival", 0.05, 1) > 0.999
    assert np.isnan(probability_worse("auc", rows.head(3), "bad", "rival", 0.05, 1))


@pytest.mark.parametrize("windows", [1, 3])
def test_an_equal_forecast_is_seldom_called_worse_and_a_bad_one_mostly_given_enough_days(windows):
    """An equal challenger with errors of its own: the plain share of draws calls it worse in 20 % (one window) and 12 % (three)."""
    assert kept_back(days(windows), "mae", 0.0, MARGIN, repeats=300) <= 0.10
    assert kept_back(days(windows), "mae", 0.5, MARGIN, repeats=100) >= (0.55 if windows == 3 else 0.3)


def test_customers_are_judged_as_surely_as_before():
    assert kept_back(customers(130), "auc", 0.0, MARGIN, repeats=100) <= 0.10
    assert kept_back(customers(130), "auc", 0.5, MARGIN, repeats=50) >= 0.6


def test_a_mean_of_independent_rows_gets_students_probability():
    """The bootstrap's standard error with n - 1 degrees of freedom is the t-test's (Student 1908), up to the noise of 400 draws."""
    rows = ROWS.assign(value=RNG.normal(0.2, 1.0, N), actual=0.0)
    values = rows["value"].to_numpy()
    sure = probability_positive(lambda weights: weights @ values / weights.sum(axis=1), rows, ("value",), 3)
    expected = ttest_1samp(values, 0.0, alternative="less").pvalue
    assert sure == pytest.approx(expected, abs=0.02)


def test_what_errors_of_one_forecast_share_is_found_and_a_little_of_the_usual_is_mixed_in():
    def shared(level: float) -> float:
        rng, frames = np.random.default_rng(4), []
        for window in range(60):
            error = np.sqrt(level) * rng.normal() + np.sqrt(1 - level) * rng.normal(size=28)
            frames.append(pd.DataFrame({"entity_id": "all", "cutoff": window, "actual": 5.0, "value": 5.0 + 3 * error}))
        return level_correlation(pd.concat(frames), ("value",))

    assert [shared(level) for level in (0.0, 0.3, 0.6)] == pytest.approx([0.01, 0.3, 0.6], abs=0.08)
    perfect = pd.DataFrame({"entity_id": "all", "cutoff": 1, "actual": [1.0, 2.0], "value": [1.0, 2.0]})
    assert level_correlation(perfect, ("value",)) == USUAL_CORRELATION


def test_thinning_keeps_whole_entities_and_always_the_same():
    many = pd.DataFrame({"entity_id": [f"C{n % 1000}" for n in range(4000)], "place": range(4000)})
    few = thinned(many, 1000)
    assert 700 < len(few) < 1300
    assert few.groupby("entity_id").size().eq(4).all()
    assert set(thinned(many.iloc[::2], 500)["entity_id"]) <= set(few["entity_id"]) | set(thinned(many.iloc[::2], 500)["entity_id"])
    assert thinned(few, 10_000) is few
