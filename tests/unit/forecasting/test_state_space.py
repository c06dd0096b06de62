import numpy as np
import pytest

from ml.forecasting import state_space
from ml.forecasting.state_space import expected_weekdays

WEEKDAY = np.arange(420) % 7
PATTERN = np.array([1.2, 1.1, 1.0, 1.0, 0.9, 0.8, 1.0])
ALL = np.ones(420, dtype=bool)


def test_a_filter_whose_states_stand_still_is_a_ridge_regression():
    """Golden: with no steps the filter's last state is the Bayesian regression with the starting variances as prior (Harvey, 1989, 3.2)."""
    rng = np.random.default_rng(4)
    values = PATTERN[WEEKDAY] + rng.normal(0, 0.2, 420)
    noise = state_space._noise(values, WEEKDAY, robust=True)
    run = state_space._filter(values, WEEKDAY, noise, np.array([(0.0, 0.0)]), 1.0)
    columns = np.column_stack([np.ones(420), *(day == WEEKDAY for day in range(7))]).astype(float)
    prior = np.diag(1 / state_space.START_VARIANCE)
    start = np.array([values[:28].mean(), *np.zeros(7)])
    expected = np.linalg.solve(columns.T @ columns / run.noise + prior, columns.T @ values / run.noise + prior @ start)
    assert run.noise == pytest.approx(0.04, rel=0.3)
    assert np.allclose(run.state[0], expected, atol=0.01)


def test_a_level_that_stands_still_is_met_closer_than_by_eight_weeks():
    """Poisson days of mean 4: a mean of eight weeks is off by some 7 % of the total, a longer memory by less, and leans neither way."""
    ours, eight_weeks = [], []
    for seed in range(30):
        y = np.random.default_rng(seed).poisson(4.0 * PATTERN[WEEKDAY]).astype(float)
        ours.append(expected_weekdays(y, WEEKDAY, ALL, small_count=True).sum() / (4.0 * PATTERN.sum()) - 1)
        eight_weeks.append(y[-56:].sum() / (8 * 4.0 * PATTERN.sum()) - 1)
    assert np.sqrt(np.mean(np.square(ours))) < 0.9 * np.sqrt(np.mean(np.square(eight_weeks)))
    assert abs(np.mean(ours)) < 0.02


def test_a_new_level_is_followed():
    values = np.where(np.arange(420) < 360, 100.0, 200.0) * PATTERN[WEEKDAY]
    answer = expected_weekdays(values, WEEKDAY, ALL, small_count=False)
    assert np.allclose(answer, 200 * PATTERN, rtol=0.1)


def test_one_wild_day_moves_little():
    values = 100 * PATTERN[WEEKDAY] * np.exp(np.random.default_rng(1).normal(0, 0.1, 420))
    wild = values.copy()
    wild[-3] *= 8
    calm, moved = (expected_weekdays(y, WEEKDAY, ALL, small_count=False) for y in (values, wild))
    assert moved.sum() / calm.sum() < 1.1


def test_days_out_of_use_change_nothing():
    values = 100 * PATTERN[WEEKDAY]
    use = ALL.copy()
    use[200:210] = False
    broken = np.where(use, values, 9e9)
    assert np.array_equal(
        expected_weekdays(broken, WEEKDAY, use, small_count=False), expected_weekdays(values, WEEKDAY, use, small_count=False)
    )


@pytest.mark.parametrize("values", [np.zeros(420), np.full(420, 7.0)])
def test_no_days_no_sales_and_constant_sales(values: np.ndarray):
    assert np.allclose(expected_weekdays(values, WEEKDAY, ALL, small_count=True), values[0])
    assert np.array_equal(expected_weekdays(values, WEEKDAY, ~ALL, small_count=True), np.zeros(7))
