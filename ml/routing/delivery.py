"""`estimate_delivery`: what one more delivery adds to a tour, in money, kilometres and hours."""

from typing import Any, NamedTuple

import numpy as np

from ml.routing.distance import depot_of, haversine_km
from ml.routing.model import RouteModel
from ml.routing.physics import LOCAL_CONSTANT, money
from ml.routing.rates import Rates

USUAL_SPACING_KM = 1.5
FARTHEST_DELIVERY_KM = 500.0
HIGH_SHARE, MEDIUM_SHARE = 0.25, 0.08


class RoutingError(ValueError):
    """A place or quantity no delivery can have; the sentence says what came and what is accepted."""


class DeliveryEstimate(NamedTuple):
    """One delivery: its share of a tour's cost (money), straight kilometres from the depot, hours from leaving the depot until it is
    handed over, priority ("high", "medium", "low"), basis ("calculated" or "learnt") and the parts of the cost (money, km, hours)."""

    estimated_cost: float
    distance_from_center_km: float
    delivery_time_estimate_hours: float
    priority_level: str
    basis: str
    components: dict[str, Any]


def estimate_delivery(
    latitude: float, longitude: float, quantity: float, customer_type: str | None, preferences: Rates, model: RouteModel | None = None
) -> DeliveryEstimate:
    """What a delivery of `quantity` bottles at a place adds to a tour.

    Three parts, after Daganzo (1984): its share of the way there and back, 2 r × quantity / van capacity; the local way to one more stop,
    0.57 sqrt(area per stop) of a usual day; and the minutes of the stop. With a model that learnt from ended tours the sum is scaled as
    a usual tour is. Raises RoutingError for a coordinate off the globe, a place over 500 km from the depot, or a quantity not above 0.
    """
    depot = model.depot if model else depot_of(preferences)
    distance = _checked_distance(latitude, longitude, quantity, depot)
    share = quantity / preferences.van_capacity_bottles
    line_haul_km = preferences.detour_factor * 2 * distance * share
    local_km = preferences.detour_factor * LOCAL_CONSTANT * _spacing_km(model)
    service_hours = preferences.minutes_per_stop / 60 * max(1.0, np.ceil(share))
    parts = {
        "line_haul": float(money(line_haul_km, line_haul_km / preferences.speed_kmh, preferences)),
        "local": float(money(local_km, local_km / preferences.speed_kmh, preferences)),
        "service": float(money(0.0, service_hours, preferences)),
    }
    factor = _usual_correction(model)
    components = {name: value * factor for name, value in parts.items()} | {
        "kilometres": line_haul_km + local_km,
        "hours": float((line_haul_km + local_km) / preferences.speed_kmh + service_hours),
        "van_share": share,
        "correction": factor,
    }
    return DeliveryEstimate(
        estimated_cost=sum(parts.values()) * factor,
        distance_from_center_km=distance,
        delivery_time_estimate_hours=float(preferences.detour_factor * distance / preferences.speed_kmh + service_hours),
        priority_level=_priority(share, customer_type),
        basis=model.basis if model else "calculated",
        components=components,
    )


def _checked_distance(latitude: float, longitude: float, quantity: float, depot: tuple[float, float]) -> float:
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise RoutingError(f"The place ({latitude}, {longitude}) is not on the globe: latitude is -90 to 90, longitude -180 to 180.")
    if not (np.isfinite(quantity) and quantity > 0):
        raise RoutingError(f"The quantity {quantity} is not a number of bottles above 0.")
    distance = float(haversine_km(latitude, longitude, *depot))
    if distance > FARTHEST_DELIVERY_KM:
        raise RoutingError(
            f"The place ({latitude}, {longitude}) is {distance:.0f} km from the depot; "
            f"deliveries up to {FARTHEST_DELIVERY_KM:.0f} km are costed."
        )
    return distance


def _spacing_km(model: RouteModel | None) -> float:
    if model is None or model.usual is None or model.usual.area_km2 <= 0:
        return USUAL_SPACING_KM
    return float(np.sqrt(model.usual.area_km2 / max(model.usual_day_stops, 1.0)))


def _usual_correction(model: RouteModel | None) -> float:
    return model.usual_factor if model else 1.0


def _priority(share: float, customer_type: str | None) -> str:
    """High from a quarter of the van; medium from 8 % of it, or half of that for a business; low below."""
    medium = MEDIUM_SHARE if (customer_type or "").strip().casefold() in {"", "hogar", "home"} else MEDIUM_SHARE / 2
    return "high" if share >= HIGH_SHARE else "medium" if share >= medium else "low"
