"""A store with a company's customers and orders, written by hand: 240 customers, a year, skewed and full of zeros."""

import itertools
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from ml import clock
from ml.experiments import creating
from ml.store import schema
from ml.store.engine import begin_write, open_store
from tests.conftest import settings_for

TODAY = date(2026, 6, 1)
AS_OF = TODAY - timedelta(days=1)
NOW = datetime(2026, 6, 1, 12, 0)
CUSTOMERS = [f"c{number:03d}" for number in range(240)]
NO_LATER = 10_000


def fill(engine: sa.Engine, *, last: date = AS_OF, lift: dict[str, float] | None = None, since: date | None = None) -> None:
    """Replace the facts: a year of orders up to `last`; from `since` on amounts are multiplied by `lift` per customer."""
    rng = np.random.default_rng(7)
    levels, often = np.exp(rng.normal(9.8, 0.7, len(CUSTOMERS))), rng.uniform(0.02, 0.25, len(CUSTOMERS))
    first, orders = date(2025, 6, 1), []
    draws = rng.random((len(CUSTOMERS), 500)), rng.normal(0, 0.3, (len(CUSTOMERS), 500))
    for place, customer in enumerate(CUSTOMERS):
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            if draws[0][place, number] >= often[place]:
                continue
            factor = (lift or {}).get(customer, 1.0) if since is not None and day >= since else 1.0
            if factor == 0.0:
                continue
            amount = float(np.round(levels[place] * np.exp(draws[1][place, number]) * factor))
            orders.append(
                {
                    "customer_id": customer,
                    "day": day,
                    "order_id": f"{customer}-{number}",
                    "amount": amount,
                    "quantity": 3.0,
                    "is_paid": None,
                }
            )
    people = [
        {"customer_id": customer, "name": f"Cliente {customer}", "zone": ("Ñuñoa", "Providencia")[place % 2],
         "customer_type": ("Hogar", "Empresa")[place % 3 == 0], "contact_opt_out": False, "orders_total": 1, "orders_365": 1,
         "spend_total": 1.0, "spend_365": 1.0}
        for place, customer in enumerate(CUSTOMERS)
    ]  # fmt: skip
    with begin_write(engine) as connection:
        for table in (schema.customer_orders, schema.customer_facts):
            connection.execute(sa.delete(table))
        connection.execute(sa.insert(schema.customer_orders), orders)
        connection.execute(sa.insert(schema.customer_facts), people)
        connection.execute(
            sa.insert(schema.reading).values(
                read_at=NOW, as_of=last, source="csv:toy", fingerprint="f", from_snapshot=False, is_demo=False, amount_basis="net",
                tables={}, findings=[],
            )
        )  # fmt: skip


@pytest.fixture(autouse=True)
def drawn_alike(monkeypatch) -> None:
    """The same draw in every run: what chance does to a draw is the business of test_simulations.py."""
    numbers = itertools.count(100)
    monkeypatch.setattr(creating.secrets, "token_hex", lambda size: f"{next(numbers):0{2 * size}x}")


@pytest.fixture(autouse=True)
def first_of_june(monkeypatch) -> None:
    monkeypatch.setattr(clock, "today", lambda timezone: TODAY)
    monkeypatch.setattr(clock, "utc_now", lambda: NOW)


@pytest.fixture
def settings(tmp_path: Path):
    return settings_for(tmp_path / "home")


@pytest.fixture
def empty(settings):
    """The options of a company that was never read."""
    engine = open_store(settings)
    yield {"store": engine, "settings": settings}
    engine.dispose()


@pytest.fixture(scope="session")
def filled(tmp_path_factory) -> Path:
    """The home of a company with a year of orders, made once."""
    home = tmp_path_factory.mktemp("experiments") / "home"
    engine = open_store(settings_for(home))
    fill(engine)
    engine.dispose()
    return home


@pytest.fixture
def company(settings, filled):
    """The options of a company with a year of orders."""
    shutil.copytree(filled, settings.home)
    engine = open_store(settings)
    yield {"store": engine, "settings": settings}
    engine.dispose()
