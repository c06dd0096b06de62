"""What the product says, in Spanish and English. Code writes English msgids; `translator(language)` gives them in the reader's language.

`es.po` and `en.po` are the catalogues; `python -m ml.i18n.update` brings them up to date with the code. Algorithms never make sentences:
they give `{"code": ..., "params": ...}`, which the screens say.
"""

from ml.i18n.translator import DEFAULT_LANGUAGE, LANGUAGES, LOCALES, Translator, mark, pick_language, translator

__all__ = ["DEFAULT_LANGUAGE", "LANGUAGES", "LOCALES", "Translator", "mark", "pick_language", "translator"]
