import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.experiments.assignment import assign, assign_balanced, pairs, pairs_a_coin
from ml.experiments.stats import ExperimentError


def test_sticky_and_close_to_the_weights():
    arms = np.array([assign(str(i), "salt", (0.2, 0.5, 0.3)) for i in range(20_000)])
    np.testing.assert_allclose(np.bincount(arms) / 20_000, [0.2, 0.5, 0.3], atol=0.01)
    assert assign("customer-7", "salt") == assign("customer-7", "salt")
    other = np.array([assign(str(i), "other") for i in range(4_000)])
    same = np.array([assign(str(i), "salt") for i in range(4_000)])
    assert abs(np.corrcoef(other, same)[0, 1]) < 0.05


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=60), st.randoms(use_true_random=False))
def test_balanced_pairs_do_not_depend_on_the_order_of_the_list(values, random):
    units = [f"c{i}" for i in range(len(values))]
    zones = [f"z{i % 3}" for i in range(len(values))]
    arms = dict(zip(units, assign_balanced(units, "s", values, zones), strict=True))
    order = list(range(len(values)))
    random.shuffle(order)
    again = assign_balanced([units[i] for i in order], "s", [values[i] for i in order], [zones[i] for i in order])
    assert dict(zip([units[i] for i in order], again, strict=True)) == arms
    assert abs(sum(arms.values()) - len(arms) / 2) <= 0.5


def test_balanced_pairs_halve_the_imbalance_of_a_coin():
    rng, pairs, coins = np.random.default_rng(4), [], []
    values = rng.lognormal(9, 1, 200)
    units = [str(i) for i in range(200)]
    for draw in range(200):
        paired = assign_balanced(units, f"s{draw}", values)
        coin = rng.integers(0, 2, 200)
        pairs.append(values[paired == 1].mean() - values[paired == 0].mean())
        coins.append(values[coin == 1].mean() - values[coin == 0].mean())
    assert np.std(pairs) <= 0.6 * np.std(coins)
    assert abs(np.mean(pairs)) < 0.1 * np.std(coins)


def test_differences_of_two_pairs_cancel():
    """Within a block of two pairs one treats its larger and the other its smaller unit, so that little is left even in small zones."""
    rng, blocks = np.random.default_rng(5), []
    values, zones = rng.lognormal(9, 1, 60), [f"z{place % 6}" for place in range(60)]
    units = [str(place) for place in range(60)]
    treated = np.zeros(60)
    for draw in range(400):
        arm = assign_balanced(units, f"s{draw}", values, zones)
        treated += arm
        blocks.append(values[arm == 1].mean() - values[arm == 0].mean())
        assert all(arm[[place for place in range(60) if zones[place] == zone]].sum() == 5 for zone in set(zones))
    matched, _ = pairs(units, "s", values, zones)
    a_coin_each = np.sqrt(((values[matched[:, 1]] - values[matched[:, 0]]) ** 2).sum()) / 30
    assert np.std(blocks) <= 0.6 * a_coin_each
    assert abs(treated / 400 - 0.5).max() < 0.5 * 3.7 / np.sqrt(400)  # every unit has an even chance


def test_few_pairs_keep_a_coin_each_so_that_the_draw_stays_rich():
    assert (pairs_a_coin(19), pairs_a_coin(20)) == (1, 2)
    units, values = [str(place) for place in range(8)], np.arange(8.0)
    assert len({tuple(assign_balanced(units, f"s{draw}", values)) for draw in range(400)}) == 16


def test_bad_units():
    with pytest.raises(ExperimentError, match="twice"):
        assign_balanced(["a", "a"], "s", [1, 2])
    with pytest.raises(ExperimentError, match="missing"):
        assign_balanced(["a", "b"], "s", [1, float("nan")])
    with pytest.raises(ExperimentError, match="one each"):
        assign_balanced(["a", "b"], "s", [1])
    with pytest.raises(ExperimentError, match="cannot be drawn"):
        assign("a", "s", (0.0, 0.0))
