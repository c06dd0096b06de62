"""Links by which a customer sees the own next order without signing in: signed, expiring, revocable, and known to the store."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from ml.store import audit
from ml.store.refused import Refused
from ml.store.schema_alerts import customer_links

SIGNATURE_BYTES = 16
LONGEST_TOKEN = 80
DAYS_CHOICES: tuple[int, ...] = (7, 30, 90)
NOTED_EVERY = timedelta(minutes=1)


class LinkError(Refused):
    """A link cannot be made or revoked; the sentence says why."""


@dataclass(frozen=True)
class Link:
    """One link of a customer. Moments are naive UTC."""

    id: int
    customer_id: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None
    opened: int
    opened_at: datetime | None

    def is_live(self, now: datetime) -> bool:
        """Whether it still opens the page."""
        return self.revoked_at is None and now < self.expires_at


def make(connection: sa.Connection, customer_id: str, days: int, *, now: datetime, by: str) -> Link:
    """A new link of a customer for so many days; the token is `token_of` it. Raises LinkError for days that are not offered."""
    if days not in DAYS_CHOICES:
        raise LinkError(f"A link lives for {', '.join(map(str, DAYS_CHOICES))} days; {days} came.", "link_days")
    expires = (now + timedelta(days=days)).replace(microsecond=0)
    values = {"customer_id": customer_id, "created_at": now, "created_by": by, "expires_at": expires, "opened": 0}
    made = connection.execute(sa.insert(customer_links).values(**values).returning(customer_links.c.id)).scalar_one()
    audit.record(connection, by, "customer.link", customer_id, {"link": made, "days": days}, at=now)
    return Link(made, customer_id, now, by, expires, None, 0, None)


def token_of(link: Link, key: str) -> str:
    """The part of the address that names the link: number, end, and the signature of both."""
    said = f"{link.id}.{int(link.expires_at.replace(tzinfo=UTC).timestamp())}"
    return f"{said}.{_signature(said, key)}"


def find(connection: sa.Connection, token: str, key: str, *, now: datetime) -> Link | None:
    """The live link of a token, None for one that is forged, changed, expired, revoked or unknown; the store is asked last."""
    said, _, signature = token[:LONGEST_TOKEN].rpartition(".")
    if len(token) > LONGEST_TOKEN or not hmac.compare_digest(signature.encode(), _signature(said, key).encode()):
        return None
    row = connection.execute(sa.select(customer_links).where(customer_links.c.id == int(said.partition(".")[0]))).one_or_none()
    link = None if row is None else Link(**row._mapping)
    return link if link is not None and link.is_live(now) and token_of(link, key) == token else None


def of_customer(connection: sa.Connection, customer_id: str) -> list[Link]:
    """All links of a customer, newest first."""
    query = sa.select(customer_links).where(customer_links.c.customer_id == customer_id).order_by(customer_links.c.id.desc())
    return [Link(**row._mapping) for row in connection.execute(query)]


def revoke(connection: sa.Connection, link_id: int, *, now: datetime, by: str) -> None:
    """End a link at once. Raises LinkError for one that is gone or revoked."""
    row = connection.execute(sa.select(customer_links).where(customer_links.c.id == link_id)).one_or_none()
    if row is None or row.revoked_at is not None:
        raise LinkError(f"The link {link_id} is gone or revoked already.", "link_gone")
    connection.execute(sa.update(customer_links).where(customer_links.c.id == link_id).values(revoked_at=now))
    audit.record(connection, by, "customer.link_revoked", row.customer_id, {"link": link_id}, at=now)


def note_opened(connection: sa.Connection, link: Link, *, now: datetime) -> None:
    """Count an opening of the page; several within a minute count as one."""
    if link.opened_at is None or now - link.opened_at >= NOTED_EVERY:
        values = {"opened": customer_links.c.opened + 1, "opened_at": now}
        connection.execute(sa.update(customer_links).where(customer_links.c.id == link.id).values(**values))


def _signature(said: str, key: str) -> str:
    digest = hmac.new(key.encode(), f"customer-link:{said}".encode(), hashlib.sha256).digest()[:SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
