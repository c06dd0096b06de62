"""The key of a cached read says all that was asked, and refuses what a text cannot say."""

import threading
from datetime import date
from typing import NamedTuple

import pandas as pd
import pytest

from ui import data
from ui.data import Version, _frozen, _key, _own, digest

VERSION = Version("sqlite:///x", 3, (("demand", "r1", date(2026, 11, 20)),))


def query(_conn, *_args, **_named):
    return None


def other(_conn, *_args):
    return None


def test_what_differs_in_anything_has_another_key():
    asked = [
        _key(VERSION, query, (), {}),
        _key(VERSION, other, (), {}),
        _key(VERSION._replace(reading=4), query, (), {}),
        _key(VERSION, query, (1,), {}),
        _key(VERSION, query, ("1",), {}),
        _key(VERSION, query, (), {"n": 1}),
        _key(VERSION, query, (("a", "b"),), {}),
        _key(VERSION, query, ("a", "b"), {}),
    ]
    assert len(set(asked)) == len(asked)


def test_the_order_of_named_arguments_does_not_matter():
    assert _key(VERSION, query, (), {"a": 1, "b": 2}) == _key(VERSION, query, (), {"b": 2, "a": 1})


@pytest.mark.parametrize("value", [pd.DataFrame({"a": [1]}), pd.Series([1]), object()])
def test_frames_and_objects_are_refused(value):
    with pytest.raises(TypeError, match="hand over ids, dates and numbers"):
        _key(VERSION, query, (value,), {})


@pytest.mark.parametrize("answer", [{"a": [1]}, [1, 2], ("a", pd.DataFrame({"a": [1]})), None, 3, "x"])
def test_an_answer_comes_back_as_it_was_given(answer):
    assert repr(_own(_frozen(answer))) == repr(answer)


def test_what_a_reader_does_to_an_answer_stays_with_the_reader():
    kept = _frozen(pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}))
    first = _own(kept)
    first["a"] = 0
    first.loc[0, "b"] = "changed"
    first.loc[1] = [5, "new"]
    assert _own(kept).to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}
    words = _frozen({"a": [1]})
    _own(words)["a"].append(2)
    assert _own(words) == {"a": [1]}


def test_what_is_made_for_a_reader_is_made_once_per_reader_and_arguments():
    made = []

    def make(_screen, number):
        made.append(number)
        return {"n": number}

    asked = [(("es",), 1), (("es",), 1), (("es",), 2), (("en",), 1)]
    assert [data.kept((VERSION, *reader), make, object(), number) for reader, number in asked] == [{"n": n} for _, n in asked]
    assert made == [1, 2, 1]


def test_a_digest_differs_where_a_frame_or_a_word_does():
    frame = pd.DataFrame({"a": [1.0], "day": pd.to_datetime(["2026-11-20"])})
    assert digest(frame, "x") == digest(frame.copy(), "x")
    told = {digest(frame, "x"), digest(frame, "y"), digest(frame.assign(a=2.0), "x"), digest(frame.rename(columns={"a": "b"}), "x")}
    assert len(told) == 4


def test_who_asks_for_what_is_being_made_waits_for_it():
    kept, made, go = data.Kept(4), [], threading.Event()

    def make():
        go.wait(5)
        made.append(1)
        return [1]

    answers = []
    asking = [threading.Thread(target=lambda: answers.append(kept.of("k", make))) for _ in range(3)]
    for thread in asking:
        thread.start()
    go.set()
    for thread in asking:
        thread.join(5)
    assert (answers, made) == ([[1], [1], [1]], [1])


def test_what_was_longest_unasked_is_forgotten_first_and_an_error_is_not_kept():
    kept = data.Kept(2)
    for key in ("a", "b", "a", "c"):
        kept.of(key, lambda key=key: key)
    assert [kept.of(key, lambda: "anew") for key in ("a", "c", "b")] == ["a", "c", "anew"]
    with pytest.raises(ZeroDivisionError):
        kept.of("d", lambda: 1 / 0)
    assert kept.of("d", lambda: 4) == 4


def test_another_stamp_is_another_key():
    assert _key(VERSION, query, (), {}) != _key(VERSION._replace(also=(1,)), query, (), {})


def test_a_tuple_of_frames_comes_back_part_by_part():
    class Two(NamedTuple):
        frame: pd.DataFrame
        words: list[str]

    kept = _frozen(Two(pd.DataFrame({"a": [1]}), ["x"]))
    first = _own(kept)
    first.frame["a"] = 0
    first.words.append("y")
    again = _own(kept)
    assert (type(again), again.frame["a"].tolist(), again.words) == (Two, [1], ["x"])
