"""Where the deliveries of a day lie: how far from the depot, over what area. From orders known by that day and their addresses."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ml.routing.distance import haversine_km

KM_PER_DEGREE = 111.195
MIN_POINTS_FOR_AREA = 4
MAX_LAG_DAYS = 3
MIN_DAYS_FOR_LAG = 10


class Geometry(NamedTuple):
    """The shape of a set of deliveries: points counted, their mean distance from the depot (km, straight) and their area (km²)."""

    points: int
    distance_km: float
    area_km2: float


def located_orders(orders: pd.DataFrame, addresses: pd.DataFrame) -> pd.DataFrame:
    """Orders with a usable place: columns date (order_date), zone, quantity, latitude, longitude.

    The place is the order's address, else the customer's only address. Orders without coordinates are left out, as are (0, 0) and
    coordinates outside the globe.
    """
    places = addresses[addresses["latitude"].between(-90, 90) & addresses["longitude"].between(-180, 180)]
    places = places[(places["latitude"] != 0) | (places["longitude"] != 0)]
    by_address = places.drop_duplicates("address_id").set_index("address_id")
    single = places.drop_duplicates("customer_id", keep=False).set_index("customer_id")
    frame = pd.DataFrame({"date": orders["order_date"], "quantity": orders["quantity"].astype(float)})
    for column in ("latitude", "longitude"):
        frame[column] = orders["address_id"].map(by_address[column]).astype(float)
        frame[column] = frame[column].fillna(orders["customer_id"].map(single[column]).astype(float))
    frame["zone"] = orders["zone"].astype("str").fillna(orders["address_id"].map(by_address["zone"]).astype("str"))
    return frame.dropna(subset=["latitude", "longitude", "date"])[["date", "zone", "quantity", "latitude", "longitude"]].reset_index(
        drop=True
    )


def geometry_of(places: pd.DataFrame, depot: tuple[float, float]) -> Geometry:
    """The geometry of places (columns latitude, longitude). Area from the spread: 12 · sqrt(det of the covariance in km).

    For points uniform on a rectangle the variance along a side a is a² / 12, so the area a · b is 12 · σa · σb; the determinant makes it
    independent of the rectangle's direction. Fewer than 4 points have no area (0).
    """
    if places.empty:
        return Geometry(0, 0.0, 0.0)
    lat, lon = places["latitude"].to_numpy(dtype=float), places["longitude"].to_numpy(dtype=float)
    distance = float(haversine_km(lat, lon, *depot).mean())
    if len(places) < MIN_POINTS_FOR_AREA:
        return Geometry(len(places), distance, 0.0)
    north, east = lat * KM_PER_DEGREE, lon * KM_PER_DEGREE * np.cos(np.radians(lat.mean()))
    determinant = float(np.linalg.det(np.cov(north, east)))
    return Geometry(len(places), distance, 12.0 * float(np.sqrt(max(determinant, 0.0))))


def day_geometries(places: pd.DataFrame, depot: tuple[float, float]) -> dict[pd.Timestamp, Geometry]:
    """Day -> geometry of that day's places (columns date, latitude, longitude)."""
    return {pd.Timestamp(str(day)): geometry_of(group, depot) for day, group in places.groupby("date")}


def delivery_lag_days(places: pd.DataFrame, tours: pd.DataFrame) -> int:
    """Days between an order and the tour that brings it: the lag, 0 to 3, at which orders per day best match stops per day.

    0 with fewer than 10 days of tours. `tours` has date and stops.
    """
    stops = tours.groupby("date")["stops"].sum()
    if len(stops) < MIN_DAYS_FOR_LAG or places.empty:
        return 0
    orders = places.groupby("date").size()
    gaps = []
    for lag in range(MAX_LAG_DAYS + 1):
        days = pd.DatetimeIndex(stops.index) - pd.Timedelta(days=lag)
        matched = orders.reindex(days).fillna(0).to_numpy(dtype=float)
        gaps.append(float(np.abs(matched - stops.to_numpy(dtype=float)).mean()))
    return int(np.argmin(gaps))
