"""What was typed and not sent: whose it is, how long it is kept, and which fields it may come from."""

from datetime import timedelta

import pytest

from tests.people import NOW
from ui import drafts
from ui.drafts import LASTS, MOST_CHARACTERS, MOST_OWNERS, Drafts, is_field, of_person, of_session


@pytest.fixture
def clock():
    return [NOW]


@pytest.fixture
def kept(clock) -> Drafts:
    return Drafts(lambda: clock[0])


def test_texts_are_given_back_once_to_their_owner(kept):
    kept.keep(of_person(1), {"note-text-0": "a"})
    kept.keep(of_person(1), {"x-name-2": "b"})
    kept.keep(of_person(2), {"note-text-0": "of somebody else"})
    assert kept.take([of_person(1), of_session("x")]) == {"note-text-0": "a", "x-name-2": "b"}
    assert kept.take([of_person(1)]) == {}


def test_only_texts_of_known_fields_are_kept(kept):
    typed = {"password-new-0": "secret", "q": "search", "note-text-": "no number", "note-text-1": "", "own-password-0": "secret"}
    kept.keep(of_person(1), typed | {"why-use-demand-r1-0": "kept"})
    assert kept.take([of_person(1)]) == {"why-use-demand-r1-0": "kept"}
    assert not any(is_field(f"password-{name}-0") for name in ("now", "new", "again"))


def test_nothing_is_kept_for_nobody_for_long_or_without_end(kept, clock):
    kept.keep(of_session(None), {"note-text-0": "a"})
    assert kept.take([of_session(None)]) == {}
    kept.keep(of_person(1), {"x-ids-0": "x" * (MOST_CHARACTERS + 1)})
    assert kept.take([of_person(1)]) == {}
    for number in range(MOST_OWNERS + 1):
        kept.keep(of_person(number), {"note-text-0": "a"})
    assert kept.take([of_person(0)]) == {} and kept.take([of_person(1)])
    clock[0] += LASTS - timedelta(seconds=1)
    assert kept.take([of_person(2)])
    clock[0] += timedelta(seconds=1)
    assert kept.take([of_person(3)]) == {}


def test_a_new_page_has_sent_nothing_yet(monkeypatch):
    monkeypatch.setattr(drafts, "DRAFTS", Drafts())
    page: dict[str, object] = {"one-note-7-0": "new words"}
    monkeypatch.setattr(drafts.st, "session_state", page)
    drafts.DRAFTS.keep(of_person(1), {"note-text-3": "a", "event-2-name": "b", "one-note-7-4": "old words"})
    assert drafts.give_back(1, None, is_new_page=True)
    assert page == {"note-text-0": "a", "event-0-name": "b", "one-note-7-0": "new words"}
    drafts.DRAFTS.keep(of_session("token"), {"note-text-3": "c"})
    assert drafts.give_back(1, "token", is_new_page=False) and page["note-text-3"] == "c"
    assert not drafts.give_back(1, "token", is_new_page=False)
