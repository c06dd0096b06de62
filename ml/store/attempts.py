"""Sign-in throttling. After FREE_FAILURES wrong passwords an account waits, twice as long each time, at that address only: a colleague at
another address is never kept out, and nobody for longer than LONGEST_WAIT. An address that tries many accounts waits as a whole.

An attempt is written as failed before the password is looked at and amended after, so that parallel guesses cannot slip past the count.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from ml.store import schema

FREE_FAILURES = 5
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
MEMORY = timedelta(hours=24)
ADDRESS_FAILURES = 30
ADDRESS_WINDOW = timedelta(minutes=15)
TRUST = timedelta(days=30)

_KEPT = schema.login_attempts.c


def wait(connection: sa.Connection, email: str, address: str, *, now: datetime) -> timedelta:
    """How long this account must wait at this address before the next attempt; zero when it need not."""
    return max(_pair_wait(connection, email, address, now), _address_wait(connection, email, address, now), timedelta(0))


def begin(connection: sa.Connection, email: str, address: str, *, now: datetime) -> int:
    """Write the attempt as failed, and return its number for `succeed`. In one write transaction with the `wait` before it."""
    values = {"at": now, "email": email, "address": address, "succeeded": False}
    number = connection.execute(sa.insert(schema.login_attempts).values(**values)).inserted_primary_key
    return int(number[0]) if number else 0


def succeed(connection: sa.Connection, attempt_id: int) -> None:
    """Amend the attempt: the password was right. The failures before it no longer count at that address."""
    connection.execute(sa.update(schema.login_attempts).where(_KEPT.id == attempt_id).values(succeeded=True))


def failures(connection: sa.Connection, email: str, address: str, *, now: datetime) -> tuple[int, datetime | None]:
    """How many attempts failed for this account at this address since its last success there (24 hours at most), and when the last did."""
    here = sa.and_(_KEPT.email == email, _KEPT.address == address, _KEPT.at > now - MEMORY)
    last_success = sa.select(sa.func.max(_KEPT.id)).where(here, _KEPT.succeeded).scalar_subquery()
    counted = sa.select(sa.func.count(), sa.func.max(_KEPT.at)).where(here, _KEPT.id > sa.func.coalesce(last_success, 0))
    count, last = connection.execute(counted).one()
    return int(count), last


def forget_old(connection: sa.Connection, *, now: datetime) -> int:
    """Delete attempts older than TRUST; how many."""
    return int(connection.execute(sa.delete(schema.login_attempts).where(_KEPT.at < now - TRUST)).rowcount)


def _pair_wait(connection: sa.Connection, email: str, address: str, now: datetime) -> timedelta:
    count, last = failures(connection, email, address, now=now)
    if count < FREE_FAILURES or last is None:
        return timedelta(0)
    doubled = FIRST_WAIT * 2 ** min(count - FREE_FAILURES, 10)
    return last + min(doubled, LONGEST_WAIT) - now


def _address_wait(connection: sa.Connection, email: str, address: str, now: datetime) -> timedelta:
    """Many accounts tried from one address: it waits as a whole, except for those who have signed in there before."""
    recent = sa.and_(_KEPT.address == address, _KEPT.at > now - ADDRESS_WINDOW, ~_KEPT.succeeded)
    count, last = connection.execute(sa.select(sa.func.count(), sa.func.max(_KEPT.at)).where(recent)).one()
    if count < ADDRESS_FAILURES:
        return timedelta(0)
    known = sa.select(_KEPT.id).where(_KEPT.email == email, _KEPT.address == address, _KEPT.succeeded, _KEPT.at > now - TRUST)
    if connection.execute(known.limit(1)).first():
        return timedelta(0)
    return last + FIRST_WAIT - now
