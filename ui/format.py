"""Text made safe for markdown, and names and phones of which only a part shows."""

import re

ADDRESS = re.compile(r"https?(?=://)|\bwww(?=\.)", re.IGNORECASE)
WORD_JOINER = "\u2060"  # seen by nobody, and no address goes across it
MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])")


def md(text: object) -> str:
    """Text made harmless for markdown: a name like "*x*", "<b>" or "$1$" shows as it is written, and an address is no link.

    >>> md("<b> $ 3.000")
    '\\\\<b\\\\> \\\\$ 3\\\\.000'
    """
    unlinked = ADDRESS.sub(lambda found: found.group() + WORD_JOINER, str(text))
    return MARKDOWN.sub(r"\\\1", unlinked).replace("\n", " ")


def mask_name(name: str | None) -> str:
    """A name of which only the initials show: "Ana Pérez" -> "A··· P···"."""
    words = (name or "").split()
    return " ".join(f"{word[0]}···" for word in words[:3]) if words else "–"


def mask_phone(phone: str | None) -> str:
    """A phone of which only the last three digits show: "··· 678"."""
    digits = re.sub(r"\D", "", phone or "")
    return f"··· {digits[-3:]}" if digits else "–"
