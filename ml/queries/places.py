"""Where customers are delivered to, as last read."""

from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from ml.store.schema import customer_places as places

COLUMNS = ("address_id", "zone", "latitude", "longitude", "orders", "last_order")


class Address(NamedTuple):
    """One address of a customer: latitude and longitude in degrees, None where the company knows none, and the orders that went there."""

    address_id: str
    zone: str | None
    latitude: float | None
    longitude: float | None
    orders: int
    last_order: date | None


def addresses(conn: sa.Connection, customer_id: str) -> tuple[Address, ...]:
    """The addresses of a customer: the default one first, then by orders. Empty for a customer without any."""
    order = places.c.is_default.desc(), places.c.orders.desc(), places.c.address_id
    rows = conn.execute(sa.select(*(places.c[name] for name in COLUMNS)).where(places.c.customer_id == customer_id).order_by(*order))
    return tuple(Address(*row) for row in rows)


def any_located(conn: sa.Connection) -> bool:
    """Whether the coordinates of any customer are known."""
    return conn.execute(sa.select(places.c.customer_id).where(places.c.latitude.is_not(None)).limit(1)).first() is not None
