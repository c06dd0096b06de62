"""Where the demo company delivers: communes of Santiago (approximate centres), its depot, and how people misspell a commune."""

from typing import NamedTuple

import numpy as np

from ml.source.demo.streams import Floats

DEPOT = (-33.4489, -70.6693)  # latitude, longitude
EARTH_RADIUS_KM = 6371.0088


class Commune(NamedTuple):
    """A commune: its proper name, the centre of its deliveries, how much of the company is there, its warmth in °C against the city."""

    name: str
    latitude: float
    longitude: float
    weight: float
    warmth: float


COMMUNES: tuple[Commune, ...] = (
    Commune("Providencia", -33.4314, -70.6093, 11, 0.1),
    Commune("Ñuñoa", -33.4569, -70.5977, 11, 0.2),
    Commune("Las Condes", -33.4080, -70.5670, 12, -0.4),
    Commune("Santiago", -33.4489, -70.6693, 10, 0.6),
    Commune("Maipú", -33.5110, -70.7580, 7, 0.9),
    Commune("La Florida", -33.5220, -70.5980, 7, 0.3),
    Commune("Vitacura", -33.3900, -70.5730, 6, -0.3),
    Commune("La Reina", -33.4410, -70.5450, 5, -0.6),
    Commune("Peñalolén", -33.4860, -70.5470, 5, -0.5),
    Commune("Macul", -33.4850, -70.5990, 4, 0.2),
    Commune("San Miguel", -33.4970, -70.6510, 4, 0.5),
    Commune("Estación Central", -33.4590, -70.6990, 3, 0.7),
    Commune("Recoleta", -33.4060, -70.6400, 3, 0.4),
    Commune("Independencia", -33.4150, -70.6650, 3, 0.5),
    Commune("Quilicura", -33.3640, -70.7290, 3, 0.9),
    Commune("Huechuraba", -33.3740, -70.6370, 3, 0.3),
    Commune("Puente Alto", -33.6090, -70.5760, 3, 0.1),
    Commune("Pudahuel", -33.4400, -70.7640, 2, 1.0),
    Commune("Lo Barnechea", -33.3530, -70.5180, 2, -1.1),
    Commune("San Joaquín", -33.4960, -70.6280, 2, 0.4),
)
PLAIN = str.maketrans("áéíóúñÁÉÍÓÚÑ", "aeiounAEIOUN")


def misspell(name: str, uniform: float) -> str:
    """The commune as somebody in a hurry writes it: without accents, in capitals, in small letters, with a space or a slip."""
    plain = name.translate(PLAIN)
    slip = plain[:2] + plain[3:] if len(plain) > 6 else plain + plain[-1]
    variants = (plain if plain != name else name.upper(), name.upper(), name.lower(), plain.upper(), f" {name} ", slip)
    return variants[int(uniform * len(variants))]


def haversine_km(latitude: Floats, longitude: Floats, to_latitude: Floats, to_longitude: Floats) -> Floats:
    """Great-circle kilometres between points in degrees, broadcasting (Sinnott, 1984)."""
    phi, to_phi = np.radians(latitude), np.radians(to_latitude)
    half = np.sin((to_phi - phi) / 2) ** 2 + np.cos(phi) * np.cos(to_phi) * np.sin(np.radians(to_longitude - longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(half))
