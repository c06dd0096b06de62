"""The settings of messages and their channels: addresses, accounts and secrets. They are part of `ml.settings.Settings`."""

from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, Field, SecretStr, field_validator

LOCAL = ("127.0.0.1", "localhost", "::1")
SHORTEST_SECRET = 16


class Setting(NamedTuple):
    """How one setting is documented: its environment name, what it decides, what is accepted, and whether it is a secret."""

    name: str
    meaning: str
    accepted: str
    secret: bool = False


MESSAGE_SETTINGS: tuple[Setting, ...] = (
    Setting(
        "INSIGHTS_PUBLIC_URL",
        "the address under which people open the app: links in messages begin with it",
        "an https:// address without a path (http:// on this machine); default http://127.0.0.1 with the port",
    ),
    Setting(
        "INSIGHTS_SLACK_WEBHOOK_URL",
        "Slack: the address of an incoming webhook; empty = no Slack",
        "an https:// address (http:// on this machine)",
        secret=True,
    ),
    Setting("INSIGHTS_SMTP_HOST", "e-mail: the server that sends; empty = no e-mail", "a host name, together with INSIGHTS_SMTP_FROM"),
    Setting("INSIGHTS_SMTP_PORT", "e-mail: the server's port", "a whole number from 1 to 65535; default 587"),
    Setting(
        "INSIGHTS_SMTP_SECURITY",
        "e-mail: how the connection is encrypted",
        "starttls, tls (from the first byte, usually port 465) or none (only for a server on this machine or network); default starttls",
    ),
    Setting("INSIGHTS_SMTP_USER", "e-mail: the account's name; empty = the server asks for none", "a text", secret=True),
    Setting("INSIGHTS_SMTP_PASSWORD", "e-mail: the account's password", "a text", secret=True),
    Setting("INSIGHTS_SMTP_FROM", "e-mail: the sender's address", "an e-mail address"),
    Setting(
        "INSIGHTS_APPRISE_URLS",
        "WhatsApp, Teams, Telegram and others: one apprise address a target; empty = none",
        "apprise addresses with spaces between, such as whatsapp://… msteams://… tgram://…",
        secret=True,
    ),
    Setting(
        "INSIGHTS_WEBHOOK_URL",
        "CRM or n8n: where messages are posted as JSON; empty = nowhere",
        "an https:// address (http:// on this machine), together with INSIGHTS_WEBHOOK_SECRET",
        secret=True,
    ),
    Setting("INSIGHTS_WEBHOOK_SECRET", "CRM or n8n: the key that signs what is posted", "at least 16 characters", secret=True),
)


def _empty_to_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


Optional = BeforeValidator(_empty_to_none)


class MessageSettings(BaseModel):
    """The fields of MESSAGE_SETTINGS."""

    public_url: str = ""
    slack_webhook_url: Annotated[SecretStr | None, Optional] = None
    smtp_host: str = ""
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: Annotated[SecretStr | None, Optional] = None
    smtp_password: Annotated[SecretStr | None, Optional] = None
    smtp_from: str = Field("", pattern=r"^([^@\s<>]+@[^@\s<>]+\.[^@\s<>]+)?$", max_length=200)
    apprise_urls: Annotated[SecretStr | None, Optional] = None
    webhook_secret: Annotated[SecretStr | None, Optional] = Field(None, min_length=SHORTEST_SECRET)
    webhook_url: Annotated[SecretStr | None, Optional] = None

    @field_validator("public_url")
    @classmethod
    def _usable_public_url(cls, value: str) -> str:
        if value and (not _is_web_address(value) or urlsplit(value).path.strip("/")):
            raise ValueError("no address")
        return value.rstrip("/")

    @field_validator("slack_webhook_url", "webhook_url")
    @classmethod
    def _usable_webhook(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _is_web_address(value.get_secret_value()):
            raise ValueError("no address")
        return value

    @field_validator("apprise_urls")
    @classmethod
    def _usable_targets(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not all("://" in part for part in value.get_secret_value().split()):
            raise ValueError("no apprise address")
        return value

    @property
    def apprise_targets(self) -> tuple[str, ...]:
        """The apprise addresses, secrets included: for sending only, never for showing."""
        return tuple(self.apprise_urls.get_secret_value().split()) if self.apprise_urls else ()


def _is_web_address(text: str) -> bool:
    """Whether a text is an https address, or an http one of this machine."""
    parts = urlsplit(text)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL))
