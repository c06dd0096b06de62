"""The vans: each day's orders in tours of at most 55 bottles, by direction from the depot, and the kilometres each tour drove."""

from dataclasses import dataclass

import numpy as np

from ml.source.demo.baskets import Baskets
from ml.source.demo.customers import Pool
from ml.source.demo.places import DEPOT, haversine_km
from ml.source.demo.rhythm import Calls
from ml.source.demo.sizes import Plan
from ml.source.demo.streams import Days, Floats, stream

VAN_BOTTLES = 55
DETOUR = 1.38  # streets against the straight line
KM_SPREAD = 0.08  # log spread of what a driver adds or saves


@dataclass(frozen=True)
class Tours:
    """Per order: `tour` (a number growing with time), `km` of the whole tour (NaN before kilometres were recorded), `stop` = its
    place in the tour from 0."""

    tour: Days
    km: Floats
    stop: Days


def make_tours(plan: Plan, pool: Pool, calls: Calls, baskets: Baskets) -> Tours:
    """The tours of all orders: sweep (Gillett and Miller, 1974) into vans, then from each stop to the nearest one."""
    latitude, longitude = pool.latitude[calls.customer], pool.longitude[calls.customer]
    angle = np.arctan2(latitude - DEPOT[0], longitude - DEPOT[1])
    order = np.lexsort((angle, calls.day))
    tour = np.empty(len(order), dtype=np.int64)
    tour[order] = _fill(calls.day[order], baskets.bottles[order])
    count = int(tour.max(initial=-1)) + 1
    noise = np.exp(KM_SPREAD * stream(plan.seed, "tours").standard_normal(count))
    km, stop = np.full(len(order), np.nan), np.zeros(len(order), dtype=np.int64)
    for members in np.split(order, np.flatnonzero(np.diff(tour[order])) + 1):
        if len(members) and calls.day[members[0]] >= plan.km_since:
            path, straight = nearest_neighbour(latitude[members], longitude[members])
            stop[members[path]] = np.arange(len(members))
            km[members] = round(straight * DETOUR * noise[tour[members[0]]], 1)
    return Tours(tour, km, stop)


def _fill(day: Days, bottles: Days) -> Days:
    """The tour of each order in sweep order: a new one each day and whenever the next order would not fit."""
    tours = np.empty(len(day), dtype=np.int64)
    number, load, today = -1, 0, None
    for index, (on, count) in enumerate(zip(day.tolist(), bottles.tolist(), strict=True)):
        load += count
        if on != today or load > VAN_BOTTLES:
            number, load, today = number + 1, count, on
        tours[index] = number
    return tours


def nearest_neighbour(latitude: Floats, longitude: Floats) -> tuple[Days, Floats]:
    """The stops in the order visited, and the straight-line kilometres depot – stops – depot."""
    lat, lon = np.r_[DEPOT[0], latitude], np.r_[DEPOT[1], longitude]
    distance = haversine_km(lat[:, None], lon[:, None], lat, lon)
    open_distance = distance.copy()
    open_distance[:, 0] = np.inf
    here, path, length = 0, [], 0.0
    for _ in latitude:
        there = int(open_distance[here].argmin())
        length += distance[here, there]
        open_distance[:, there] = np.inf
        path.append(there - 1)
        here = there
    return np.array(path, dtype=np.int64), length + distance[here, 0]
