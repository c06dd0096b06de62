import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ml.forecasting.bands import Bands, conformal_quantile, learn_bands


def bands(dispersion: float | None = None, spread: float = 0.1) -> Bands:
    return Bands(100.0, 0.1, np.sort(np.random.default_rng(1).normal(size=90) * 1.25), {7: spread, 30: spread}, dispersion)


def test_a_conformal_quantile_of_ninety_nine_errors_is_an_order_statistic():
    errors = np.arange(1.0, 100.0)
    assert conformal_quantile(errors, 0.9) == 90.0 and conformal_quantile(errors, 0.1) == 10.0
    assert conformal_quantile(np.arange(1.0, 10.0), 0.99) == pytest.approx(9.9)


def test_bands_are_ordered_and_closed_days_are_zero():
    values, is_open = np.full(30, 100.0), np.arange(30) % 7 != 6
    lo80, hi80 = bands().daily(values, is_open, 80)
    lo95, hi95 = bands().daily(values, is_open, 95)
    assert (lo95 <= lo80).all() and (hi80 <= hi95).all() and (lo80[is_open] < 100).all() and (hi80[is_open] > 100).all()
    assert (hi95[~is_open] == 0).all()


def test_bands_widen_with_the_horizon():
    low, high = bands().daily(np.full(30, 100.0), np.ones(30, dtype=bool), 80)
    assert high[-1] - low[-1] > 1.1 * (high[0] - low[0])


def test_errors_that_lean_one_way_give_a_band_that_leans():
    truth, forecast = np.full(30, 100.0) + np.linspace(0, 30, 30), np.full(30, 100.0)
    learnt = learn_bands([(truth, forecast, np.ones(30, dtype=bool))] * 3, 100.0, 500, small_count=False)
    low, high = learnt.daily(np.full(5, 100.0), np.ones(5, dtype=bool), 80)
    assert (high - 100 > 100 - low).all()


@given(st.floats(0.1, 15.0))
def test_count_bands_are_whole_numbers_that_cover_at_least_their_share(mean: float):
    low, high = bands(dispersion=1.0).daily(np.full(15, mean), np.ones(15, dtype=bool), 80)
    assert (low == low.round()).all() and (high == high.round()).all()
    assert stats.poisson.cdf(high[14], mean) - stats.poisson.cdf(low[14] - 1, mean) >= 0.795


def test_totals_of_errors_that_go_together_are_wider_than_root_n():
    rng = np.random.default_rng(4)

    def spread(shift: float) -> float:
        errors = []
        for sign in (1, -1, 1):
            truth = 100 * (1 + 0.1 * rng.normal(size=30) + sign * shift)
            errors.append((truth, np.full(30, 100.0), np.ones(30, dtype=bool)))
        return learn_bands(errors, 100.0, 500, small_count=False).spreads[30]

    assert spread(0.2) > 2 * spread(0.0)


def test_totals_learn_from_older_forecasts_and_days_do_not():
    rng = np.random.default_rng(4)
    always = np.ones(30, dtype=bool)
    errors = [(100 * (1 + 0.1 * rng.normal(size=30)), np.full(30, 100.0), always) for _ in range(3)]
    older = [(np.full(30, 150.0), np.full(30, 100.0), always)] * 3
    plain, learnt = (learn_bands(errors, 100.0, 500, small_count=False, older=more) for more in ((), older))
    assert learnt.spreads[30] > 1.3 * plain.spreads[30]
    assert learnt.sigma == plain.sigma and np.array_equal(learnt.own, plain.own)


def test_a_total_band_holds_its_value_and_stays_above_zero():
    for spread in (0.01, 0.3, 2.0):
        low, high = bands(spread=spread).total(50.0, 30, 95)
        assert 0 <= low <= 50 <= high


def test_a_forecast_of_next_to_nothing_that_was_wrong_makes_no_endless_band():
    """A product that came back after months without sales: the errors then say how wrong, not how many times the forecast."""
    is_open = np.ones(30, dtype=bool)
    ordinary = (np.full(30, 120.0), np.full(30, 100.0), is_open)
    came_back = (np.full(30, 90.0), np.full(30, 1e-6), is_open)
    learnt = learn_bands([came_back, ordinary, ordinary], 100.0, 500, small_count=False)
    low, high = learnt.daily(np.full(5, 100.0), np.ones(5, dtype=bool), 80)
    assert (high < 400).all() and (high - low > 20).all()
