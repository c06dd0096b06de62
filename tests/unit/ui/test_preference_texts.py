"""Every preference has its name, help and unit in both languages, and limits that agree with the model that checks them."""

import pytest

from ml.i18n import LANGUAGES, names, translator
from ml.settings import SETTINGS
from ml.source.finding_texts import FINDINGS
from ml.store.preferences import PREFERENCES, PreferenceError, Preferences, read_preferences
from ml.store.tokens import SCOPES
from ml.store.users import ROLES
from ui import open_sessions, preference_texts, settings_people, settings_setup, settings_system, settings_tokens
from ui.operations_reports import calm


@pytest.mark.parametrize("name", PREFERENCES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_preference_has_name_help_and_unit(name, language):
    t, text = translator(language), preference_texts.TEXTS[name]
    assert text.group in preference_texts.GROUPS
    for said in (t(text.label), t(text.help), t(text.unit, currency="CLP")):
        assert said and "{" not in said
    assert t(text.help).endswith(".")
    if language == "es":
        assert t(text.label) != text.label and t(text.help) != text.help


def test_no_text_is_left_over_and_every_group_has_some():
    assert set(preference_texts.TEXTS) == set(PREFERENCES)
    assert all(preference_texts.names_in(group) for group in preference_texts.GROUPS)
    assert preference_texts.CHOICES.keys() == {name for name, text in preference_texts.TEXTS.items() if text.kind == "choice"}


@pytest.mark.parametrize("name", PREFERENCES)
def test_what_is_shown_is_what_is_kept(name):
    value = getattr(Preferences(), name)
    assert preference_texts.kept(name, preference_texts.shown(name, value)) == value


@pytest.mark.parametrize("name", [name for name in PREFERENCES if preference_texts.TEXTS[name].kind not in preference_texts.NO_NUMBERS])
def test_limits_are_those_of_the_model(name):
    low, high, above, below = preference_texts.limits(name)
    for limit, outside, step in ((low, above, -1), (high, below, 1)):
        if limit is None:
            continue
        with pytest.raises(PreferenceError, match=name):
            read_preferences({name: preference_texts.kept(name, limit + (0 if outside else step))})
        assert read_preferences({name: preference_texts.kept(name, limit - step if outside else limit)})


def test_every_role_scope_setting_step_and_job_has_its_words():
    from ml.jobs import JOBS

    assert set(settings_people.ROLE_NAMES) == set(settings_people.ROLE_MEANINGS) == set(ROLES)
    assert set(settings_tokens.SCOPE_NAMES) == {scope.name for scope in SCOPES}
    assert set(settings_system.MEANINGS) == {setting.name for setting in SETTINGS}
    assert set(settings_setup.STEPS) == {"source", "mapping", "vat", "company", "depot", "costs", "calls", "horizon", "colleague"}
    assert {job.name for job in JOBS} <= set(names.JOBS) and FINDINGS


def test_a_report_shows_markup_of_the_data_as_it_is_written():
    said = calm("# Title\n| a | b |\n|---|---|\n| <img src=x> ![x](http://evil.example/x.png) www.evil.example | `1` $2$ :red[x] |")
    assert said.startswith("# Title\n| a | b |\n|---|---|\n") and "\\<img src=x\\>" in said
    assert "://" not in said.replace("\\:\u2060//", "") and "www." not in said and "](" not in said.replace("\\](", "")
    assert "\\:red\\[x\\]" in said and "\\`1\\` \\$2\\$" in said


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0", "Edge · Windows"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36", "Chrome · Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari · iPhone"),
        ("curl/8", ""), (None, ""),
    ],
)  # fmt: skip
def test_browsers_by_two_words(agent, name):
    assert open_sessions.browser_name(agent) == name
