"""Infrastructure and secrets, from the environment or a `.env` file. Business values are preferences (ml.store.preferences), not here."""

import hashlib
import ipaddress
import os
import secrets
import zoneinfo
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import holidays
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from ml.message_settings import MESSAGE_SETTINGS, MessageSettings, Optional, Setting

CHECKOUT = Path(__file__).resolve().parent.parent
PREFIX = "INSIGHTS_"
HIDDEN, SHORTEST_HIDDEN = "•••", 6


class SettingsError(ValueError):
    """A setting is missing or not usable; the one sentence names the setting, the value that came and what is accepted."""


SETTINGS: tuple[Setting, ...] = (
    Setting("INSIGHTS_HOME", "folder where data, models, logs and reports are kept", "a folder path; default the checkout"),
    Setting(
        "INSIGHTS_SOURCE",
        "the company's database or files, read only; empty = the demo company",
        "postgresql://…, postgres://…, sqlite:///file or csv:folder",
        secret=True,
    ),
    Setting("INSIGHTS_MAPPING", "mapping.toml, or a preset: their tables and columns to ours", "a .toml file, or 3t or lines; default 3t"),
    Setting(
        "INSIGHTS_DATABASE_URL",
        "our own store; empty = an SQLite file under INSIGHTS_HOME",
        "postgresql://…, postgres://… or sqlite:///file",
        secret=True,
    ),
    Setting("INSIGHTS_PORT", "port of the app on 127.0.0.1", "a whole number from 1024 to 65535; default 8501"),
    Setting("INSIGHTS_ADMIN_EMAIL", "e-mail address of the first admin", "an e-mail address; default admin@example.com"),
    Setting(
        "INSIGHTS_ADMIN_PASSWORD",
        "password of the first admin; empty = one is generated and printed once",
        "10 to 200 characters",
        secret=True,
    ),
    Setting("INSIGHTS_COUNTRY", "whose public holidays count", "a two-letter country code the holidays library knows; default CL"),
    Setting("INSIGHTS_TIMEZONE", "the company's time zone", "an IANA time zone name; default America/Santiago"),
    Setting("INSIGHTS_CURRENCY", "currency of all money figures", "a three-letter ISO 4217 code; default CLP"),
    Setting(
        "INSIGHTS_SECRET_KEY",
        "signs models and links; empty = a random one is written to .env at the first start",
        "at least 32 characters",
        secret=True,
    ),
    Setting("INSIGHTS_AS_OF", "last day of the data that counts; empty = found from the data", "a date as YYYY-MM-DD"),
    Setting(
        "INSIGHTS_TRUSTED_PROXIES",
        "reverse proxies whose X-Forwarded-For and X-Forwarded-Proto headers count; empty = none",
        "IP addresses or networks, separated by commas",
    ),
    Setting(
        "INSIGHTS_OIDC_ISSUER",
        "sign-in with an OpenID Connect provider: its issuer; empty = passwords only",
        "the issuer's https:// address, together with INSIGHTS_OIDC_CLIENT_ID",
    ),
    Setting("INSIGHTS_OIDC_CLIENT_ID", "the id the provider gave this app", "a text"),
    Setting("INSIGHTS_OIDC_CLIENT_SECRET", "the secret the provider gave this app; empty = a public client", "a text", secret=True),
    Setting("INSIGHTS_OIDC_NAME", "the provider's name on the sign-in page", "up to 40 characters; default the issuer's host"),
    Setting(
        "INSIGHTS_OIDC_SCOPES",
        "what the provider is asked for",
        "scopes with spaces between, openid among them; default openid email profile",
    ),
    Setting("INSIGHTS_OIDC_EMAIL_CLAIM", "the claim that holds the person's e-mail address", "a claim's name; default email"),
    Setting(
        "INSIGHTS_OIDC_TRUST_EMAIL",
        "whether an address counts that the provider does not mark as verified",
        "true or false; default false. True only where the provider's administrator gives out the addresses",
    ),
    Setting(
        "INSIGHTS_OIDC_ROLE_CLAIM",
        "the claim that holds the person's roles or groups; empty = roles are those of our own people",
        "a claim's name, or a path such as app_metadata.role",
    ),
    Setting(
        "INSIGHTS_OIDC_ROLES",
        "which value of that claim is which role; empty = the roles' own names",
        "pairs such as admin=insights-admins,analyst=sales,viewer=staff",
    ),
    *MESSAGE_SETTINGS,
)
OIDC_ROLES: tuple[str, ...] = ("admin", "analyst", "viewer")  # the strongest first: it wins when a person has several


