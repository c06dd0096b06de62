"""Every screen, in both languages: no sentence of the other one, and nothing an address can hold breaks it."""

import re
from functools import cache

import pytest

from ml.i18n import LANGUAGES
from ml.i18n.translator import FOLDER
from tests.pages.conftest import texts_of
from ui.registry import PAGES

SHORTEST = 12  # shorter texts occur inside names and other words
FEWEST = 3
HELPS = ("help", "placeholder")


@cache
def sentences() -> dict[str, str]:
    """English text -> Spanish text, for whole texts without places that are long enough to be told apart."""
    from babel.messages.pofile import read_po

    with (FOLDER / "es.po").open("rb") as source:
        told = {message.id: message.string for message in read_po(source) if isinstance(message.id, str) and message.id}
    return {
        english: spanish
        for english, spanish in told.items()
        if "{" not in english and min(len(english), len(spanish)) >= SHORTEST and english.lower() not in spanish.lower()
    }


def everything(app) -> str:
    """What the screen says: its texts, the labels of its controls, and what their question marks explain."""
    protos = [getattr(piece, "proto", None) for piece in app.main]
    return texts_of(app) + "\n".join(str(getattr(proto, name, "")) for proto in protos for name in ("label", "body", *HELPS))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", [page.name for page in PAGES])
def test_no_screen_says_a_sentence_of_the_other_language(show, full_home, name, language):
    said = everything(show(full_home, name, language=language))
    ours = {english if language == "en" else spanish for english, spanish in sentences().items()}
    others = {spanish if language == "en" else english for english, spanish in sentences().items()} - ours
    assert [text for text in others if re.search(rf"(?<!\w){re.escape(text)}(?!\w)", said)] == []
    assert sum(text in said for text in ours) >= FEWEST, "the screen says too little to prove anything"


@pytest.mark.parametrize("name", [page.name for page in PAGES])
def test_an_address_full_of_nonsense_opens_the_usual_screen(show, full_home, name):
    wrong = (
        "days",
        "measure",
        "part",
        "tab",
        "list",
        "zone",
        "type",
        "segment",
        "product",
        "page",
        "alert",
        "rule",
        "test",
        "quantity",
        "lat",
    )
    app = show(full_home, name, query=dict.fromkeys(wrong, "../<b>-1e999"))
    assert not app.exception and not app.error and app.title[0].value
