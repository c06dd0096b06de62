"""`python -m ml.i18n.update`: bring es.po and en.po up to date with the texts in the code; prints what still lacks a translation."""

import ast
import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from ml.i18n.translator import FOLDER, LANGUAGES

ROOT = FOLDER.parent.parent
SOURCES: tuple[str, ...] = ("ui", "pages", "ml", "app.py", "scheduler.py")
HEADER = """msgid ""
msgstr ""
"Project-Id-Version: 3T Insights\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""
PLACES = {"t": 1, "mark": 1, "plural": 2}  # how many of the first arguments are texts


def extracted(root: Path = ROOT) -> Catalog:
    """Every msgid used in the code under `root`, with the places (file only) where it is used."""
    catalogue = Catalog(project="3T Insights", charset="utf-8", fuzzy=False)
    for source in SOURCES:
        for path, text in _texts(root / source):
            catalogue.add(text, locations=[(str(path.relative_to(root)), None)])  # type: ignore[list-item]
    return catalogue


def updated(language: str, template: Catalog) -> Catalog:
    """The catalogue of `language` with exactly the msgids of `template`; English says its msgids, other new texts are empty."""
    path = FOLDER / f"{language}.po"
    catalogue = Catalog(locale=language, project="3T Insights", charset="utf-8", fuzzy=False)
    if path.exists():
        with path.open("rb") as source:
            catalogue = read_po(source, locale=language)
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    for message in catalogue:
        if message.id and language == "en":
            message.string = message.id
    return catalogue


def untranslated(catalogue: Catalog) -> list[str]:
    """The msgids of `catalogue` that have no text yet."""
    return [str(message.id) for message in catalogue if message.id and not _has_text(message)]


def main() -> int:
    """Write both catalogues; 1 when a text lacks its translation."""
    template, missing = extracted(), 0
    for language in LANGUAGES:
        catalogue = updated(language, template)
        with (FOLDER / f"{language}.po").open("wb") as target:
            target.write(HEADER.format(language=language).encode())
            write_po(target, catalogue, sort_output=True, omit_header=True, width=140)
        lacking = untranslated(catalogue)
        missing += len(lacking)
        sys.stdout.write(f"{language}: {len(catalogue)} texts, {len(lacking)} without translation\n")
        sys.stdout.writelines(f"  {text!r}\n" for text in lacking)
    return 1 if missing else 0


def _texts(source: Path) -> list[tuple[Path, str | tuple[str, ...]]]:
    """The texts in the calls of t, mark and plural, in f-strings too (which Babel's own extraction passes over)."""
    files = [source] if source.is_file() else sorted(source.rglob("*.py"))
    found: list[tuple[Path, str | tuple[str, ...]]] = []
    for path in files:
        calls = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
        for call in calls:
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            texts = [part.value for part in call.args[: PLACES.get(name, 0)] if isinstance(part, ast.Constant)]
            if texts and all(isinstance(text, str) and text for text in texts):
                found.append((path, str(texts[0]) if len(texts) == 1 else tuple(str(text) for text in texts)))
    return found


def _has_text(message: Message) -> bool:
    parts = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return all(parts)


if __name__ == "__main__":
    raise SystemExit(main())
