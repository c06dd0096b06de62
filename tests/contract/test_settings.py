"""Every setting is documented, checked, and secret where it is a secret."""

import re
from pathlib import Path

import pytest

from ml.jobs import JOBS
from ml.settings import PREFIX, SETTINGS, Settings, SettingsError, load_settings, source_label
from ml.store.preferences import PREFERENCES, PreferenceError, Preferences, read_preferences

ROOT = Path(__file__).resolve().parents[2]
BAD = {
    "INSIGHTS_HOME": None,
    "INSIGHTS_SOURCE": "mysql://user:hunter2secret@host/db",
    "INSIGHTS_MAPPING": None,
    "INSIGHTS_DATABASE_URL": "oracle://user:hunter2secret@host/db",
    "INSIGHTS_PORT": "eighty",
    "INSIGHTS_ADMIN_EMAIL": "nobody",
    "INSIGHTS_ADMIN_PASSWORD": "hunter2",
    "INSIGHTS_COUNTRY": "XX",
    "INSIGHTS_TIMEZONE": "America/Nowhere",
    "INSIGHTS_CURRENCY": "pesos",
    "INSIGHTS_SECRET_KEY": "hunter2",
    "INSIGHTS_AS_OF": "31-31-2026",
    "INSIGHTS_TRUSTED_PROXIES": "10.0.0.0/8, the proxy",
    "INSIGHTS_OIDC_ISSUER": "http://login.example.com",
    "INSIGHTS_OIDC_CLIENT_ID": None,
    "INSIGHTS_OIDC_CLIENT_SECRET": None,
    "INSIGHTS_OIDC_NAME": "A name that no sign-in page has room for at all",
    "INSIGHTS_OIDC_SCOPES": "email profile",
    "INSIGHTS_OIDC_EMAIL_CLAIM": None,
    "INSIGHTS_OIDC_TRUST_EMAIL": "perhaps",
    "INSIGHTS_OIDC_ROLE_CLAIM": None,
    "INSIGHTS_OIDC_ROLES": "boss=everybody",
    "INSIGHTS_PUBLIC_URL": "http://insights.example.com",
    "INSIGHTS_SLACK_WEBHOOK_URL": "http://hooks.example.com/hunter2",
    "INSIGHTS_SMTP_HOST": None,
    "INSIGHTS_SMTP_PORT": "0",
    "INSIGHTS_SMTP_SECURITY": "perhaps",
    "INSIGHTS_SMTP_USER": None,
    "INSIGHTS_SMTP_PASSWORD": None,
    "INSIGHTS_SMTP_FROM": "3T Insights <nobody>",
    "INSIGHTS_APPRISE_URLS": "hunter2",
    "INSIGHTS_WEBHOOK_URL": "ftp://hunter2.example.com",
    "INSIGHTS_WEBHOOK_SECRET": "hunter2",
}


def test_registry_and_fields_agree():
    assert {s.name for s in SETTINGS} == {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    assert set(BAD) == {s.name for s in SETTINGS}


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_every_setting_is_documented(setting):
    assert f"`{setting.name}`" in (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert setting.name in (ROOT / ".env.example").read_text(encoding="utf-8")


@pytest.mark.parametrize("preference", PREFERENCES)
def test_every_preference_is_documented(preference):
    assert f"`{preference}`" in (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name, bad in BAD.items() if bad])
def test_a_bad_value_is_one_sentence_naming_setting_value_and_accepted(name, monkeypatch):
    monkeypatch.setenv(name, BAD[name])
    setting = next(s for s in SETTINGS if s.name == name)
    with pytest.raises(SettingsError) as caught:
        load_settings(env_file=None)
    sentence = str(caught.value)
    assert sentence.count("\n") == 0
    assert name in sentence
    assert setting.accepted in sentence
    assert ("hunter2" in sentence) is False
    assert (BAD[name] in sentence) is not setting.secret


def test_an_env_file_is_read_and_its_bad_value_is_named(tmp_path):
    file = tmp_path / ".env"
    file.write_text("INSIGHTS_PORT=9000\nINSIGHTS_CURRENCY=\n")
    assert load_settings(env_file=file).port == 9000
    assert load_settings(env_file=file).currency == "CLP"
    file.write_text("INSIGHTS_PORT=99\n")
    with pytest.raises(SettingsError, match="INSIGHTS_PORT is '99'"):
        load_settings(env_file=file)


def test_secrets_never_show():
    settings = load_settings(
        env_file=None,
        source="postgresql://u:canary-source@h/db",
        database_url="postgresql://u:canary-store@h/db",
        admin_password="canary-password",
        secret_key="canary-key-0123456789012345678901234567",
    )
    assert "canary" not in repr(settings) + str(settings) + settings.model_dump_json()
    assert "canary" in settings.source_url
    assert source_label(settings.source_url) == "postgresql://h/db"


def test_preferences_are_checked():
    assert read_preferences({"call_cost": 2000}).call_cost == 2000
    with pytest.raises(PreferenceError, match="call_cost was -1"):
        read_preferences({"call_cost": -1})
    with pytest.raises(PreferenceError, match="nonsense"):
        read_preferences({"nonsense": 1})
    assert Preferences().van_capacity_bottles == 55


@pytest.mark.parametrize("preference", PREFERENCES)
def test_every_preference_is_read_by_something(preference):
    """A value that people choose on the Settings screen and nothing reads would be a lie."""
    told = ("preferences.py", "preference_texts.py")
    code = "\n".join(path.read_text() for room in ("ml", "ui", "pages") for path in (ROOT / room).rglob("*.py") if path.name not in told)
    job = preference.removeprefix("schedule_")
    assert re.search(rf"\b{preference}\b", code) or (job != preference and job in {entry.name for entry in JOBS})
