import numpy as np

from ml.evaluation.baselines import last_value, seasonal_naive, weekday_median


def test_seasonal_naive_repeats_the_last_week():
    assert seasonal_naive(np.arange(14.0), 9).tolist() == [7, 8, 9, 10, 11, 12, 13, 7, 8]


def test_seasonal_naive_of_less_than_a_week_repeats_the_mean():
    assert seasonal_naive([2.0, 4.0], 3).tolist() == [3.0, 3.0, 3.0]
    assert seasonal_naive([], 2).tolist() == [0.0, 0.0]


def test_weekday_median_takes_the_same_weekday_of_eight_weeks():
    history = np.concatenate([np.full(7, 1000.0), np.tile(np.arange(7.0), 8)])
    history[-7] = 100.0  # one odd day does not move a median
    assert weekday_median(history, 8).tolist() == [0, 1, 2, 3, 4, 5, 6, 0]


def test_weekday_median_leaves_unknown_days_out():
    history = np.tile(np.arange(7.0), 3)
    history[-1] = np.nan
    assert weekday_median(history, 7)[-1] == 6.0
    assert weekday_median([np.nan] * 7, 2).tolist() == [0.0, 0.0]


def test_last_value_skips_unknown_days():
    assert last_value([1.0, 5.0, np.nan], 2).tolist() == [5.0, 5.0]
    assert last_value([], 1).tolist() == [0.0]
