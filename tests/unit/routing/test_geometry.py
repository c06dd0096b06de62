import numpy as np
import pandas as pd
import pytest

from ml.routing.geometry import Geometry, delivery_lag_days, geometry_of, located_orders
from tests.unit.routing.conftest import DEPOT


def test_area_of_places_uniform_on_a_rectangle_whatever_its_direction():
    rng = np.random.default_rng(1)
    km = rng.uniform(-0.5, 0.5, (20_000, 2)) * [10, 4]
    for degrees in (0, 30, 77):
        turn = np.radians(degrees)
        turned = km @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        latitude = DEPOT[0] + turned[:, 1] / 111.195
        longitude = DEPOT[1] + turned[:, 0] / 111.195 / np.cos(np.radians(DEPOT[0]))
        shape = geometry_of(pd.DataFrame({"latitude": latitude, "longitude": longitude}), DEPOT)
        assert shape.area_km2 == pytest.approx(40, rel=0.03)


def test_few_places_have_a_distance_but_no_area():
    places = pd.DataFrame({"latitude": [DEPOT[0], DEPOT[0]], "longitude": [DEPOT[1], DEPOT[1] + 0.1]})
    shape = geometry_of(places, DEPOT)
    assert shape.points == 2
    assert shape.area_km2 == 0
    assert shape.distance_km == pytest.approx(0.5 * 0.1 * 111.195 * np.cos(np.radians(DEPOT[0])), rel=1e-3)
    assert geometry_of(places.iloc[:0], DEPOT) == Geometry(0, 0.0, 0.0)


def frames():
    day = pd.Timestamp("2026-05-04")
    addresses = pd.DataFrame(
        {
            "address_id": ["a", "b", "c", "null island", "off"],
            "customer_id": ["x", "y", "y", "z", "w"],
            "zone": ["Centro", "Norte", "Sur", "?", "?"],
            "latitude": [-33.4, -33.5, -33.6, 0.0, 95.0],
            "longitude": [-70.6, -70.7, -70.8, 0.0, -70.0],
        }
    )
    orders = pd.DataFrame(
        {
            "order_date": [day] * 5,
            "customer_id": ["x", "y", "x", "z", "y"],
            "address_id": ["a", "c", None, "null island", None],
            "zone": [None, "Maipú", None, None, None],
            "quantity": [1.0, 2.0, 3.0, 4.0, 5.0],
        }
    )
    return orders, addresses


def test_an_orders_place_is_its_address_else_the_customers_only_one():
    places = located_orders(*frames())
    assert places["quantity"].tolist() == [1.0, 2.0, 3.0]
    assert places["latitude"].tolist() == [-33.4, -33.6, -33.4]


def test_the_zone_is_the_orders_else_the_addresss():
    assert located_orders(*frames())["zone"].tolist()[:2] == ["Centro", "Maipú"]


def test_no_addresses_give_no_places():
    orders, addresses = frames()
    assert located_orders(orders, addresses.iloc[:0]).empty


@pytest.mark.parametrize("lag", [0, 1, 2])
def test_the_lag_from_order_to_tour_is_read_from_the_counts(town, lag):
    places = located_orders(town.orders, town.addresses)
    shifted = places.assign(date=places["date"] - pd.Timedelta(days=lag))
    assert delivery_lag_days(shifted, town.tours) == lag


def test_few_tours_give_no_lag(town):
    assert delivery_lag_days(located_orders(town.orders, town.addresses), town.tours.head(5)) == 0
