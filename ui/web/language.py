"""The language of a page before anybody has signed in."""

from ml.i18n import DEFAULT_LANGUAGE, LANGUAGES


def accepted_language(header: str | None) -> str:
    """The first of our languages that the browser's Accept-Language wishes for, by weight; Spanish when it names none.

    >>> accepted_language("de, en-GB;q=0.8, es;q=0.9")
    'es'
    """
    wishes = []
    for place, part in enumerate((header or "")[:500].split(",")):
        name, _, weight = part.strip().partition(";")
        wishes.append((-_weight(weight), place, name.split("-")[0].strip().lower()))
    return next((name for _, _, name in sorted(wishes) if name in LANGUAGES), DEFAULT_LANGUAGE)


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
