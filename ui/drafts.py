"""What somebody has typed and not sent when their session ends or the store is away: kept in memory, given back to the same person.

Nothing of it reaches the disk, nobody else gets it, and it is forgotten after LASTS or a restart.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import NamedTuple

import streamlit as st
from streamlit.errors import StreamlitAPIException

from ml.clock import utc_now
from ml.store.sessions import hashed

FIELDS: tuple[str, ...] = (  # keys of text fields; # is how often the form was sent in this session, * anything
    "note-text-#", "one-note-*-#", "several-note-#", "event-#-name", "why-*-#", "x-name-#", "x-ids-#", "x-pairs-#",
    "new-email-#", "new-name-#", "token-name-#-*",
)  # fmt: skip
LASTS = timedelta(hours=1)
MOST_OWNERS, MOST_CHARACTERS = 200, 20_000
_PATTERNS = [re.compile(re.escape(field).replace(r"\#", "(?P<sent>[0-9]+)").replace(r"\*", ".+")) for field in FIELDS]


class Kept(NamedTuple):
    """Texts by the key of their field, and when they were kept (naive UTC)."""

    at: datetime
    texts: dict[str, str]


class Drafts:
    """The texts of each owner: a session (by its hash) until it is known whose it was, then a person (by number)."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = Lock()

    def keep(self, owner: str, texts: Mapping[str, str]) -> None:
        """Keep what is typed in the FIELDS among `texts`, beside what the owner has already."""
        found = {key: text for key, text in texts.items() if is_field(key) and text}
        if not owner or not found or sum(map(len, found.values())) > MOST_CHARACTERS:
            return
        with self._lock:
            self._kept[owner] = Kept(self._now(), self._of(owner) | found)
            self._kept.move_to_end(owner)
            while len(self._kept) > MOST_OWNERS:
                self._kept.popitem(last=False)

    def take(self, owners: Iterable[str]) -> dict[str, str]:
        """What these owners have, which is kept no longer."""
        with self._lock:
            found = {key: text for owner in owners for key, text in self._of(owner).items()}
            for owner in owners:
                self._kept.pop(owner, None)
            return found

    def _of(self, owner: str) -> dict[str, str]:
        kept = self._kept.get(owner)
        return kept.texts if kept is not None and self._now() - kept.at < LASTS else {}


DRAFTS = Drafts()


def is_field(key: str) -> bool:
    """Whether a field of this key holds text that is kept."""
    return any(pattern.fullmatch(key) for pattern in _PATTERNS)


def of_session(token: str | None) -> str:
    """The owner that a session is; empty without one."""
    return f"session {hashed(token)}" if token else ""


def of_person(user_id: int) -> str:
    """The owner that a person is."""
    return f"person {user_id}"


def set_aside(user_id: int, token: str | None) -> None:
    """Keep for a person what this browser page holds, and what came in since its session ended: the page itself will be gone."""
    DRAFTS.keep(of_person(user_id), _on_the_page() | DRAFTS.take([of_session(token)]))


def hold() -> None:
    """Let this page keep its texts although this run will not draw their fields."""
    for key, text in _on_the_page().items():
        try:
            st.session_state[key] = text
        except StreamlitAPIException:  # this run has drawn it already
            continue


def give_back(user_id: int, token: str | None, *, is_new_page: bool) -> bool:
    """Put back what the person had typed, where nothing stands yet; whether there was anything. Called before any field is drawn."""
    found = DRAFTS.take([of_person(user_id), of_session(token)])
    for key, text in found.items():
        place = _first(key) if is_new_page else key
        if not st.session_state.get(place):
            st.session_state[place] = text
    return bool(found)


def _on_the_page() -> dict[str, str]:
    return {str(key): text for key, text in st.session_state.items() if isinstance(text, str) and is_field(str(key))}


def _first(key: str) -> str:
    """The key of the same field in a page where nothing was sent yet."""
    for pattern in _PATTERNS:
        if found := pattern.fullmatch(key):
            return f"{key[: found.start('sent')]}0{key[found.end('sent') :]}"
    return key
