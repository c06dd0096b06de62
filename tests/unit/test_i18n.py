"""Every text of the code stands in both catalogues, in words of that language, with the same places to fill."""

import ast
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from ml.i18n import LANGUAGES, pick_language, translator
from ml.i18n.translator import FOLDER, LanguageError
from ml.i18n.update import extracted, untranslated, updated

ROOT = Path(__file__).resolve().parents[2]
SAME_IN_BOTH = {"DEMO", "VIP", "WhatsApp", "WhatsApp, Teams, Telegram", "Slack", "Total", "{n} h", "{n} km"}
PLACE = re.compile(r"\{(\w+)\}")


def catalogue(language: str):
    with (FOLDER / f"{language}.po").open("rb") as source:
        return read_po(source, locale=language)


def parts(text) -> tuple[str, ...]:
    return tuple(text) if isinstance(text, (tuple, list)) else (text,)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogues_hold_exactly_the_texts_of_the_code(language):
    used = {message.id for message in extracted() if message.id}
    kept = {message.id for message in catalogue(language) if message.id}
    assert len(used) > 200
    assert kept == used, "run `python -m ml.i18n.update`, then translate what it names"


def test_every_text_has_a_translation():
    assert untranslated(catalogue("es")) == [] and untranslated(catalogue("en")) == []


def test_no_spanish_text_is_the_english_one():
    same = {message.id for message in catalogue("es") if message.id and parts(message.id) == parts(message.string)}
    assert {text for text in same if re.search("[a-z]", PLACE.sub("", str(text)))} <= SAME_IN_BOTH


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_fills_the_same_places(language):
    for message in catalogue(language):
        for original, text in zip(parts(message.id), parts(message.string), strict=True) if message.id else ():
            assert set(PLACE.findall(original)) == set(PLACE.findall(text)), original


def test_texts_in_f_strings_and_registries_are_found(tmp_path):
    (tmp_path / "ui").mkdir()
    (tmp_path / "ui" / "x.py").write_text(
        'A = mark("one")\nb = f"<b>{t(\'two\')}</b>"\nc = t.plural("a {n}", "b {n}", 3)\nd = t(variable)\n'
    )
    assert {message.id for message in extracted(tmp_path) if message.id} == {"one", "two", ("a {n}", "b {n}")}


def test_an_update_keeps_translations_and_drops_what_is_no_longer_used(tmp_path):
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "x.py").write_text('t("Demand")\nt("quite new")\n')
    spanish = updated("es", extracted(tmp_path))
    assert {m.id: m.string or "" for m in spanish if m.id} == {"Demand": "Demanda", "quite new": ""}
    assert untranslated(spanish) == ["quite new"]


def test_plurals_and_places():
    t = translator("es")
    one, many = (f"{{count}} customer{end} asked not to be contacted and {be} left out." for end, be in (("", "is"), ("s", "are")))
    assert t.plural(one, many, 1, count="1") == "1 cliente pidió no ser contactado y no aparece."
    assert t.plural(one, many, 3, count="3") == "3 clientes pidieron no ser contactados y no aparecen."
    assert translator("en")("Silent for {n} days", n=30) == "Silent for 30 days"


def test_an_unknown_text_is_shown_as_it_is():
    assert translator("es")("never translated") == "never translated"


@pytest.mark.parametrize(
    ("chosen", "browser", "language"),
    [("en", "es-CL", "en"), (None, "en_US", "en"), (None, "es", "es"), (None, "de-DE", "es"), (None, None, "es"), ("xx", "EN-gb", "en")],
)
def test_the_language_is_the_persons_else_the_browsers_else_spanish(chosen, browser, language):
    assert pick_language(chosen, browser) == language


def test_an_unknown_language_names_the_known_ones():
    with pytest.raises(LanguageError, match=r"'fr'; known are es, en"):
        translator("fr")


def test_no_page_writes_a_text_past_the_translator():
    """A string constant in a call of one of streamlit's text functions is a text that nobody translates."""

    def of_streamlit(call: ast.Attribute) -> bool:
        return getattr(call.value, "id", "") in ("st", "left", "right")

    shown = {"title", "header", "subheader", "markdown", "caption", "write", "info", "warning", "error", "button", "metric", "text"}
    wrong = []
    for path in [*(ROOT / "pages").glob("*.py"), *(ROOT / "ui").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in shown and of_streamlit(node.func):
                wrong += [f"{path.name}: {a.value}" for a in node.args[:1] if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    assert wrong == []
