import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.source.demo.company import Company
from ml.source.demo.places import DEPOT, haversine_km
from ml.source.demo.tours import VAN_BOTTLES, nearest_neighbour


def test_no_van_carries_more_than_fifty_five_bottles_or_drives_two_days(standard: Company) -> None:
    tour = standard.tours.tour
    assert np.bincount(tour, weights=standard.baskets.bottles).max() <= VAN_BOTTLES == 55
    order = np.lexsort((standard.calls.day, tour))
    same = np.diff(tour[order]) == 0
    assert not (np.diff(standard.calls.day[order])[same] != 0).any()


def test_kilometres_are_the_whole_tours_on_each_of_its_orders_and_only_of_the_last_year(standard: Company) -> None:
    km, tour, day = standard.tours.km, standard.tours.tour, standard.calls.day
    recorded = ~np.isnan(km)
    assert np.array_equal(recorded, day >= standard.plan.km_since)
    assert standard.plan.km_since == standard.plan.days - 365
    for number in np.unique(tour[recorded])[::40]:
        assert len(np.unique(km[tour == number])) == 1


def test_more_stops_farther_out_take_more_kilometres(standard: Company) -> None:
    km, tour, pool = standard.tours.km, standard.tours.tour, standard.pool
    recorded = ~np.isnan(km)
    who = standard.calls.customer[recorded]
    far = haversine_km(np.array(DEPOT[0]), np.array(DEPOT[1]), pool.latitude[who], pool.longitude[who])
    numbers, place = np.unique(tour[recorded], return_inverse=True)
    farthest, driven = np.zeros(len(numbers)), np.zeros(len(numbers))
    np.maximum.at(farthest, place, far)
    np.maximum.at(driven, place, km[recorded])
    assert np.corrcoef(farthest, driven)[0, 1] > 0.4
    assert (driven > 2 * farthest).all()


def test_stops_of_a_tour_are_numbered_once_each(standard: Company) -> None:
    tours = standard.tours
    last = tours.tour.max()
    for number in (last, last - 5, last - 11):
        stops = tours.stop[tours.tour == number]
        assert sorted(stops) == list(range(len(stops)))


@given(st.lists(st.tuples(st.floats(-33.6, -33.3), st.floats(-70.8, -70.5)), min_size=1, max_size=12))
def test_a_path_visits_every_stop_once_and_is_no_shorter_than_there_and_back(points: list[tuple[float, float]]) -> None:
    latitude, longitude = np.array(points).T
    path, km = nearest_neighbour(latitude, longitude)
    assert sorted(path) == list(range(len(points)))
    out = haversine_km(np.array(DEPOT[0]), np.array(DEPOT[1]), latitude, longitude)
    assert km >= 2 * out.max() - 1e-6


def test_one_stop_is_there_and_back() -> None:
    path, km = nearest_neighbour(np.array([DEPOT[0] - 0.1]), np.array([DEPOT[1]]))
    assert path.tolist() == [0]
    assert km == pytest.approx(2 * 11.1195, abs=0.001)
