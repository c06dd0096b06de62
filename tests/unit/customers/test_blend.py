import numpy as np
import pytest
from scipy.special import expit, logit

from ml.customers.blend import LARGE, SMALL, Blend, Window, fit_blend, level_error, prior_weights


def window(cutoff: int, *, best: int = 2, shift: float = 0.0, rows: int = 4000, year_ago: bool = False) -> Window:
    """Members of which only one knows; `shift` is what the truth lies above the members' level."""
    rng = np.random.default_rng(cutoff)
    members = rng.normal(size=(rows, 3))
    churned = rng.random(rows) < expit(members[:, best] + shift)
    return Window(cutoff, members, rng.normal(size=rows), churned, year_ago=year_ago)


def test_weights_start_at_the_few_and_move_with_the_number_of_customers():
    assert prior_weights(0) == pytest.approx(SMALL)
    assert prior_weights(1_000_000) == pytest.approx(LARGE, abs=1e-3)
    assert fit_blend([], 50).weights == pytest.approx(prior_weights(50))


def test_weights_go_to_the_member_that_served_best():
    blend = fit_blend([window(1), window(2), window(3)], 4000)
    assert blend.weights[2] > 0.75
    assert sum(blend.weights) == pytest.approx(1)


def test_one_window_moves_the_weights_half_of_the_way_and_three_that_agree_nearly_all():
    prior, best = prior_weights(4000)[2], 1.0
    one, three = (fit_blend([window(n) for n in range(1, count + 1)], 4000).weights[2] for count in (1, 3))
    assert (one - prior) / (best - prior) == pytest.approx(0.5, abs=0.1)
    assert (three - prior) / (best - prior) == pytest.approx(0.9, abs=0.1)


def test_few_customers_stay_near_the_prior():
    few = fit_blend([window(1, rows=60)], 60)
    assert np.abs(np.array(few.weights) - prior_weights(60)).max() < 0.35


def test_a_member_that_is_missing_leaves_its_weight_to_the_others():
    blend = Blend((0.5, 0.3, 0.2))
    assert blend.log_odds(np.array([[1.0, 2.0, np.nan]])) == pytest.approx((0.5 * 1 + 0.3 * 2) / 0.8)


def test_fewer_than_three_windows_are_not_calibrated():
    blend = fit_blend([window(1, shift=1.0), window(2, shift=1.0)], 4000)
    assert (blend.slope, blend.intercept) == (1.0, 0.0)


def test_a_steady_error_of_level_is_put_right_and_an_unsteady_one_left():
    steady = fit_blend([window(n, shift=0.5) for n in (1, 2, 3)], 4000)
    unsteady = fit_blend([window(1, shift=0.6), window(2, shift=-0.6), window(3, shift=0.1)], 4000)
    assert steady.intercept == pytest.approx(0.5, abs=0.15)
    assert abs(unsteady.intercept) < 0.1


def test_the_same_window_last_year_has_a_say_of_half():
    recent = [window(n) for n in (1, 2, 3)]
    assert fit_blend([*recent, window(4, shift=-1.0, year_ago=True)], 4000).intercept == pytest.approx(-0.5, abs=0.15)


def test_level_error_brings_the_mean_to_the_truth():
    odds = np.random.default_rng(4).normal(size=500)
    truth = np.arange(500) < 100
    assert expit(odds + level_error(odds, truth)).mean() == pytest.approx(0.2, abs=1e-3)
    assert level_error(logit(np.full(10, 0.5)), np.ones(10)) == 3.0
