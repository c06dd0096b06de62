"""How fresh the data is said to be."""

from datetime import date, datetime, timedelta

import pytest

from ml.queries.service import Reading
from ui.states import freshness

TODAY = date(2026, 11, 23)


def reading(as_of: date, *, from_snapshot: bool = False) -> Reading:
    return Reading(1, datetime(2026, 11, 23), as_of, "x", from_snapshot, False, "net")


@pytest.mark.parametrize(
    ("days_back", "level", "behind"),
    [(0, "good", 0), (1, "good", 0), (4, "good", 3), (5, "good", 4), (6, "late", 5), (10, "late", 9), (11, "old", 10), (700, "old", 699)],
)
def test_a_long_weekend_is_no_delay(days_back, level, behind):
    assert freshness(reading(TODAY - timedelta(days=days_back)), TODAY) == (level, behind)


def test_a_copy_is_never_fresh():
    assert freshness(reading(TODAY, from_snapshot=True), TODAY).level == "late"
