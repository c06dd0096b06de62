"""What the screen says of the control group: what it would show, and only what somebody can do about it."""

from types import SimpleNamespace

import pytest

from ml.i18n import translator
from ml.i18n.figures import Formatter
from ml.queries.holdout import Plan
from ui import work_words

SCREEN = SimpleNamespace(t=translator("en"), f=Formatter(translator("en")))


def plan(quarters: int | None, detectable: float | None = 73_578.0) -> Plan:
    return Plan(400, 20, 30, 1_558.0, detectable, quarters)


@pytest.mark.parametrize(
    ("quarters", "is_on", "says"),
    [
        (3, True, "at the beginning of a quarter"),
        (3, False, "an administrator can allow it"),
        (None, True, "the first quarter in which it would show something"),
        (None, False, ""),
    ],
)
def test_switching_it_on_is_offered_where_it_would_change_something(quarters, is_on, says):
    told = work_words.switch(SCREEN, plan(quarters), is_on=is_on)
    assert says in told and bool(told) == bool(says)


def test_what_a_quarter_would_show_is_said_per_call():
    told = work_words.plan(SCREEN, plan(None)).replace("\\", "")
    assert "About 20 customers" in told and "1.558" in told and "73.578 a call or more" in told and "nobody is left alone" in told
    assert "After 3 quarters" in work_words.plan(SCREEN, plan(3))
    assert "too few alerts" in work_words.plan(SCREEN, plan(None, detectable=None))
