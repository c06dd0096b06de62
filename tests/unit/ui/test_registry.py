"""The registry of screens: every file is in it, every entry has its file, and roles see what they may."""

import pytest

from ml.i18n import translator
from ml.store.users import ROLES
from ui.registry import FOLDER, HOME, PAGES, SECTIONS, page, pages_aside, pages_for

MOST_LINES = 85  # "at most about eighty"


def test_every_screen_has_its_file_and_every_file_its_screen():
    assert {entry.path for entry in PAGES} == set(FOLDER.glob("*.py"))
    assert PAGES[0].name == HOME and len({entry.name for entry in PAGES}) == len(PAGES)


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.name)
def test_an_entry_is_whole(entry):
    assert entry.section in (*SECTIONS, "") and set(entry.roles) <= set(ROLES) and entry.roles
    for text in filter(None, (entry.title, entry.section, entry.help)):
        assert translator("es")(text) != text
    assert len(entry.path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_a_role_sees_only_its_screens(monkeypatch):
    from ui import registry

    monkeypatch.setattr(registry, "PAGES", (*PAGES[:1], PAGES[1]._replace(roles=("admin",))))
    assert [entry.name for entries in pages_for("viewer").values() for entry in entries] == [HOME]
    assert pages_for("nobody") == {}


@pytest.mark.parametrize("role", ROLES)
def test_every_screen_is_either_in_a_roles_navigation_or_aside(role):
    shown = [entry for entries in pages_for(role).values() for entry in entries]
    assert {entry.name for entry in (*shown, *pages_aside(role))} == {entry.name for entry in PAGES}
    assert not {entry.name for entry in shown} & {entry.name for entry in pages_aside(role)}
    assert page("account") in pages_aside(role) and role in page("account").roles


def test_an_unknown_screen_names_the_known_ones():
    with pytest.raises(KeyError, match="overview"):
        page("nope")
