"""What docs/troubleshooting.md and docs/deploy tell people to type and to look for is what the program takes and says."""

import re
import shlex
from pathlib import Path

import pytest

from ml.__main__ import parser
from ml.settings import CHECKOUT, SETTINGS

DOCS = CHECKOUT / "docs"
PAGES = (DOCS / "troubleshooting.md", DOCS / "deploy" / "README.md")
COMMAND = re.compile(r"python -m ml ([^`\n|#]+)")
TARGET = re.compile(r"`make (\w+)")
SETTING = re.compile(r"INSIGHTS_[A-Z_]+")
STOOD_FOR = {"CORREO": "ana@example.com", "EMAIL": "ana@example.com", "VERSIÓN": "x", "RELEASE": "x"}
QUOTED = (
    "is taken by another program",
    "; accepted is: ",
    "is not set and ",
    "cannot be written",
    "The store cannot be read just now",
    "Too many wrong passwords",
    "Demasiadas claves equivocadas",
)


def commands() -> list[str]:
    return sorted({found.strip().rstrip(".,;:)") for page in PAGES for found in COMMAND.findall(page.read_text(encoding="utf-8"))})


def sources() -> str:
    files = [path for folder in ("ml", "ui") for path in sorted((CHECKOUT / folder).rglob("*.p[yo]"))]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


@pytest.mark.parametrize("command", commands())
def test_every_command_is_one_the_program_takes(command):
    words = [STOOD_FOR.get(word, word) for word in shlex.split(command)]
    assert callable(parser().parse_args(words).run)


def test_there_are_commands_to_test():
    assert {"jobs list", "check", "releases verify", "retrain"} <= set(commands())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name + "/" + page.name)
def test_make_targets_settings_and_links_exist(page):
    text = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z ]*):", (CHECKOUT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(TARGET.findall(text)) <= {name for line in targets for name in line.split()}
    assert {name for name in SETTING.findall(text) if not name.endswith("_")} <= {setting.name for setting in SETTINGS}
    links = [link for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text) if link]
    assert not [link for link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("words", QUOTED)
def test_what_is_quoted_is_what_the_program_says(words):
    assert words in PAGES[0].read_text(encoding="utf-8").replace("INSIGHTS_… is …", "")
    assert words in sources()


def test_both_languages_have_the_same_chapters():
    spanish, english = PAGES[0].read_text(encoding="utf-8").split("# Troubleshooting (English)")
    assert len(re.findall("^## ", spanish, re.MULTILINE)) >= len(re.findall("^## ", english, re.MULTILINE)) >= 5
    assert Path(PAGES[0]).name == "troubleshooting.md"
