"""A translator per language, compiled in memory from the committed .po files."""

import gettext
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
LANGUAGES: tuple[str, ...] = ("es", "en")
DEFAULT_LANGUAGE = "es"
LOCALES = {"es": "es_CL", "en": "en"}


class LanguageError(ValueError):
    """A language was asked for that has no catalogue; the sentence names the known ones."""


def mark(msgid: str) -> str:
    """The msgid unchanged: marks a text of a registry so that it is found and translated where it is shown."""
    return msgid


@dataclass(frozen=True)
class Translator:
    """Texts in one language: `t("…{n}…", n=3)`, and `t.plural("{n} session", "{n} sessions", n)`.

    >>> translator("es")("Demand")
    'Demanda'
    >>> translator("es").plural("{n} session", "{n} sessions", 1)
    '1 sesión'
    """

    language: str
    catalogue: gettext.NullTranslations

    @property
    def locale(self) -> str:
        """The Babel locale for dates and numbers ("es_CL" or "en")."""
        return LOCALES[self.language]

    def __call__(self, msgid: str, **params: Any) -> str:
        """The text for `msgid` in this language, its {named} places filled with `params`."""
        text = self.catalogue.gettext(msgid) if msgid else ""
        return text.format(**params) if params else text

    def plural(self, one: str, many: str, n: int, **params: Any) -> str:
        """The text for `n` things; `{n}` stands for the number unless `params` gives it formatted."""
        return self.catalogue.ngettext(one, many, n).format(**{"n": n, **params})


@cache
def translator(language: str) -> Translator:
    """The translator of "es" or "en". Raises LanguageError for another language."""
    if language not in LANGUAGES:
        raise LanguageError(f"There is no catalogue for the language {language!r}; known are {', '.join(LANGUAGES)}.")
    return Translator(language, _compiled(FOLDER / f"{language}.po", language))


def pick_language(chosen: str | None, browser: str | None) -> str:
    """The language to show: the person's choice, else the browser's ("es-CL", "en_US"…), else Spanish."""
    for wish in (chosen, browser):
        short = (wish or "").replace("_", "-").split("-")[0].lower()
        if short in LANGUAGES:
            return short
    return DEFAULT_LANGUAGE


def _compiled(path: Path, language: str) -> gettext.NullTranslations:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with path.open("rb") as source:
        catalogue = read_po(source, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
