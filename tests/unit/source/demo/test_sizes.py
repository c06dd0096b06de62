from datetime import date

import numpy as np
import pytest

from ml.source.demo.sizes import SIZES, DemoError, make_plan


def test_sizes_are_those_the_command_offers() -> None:
    assert list(SIZES) == ["tiny", "small", "standard", "large"]
    assert {name: size.customers for name, size in SIZES.items()} == {"tiny": 60, "small": 128, "standard": 420, "large": 5000}
    assert {name: size.days for name, size in SIZES.items()} == {"tiny": 400, "small": 1095, "standard": 1095, "large": 1095}


def test_a_plan_counts_its_days_from_the_first_to_the_last() -> None:
    plan = make_plan("tiny", date(2026, 3, 1), 7)
    assert plan.days == 400
    assert plan.calendar[0] == np.datetime64("2025-01-26")
    assert plan.calendar[-1] == np.datetime64("2026-03-01")
    assert plan.weekday[-1] == date(2026, 3, 1).weekday() == 6
    assert plan.month[-1] == 2
    assert plan.day_of_year[-1] == 59


def test_a_later_end_with_the_same_start_keeps_the_dates_that_matter() -> None:
    first = make_plan("standard", date(2026, 3, 1), 7)
    later = make_plan("standard", date(2026, 9, 1), 7, first.start)
    assert (first.lines_since, first.km_since) == (later.lines_since, later.km_since)
    assert later.days == first.days + 184


@pytest.mark.parametrize(
    ("size", "seed", "start", "sentence"),
    [
        ("huge", 7, None, "There is no demo size 'huge'; known are tiny, small, standard, large."),
        ("tiny", -1, None, "The demo seed was -1; it must be 0 or more."),
        ("tiny", 7, date(2026, 2, 1), "A tiny demo company that begins on 2026-02-01 cannot end on 2026-03-01"),
    ],
)
def test_a_plan_that_cannot_be_says_why(size: str, seed: int, start: date | None, sentence: str) -> None:
    with pytest.raises(DemoError, match=sentence.replace("?", r"\?")):
        make_plan(size, date(2026, 3, 1), seed, start)
