import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.source.demo.streams import exponential, normal, pick, stream


@given(st.integers(0, 2**31), st.integers(1, 40), st.integers(1, 40))
def test_a_longer_draw_begins_with_the_shorter_one(seed: int, few: int, more: int) -> None:
    assert np.array_equal(stream(seed, "a").random((few + more, 3))[:few], stream(seed, "a").random((few, 3)))


def test_topics_and_seeds_differ() -> None:
    first = stream(1, "a").random(5)
    assert not np.array_equal(first, stream(1, "b").random(5))
    assert not np.array_equal(first, stream(2, "a").random(5))


def test_normal_and_exponential_have_their_moments() -> None:
    u = stream(3, "moments").random((2, 200_000))
    z, e = normal(u[0], u[1]), exponential(u[0])
    assert z.mean() == pytest.approx(0, abs=0.01)
    assert z.std() == pytest.approx(1, abs=0.01)
    assert e.mean() == pytest.approx(1, abs=0.01)
    assert np.quantile(e, 0.5) == pytest.approx(np.log(2), abs=0.01)


@given(st.lists(st.floats(0.01, 10), min_size=1, max_size=8), st.floats(0, 1, exclude_max=True))
def test_pick_gives_an_index_of_the_shares(shares: list[float], uniform: float) -> None:
    assert 0 <= pick(np.array([uniform]), np.array(shares))[0] < len(shares)


def test_pick_follows_the_shares() -> None:
    drawn = pick(stream(4, "pick").random(100_000), np.array([1.0, 3.0]))
    assert (drawn == 1).mean() == pytest.approx(0.75, abs=0.01)
