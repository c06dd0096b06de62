"""What is said: a message in one language, free of any channel's markup. `ml.notify.rendering` writes it for each."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

LONGEST_TEXT = 2_000
Align = Literal["left", "right"]


@dataclass(frozen=True)
class Table:
    """Rows of texts under a head; `align` says per column where its texts stand, `links` per row where its first text leads (or none)."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: tuple[Align, ...]
    links: tuple[str, ...] = ()

    def link_of(self, place: int) -> str | None:
        """Where the first text of a row leads, None where it leads nowhere."""
        return self.links[place] if place < len(self.links) else None


@dataclass(frozen=True)
class Link:
    """A place in the app: what it is called, and its address."""

    text: str
    url: str


@dataclass(frozen=True)
class Chart:
    """Bars with an optional range each, drawn as a picture for e-mail. `alt` says the same in words."""

    alt: str
    labels: tuple[str, ...]
    values: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True)
class Message:
    """What one recipient is told. `short` are the lines for a phone; `facts` the figures for machines.

    Texts are clean: no control or direction signs, no line breaks inside a text (`log` alone has lines). `report_of_run` is the run whose
    report goes with it by e-mail. `customers` are the ids it names.
    """

    kind: str
    language: str
    title: str
    sentences: tuple[str, ...]
    short: tuple[str, ...]
    link: Link | None = None
    table: Table | None = None
    chart: Chart | None = None
    log: str = ""
    report_of_run: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    customers: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The message as JSON-ready values, for the outbox."""
        return asdict(self)


def message_of(stored: Mapping[str, Any]) -> Message:
    """The message of an outbox body."""
    told = dict(stored)
    table, chart, link = told.pop("table", None), told.pop("chart", None), told.pop("link", None)
    for name in ("sentences", "short", "customers"):
        told[name] = tuple(told.get(name) or ())
    return Message(
        **told,
        table=_table_of(table) if table else None,
        chart=Chart(chart["alt"], *(tuple(chart[name]) for name in ("labels", "values", "low", "high"))) if chart else None,
        link=Link(**link) if link else None,
    )


def _table_of(stored: Mapping[str, Any]) -> Table:
    rows = tuple(tuple(row) for row in stored["rows"])
    return Table(tuple(stored["head"]), rows, tuple(stored["align"]), tuple(stored.get("links") or ()))


def clean(text: object, longest: int = LONGEST_TEXT) -> str:
    """A text on one line without control, direction or invisible signs, at most `longest` long: what a name or an error may bring along.

    >>> clean("Ana\\r\\nBcc: eve@example.com")
    'Ana Bcc: eve@example.com'
    """
    spaced = "".join(" " if sign in "\r\n\t\x0b\x0c\x85\u2028\u2029" else sign for sign in str(text))
    kept = "".join(sign for sign in spaced if unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co") or sign == "\u200d")
    single = re.sub(" {2,}", " ", kept).strip()
    return single if len(single) <= longest else f"{single[: longest - 1]}…"


def clean_lines(text: object, most: int) -> str:
    """The last `most` lines of a text, each clean."""
    return "\n".join(clean(line) for line in str(text).splitlines()[-most:])
