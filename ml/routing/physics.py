"""Kilometres, hours and cost of a tour from its stops and the geometry of its day: the formula that needs no history.

Kilometres follow the continuous approximation of C. F. Daganzo, "The distance traveled to visit N points with a maximum of C stops per
vehicle" (Transportation Science 18, 1984): for a tour of n of the day's N stops, spread over an area A at a mean distance r from the depot,

    kilometres = detour factor × (2 r + 0.57 n sqrt(A / N))

a trip there and back, plus a local way of 0.57 sqrt(A / N) to each stop. Hours = kilometres / speed + stops × minutes per stop.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.routing.geometry import Geometry
from ml.routing.rates import Rates

LOCAL_CONSTANT = 0.57
FEATURES = ("stops", "bottles", "day_stops", "kilometres", "distance_km", "area_km2", "log_physics", "weekday", "month")


def tour_kilometres(
    stops: npt.ArrayLike, day_stops: npt.ArrayLike, distance_km: npt.ArrayLike, area_km2: npt.ArrayLike, detour_factor: float
) -> npt.NDArray[np.float64]:
    """Road kilometres of tours by Daganzo's formula (see the module): straight distances in, road kilometres out.

    >>> round(float(tour_kilometres(16, 64, 8.0, 100.0, 1.35)), 1)  # 1.35 × (16 + 0.57 × 16 × sqrt(100 / 64))
    37.0
    """
    n, total = np.asarray(stops, dtype=float), np.maximum(np.asarray(day_stops, dtype=float), 1)
    local = LOCAL_CONSTANT * n * np.sqrt(np.asarray(area_km2, dtype=float) / total)
    return detour_factor * (2 * np.asarray(distance_km, dtype=float) + local)


def tour_hours(kilometres: npt.ArrayLike, stops: npt.ArrayLike, preferences: Rates) -> npt.NDArray[np.float64]:
    """Hours of tours: driving at the usual speed plus the minutes of each stop."""
    driving = np.asarray(kilometres, dtype=float) / preferences.speed_kmh
    return driving + np.asarray(stops, dtype=float) * preferences.minutes_per_stop / 60


def money(kilometres: npt.ArrayLike, hours: npt.ArrayLike, preferences: Rates) -> npt.NDArray[np.float64]:
    """Cost in the company's currency of kilometres and hours at its own rates."""
    return np.asarray(kilometres, dtype=float) * preferences.cost_per_km + np.asarray(hours, dtype=float) * preferences.cost_per_hour


def tour_features(
    tours: pd.DataFrame, days: dict[pd.Timestamp, Geometry], usual: Geometry | None, typical_km: float, preferences: Rates
) -> pd.DataFrame:
    """What is known of each tour at departure, one row per row of `tours` and the columns FEATURES plus hours and physics (cost).

    Kilometres are the planned ones where a plan exists, else the formula's with the geometry of the day (`days`), else with the `usual`
    one, else `typical_km`. Never reads driven_km, hours or cost.
    """
    stops = tours["stops"].fillna(tours["stops"].median()).fillna(1).clip(lower=0)
    day_stops = stops.groupby(tours["date"]).transform("sum")
    shapes = [days.get(pd.Timestamp(day), usual) if _has_area(days.get(pd.Timestamp(day))) else usual for day in tours["date"]]
    distance = np.array([shape.distance_km if shape else np.nan for shape in shapes], dtype=float)
    area = np.array([shape.area_km2 if shape else np.nan for shape in shapes], dtype=float)
    formula = tour_kilometres(stops, day_stops, distance, area, preferences.detour_factor)
    planned = tours["planned_km"].to_numpy(dtype=float)
    kilometres = np.where(planned > 0, planned, np.where(np.isfinite(formula), formula, typical_km))
    hours = tour_hours(kilometres, stops, preferences)
    physics = money(kilometres, hours, preferences)
    return pd.DataFrame(
        {
            "stops": stops.to_numpy(dtype=float),
            "bottles": tours["bottles"].to_numpy(dtype=float),
            "day_stops": day_stops.to_numpy(dtype=float),
            "kilometres": kilometres,
            "distance_km": np.nan_to_num(distance),
            "area_km2": np.nan_to_num(area),
            "log_physics": np.log(np.maximum(physics, 1e-9)),
            "weekday": tours["date"].dt.day_of_week.to_numpy(dtype=float),
            "month": tours["date"].dt.month.to_numpy(dtype=float),
            "hours": hours,
            "physics": physics,
        },
        index=tours.index,
    )


def actual_cost(tours: pd.DataFrame, preferences: Rates) -> pd.Series:
    """What ended tours cost: `cost` where recorded, else driven kilometres and hours at the company's rates; NaN where neither is known.

    Hours that were not recorded are the driven kilometres at the usual speed plus the minutes of each stop.
    """
    driven = tours["driven_km"].where(tours["driven_km"] > 0)
    stops = tours["stops"].fillna(tours["stops"].median()).fillna(1)
    hours = tours["hours"].where(tours["hours"] > 0, pd.Series(tour_hours(driven, stops, preferences), index=tours.index))
    return tours["cost"].where(tours["cost"] > 0, pd.Series(money(driven, hours, preferences), index=tours.index))


def _has_area(shape: Geometry | None) -> bool:
    return shape is not None and shape.area_km2 > 0
