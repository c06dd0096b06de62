"""Golden numbers: tea-tasting 1.14 (Welch, CUPED, delta method), statsmodels 0.15 (proportions, corrections, power), scipy."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from ml.experiments.stats import (
    ExperimentError,
    adjust,
    cluster_test,
    mean_test,
    minimum_detectable_effect,
    permutation_test,
    proportion_test,
    ratio_test,
    sample_size,
    srm,
)

CLOSE = 1e-7


@pytest.fixture(scope="module")
def panel():
    """600 customers: zero-inflated lognormal revenue, the same before the start, orders, and arms."""
    rng = np.random.default_rng(20240101)
    before = rng.lognormal(9, 1, 600) * (rng.random(600) < 0.6)
    revenue = 0.7 * before + rng.lognormal(8, 1, 600) * (rng.random(600) < 0.5)
    return {"y": revenue, "x": before, "orders": rng.poisson(3, 600) + 0.0, "arm": rng.integers(0, 2, 600)}


@pytest.fixture(scope="module")
def oracle(panel):
    import pyarrow as pa
    import tea_tasting as tt

    table = pa.table({"variant": panel["arm"], "y": panel["y"], "x": panel["x"], "orders": panel["orders"]})
    experiment = tt.Experiment(mean=tt.Mean("y"), cuped=tt.Mean("y", covariate="x"), ratio=tt.RatioOfMeans("y", "orders"))
    return experiment.analyze(table)


@pytest.mark.parametrize("name", ["mean", "cuped", "ratio"])
def test_effect_p_and_interval_equal_tea_tasting(panel, oracle, name):
    ours = {
        "mean": lambda: mean_test(panel["y"], panel["arm"]),
        "cuped": lambda: mean_test(panel["y"], panel["arm"], panel["x"]),
        "ratio": lambda: ratio_test(panel["y"], panel["orders"], panel["arm"]),
    }[name]()
    theirs = oracle[name]
    assert ours.effect == pytest.approx(theirs.effect_size, rel=CLOSE)
    assert ours.p == pytest.approx(theirs.pvalue, rel=CLOSE)
    assert ours.ci_low == pytest.approx(theirs.effect_size_ci_lower, rel=CLOSE)
    assert ours.ci_high == pytest.approx(theirs.effect_size_ci_upper, rel=CLOSE)
    assert ours.rel_effect == pytest.approx(theirs.rel_effect_size, rel=CLOSE)


def test_welch_equals_scipy(panel):
    treated, control = panel["y"][panel["arm"] == 1], panel["y"][panel["arm"] == 0]
    theirs = scipy_stats.ttest_ind(treated, control, equal_var=False)
    ours = mean_test(panel["y"], panel["arm"])
    assert (ours.p, ours.df) == pytest.approx((theirs.pvalue, theirs.df), rel=CLOSE)


def test_proportions_equal_statsmodels():
    from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

    ours = proportion_test(30, 210, 55, 190)
    z, p = proportions_ztest([55, 30], [190, 210])
    low, high = confint_proportions_2indep(55, 190, 30, 210, method="newcomb", compare="diff")
    assert (ours.z, ours.p, ours.ci_low, ours.ci_high) == pytest.approx((z, p, low, high), rel=CLOSE)


def test_newcombe_published_example():
    """Newcombe (1998), table II, row (a): 56/70 against 48/80, method 10: 0.0524 to 0.3339."""
    ours = proportion_test(48, 80, 56, 70)
    assert (ours.ci_low, ours.ci_high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@pytest.mark.parametrize("method", ["holm", "fdr_bh", "bonferroni"])
def test_corrections_equal_statsmodels(method):
    from statsmodels.stats.multitest import multipletests

    p = np.random.default_rng(3).random(25) ** 3
    np.testing.assert_allclose(adjust(p, method), multipletests(p, method=method)[1], rtol=CLOSE)


def test_sample_size_is_the_smallest_that_reaches_the_power():
    from statsmodels.stats.power import TTestIndPower

    for effect in (0.1, 0.25, 0.8):
        exact = TTestIndPower().solve_power(effect_size=effect, alpha=0.05, power=0.8)
        assert sample_size(1.0, effect) == math.ceil(exact)
    assert sample_size(100.0, 20.0, r2=0.5) == pytest.approx(sample_size(100.0, 20.0) / 2, abs=2)
    assert minimum_detectable_effect(1.0, sample_size(1.0, 0.25)) == pytest.approx(0.25, rel=0.01)


def test_srm_equals_scipy():
    assert srm([520, 480], [0.5, 0.5]) == pytest.approx(scipy_stats.chisquare([520, 480]).pvalue, rel=CLOSE)
    assert srm([600, 400], [0.5, 0.5]) < 0.001


def test_a_control_mean_near_zero_gives_no_relative_interval():
    result = mean_test(np.tile([-1.0, 1.05], 40), np.repeat([0, 1], 40))
    assert not result.estimable
    assert (result.rel_ci_low, result.rel_ci_high) == (-math.inf, math.inf)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.5, 2.0))
def test_absolute_and_relative_verdicts_agree(seed, lift):
    rng = np.random.default_rng(seed)
    arm = rng.permutation(np.repeat([0, 1], 60))
    y = rng.lognormal(2, 1, 120) * np.where(arm == 1, lift, 1.0)
    for result in (mean_test(y, arm), mean_test(y, arm, rng.lognormal(2, 1, 120))):
        assert (result.p < 0.05) == (result.ci_low > 0 or result.ci_high < 0)
        if result.estimable:
            assert (result.ci_low > 0) == (result.rel_ci_low > 0)
            assert (result.ci_high < 0) == (result.rel_ci_high < 0)


def test_permutation_p_and_interval_agree_and_find_the_effect():
    rng = np.random.default_rng(9)
    arm = (np.arange(300) % 5 == 0).astype(int)
    y = rng.lognormal(3, 1, 300) + 12 * arm
    result = permutation_test(y, arm)
    assert (result.p < 0.05) == (result.ci_low > 0 or result.ci_high < 0)
    assert result.ci_low < 12 < result.ci_high
    assert result == permutation_test(y, arm)
    assert result.effect == pytest.approx(y[arm == 1].mean() - y[arm == 0].mean())


def test_permutation_with_covariate_is_tighter(panel):
    plain = permutation_test(panel["y"], panel["arm"], permutations=499)
    adjusted = permutation_test(panel["y"], panel["arm"], panel["x"], permutations=499)
    assert adjusted.ci_high - adjusted.ci_low < 0.8 * (plain.ci_high - plain.ci_low)


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_false_positives_stay_near_five_per_cent(share):
    """400 A/A tests of 250 customers, skewed and full of zeros. Welch where the split is even, permutation at 10/90."""
    rng, rejected = np.random.default_rng(17), 0
    for _ in range(400):
        y = rng.lognormal(3, 1.2, 250) * (rng.random(250) < 0.5)
        arm = rng.permutation((np.arange(250) < share * 250).astype(int))
        p = mean_test(y, arm).p if share == 0.5 else permutation_test(y, arm, permutations=199).p
        rejected += p < 0.05
    assert rejected / 400 <= 0.075


def test_clusters_are_the_units():
    rng = np.random.default_rng(23)
    cluster = np.repeat(np.arange(12), 30)
    arm = cluster % 2
    y = rng.normal(0, 1, 12)[cluster] + rng.normal(0, 1, 360)
    result = cluster_test(y, arm, cluster)
    assert result.control_count == result.treatment_count == 6
    assert result.se > mean_test(y, arm).se
    with pytest.raises(ExperimentError, match="stands in both arms"):
        cluster_test(y, (np.arange(360) % 2), cluster)


@pytest.fixture(scope="module")
def routes():
    """Eight routes of 10 to 30 customers: outcome, arm, route and the same metric before."""
    rng = np.random.default_rng(29)
    cluster = np.repeat(np.arange(8), rng.integers(10, 31, 8))
    level = rng.normal(0, 0.3, 8)[cluster]
    before, y = (np.exp(level + 0.6 * rng.standard_normal(len(cluster))) for _ in range(2))
    return y, np.array([0, 1, 1, 0, 1, 0, 0, 1])[cluster], cluster, before


def test_routes_without_the_time_before_are_students_t_on_their_means(routes):
    y, arm, cluster, _ = routes
    means = np.array([y[cluster == route].mean() for route in range(8)])
    treated = np.array([arm[cluster == route][0] for route in range(8)])
    theirs = scipy_stats.ttest_ind(means[treated == 1], means[treated == 0])
    ours = cluster_test(y, arm, cluster)
    assert (ours.p, ours.df) == (pytest.approx(theirs.pvalue, rel=1e-7), 6)
    assert [ours.ci_low, ours.ci_high] == pytest.approx(list(theirs.confidence_interval()), rel=1e-7)


def test_routes_with_the_time_before_are_the_analysis_of_covariance(routes):
    sm = pytest.importorskip("statsmodels.api")
    y, arm, cluster, before = routes
    means, earlier = (np.array([values[cluster == route].mean() for route in range(8)]) for values in (y, before))
    treated = np.array([arm[cluster == route][0] for route in range(8)])
    theirs = sm.OLS(means, np.column_stack([treated == 0, treated == 1, earlier - earlier.mean()]).astype(float)).fit()
    ours = cluster_test(y, arm, cluster, x=before)
    contrast = theirs.t_test([-1, 1, 0])
    assert ours.effect == pytest.approx(float(contrast.effect[0]), rel=1e-7)
    assert (ours.se, ours.p, ours.df) == (
        pytest.approx(float(contrast.sd[0, 0]), rel=1e-7),
        pytest.approx(float(contrast.pvalue), rel=1e-7),
        5,
    )
    assert [ours.ci_low, ours.ci_high] == pytest.approx(contrast.conf_int()[0].tolist(), rel=1e-7)
    critical = scipy_stats.t.isf(0.025, 5)
    for ratio in (1 + ours.rel_ci_low, 1 + ours.rel_ci_high):  # Fieller: at its ends the linear contrast is just rejected
        edge = theirs.t_test([-ratio, 1, 0])
        assert abs(float(edge.effect[0])) == pytest.approx(critical * float(edge.sd[0, 0]), rel=1e-7)


def test_few_routes_do_without_the_time_before(routes):
    y, arm, cluster, before = routes
    few = cluster < 5
    assert cluster_test(y[few], arm[few], cluster[few], x=before[few]) == cluster_test(y[few], arm[few], cluster[few])


@pytest.mark.parametrize(
    ("y", "arm", "sentence"),
    [
        ([1.0, 2.0, 3.0], [1, 1, 1], "Arm 0 has 0 customers"),
        ([], [], "Arm 0 has 0 customers"),
        ([1.0, 1.0, 1.0, 1.0], [0, 0, 1, 1], "nothing varies"),
        ([0.0, 0.0, 0.0, 0.0], [0, 0, 1, 1], "nothing varies"),
        ([1.0, math.nan, 2.0, 3.0], [0, 0, 1, 1], "1 outcomes are missing"),
        ([1.0, 2.0, 3.0, 4.0], [0, 0, 1, 2], "must be 0"),
        ([1.0, 2.0, 3.0], [0, 1], "one arm per customer"),
        (["a", "b", "c", "d"], [0, 0, 1, 1], "must be numbers"),
    ],
)
def test_bad_data_is_one_sentence(y, arm, sentence):
    with pytest.raises(ExperimentError, match=sentence):
        mean_test(y, arm)
    with pytest.raises(ExperimentError):
        permutation_test(y, arm)


def test_other_bad_input():
    with pytest.raises(ExperimentError, match="no share"):
        proportion_test(5, 3, 1, 10)
    with pytest.raises(ExperimentError, match="sums to 0"):
        ratio_test([1.0, 2, 3, 4], [0.0, 0, 1, 1], [0, 0, 1, 1])
    with pytest.raises(ExperimentError, match="unknown"):
        adjust([0.1], "sidak")  # type: ignore[arg-type]
    with pytest.raises(ExperimentError, match="No sample size"):
        sample_size(0, 1)
    with pytest.raises(ExperimentError, match="do not fit"):
        srm([1, 2], [1.0])
