"""The pictures that are or were the company's logo, by the digest of their content: the preference company_logo names one of them."""

from base64 import b64decode, b64encode
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

import sqlalchemy as sa

from ml.store.logo_files import kind_of
from ml.store.schema import logos

KEPT = 5  # so that a change can be taken back


class Logo(NamedTuple):
    """A picture: its media type and content."""

    kind: str
    content: bytes


def keep(connection: sa.Connection, content: bytes, *, now: datetime, by: str) -> str:
    """Keep a picture and return its digest; of older ones the last KEPT stay. Raises LogoError for a file that cannot be the logo."""
    kind, digest = kind_of(content), sha256(content).hexdigest()
    row = {"kind": kind, "content": b64encode(content).decode("ascii"), "added_at": now, "added_by": by}
    if connection.execute(sa.update(logos).where(logos.c.digest == digest).values(**row)).rowcount == 0:
        connection.execute(sa.insert(logos).values(digest=digest, **row))
    newest = sa.select(logos.c.digest).order_by(logos.c.added_at.desc(), logos.c.digest).limit(KEPT)
    stay = set(connection.execute(newest).scalars()) | {digest}
    connection.execute(sa.delete(logos).where(logos.c.digest.not_in(stay)))
    return digest


def find(connection: sa.Connection, digest: str) -> Logo | None:
    """The picture of that digest; None when there is none (any more)."""
    row = connection.execute(sa.select(logos.c.kind, logos.c.content).where(logos.c.digest == digest)).first()
    return Logo(row.kind, b64decode(row.content)) if row else None
