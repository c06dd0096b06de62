"""Settings, system: what the environment decides, as set or not set. A secret's value is never read here."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from ml.i18n import mark
from ml.settings import PREFIX, SETTINGS, Settings
from ui import tables
from ui.screen import Screen
from ui.store_access import settings
from ui.tables import Column

MEANINGS: Mapping[str, str] = {
    "INSIGHTS_HOME": mark("Folder of data, models, logs and reports"),
    "INSIGHTS_SOURCE": mark("The company's database or files"),
    "INSIGHTS_MAPPING": mark("How their tables become ours"),
    "INSIGHTS_DATABASE_URL": mark("Database of this product"),
    "INSIGHTS_PORT": mark("Port of the app"),
    "INSIGHTS_ADMIN_EMAIL": mark("Address of the first administrator"),
    "INSIGHTS_ADMIN_PASSWORD": mark("Password of the first administrator"),
    "INSIGHTS_COUNTRY": mark("Country of the public holidays"),
    "INSIGHTS_TIMEZONE": mark("Time zone"),
    "INSIGHTS_CURRENCY": mark("Currency"),
    "INSIGHTS_SECRET_KEY": mark("Key that signs models and links"),
    "INSIGHTS_AS_OF": mark("Last day of the data that counts"),
    "INSIGHTS_TRUSTED_PROXIES": mark("Reverse proxies that are trusted"),
    "INSIGHTS_OIDC_ISSUER": mark("Sign-in provider"),
    "INSIGHTS_OIDC_CLIENT_ID": mark("Sign-in provider: id of this app"),
    "INSIGHTS_OIDC_CLIENT_SECRET": mark("Sign-in provider: secret of this app"),
    "INSIGHTS_OIDC_NAME": mark("Sign-in provider: name on the sign-in page"),
    "INSIGHTS_OIDC_SCOPES": mark("Sign-in provider: what it is asked for"),
    "INSIGHTS_OIDC_EMAIL_CLAIM": mark("Sign-in provider: where the address stands"),
    "INSIGHTS_OIDC_TRUST_EMAIL": mark("Sign-in provider: unverified addresses count"),
    "INSIGHTS_OIDC_ROLE_CLAIM": mark("Sign-in provider: where the role stands"),
    "INSIGHTS_OIDC_ROLES": mark("Sign-in provider: which value is which role"),
    "INSIGHTS_PUBLIC_URL": mark("Address of the app in messages"),
    "INSIGHTS_SLACK_WEBHOOK_URL": mark("Slack: incoming webhook"),
    "INSIGHTS_SMTP_HOST": mark("E-mail: server"),
    "INSIGHTS_SMTP_PORT": mark("E-mail: port"),
    "INSIGHTS_SMTP_SECURITY": mark("E-mail: encryption"),
    "INSIGHTS_SMTP_USER": mark("E-mail: account"),
    "INSIGHTS_SMTP_PASSWORD": mark("E-mail: password"),
    "INSIGHTS_SMTP_FROM": mark("E-mail: sender"),
    "INSIGHTS_APPRISE_URLS": mark("WhatsApp, Teams, Telegram"),
    "INSIGHTS_WEBHOOK_URL": mark("CRM or n8n: address"),
    "INSIGHTS_WEBHOOK_SECRET": mark("CRM or n8n: signing key"),
}


def show(screen: Screen) -> None:
    """The settings with their state."""
    t = screen.t
    st.write(
        t("These are set outside the app, in the environment or the file .env, by whoever runs the server. They count from the next start.")
    )
    columns = [
        Column("state", t("State"), width="small"), Column("meaning", t("Setting"), width="large"),
        Column("name", t("Name in .env"), width="large"),
    ]  # fmt: skip
    tables.show(screen, rows(screen, settings()), columns, alt=t("Settings of the environment, set or not"), key="system")
    st.caption(t("docs/settings.md says what each accepts."))


def rows(screen: Screen, values: Settings) -> pd.DataFrame:
    """One row per setting: meaning, state in words, name. Values are not shown, secret or not."""
    t = screen.t
    return pd.DataFrame(
        {
            "meaning": [t(MEANINGS.get(setting.name, setting.meaning)) for setting in SETTINGS],
            "state": [t("set") if is_set(values, setting.name) else t("not set") for setting in SETTINGS],
            "name": [setting.name for setting in SETTINGS],
        }
    )


def is_set(values: Settings, name: str) -> bool:
    """Whether a setting was given (in the environment or .env) rather than left to its default."""
    field = name.removeprefix(PREFIX).lower()
    return field in values.model_fields_set and getattr(values, field) not in (None, "")
