"""The A/A check re-draws the experiment's own design and analyses it as planned."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from ml.experiments.assignment import assign_balanced
from ml.experiments.health import _ancova_p, _paired_arms, _welch_p, false_alarm_share
from ml.experiments.stats import cluster_test, mean_test


@pytest.fixture(scope="module")
def history():
    rng = np.random.default_rng(3)
    before = rng.lognormal(9, 1, 400) * (rng.random(400) < 0.6)
    return before, 0.8 * before + rng.lognormal(8, 1, 400)


def test_the_vectorised_p_is_that_of_the_test(history):
    _, y = history
    arms = np.random.default_rng(1).permuted(np.tile(np.arange(400) % 2, (20, 1)), axis=1).astype(float)
    ours = _welch_p(y, arms)
    assert ours == pytest.approx([mean_test(y, arm).p for arm in arms], rel=1e-9)
    assert ours[0] == pytest.approx(scipy_stats.ttest_ind(y[arms[0] == 1], y[arms[0] == 0], equal_var=False).pvalue, rel=1e-7)


@pytest.mark.parametrize("design", ["pairs", "coin", "unequal"])
def test_nothing_done_raises_few_alarms(history, design):
    before, y = history
    share = false_alarm_share(y, before, design=design, pairing=before, share=0.2 if design == "unequal" else 0.5)
    assert 0.02 < share < 0.07


def test_routes_are_drawn_whole(history):
    _, y = history
    cluster = np.arange(400) // 20
    level = np.random.default_rng(2).normal(0, 20_000, 20)[cluster]
    assert false_alarm_share(y + level, None, design="clusters", cluster=cluster) < 0.08
    assert false_alarm_share(y + level, None, design="coin") < 0.08  # a coin for each customer is right for a coin's experiment


def test_a_broken_analysis_is_seen(history):
    """Pairs analysed without the pairing variable are far too cautious, which the check shows as well."""
    before, y = history
    assert false_alarm_share(y, None, design="pairs", pairing=before) < 0.03


def test_the_vectorised_p_of_routes_is_that_of_the_test():
    rng = np.random.default_rng(5)
    x = rng.lognormal(9, 0.5, 10)
    y = 0.7 * x + rng.lognormal(8, 0.5, 10)
    arms = _paired_arms(x, 30, rng)
    for before in (x, np.zeros(10)):
        expected = [cluster_test(y, arm.astype(int), np.arange(10), x=before).p for arm in arms]
        assert _ancova_p(y, before, arms) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(("count", "coins"), [(12, 6), (44, 11)])
def test_arms_are_drawn_anew_as_they_were_drawn(count, coins):
    """By the same pairs and coins: every redrawn arm is one that the design itself gives."""
    x = np.random.default_rng(6).lognormal(9, 1, count)
    zones = [f"zone {place % 2}" for place in range(count)]
    units = [str(place) for place in range(count)]
    own = {tuple(assign_balanced(units, f"s{draw}", x, zones)) for draw in range(500)}
    redrawn = {tuple(arm.astype(int)) for arm in _paired_arms(x, 2**coins * 14, np.random.default_rng(7), zones)}
    assert len(redrawn) == 2**coins and own <= redrawn


def test_a_handful_of_possible_draws_says_nothing_about_a_rate(history):
    before, y = history
    assert np.isnan(false_alarm_share(y[:14], before[:14], design="pairs", pairing=before[:14]))
    assert np.isnan(false_alarm_share(y, None, design="clusters", cluster=np.arange(400) // 50, pairing=before))


def test_routes_in_pairs_are_neither_too_bold_nor_too_shy():
    rng, shares = np.random.default_rng(8), []
    cluster = np.repeat(np.arange(24), 12)
    for _ in range(40):  # one company's past can lie on either side
        level = rng.normal(0, 0.5, 24)[cluster]
        before, y = (np.exp(level + 0.5 * rng.standard_normal(len(cluster))) for _ in range(2))
        shares.append(false_alarm_share(y, None, design="clusters", cluster=cluster, pairing=before))
    assert 0.035 < np.mean(shares) < 0.07