class Settings(MessageSettings, BaseSettings):
    """The validated settings. Secrets are SecretStr: they never show in `repr`, logs or errors; read them by `.get_secret_value()`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", env_ignore_empty=True, frozen=True, hide_input_in_errors=True)

    home: Annotated[Path, NoDecode] = CHECKOUT
    source: Annotated[SecretStr | None, Optional] = None
    mapping: str = "3t"
    database_url: Annotated[SecretStr | None, Optional] = None
    port: int = Field(8501, ge=1024, le=65535)
    admin_email: str = Field("admin@example.com", pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=200)
    admin_password: Annotated[SecretStr | None, Optional] = Field(None, min_length=10, max_length=200)
    country: str = "CL"
    timezone: str = "America/Santiago"
    currency: str = Field("CLP", pattern=r"^[A-Z]{3}$")
    secret_key: Annotated[SecretStr | None, Optional] = Field(None, min_length=32)
    as_of: date | None = None
    trusted_proxies: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: Annotated[SecretStr | None, Optional] = None
    oidc_issuer: str = ""
    oidc_name: str = Field("", max_length=40)
    oidc_scopes: str = "openid email profile"
    oidc_email_claim: str = Field("email", min_length=1)
    oidc_trust_email: bool = False
    oidc_role_claim: str = ""
    oidc_roles: str = ""

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator("source")
    @classmethod
    def _known_source(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("postgresql://", "postgres://", "sqlite:///", "csv:")):
            raise ValueError("unknown kind of source")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("postgresql://", "postgres://", "sqlite:///")):
            raise ValueError("unknown kind of database")
        return value

    @field_validator("country")
    @classmethod
    def _known_country(cls, value: str) -> str:
        if value not in holidays.list_supported_countries():
            raise ValueError("unknown country")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        if value not in zoneinfo.available_timezones():
            raise ValueError("unknown time zone")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _known_proxies(cls, value: str) -> str:
        for part in filter(None, (part.strip() for part in value.split(","))):
            ipaddress.ip_network(part, strict=False)
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _usable_issuer(cls, value: str, info: ValidationInfo) -> str:
        parts = urlsplit(value)
        is_local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
        if value and not (parts.hostname and (parts.scheme == "https" or is_local) and info.data.get("oidc_client_id")):
            raise ValueError("no issuer, or no client id")
        return value

    @field_validator("oidc_scopes")
    @classmethod
    def _with_openid(cls, value: str) -> str:
        if "openid" not in value.split():
            raise ValueError("openid is missing")
        return value

    @field_validator("oidc_roles")
    @classmethod
    def _known_roles(cls, value: str) -> str:
        for pair in filter(None, (pair.strip() for pair in value.split(","))):
            role, _, name = pair.partition("=")
            if role.strip() not in OIDC_ROLES or not name.strip():
                raise ValueError("no pair of a role and a value")
        return value

    @property
    def oidc_role_values(self) -> dict[str, str]:
        """Value of the role claim -> role, as INSIGHTS_OIDC_ROLES says, else the roles' own names."""
        pairs = (pair.partition("=") for pair in self.oidc_roles.split(",") if pair.strip())
        return {name.strip(): role.strip() for role, _, name in pairs} or {role: role for role in OIDC_ROLES}

    @property
    def proxy_networks(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """The networks of INSIGHTS_TRUSTED_PROXIES."""
        parts = filter(None, (part.strip() for part in self.trusted_proxies.split(",")))
        return tuple(ipaddress.ip_network(part, strict=False) for part in parts)

    @property
    def is_demo(self) -> bool:
        """Whether the embedded demo company is the source."""
        return self.source is None

    @property
    def source_url(self) -> str:
        """The source's address, secrets included: for connecting only, never for showing."""
        return self.source.get_secret_value() if self.source else f"sqlite:///{self.demo_file}"

    @property
    def demo_file(self) -> Path:
        """Where the demo company lives."""
        return self.data_folder / "demo.db"

    @property
    def store_url(self) -> str:
        """The store's address, secrets included: for connecting only, never for showing."""
        return self.database_url.get_secret_value() if self.database_url else f"sqlite:///{self.home / 'data' / self._store_name()}"

    @property
    def models_folder(self) -> Path:
        """Where releases live (versions/<id>/…, current.json)."""
        return self.home / "models"

    @property
    def data_folder(self) -> Path:
        """Where the demo company, snapshots and the default store live."""
        return self.home / "data"

    def _store_name(self) -> str:
        """A store of its own for every source: predictions of two companies never meet."""
        return "insights.db" if self.is_demo else f"insights-{source_identity(self.source_url)[:8]}.db"


def source_label(url: str) -> str:
    """A source's address without secrets, for people: scheme, host, port and database, or the file or folder."""
    if url.startswith("csv:"):
        return url
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return f"sqlite:{Path(parts.path).name}"
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"


def source_identity(url: str) -> str:
    """A hash that tells one company's source from another's: kind, host, port, database, folder; no password, no role name.

    Behind a shared connection pooler the project is the part of the user name after the dot, so that part counts.
    """
    if url.startswith("csv:"):
        place = f"csv:{Path(url.removeprefix('csv:')).expanduser().resolve()}"
    else:
        parts = urlsplit(url)
        if parts.scheme == "sqlite":
            place = f"sqlite:{Path(parts.path.removeprefix('/')).expanduser().resolve()}"
        else:
            project = (parts.username or "").partition(".")[2]
            place = f"postgresql://{project}@{parts.hostname or ''}:{parts.port or 5432}{parts.path}"
    return hashlib.sha256(place.encode()).hexdigest()[:16]


def without_secrets(settings: Settings, text: str) -> str:
    """A text in which no secret of the settings stands any more, nor the password or path of an address among them."""
    for hidden in sorted(_secret_parts(settings), key=len, reverse=True):
        text = text.replace(hidden, HIDDEN)
    return text


def _secret_parts(settings: Settings) -> set[str]:
    values = [value.get_secret_value() for value in dict(settings).values() if isinstance(value, SecretStr)]
    words = {word for value in values for word in (value, *value.split())}
    inner = {part for word in words if "://" in word for part in (urlsplit(word).password, urlsplit(word).path.strip("/"))}
    return {part for part in words | inner if part and len(part) >= SHORTEST_HIDDEN}


def ensure_secret_key(settings: Settings, env_file: Path = CHECKOUT / ".env") -> Settings:
    """Settings that have a secret key: at the first start a random one is added to `env_file` (mode 0600) and kept for ever after.

    Raises SettingsError when the file cannot be written.
    """
    if settings.secret_key is not None:
        return settings
    name = f"{PREFIX}SECRET_KEY"
    key = secrets.token_urlsafe(48)
    try:
        kept = env_file.read_text(encoding="utf-8") if env_file.exists() else ""
        lines = [line for line in kept.splitlines() if not line.startswith(f"{name}=")]
        unfinished = env_file.with_name(f"{env_file.name}.{os.getpid()}")
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write("\n".join([*lines, f"{name}={key}"]) + "\n")
        unfinished.replace(env_file)
    except OSError as error:
        raise SettingsError(
            f"{name} is not set and {env_file.name} cannot be written ({error.strerror}); set {name} to at least 32 characters."
        ) from None
    return settings.model_copy(update={"secret_key": SecretStr(key)})


def load_settings(env_file: Path | None = CHECKOUT / ".env", **values: Any) -> Settings:
    """The settings from `values`, then the environment, then `env_file`.

    Raises SettingsError with one sentence naming the setting, the value (hidden for secrets) and what is accepted.
    """
    try:
        return Settings(_env_file=env_file, **values)  # type: ignore[call-arg]
    except ValidationError as error:
        raise SettingsError(_sentence(error, env_file, values)) from None


def _sentence(error: ValidationError, env_file: Path | None, values: dict[str, Any]) -> str:
    from dotenv import dotenv_values

    field = str(error.errors()[0]["loc"][0]).lower().removeprefix(PREFIX.lower())
    name = f"{PREFIX}{field.upper()}"
    setting = next((s for s in SETTINGS if s.name == name), None)
    filed = dotenv_values(env_file).get(name) if env_file and env_file.exists() else None
    came = values.get(field, os.environ.get(name, filed))
    shown = "a value that is not shown because it is secret" if setting and setting.secret else repr(str(came))
    return f"{name} is {shown}; accepted is: {setting.accepted if setting else 'a documented setting'}."
