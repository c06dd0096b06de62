"""Who gets a message, by which channel and in which language, as the preferences say; and the letters for the outbox."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote

import sqlalchemy as sa

from ml.i18n import LANGUAGES
from ml.notify.channels import CHANNELS, target_name
from ml.notify.messages import Message, clean
from ml.settings import Settings
from ml.store.addresses import addresses
from ml.store.outbox import SCREEN, Letter
from ml.store.preferences import Preferences
from ml.store.schema import users
from ml.store.values import load_preferences

DEMO, NO_CHANNEL, DISABLED = "demo", "no_channel", "disabled_person"


@dataclass(frozen=True)
class Audience:
    """Readers of a kind of message: the preferences that name their addresses, language and channels.

    Where no address is chosen, the people of the role `role` get it by e-mail.
    """

    recipients: str
    language: str
    channels: str
    role: str | None = None


AUDIENCES: dict[str, Audience] = {
    "churn_alerts": Audience("churn_alerts_recipients", "sales_language", "sales_channels"),
    "purchase_predictions": Audience("purchase_predictions_recipients", "sales_language", "sales_channels"),
    "experiment_ended": Audience("experiments_recipients", "sales_language", "sales_channels", role="analyst"),
    "technical": Audience("technical_recipients", "technical_language", "technical_channels"),
}


@dataclass(frozen=True)
class Address:
    """One reader: channel, recipient (an address or a target's public name), how it is shown, language; a code when it gets nothing."""

    channel: str
    recipient: str
    masked: str
    language: str
    kept: str | None = None


def readers(connection: sa.Connection, settings: Settings, name: str) -> list[Address]:
    """Everybody who gets the messages of the audience `name`: one entry at least, the screen, where no channel is set up.

    The demo company's messages are kept, whatever is set up.
    """
    preferences, audience = load_preferences(connection), AUDIENCES[name]
    chosen, language = getattr(preferences, audience.channels), getattr(preferences, audience.language)
    ready = [channel.name for channel in CHANNELS if channel.name in chosen and channel.is_ready(settings)]
    found = [address for channel in ready for address in _of_channel(connection, settings, preferences, audience, channel)]
    if settings.is_demo:
        found = [Address(one.channel, one.recipient, one.masked, one.language, DEMO) for one in found]
    return found or [Address(SCREEN, "", "", language, DEMO if settings.is_demo else NO_CHANNEL)]


def letters(to: Iterable[Address], make: Callable[[str], Message], *, key: str, run_id: int | None = None) -> list[Letter]:
    """The letters of one message. `make` writes it in a language, once for each; `key` tells this message from every other."""
    written = cache(make)
    return [_letter(one, written(one.language), key, run_id) for one in to]


def masked_address(address: str) -> str:
    """An e-mail address of which the first sign and the domain show: "a···@example.com".

    >>> masked_address("ana@example.com")
    'a···@example.com'
    """
    name, _, domain = address.partition("@")
    return f"{name[:1]}···@{domain}"


def app_link(settings: Settings, page: str = "") -> str:
    """The address of a screen of the app, as people outside this machine open it."""
    base = settings.public_url or f"http://127.0.0.1:{settings.port}"
    return f"{base}/{page}" if page else base


def customer_links(settings: Settings, page: str, ids: Iterable[str]) -> tuple[str, ...]:
    """The address of a screen about each of these customers: "churn" opens the alert, "customer" the customer."""
    return tuple(f"{app_link(settings, page)}?customer={quote(customer_id, safe='')}" for customer_id in ids)


def _of_channel(
    connection: sa.Connection, settings: Settings, preferences: Preferences, audience: Audience, channel: str
) -> Iterator[Address]:
    language = getattr(preferences, audience.language)
    if channel == "email":
        for address in addresses(getattr(preferences, audience.recipients)) or _people(connection, audience.role):
            own = connection.execute(sa.select(users.c.language, users.c.disabled_at).where(users.c.email == address)).first()
            spoken = own.language if own and own.language in LANGUAGES else language
            yield Address(channel, address, masked_address(address), spoken, DISABLED if own and own.disabled_at else None)
    elif channel == "apprise":
        for target in dict.fromkeys(map(target_name, settings.apprise_targets)):
            yield Address(channel, target, target, language)
    else:
        yield Address(channel, "", channel, language)


def _people(connection: sa.Connection, role: str | None) -> list[str]:
    """The addresses of everybody of a role who may come in."""
    asked = sa.select(users.c.email).where(users.c.role == role, users.c.disabled_at.is_(None)).order_by(users.c.email)
    return list(connection.execute(asked).scalars()) if role else []


def _letter(one: Address, message: Message, key: str, run_id: int | None) -> Letter:
    told = {"kind": message.kind, "title": clean(message.title), "body": message.as_dict(), "customers": message.customers}
    return Letter(
        dedup_key=key, channel=one.channel, recipient=one.recipient, masked=one.masked, language=one.language, run_id=run_id, kept=one.kept,
        **told,  # type: ignore[arg-type]
    )  # fmt: skip
