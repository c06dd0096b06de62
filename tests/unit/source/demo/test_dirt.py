import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.source.demo.dirt import KINDS, make_dirt
from ml.source.demo.sizes import make_plan
from tests.unit.source.demo.conftest import END


def test_every_kind_has_its_share_in_every_two_hundred_orders() -> None:
    dirt = make_dirt(make_plan("tiny", END, 7), 2000)
    for name in KINDS:
        assert dirt.are(name).sum() == pytest.approx(10, abs=1)
    assert dirt.future.sum() == 1
    assert 0.02 < 1 - (dirt.kind == -1).mean() < 0.05


@settings(max_examples=30)
@given(st.integers(0, 900), st.integers(0, 900))
def test_what_follows_does_not_change_the_past(few: int, more: int) -> None:
    plan = make_plan("tiny", END, 7)
    short, long = make_dirt(plan, few), make_dirt(plan, few + more)
    assert np.array_equal(short.kind, long.kind[:few])
    assert np.array_equal(short.future, long.future[:few])


def test_dirty_orders_are_no_sales_but_duplicates_are() -> None:
    dirt = make_dirt(make_plan("tiny", END, 7), 400)
    assert dirt.are_sales[dirt.are("duplicate")].all()
    for name in set(KINDS) - {"duplicate"}:
        assert not dirt.are_sales[dirt.are(name)].any()
    assert not dirt.are_sales[dirt.future].any()
