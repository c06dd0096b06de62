import numpy as np
import pytest

from ml.experiments.errors import ExperimentError
from ml.experiments.sequential import adjusted_drift, boundaries, repeated_interval
from ml.experiments.stats import mean_test


def test_four_equal_looks_equal_the_published_boundaries():
    """Lan and DeMets (1983) with the O'Brien-Fleming shape, as ldbounds and gsDesign give them: 4.332634, 2.963132, 2.359044, 2.014090."""
    np.testing.assert_allclose(boundaries([0.25, 0.5, 0.75, 1.0]), [4.332634, 2.963132, 2.359044, 2.014090], atol=1e-5)


def test_one_look_is_the_plain_test():
    np.testing.assert_allclose(boundaries([1.0]), [1.959964], atol=1e-6)


def test_simulated_looks_keep_the_error():
    rng, critical = np.random.default_rng(1), boundaries([0.25, 0.5, 0.75, 1.0])
    walk = rng.normal(size=(40_000, 4)).cumsum(axis=1) / np.sqrt(np.arange(1, 5))
    assert (np.abs(walk) > critical).any(axis=1).mean() == pytest.approx(0.05, abs=0.004)


@pytest.mark.parametrize("fractions", [[], [0.5, 0.25], [0.0, 1.0], [0.5, 1.2]])
def test_looks_that_cannot_be_planned(fractions):
    with pytest.raises(ExperimentError, match="cannot be planned"):
        boundaries(fractions)


def test_repeated_interval_is_wider_at_early_looks():
    rng = np.random.default_rng(2)
    result = mean_test(rng.normal(5, 1, 200), np.repeat([0, 1], 100))
    low, high = repeated_interval(result, 4.33)
    assert low < result.ci_low < result.ci_high < high


def test_without_an_earlier_look_the_adjusted_estimate_is_the_plain_one():
    middle, low, high = adjusted_drift(2.5, [1.96], [1.0])
    assert (middle, low, high) == pytest.approx((2.5, 2.5 - 1.959964, 2.5 + 1.959964), abs=1e-5)


def test_the_adjusted_interval_covers_after_early_stops_and_its_middle_is_in_the_middle():
    """Simulated trials with drift 3 at four looks: the interval holds it in 95 %, the estimate is above it in half."""
    rng, fractions = np.random.default_rng(5), np.array([0.25, 0.5, 0.75, 1.0])
    critical, held, above, draws = boundaries(fractions), 0, 0, 120
    for _ in range(draws):
        z = (rng.normal(3.0 * 0.25, 0.5, 4)).cumsum() / np.sqrt(fractions)
        crossed = np.flatnonzero(np.abs(z) > critical)
        stop = int(crossed[0]) if len(crossed) else 3
        middle, low, high = adjusted_drift(z[stop], critical[: stop + 1], fractions[: stop + 1])
        held += low <= 3.0 <= high
        above += middle > 3.0
    assert held / draws == pytest.approx(0.95, abs=0.05)
    assert above / draws == pytest.approx(0.5, abs=0.12)
    mirrored = adjusted_drift(-z[stop], critical[: stop + 1], fractions[: stop + 1])
    assert mirrored == pytest.approx((-middle, -high, -low))
