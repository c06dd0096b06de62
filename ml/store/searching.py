"""One form for names, ids and phones and for what people type to find them: no accents, case, signs or hidden characters."""

import re
import unicodedata
from functools import lru_cache

import sqlalchemy as sa

HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn")  # control and format characters: zero-width, direction marks, private and unassigned ones
LONGEST = 100
DIGITS_OF_A_PHONE = 5


def searchable(text: object) -> str:
    """A text as it is looked for: small letters and digits in words, nothing else.

    >>> searchable(" Ñuñoa,\u200b  PÉREZ\u202e & Cía. ")
    'nunoa perez cia'
    """
    return " ".join("".join(map(_kept, unicodedata.normalize("NFKD", str(text)))).casefold().split())


@lru_cache(maxsize=4096)
def _kept(letter: str) -> str:
    """What is left of one letter: itself, a space for a sign or a gap, nothing for an accent or a hidden character."""
    if letter.isspace():
        return " "
    if unicodedata.category(letter) in HIDDEN or unicodedata.combining(letter):
        return ""
    return letter if letter.isalnum() else " "


def search_text(customer_id: str, name: str | None, phone: str | None) -> str:
    """What a customer is found by: words of the name, the id, and the digits of the phone in one piece."""
    digits = re.sub(r"\D", "", phone or "")
    return "|".join((searchable(name or ""), searchable(customer_id), digits))


def matches(column: sa.ColumnElement[str], wanted: str) -> sa.ColumnElement[bool]:
    """The condition that every word of `wanted` stands in a column of `search_text`, or that its digits stand there as a phone.

    What is typed is data: it reaches the database as parameters, and % and _ mean themselves. Nothing readable in it finds nothing.
    """
    words = [word for word in map(searchable, wanted[:LONGEST].split()) if word]
    digits = re.sub(r"\D", "", "".join(words))
    is_phone = len(digits) >= DIGITS_OF_A_PHONE and not re.search(r"[^\d ]", "".join(words))
    by_words = sa.and_(*(column.contains(word, autoescape=True) for word in words)) if words else sa.false()
    return sa.or_(by_words, column.contains(digits, autoescape=True)) if is_phone else by_words
