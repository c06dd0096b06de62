import numpy as np
import pytest

from ml.source.demo.company import Company
from ml.source.demo.lives import pool_size
from ml.source.demo.sizes import SIZES, make_plan
from ml.source.demo.streams import NEVER
from tests.unit.source.demo.conftest import END


@pytest.mark.parametrize("size", list(SIZES))
def test_exactly_the_promised_customers_are_registered_on_the_first_end(size: str) -> None:
    from ml.source.demo.lives import _joined

    plan = make_plan(size, END, 7)
    joined = _joined(plan, np.linspace(0, 0.999, pool_size(plan)))
    assert (joined < plan.days).sum() == SIZES[size].customers


def test_stretches_follow_one_another(standard: Company) -> None:
    lives = standard.pool.lives
    real = lives.begin < NEVER
    assert (lives.end[real] > lives.begin[real]).all()
    both = real[:, :-1] & real[:, 1:]
    assert (lives.begin[:, 1:][both] > lives.end[:, :-1][both]).all()
    assert (real.sum(axis=1)[1:] > 0).mean() > 0.9


def test_some_households_pause_and_come_back_and_some_stop_for_good(standard: Company) -> None:
    lives, last = standard.pool.lives, standard.plan.days - 1
    returned = ((lives.begin[:, 1:] > 0) & (lives.begin[:, 1:] <= last)).any(axis=1)
    stopped = lives.stopped_for_good(last)
    assert 0.1 < returned.mean() < 0.6
    assert 0.15 < stopped.mean() < 0.5
    assert not (stopped & lives.active(last)).any()


def test_fading_customers_are_active(standard: Company) -> None:
    lives = standard.pool.lives
    for day in (100, 500, 1000):
        assert not (lives.fading(day) & ~lives.active(day)).any()
