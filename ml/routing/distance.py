"""Kilometres between places, and the depot in use."""

import numpy as np
import numpy.typing as npt

from ml.routing.rates import Rates

Array = npt.NDArray[np.float64]
EARTH_RADIUS_KM = 6371.0088
FARTHEST_DEPOT_KM = 300.0


def haversine_km(latitude: npt.ArrayLike, longitude: npt.ArrayLike, to_latitude: npt.ArrayLike, to_longitude: npt.ArrayLike) -> Array:
    """Great-circle distance in kilometres between places in degrees, element by element; NaN where a coordinate is NaN.

    Source of the formula: R. W. Sinnott, "Virtues of the Haversine" (1984); mean Earth radius of the IUGG.

    >>> round(float(haversine_km(-33.4489, -70.6693, -33.0472, -71.6127)), 1)  # Santiago to Valparaíso
    98.4
    """
    lat1, lon1, lat2, lon2 = (np.radians(np.asarray(value, dtype=float)) for value in (latitude, longitude, to_latitude, to_longitude))
    chord = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(chord, 0, 1)))


def depot_of(preferences: Rates, latitude: npt.ArrayLike = (), longitude: npt.ArrayLike = ()) -> tuple[float, float]:
    """The depot (latitude, longitude): the chosen one, or the middle of the deliveries where the chosen one cannot be theirs.

    A depot whose median delivery is over 300 km away is another company's: a van tour does not go there and back in a day.
    """
    chosen = (preferences.depot_latitude, preferences.depot_longitude)
    lats, lons = np.asarray(latitude, dtype=float), np.asarray(longitude, dtype=float)
    if lats.size and float(np.median(haversine_km(lats, lons, *chosen))) > FARTHEST_DEPOT_KM:
        return float(np.median(lats)), float(np.median(lons))
    return chosen
