"""The curve counts what a person would count by hand, one vote per customer, and nothing whose end is not known."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from ml.customers import CustomerDataError
from ml.customers.lateness import FEWEST_CUSTOMERS, MULTIPLES, fit_lateness, wilson

START = date(2025, 1, 1)


def log_of(*days_by_customer: list[int]) -> pd.DataFrame:
    rows = [(str(who), START + timedelta(days=int(day))) for who, days in enumerate(days_by_customer) for day in days]
    return pd.DataFrame(rows, columns=["customer_id", "date"]).assign(amount=1.0, date=lambda f: pd.to_datetime(f["date"]))


def learnt(log: pd.DataFrame, last: int = 400, within: int = 30):
    return fit_lateness(log, START + timedelta(days=last), within)


def test_half_of_those_who_stay_away_come_back():
    """Rhythm of ten days; then 20 customers order again on day 45 (silent 25 days) and 20 never."""
    log = log_of(*[[0, 10, 20, 45]] * 20, *[[0, 10, 20]] * 20)
    curve = learnt(log, last=80)
    at = {point.multiple: point for point in curve.points}
    assert {point.customers for point in curve.points} == {40}
    assert [at[multiple].share for multiple in (1.0, 1.5, 2.0)] == [0.5, 0.5, 0.5]
    assert (at[2.0].lo95, at[2.0].hi95) == pytest.approx(tuple(binomtest(20, 40).proportion_ci(0.95, "wilson")))
    # on day 45 itself, 2.5 pauses after day 20, those who order are not silent for longer: the rest are too few to say anything
    assert (max(at), curve.too_late) == (2.0, None)
    # their pause is 0.7 * 10 + 0.3 * 25 = 14.5 days from then on; once it is known that they stayed away, half of the vote is lost
    assert learnt(log, last=45 + 15 + 30).points[0].share == 0.25
    assert learnt(log, last=45 + 15 + 30).too_late == 1.0


def test_a_silence_whose_end_is_not_known_yet_does_not_count():
    log = log_of(*[[0, 10, 20]] * 40)
    assert learnt(log, last=20 + 10 + 30 - 1) is None
    curve = learnt(log, last=20 + 10 + 30)
    assert [(point.multiple, point.share, point.customers) for point in curve.points] == [(1.0, 0.0, 40)]


def test_everybody_comes_back_so_it_is_never_too_late():
    rng = np.random.default_rng(3)
    log = log_of(*[list(np.cumsum(rng.integers(5, 15, 40))) for _ in range(60)])
    curve = learnt(log, last=250)
    assert curve.too_late is None
    assert curve.points[0].share > 0.95


def test_one_customer_has_one_vote():
    """A customer with many silences weighs no more than one with a single one."""
    steady = [list(range(0, 400, 10))[:20] + list(range(210, 400, 10))]
    curve = learnt(log_of(*steady, *[[0, 10, 20]] * 30))
    assert curve.points[0].customers == 31
    assert curve.points[0].share < 1 / 31 + 1e-9


def test_too_few_customers_are_refused():
    assert learnt(log_of(*[[0, 10, 20]] * (FEWEST_CUSTOMERS - 1))) is None
    assert learnt(log_of([0], [1], [2, 9])) is None
    with pytest.raises(CustomerDataError, match="is a sale"):
        learnt(log_of([0]).assign(amount=0.0))


def test_orders_after_the_day_change_nothing():
    log = log_of(*[[0, 10, 20, 45]] * 20, *[[0, 10, 20]] * 20)
    later = pd.concat([log, log_of(*[[401]] * 40)])
    assert learnt(later) == learnt(log)


@pytest.mark.parametrize(("hits", "count"), [(0, 5), (3, 7), (50, 50), (123, 1000)])
def test_wilson_agrees_with_scipy(hits, count):
    assert wilson(hits / count, count) == pytest.approx(tuple(binomtest(hits, count).proportion_ci(0.95, "wilson")), abs=1e-12)


def test_shares_lie_within_their_intervals():
    rng = np.random.default_rng(5)
    log = log_of(*[list(np.cumsum(rng.geometric(0.1, rng.integers(3, 30)))) for _ in range(300)])
    curve = learnt(log, last=300)
    assert [point.multiple for point in curve.points] == list(MULTIPLES[: len(curve.points)])
    for point in curve.points:
        assert 0 <= point.lo95 <= point.share <= point.hi95 <= 1
