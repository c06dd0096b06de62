"""Golden numbers: Fader, Hardie and Lee (2005), "Counting your customers the easy way" and "RFM and CLV", CDNOW 1/10 sample in weeks."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.customers.purchase import OrderValue, PurchaseProcess, fit_order_value, fit_purchase

SAMPLE = Path(__file__).parents[2] / "golden" / "cdnow_sample_weekly.csv"
PUBLISHED = PurchaseProcess(0.243, 4.414, 0.793, 2.426, modified=False)


@pytest.fixture(scope="module")
def sample() -> pd.DataFrame:
    return pd.read_csv(SAMPLE)


def history(sample: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return tuple(sample[name].to_numpy(float) for name in ("repeats", "last_weeks", "age_weeks"))  # type: ignore[return-value]


def test_bg_nbd_agrees_with_the_published_parameters(sample):
    fitted = fit_purchase(*history(sample), modified=False)
    assert (fitted.r, fitted.alpha, fitted.a, fitted.b) == pytest.approx((0.243, 4.414, 0.793, 2.426), abs=6e-4)


def test_bg_nbd_expects_what_was_published_for_one_customer():
    """Fader, Hardie and Lee (2005): x = 2, t_x = 30.43, T = 38.86 gives 1.226 orders in 39 weeks."""
    assert PUBLISHED.expected_orders(np.array([2.0]), np.array([30.43]), np.array([38.86]), 39) == pytest.approx(1.226, abs=5e-4)


def test_mbg_nbd_lets_a_customer_leave_after_the_first_order(sample):
    single = np.array([0.0]), np.array([0.0]), np.array([38.0])
    assert PUBLISHED.alive(*single) == 1.0
    assert fit_purchase(*history(sample)).alive(*single) < 0.7


def test_gamma_gamma_agrees_with_the_published_parameters(sample):
    """Fader, Hardie and Lee (2005), RFM and CLV: p = 6.25, q = 3.74, gamma = 15.44 for the repeat orders."""
    fitted = fit_order_value(sample["repeats"].to_numpy(float), sample["mean_repeat_amount"].to_numpy())
    assert (fitted.p, fitted.q, fitted.gamma * fitted.scale) == pytest.approx((6.25, 3.74, 15.44), abs=0.01)


def test_equal_amounts_are_expected_again():
    fitted = fit_order_value(np.array([1.0, 2.0, 5.0]), np.full(3, 1000.0), prior=0.02)
    assert fitted.mean_amount(np.array([3.0]), np.array([1000.0])) == pytest.approx(1000, rel=0.05)


def test_a_mean_of_many_orders_is_pulled_less():
    value = OrderValue(6.25, 3.74, 15.44)
    few, many = value.mean_amount(np.array([1.0, 50.0]), np.array([100.0, 100.0]))
    assert few < many < 100


@settings(max_examples=60, deadline=None)
@given(
    repeats=st.integers(0, 200), last=st.floats(0, 700), more=st.floats(0, 700), horizon=st.floats(1, 365), modified=st.booleans(),
    parameters=st.tuples(st.floats(0.05, 5), st.floats(0.5, 200), st.floats(0.02, 5), st.floats(0.1, 50)),
)  # fmt: skip
def test_silence_is_a_probability_that_falls_with_the_horizon(repeats, last, more, horizon, modified, parameters):
    last = last if repeats else 0.0
    who = np.array([float(repeats)]), np.array([last]), np.array([last + more])
    process = PurchaseProcess(*parameters, modified=modified)
    short, long = process.silence(*who, horizon), process.silence(*who, 2 * horizon)
    assert 0 <= long <= short <= 1
    expected = process.expected_orders(*who, horizon)
    assert expected >= (1 - short) * 0.98 - 1e-9  # an expected count is at least the chance of one


@pytest.mark.parametrize("repeats", [[0.0] * 5, [30.0, 31.0, 28.0, 33.0, 30.0]])
def test_a_handful_of_equal_customers_gives_finite_parameters(repeats):
    fitted = fit_purchase(np.array(repeats), np.array(repeats) * 10, np.full(5, 330.0), prior=0.02)
    assert np.isfinite([fitted.r, fitted.alpha, fitted.a, fitted.b]).all()
