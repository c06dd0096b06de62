"""A small company's prices and routes, fitted once, and written as a signed release for the tests of what-ifs."""

from datetime import date, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import sqlalchemy as sa

from ml.predictors.base import Company
from ml.predictors.price import Price
from ml.predictors.route_cost import RouteCost
from ml.pricing.model import fit_prices
from ml.routing.model import fit_routes
from ml.settings import Settings, load_settings
from ml.source.tables import SPECS, conform
from ml.store.pointers import point_to
from ml.store.preferences import Preferences
from ml.store.releases import Content, pack, write_release
from tests.conftest import SECRET_KEY

LAST = date(2026, 10, 28)


@cache
def fitted() -> dict[str, bytes]:
    """Predictors of 40 households that buy 20-litre bottles for 3,000 every ten days, and of tours without recorded kilometres."""
    rng = np.random.default_rng(7)
    days = pd.date_range(end=pd.Timestamp(LAST), periods=360, unit="us")
    bought = pd.DataFrame(
        [
            {"customer_id": f"C{who}", "day": day, "quantity": float(rng.integers(2, 8)), "price": 3000.0 + 50 * (day.month % 3)}
            for who in range(40)
            for day in days[who % 10 :: 10]
        ]
    ).assign(product_id="P1", customer_type="Hogar")
    price = Price(Company())
    price.model_ = fit_prices(bought, SPECS["unit_costs"].empty(), LAST, rng=rng)
    places = pd.DataFrame({"address_id": [f"A{who}" for who in range(40)], "customer_id": [f"C{who}" for who in range(40)]})
    places = places.assign(zone="Ñuñoa", latitude=-33.45 + rng.normal(0, 0.02, 40), longitude=-70.60 + rng.normal(0, 0.02, 40))
    orders = bought.rename(columns={"day": "order_date"}).assign(order_id=lambda frame: frame.index.astype("str"), known_at=bought["day"])
    orders = orders.assign(address_id=orders["customer_id"].str.replace("C", "A"), amount=orders["quantity"] * orders["price"])
    empty = SPECS["tours"].empty()
    route = RouteCost(Company())
    addresses = conform(SPECS["addresses"], places.assign(known_at=days[0]))
    route.model_ = fit_routes(empty, conform(SPECS["orders"], orders), addresses, Preferences())
    return {"price": pack(price), "route_cost": pack(route)}


def put_in_service(connection: sa.Connection, home: Path, at: datetime) -> str:
    """Write the release below `home` and point to it; its id."""
    release = write_release(home / "models", Content(fitted()), key=SECRET_KEY, now=at, as_of=LAST, fingerprint="f" * 16)
    for name in fitted():
        point_to(connection, name, release, at=at, by="system", reason={"code": "first_release", "params": {}})
    return release


def settings_of(home: Path) -> Settings:
    """Settings of a company that lives below `home`."""
    return load_settings(None, home=home, secret_key=SECRET_KEY)
