"""What every screen starts from: who asks, in which language, what is in service and what was read."""

from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

import streamlit as st

from ml import clock
from ml.i18n import Translator, pick_language, translator
from ml.i18n.figures import Formatter
from ml.i18n.names import money_basis
from ml.queries.service import Reading, Service
from ml.store.person import User
from ui import data
from ui.store_access import settings

CHOSEN = "chosen_language"
_OPENED: ContextVar["Screen | None"] = ContextVar("opened_screen", default=None)  # of the run in this thread


@dataclass(frozen=True)
class Screen:
    """The context of one run of one screen. `masked` hides names and phones (viewers); `today` is the company's calendar day.

    `phone`: the browser says that it is one's; how wide its window is nobody tells the server.
    """

    user: User
    t: Translator
    f: Formatter
    version: data.Version
    services: dict[str, Service]
    reading: Reading | None
    today: date
    dark: bool
    phone: bool = False

    @property
    def masked(self) -> bool:
        """Whether names and phones are hidden from this person."""
        return self.user.role == "viewer"

    @property
    def basis(self) -> str:
        """How money is recorded, in words: net, gross, or as recorded."""
        return money_basis(self.t, self.reading.amount_basis if self.reading else None)

    def read(self, query: Any, *args: Any, **named: Any) -> Any:
        """The cached answer of a function of `ml.queries` for this version of the store."""
        return data.read(self.version, query, *args, **named)

    def kept(self, make: Any, *args: Any) -> Any:
        """What `make(screen, *args)` gives, from the cache for this version of the store and readers like this one.

        `make` may ask the screen for anything but who the person is: the same answer serves everybody of the role and language.
        """
        return data.kept((self.version, self._reader), make, self, *args)

    def drawn(self, part: Any, *args: Any) -> None:
        """What `part(screen, *args)` puts on the screen, from the cache as in `kept`; nothing to press may be in it."""
        data.drawn(data.digest(self.version, self._reader, part.__module__, part.__qualname__, args), partial(part, self, *args))

    def standing_on(self, stamp: tuple[Any, ...]) -> "Screen":
        """This screen for what changes between two readings: all that it reads and keeps is of that stamp (`ml.queries.stamps`) too."""
        return replace(self, version=self.version._replace(also=stamp))

    @property
    def _reader(self) -> tuple[Any, ...]:
        return self.user.role, self.t.language, self.f.currency, self.today, self.dark, self.phone


def language_of(user: User | None) -> str:
    """The language to show: chosen in this session, else the person's, else the browser's, else Spanish."""
    return pick_language(st.session_state.get(CHOSEN) or (user.language if user else None), st.context.locale)


def is_phone(agent: str | None) -> bool:
    """Whether a browser with this User-Agent runs on a phone: by convention all of those say "Mobi".

    >>> is_phone("Mozilla/5.0 (Linux; Android 10; K) Chrome/142.0 Mobile Safari/537.36"), is_phone(None)
    (True, False)
    """
    return "Mobi" in (agent or "")


def open_screen(user: User, *, anew: bool = False) -> Screen:
    """The context for this person in this run of the script: the store is asked once a run (`anew`: at its beginning)."""
    opened, t = _OPENED.get(), translator(language_of(user))
    if not anew and opened is not None and opened.user == user and opened.t.language == t.language:
        return opened
    now, values = data.now(), settings()
    dark = getattr(st.context.theme, "type", None) == "dark"
    screen = Screen(
        user, t, Formatter(t, values.currency), *now, clock.today(values.timezone), dark, is_phone(st.context.headers.get("User-Agent"))
    )
    _OPENED.set(screen)
    return screen
