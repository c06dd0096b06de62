from datetime import date

import numpy as np

from ml.source.demo.opening import WEEKDAY_SHARES, make_opening, public_holidays
from ml.source.demo.sizes import make_plan


def test_public_holidays_are_those_of_chile() -> None:
    plan = make_plan("standard", date(2026, 11, 21), 7)
    days = plan.calendar[public_holidays(plan)].astype(str)
    assert {"2025-09-18", "2025-09-19", "2025-12-25", "2026-01-01", "2026-04-03", "2026-05-21"} <= set(days)


def test_closed_on_holidays_and_sundays_and_on_most_saturdays() -> None:
    plan = make_plan("standard", date(2026, 11, 21), 7)
    opening = make_opening(plan)
    assert not opening.weight[opening.holiday].any()
    assert not opening.weight[plan.weekday == 6].any()
    saturdays = opening.weight[plan.weekday == 5] > 0
    assert 0.05 < saturdays.mean() < 0.2
    assert (opening.weight[(plan.weekday < 5) & ~opening.holiday] > 0).all()


def test_wednesday_is_the_strongest_weekday() -> None:
    plan = make_plan("large", date(2026, 11, 21), 7)
    weight = make_opening(plan).weight
    shares = np.bincount(plan.weekday, weights=weight)[:5] / weight.sum()
    assert shares.argmax() == 2
    assert np.abs(shares - np.array(WEEKDAY_SHARES)).max() < 0.02


def test_a_small_company_takes_days_off() -> None:
    plan = make_plan("small", date(2026, 11, 21), 7)
    opening = make_opening(plan)
    off = (plan.weekday < 5) & ~opening.holiday & ~opening.weekday_open
    assert 5 <= off.sum() / 3 <= 16
