"""The facts of each size: what its description and the company's own figures promise, on other seeds and ends too."""

from datetime import date

import numpy as np
import pytest

from ml.source.demo.company import Company, simulate
from ml.source.demo.sizes import make_plan
from tests.unit.source.demo.conftest import END, last_year_sales


def _small_companies(small: Company) -> list[Company]:
    return [small, simulate(make_plan("small", date(2025, 3, 9), 1))]


def test_small_has_the_clients_year(small: Company) -> None:
    for company in _small_companies(small):
        year = last_year_sales(company)
        day, customer, total = company.calls.day[year], company.calls.customer[year], company.baskets.total[year]
        assert year.sum() == pytest.approx(1004, abs=20)
        assert len(np.unique(day)) == pytest.approx(238, abs=10)
        assert len(np.unique(customer)) == pytest.approx(78, abs=2)
        spend = np.sort(np.bincount(customer, weights=total))[::-1]
        assert spend[:6].sum() / spend.sum() == pytest.approx(0.58, abs=0.02)
        assert (company.pool.lives.joined < company.plan.days).sum() == 128


def test_weekdays_are_the_clients(small: Company, standard: Company) -> None:
    for company, tolerance in ((small, 0.04), (standard, 0.025)):
        weekday = company.plan.weekday[company.calls.day]
        shares = np.bincount(weekday, minlength=7) / len(weekday)
        assert shares[:5] == pytest.approx([0.20, 0.23, 0.25, 0.16, 0.14], abs=tolerance)
        assert shares[:5].argmax() == 2
        assert 0 < shares[5:].sum() < 0.02


@pytest.mark.parametrize("size", ["tiny", "small", "standard"])
def test_no_order_on_a_public_holiday(size: str, request: pytest.FixtureRequest) -> None:
    company: Company = request.getfixturevalue(size)
    assert not company.world.opening.holiday[company.calls.day].any()


def test_standard_is_about_420_customers_in_20_communes(standard: Company) -> None:
    registered = standard.pool.lives.joined < standard.plan.days
    assert registered.sum() == 420
    assert len(np.unique(standard.pool.commune[registered])) == 20
    assert len(standard.calls.day) / 3 > 4000


def test_tiny_is_sixty_customers_and_four_hundred_days(tiny: Company) -> None:
    assert (tiny.pool.lives.joined < tiny.plan.days).sum() == 60
    assert tiny.plan.days == 400
    assert 700 < len(tiny.calls.day) < 1600


def test_hot_days_sell_more_water(standard: Company) -> None:
    """Within a month, weekdays hotter than the month's median carry more orders than the cooler ones."""
    plan, weather = standard.plan, standard.world.weather
    orders = np.bincount(standard.calls.day, minlength=plan.days)
    month = plan.calendar.astype("datetime64[M]").astype(int)
    summer = standard.world.opening.weekday_open & np.isin(plan.month, (10, 11, 0, 1, 2)) & ~weather.rainy
    log_orders, heat = np.log(np.maximum(1, orders[summer])), weather.city_max_c[summer]
    cell = month[summer] * 7 + plan.weekday[summer]
    slope = _slope_within(cell, heat, log_orders)
    assert 0.005 < slope < 0.06


def _slope_within(cell: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    _, place = np.unique(cell, return_inverse=True)
    count = np.bincount(place)
    x = x - (np.bincount(place, weights=x) / count)[place]
    y = y - (np.bincount(place, weights=y) / count)[place]
    return float((x @ y) / (x @ x))


def test_another_seed_is_another_company(tiny: Company) -> None:
    other = simulate(make_plan("tiny", END, 8))
    assert not np.array_equal(other.calls.day[:200], tiny.calls.day[:200])
