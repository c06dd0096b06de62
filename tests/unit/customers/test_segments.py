import numpy as np
import pytest

from ml.customers.segments import NAMES, SMALLEST_SHARE, fit_segments


def people(count: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Four kinds: many orders just now; some; few and new; long silent."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 4, count)
    recency = np.array([5.0, 20.0, 15.0, 200.0])[kind] * rng.lognormal(0, 0.4, count)
    frequency = np.maximum(1, np.round(np.array([50.0, 14.0, 2.0, 3.0])[kind] * rng.lognormal(0, 0.3, count)))
    return recency, frequency, frequency * 9000 * rng.lognormal(0, 0.3, count)


def test_four_groups_are_named_from_where_they_lie():
    recency, frequency, spend = people()
    fitted = fit_segments(recency, frequency, spend)
    names = np.array(fitted.names)[fitted.assign(recency, frequency, spend)]
    assert fitted.names == ("vip", "loyal", "potential", "at_risk")
    means = {name: (recency[names == name].mean(), spend[names == name].mean()) for name in fitted.names}
    assert means["vip"][1] > means["loyal"][1] > means["potential"][1]
    assert means["at_risk"][0] == max(silence for silence, _ in means.values())


@pytest.mark.parametrize("seed", range(6))
def test_groups_are_stable_when_the_data_moves_a_little(seed):
    """A tenth of the customers gone and everybody's figures moved by a twentieth: 90 % and more stay where they were."""
    rng = np.random.default_rng(seed)
    rfm = people(seed=3)
    before = fit_segments(*rfm)
    kept = rng.random(len(rfm[0])) < 0.9
    after = fit_segments(*(values[kept] * rng.lognormal(0, 0.05, kept.sum()) for values in rfm))
    one, other = before.assign(*rfm), after.assign(*rfm)
    assert before.names == after.names
    assert np.mean(one == other) >= 0.9


def test_no_group_is_smaller_than_three_per_cent():
    recency, frequency, spend = people(1000)
    recency[:5], frequency[:5], spend[:5] = 1, 5000, 1e9
    index = fit_segments(recency, frequency, spend).assign(recency, frequency, spend)
    assert np.bincount(index).min() >= SMALLEST_SHARE * 1000 - 1


@pytest.mark.parametrize(("count", "groups"), [(1, 1), (2, 1), (5, 2), (7, 3), (8, 4)])
def test_few_customers_make_fewer_groups(count, groups):
    rng = np.random.default_rng(1)
    fitted = fit_segments(rng.uniform(1, 300, count), rng.integers(1, 40, count).astype(float), rng.lognormal(9, 1, count))
    assert len(fitted.names) == groups
    assert fitted.names == NAMES[groups]


def test_equal_customers_are_one_group():
    assert fit_segments(np.full(50, 3.0), np.full(50, 4.0), np.full(50, 5.0)).names == ("loyal",)


def test_who_ordered_nothing_in_the_window_is_at_risk():
    fitted = fit_segments(*people())
    assert fitted.names[fitted.assign(np.array([900.0]), np.array([0.0]), np.array([0.0]))[0]] == "at_risk"


def test_nobody_in_the_window_is_refused():
    with pytest.raises(ValueError, match="No customer has an order in the window"):
        fit_segments(np.array([900.0]), np.array([0.0]), np.array([0.0]))
