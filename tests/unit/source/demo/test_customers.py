import numpy as np
import pytest

from ml.source.demo.company import Company
from ml.source.demo.customers import BUSINESS_KINDS, HOME_KIND, KINDS, make_pool
from ml.source.demo.products import PC, PET
from ml.source.demo.sizes import make_plan
from tests.unit.source.demo.conftest import END


def test_kinds_are_complete() -> None:
    assert sum(kind.share for kind in BUSINESS_KINDS) == pytest.approx(1)
    assert all(len(kind.months) == 12 for kind in KINDS)
    months = {kind.name: kind.months for kind in KINDS}
    assert max(months["school"][:2]) < 0.2
    assert months["office"][1] < 0.7
    assert HOME_KIND.name == "home"


def test_seventy_of_a_hundred_are_homes(standard: Company) -> None:
    assert (standard.pool.business == 0).mean() == pytest.approx(0.70, abs=0.02)


def test_number_zero_is_the_company_itself_and_never_buys(standard: Company) -> None:
    assert not (standard.calls.customer == 0).any()


def test_personal_prices_change_for_businesses_and_stay_for_most_homes(standard: Company) -> None:
    pool = standard.pool
    first, last = pool.price_factor(0), pool.price_factor(standard.plan.days - 1)
    moved = first != last
    assert moved[pool.business == 1].mean() > 0.9
    assert moved[pool.business == 0].mean() < 0.7
    assert ((last > 0.55) & (last <= 1.1)).all()
    assert set(np.unique(pool.product)) == {PC, PET}


def test_a_longer_plan_knows_the_same_customers() -> None:
    short = make_pool(make_plan("small", END, 7))
    from datetime import timedelta

    long = make_pool(make_plan("small", END + timedelta(days=300), 7, make_plan("small", END, 7).start))
    count = len(short.kind)
    assert len(long.kind) > count
    for name in ("kind", "gap_days", "bottles", "product", "factor", "renewal", "latitude", "text"):
        assert np.array_equal(getattr(short, name), getattr(long, name)[:count]), name
    for name in ("joined", "begin", "end", "fade_from"):
        assert np.array_equal(getattr(short.lives, name), getattr(long.lives, name)[:count]), name
