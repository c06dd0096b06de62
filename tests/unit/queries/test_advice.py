"""One rule says how a customer stands: by the probability, or by the own rhythm where the probability has no usable signal."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from ml.i18n import advice as words
from ml.i18n import translator
from ml.queries import calls
from ml.queries.advice import ADVICE, BASES, Known, grounds, own_pauses, standing
from ml.store.preferences import Preferences
from tests.unit.queries.test_queries import rows_of

AS_OF = date(2026, 11, 20)


def known(probability: float = 0.9, silent: float | None = 5, gap: float | None = 10.0, **other) -> Known:
    return Known(probability, other.pop("population", "active"), 30, AS_OF + timedelta(days=12), silent, gap, **other)


@pytest.mark.parametrize(
    ("silent", "gap", "level", "high", "code", "days"),
    [
        (5, 10.0, "bajo", False, "keep", 5),
        (10, 10.0, "bajo", False, "keep", 0),
        (11, 10.0, "medio", False, "watch", 0),
        (20, 10.0, "alto", True, "call", 0),
        (30, 10.0, "crítico", True, "call_first", 0),
        (0, 90.0, "bajo", False, "keep", 30),
        (40, None, "bajo", False, "no_rhythm", 30),
        (40, float("nan"), "bajo", False, "no_rhythm", 30),
        (2, 0.3, "alto", True, "call", 0),
    ],
)
@pytest.mark.parametrize("probability", [0.01, 0.99])
def test_without_a_usable_signal_the_silence_decides_and_the_probability_nothing(probability, silent, gap, level, high, code, days):
    told = standing(known(probability, silent, gap), 0.7, AS_OF, usable=False)
    assert told == ("rhythm", level, high, code, days)


@pytest.mark.parametrize("usable", [True, None])
def test_with_a_signal_or_without_a_verdict_the_probability_decides(usable):
    assert standing(known(0.9, silent=1), 0.7, AS_OF, usable=usable) == ("probability", "crítico", True, "call_first", 0)
    assert standing(known(0.1, silent=90), 0.7, AS_OF, usable=usable) == ("probability", "bajo", False, "keep", 12)


def test_whom_the_list_calls_is_to_be_called_whatever_the_level():
    low = known(0.1, worth_a_call=True)
    assert standing(low, 0.7, AS_OF, usable=True) == ("probability", "bajo", False, "call", 0)
    assert standing(low, 0.7, AS_OF, usable=False).advice == "keep"  # money at risk is a probability too
    assert standing(low._replace(kept_from_contact=True), 0.7, AS_OF, usable=True).advice == "do_not_contact"
    assert standing(low._replace(probability=0.9), 0.7, AS_OF, usable=True).advice == "call_first"
    worth = [calls.is_worth_a_call(money, 30, Preferences()) for money in (50_000.0, 10.0, None, float("nan"))]
    assert worth == [True, False, False, False]
    assert not calls.is_worth_a_call(50_000.0, 30, Preferences(alert_rule="probability"))


@pytest.mark.parametrize("usable", [True, False])
def test_who_is_kept_from_contact_or_silent_for_long_is_told_apart_on_either_basis(usable):
    assert standing(known(kept_from_contact=True, population="dormant"), 0.7, AS_OF, usable=usable).advice == "do_not_contact"
    assert standing(known(population="dormant"), 0.7, AS_OF, usable=usable).advice == "win_back"


def test_the_list_by_rhythm_begins_where_the_level_rises():
    silences = ((9, 10.0), (10, 10.0), (11, 10.0), (30, None), (4, 0.5))
    rows = rows_of([{"days_since_last_order": days, "gap_days": gap, "spend_365": 1.0} for days, gap in silences])
    with sa.create_engine("sqlite://").connect() as conn:
        listed = calls.by_rhythm(rows).frame(conn)["lateness"].tolist()
    assert listed == [own_pauses(4, 0.5), own_pauses(11, 10.0)]
    levels = [standing(known(0.5, *silence), 0.7, AS_OF, usable=False).level for silence in silences]
    assert [place for place, level in enumerate(levels) if level != "bajo"] == [2, 4]


def test_no_ground_is_given_for_a_probability_that_decides_nothing():
    said = [{"code": "long_gaps", "params": {}}]
    assert (grounds(said, usable=False), grounds(said, usable=None), grounds(said, usable=True)) == ([], said, said)


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_code_has_its_words_and_the_rhythm_is_named(language):
    t = translator(language)
    assert set(words.ADVICE) == set(ADVICE)
    for code in ADVICE:
        by_probability, by_rhythm = (words.sentence(t, code, basis) for basis in BASES)
        assert by_rhythm.startswith(by_probability) and (by_rhythm != by_probability) == (code != "do_not_contact")
    assert t(words.BY_RHYTHM) in words.sentence(t, "call", "rhythm")
