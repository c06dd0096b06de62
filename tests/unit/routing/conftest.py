"""A small town with a depot, customers and a year of tours whose kilometres are known."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from ml.routing.distance import haversine_km
from ml.source.tables import SPECS, conform
from ml.store.preferences import Preferences

DEPOT = (-33.4489, -70.6693)


class Town(NamedTuple):
    """Canonical frames of a company that drives one or two tours each working day."""

    orders: pd.DataFrame
    addresses: pd.DataFrame
    tours: pd.DataFrame


def nearest_neighbour_km(latitude: np.ndarray, longitude: np.ndarray) -> float:
    """Straight kilometres depot – nearest stop – … – depot."""
    lat, lon = np.r_[DEPOT[0], latitude], np.r_[DEPOT[1], longitude]
    distance = haversine_km(lat[:, None], lon[:, None], lat, lon)
    here, length, left = 0, 0.0, set(range(1, len(lat)))
    while left:
        there = min(left, key=lambda stop: distance[here, stop])
        length, here = length + distance[here, there], there
        left.discard(there)
    return float(length + distance[here, 0])


def make_town(seed: int = 1, days: int = 120, *, wednesday_factor: float = 1.0) -> Town:
    """`wednesday_factor` multiplies Wednesday's kilometres: something that only history can teach."""
    rng = np.random.default_rng(seed)
    count = 80
    addresses = pd.DataFrame(
        {
            "address_id": [f"a{number}" for number in range(count)],
            "customer_id": [f"c{number}" for number in range(count)],
            "zone": [f"zone {number % 5}" for number in range(count)],
            "latitude": DEPOT[0] + rng.normal(0, 0.06, count),
            "longitude": DEPOT[1] + rng.normal(0, 0.06, count),
        }
    )
    orders, tours = [], []
    for day in pd.bdate_range("2026-01-05", periods=days):
        stops = rng.choice(count, int(rng.integers(6, 18)), replace=False)
        quantity = rng.integers(1, 6, len(stops))
        orders += [
            (f"o{len(orders) + at}", f"c{stop}", day, 3000.0 * units, float(units), f"a{stop}")
            for at, (stop, units) in enumerate(zip(stops, quantity, strict=True))
        ]
        angle = np.arctan2(addresses["latitude"][stops] - DEPOT[0], addresses["longitude"][stops] - DEPOT[1]).argsort()
        for number, part in enumerate(np.array_split(np.asarray(angle), 1 if len(stops) < 12 else 2)):
            at = stops[part]
            km = 1.35 * nearest_neighbour_km(addresses["latitude"].to_numpy()[at], addresses["longitude"].to_numpy()[at])
            km *= rng.lognormal(0, 0.05) * (wednesday_factor if day.day_of_week == 2 else 1.0)
            tours.append((f"t{len(tours)}", day, float(len(at)), float(quantity[part].sum()), day, km, number))
    order_frame = pd.DataFrame(orders, columns=["order_id", "customer_id", "order_date", "amount", "quantity", "address_id"])
    tour_frame = pd.DataFrame(tours, columns=["tour_id", "date", "stops", "bottles", "ended_at", "driven_km", "number"])
    return Town(
        conform(SPECS["orders"], order_frame.assign(known_at=order_frame["order_date"])),
        conform(SPECS["addresses"], addresses.assign(known_at=pd.Timestamp("2026-01-05"))),
        conform(SPECS["tours"], tour_frame.assign(known_at=tour_frame["date"])),
    )


@pytest.fixture(scope="session")
def town() -> Town:
    """The town whose Wednesdays are half as long again."""
    return make_town(wednesday_factor=1.5)


@pytest.fixture
def preferences() -> Preferences:
    """The defaults."""
    return Preferences()
