"""The only caches of the screens: what was read, what was made of it for a reader, and what was drawn.

The key of a read is what was asked and the version of the store it was asked of (reading and releases), never a frame.
"""

import io
import pickle
from collections import OrderedDict
from collections.abc import Callable
from contextvars import ContextVar
from datetime import date, datetime
from hashlib import blake2b
from threading import Lock
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar, cast

import numpy as np
import pandas as pd
import sqlalchemy as sa
import streamlit as st

from ml.queries import service
from ml.queries.service import Reading, Service
from ui.store_access import store

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")
KEPT_ANSWERS, KEPT_DRAWINGS = 512, 256
_UNKNOWN: Any = object()
_DRAWING: ContextVar[bool] = ContextVar("drawing", default=False)


class Version(NamedTuple):
    """What the screens stand on at this moment: the store, its newest reading, (predictor, release, as_of) in service, choices.

    `also` is the stamp (`ml.queries.stamps`) of what changes between two readings, for the reads that depend on it.
    """

    store: str
    reading: int
    releases: tuple[tuple[str, str, date | None], ...]
    chosen: tuple[int, datetime | None] = (0, None)
    also: tuple[Any, ...] = ()


class Now(NamedTuple):
    """The state of the store at this script run, and the version that keys the cached reads."""

    version: Version
    services: dict[str, Service]
    reading: Reading | None


def now() -> Now:
    """What is in service and was read last, asked anew in every run (three small queries)."""
    engine = store()
    with engine.connect() as conn:
        services = service.in_service(conn)
        number = service.latest_reading_id(conn)
        chosen = service.preferences_chosen(conn)
    releases = tuple((name, entry.release_id, entry.as_of) for name, entry in sorted(services.items()))
    version = Version(engine.url.render_as_string(hide_password=True), number, releases, chosen)
    return Now(version, services, read(version, service.latest_reading))


def newest(known: Service) -> Service:
    """The release of the same predictor in service at this moment: for an export, which is pressed long after its screen was drawn."""
    found = ask(service.in_service).get(known.predictor)
    return found if found is not None and found.as_of is not None else known


def read(version: Version, query: Callable[Concatenate[sa.Connection, Asked], Answer], *args: Asked.args, **named: Asked.kwargs) -> Answer:
    """The answer of a function of `ml.queries`, from the cache when the same was asked of the same version; yours to change."""

    def asked() -> Answer:
        with store().connect() as conn:
            return query(conn, *args, **named)

    return cast(Answer, KEPT.of(_key(version, query, args, named), asked))


def kept(made_for: tuple[Any, ...], make: Callable[..., Answer], screen: Any, *args: Any) -> Answer:
    """What `make(screen, *args)` gives, made once per arguments and `made_for` (the version of the store, the kind of reader)."""
    return cast(Answer, KEPT.of(_key(made_for, make, args, {}), lambda: make(screen, *args)))


def drawn(key: str, draw: Callable[[], object]) -> None:
    """What `draw` puts on the screen, which must be nothing to press; drawn before under the same `key`, it comes back as it was."""
    if _DRAWING.get():
        draw()  # a part within a part: Streamlit would bring it back beside the box it stands in
    else:
        _drawn(key, draw)


def digest(*values: Any) -> str:
    """A short text that differs where any of the values (frames, figures, columns …) does, and where equal ones have the same."""
    content = io.BytesIO()
    pickler = pickle.Pickler(content, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.fast = True  # without the memo, which tells equal objects from one object seen twice
    pickler.dump([_plain(value) for value in values])
    return blake2b(content.getbuffer(), digest_size=20).hexdigest()


def _plain(value: Any) -> Any:
    if not isinstance(value, pd.DataFrame):
        return value
    return [(name, str(value[name].dtype), value[name].tolist()) for name in value.columns]


def _key(version: tuple[Any, ...], query: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]) -> str:
    """What was asked, as one text: hashing the same piece by piece costs a sixth of a run. TypeError for what a text does not say fully."""
    told = repr((version, query.__module__, query.__qualname__, args, sorted(named.items())))
    if " object at 0x" in told or any(isinstance(value, pd.DataFrame | pd.Series | np.ndarray) for value in (*args, *named.values())):
        raise TypeError(f"A cached read of {query.__qualname__} was asked with a frame or an object; hand over ids, dates and numbers.")
    return told


class _Pickled(NamedTuple):
    """An answer that could be changed in place, kept so that each reader gets another one."""

    content: bytes


class _Parts(NamedTuple):
    """A tuple as it is kept: its kind, and each part frozen by itself."""

    kind: type[tuple[Any, ...]]
    parts: list[Any]


def _frozen(answer: Any) -> Any:
    """An answer as it is kept: frames and what nobody can change as they are, tuples part by part, all else pickled."""
    if answer is None or isinstance(answer, pd.DataFrame | str | int | float | date):
        return answer
    if isinstance(answer, tuple):
        return _Parts(type(answer), [_frozen(part) for part in answer])
    return _Pickled(pickle.dumps(answer, protocol=5))


def _own(answer: Any) -> Any:
    """A kept answer for one reader. A shallow copy of a frame is one of its own: pandas copies what is written to."""
    if isinstance(answer, _Pickled):
        return pickle.loads(answer.content)  # noqa: S301
    if isinstance(answer, _Parts):
        parts = [_own(part) for part in answer.parts]
        return tuple(parts) if answer.kind is tuple else answer.kind(*parts)
    return answer.copy(deep=False) if isinstance(answer, pd.DataFrame) else answer


class Kept:
    """Answers by key, those longest unasked thrown out beyond `most`. Who asks for one that is being made waits for it.

    Streamlit's own caches look at the function's signature in each call, 0.15 ms; a screen asks twenty times.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._answers: OrderedDict[str, Any] = OrderedDict()
        self._making: dict[str, Lock] = {}
        self._lock = Lock()

    def of(self, key: str, make: Callable[[], Any]) -> Any:
        """The reader's own copy of the answer under `key`, made now if it is not there. An error of `make` is not kept."""
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return _own(self._answers[key])
            making = self._making.setdefault(key, Lock())
        try:
            with making:
                with self._lock:
                    known = self._answers.get(key, _UNKNOWN)
                return self._keep(key, make()) if known is _UNKNOWN else _own(known)
        finally:
            with self._lock:
                self._making.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._answers.clear()

    def _keep(self, key: str, answer: Any) -> Any:
        frozen = _frozen(answer)
        with self._lock:
            self._answers[key] = frozen
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)
        return _own(frozen)


KEPT = Kept(KEPT_ANSWERS)


@st.cache_resource(max_entries=KEPT_DRAWINGS, show_spinner=False)
def _drawn(key: str, _draw: Callable[[], object]) -> None:  # noqa: ARG001
    before = _DRAWING.set(True)
    try:
        _draw()
    finally:
        _DRAWING.reset(before)


def ask(query: Callable[Concatenate[sa.Connection, Asked], Answer], *args: Asked.args, **named: Asked.kwargs) -> Answer:
    """The answer of a function of `ml.queries` as of this moment, never cached: runs, sessions, whatever changes by itself."""
    with store().connect() as conn:
        return query(conn, *args, **named)


def forget() -> None:
    """Empty all caches of the screens: for tests, whose stores change behind their backs."""
    KEPT.clear()
    _drawn.clear()
