"""The bench's simulations in a short form: the limits of the statistics, with the play that few draws need."""

import numpy as np
import pytest

from tests.bench import bench_experiments as bench

PANELS = [bench.lognormal(0.3, 0.8), bench.lognormal(0.7, 1.2)]
DRAWS = 200
PLAY = 2.6 * np.sqrt(0.05 * 0.95 / DRAWS)


@pytest.mark.parametrize("per_arm", [200, 500])
@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_intervals_hold_the_truth_and_verdicts_agree(panel, per_arm):
    cell = bench.coverage(panel, per_arm, DRAWS, per_arm)
    assert cell.pop("agree") == 1.0
    for name, share in cell.items():
        assert 0.95 - PLAY <= share <= 0.985, name


def test_four_looks_call_few_effects_that_are_not_there():
    assert bench.false_positives_of_looks(PANELS[1], 200, DRAWS, 3) <= 0.06 + PLAY


def test_ten_to_ninety_by_permutation():
    assert bench.false_positives_of_permutation(PANELS[1], 300, 0.1, 120, 4) <= 0.07 + PLAY
    assert bench.coverage_of_permutation(PANELS[1], 300, 0.2, 80, 4) >= 0.93 - PLAY


@pytest.mark.parametrize("paired", [False, True], ids=["coin", "pairs"])
@pytest.mark.parametrize("clusters", [8, 20])
def test_routes(clusters, paired):
    assert 0.04 - 0.025 <= bench.false_positives_of_clusters(clusters, 500, clusters, paired=paired) <= 0.06 + 0.025


def test_power_with_the_time_before_and_weekly_looks():
    power, explained = bench.power_of_looks(bench.lognormal(0.0, 0.85, 0.85), 1000, 50, 6)
    assert explained >= 0.65 and power >= 0.84


def test_pairs_spread_less_than_a_coin():
    before, _ = bench.spread_of_pairs(PANELS[0], 200, 40, 8)
    assert before <= 0.10


def test_pairs_analysed_with_what_paired_them_call_few_effects():
    assert 0.05 - PLAY <= bench.false_positives_of_pairs(PANELS[0], 120, 12, DRAWS, 9) <= 0.05 + PLAY
