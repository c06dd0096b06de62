"""`fit_routes`: the formula, the geometry it stands on and what was learnt from ended tours, as one value that pickles."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ml.routing.distance import depot_of
from ml.routing.geometry import Geometry, day_geometries, delivery_lag_days, geometry_of, located_orders
from ml.routing.learning import NOTHING_LEARNT, Correction, corrected, learn_correction
from ml.routing.physics import actual_cost, tour_features
from ml.routing.rates import Rates

RECENT_DAYS = 120


@dataclass(frozen=True)
class RouteModel:
    """How tours are costed: rates, depot, the usual geometry (None without coordinates), stops of a usual day, the days from order to
    tour, kilometres of a usual tour (where neither plan nor coordinates exist) and what was learnt.

    `known_tours` have a known cost; `usual_factor` is what the forest makes of the formula in the middle (1 without a forest)."""

    preferences: Rates
    depot: tuple[float, float]
    usual: Geometry | None
    usual_day_stops: float
    lag_days: int
    typical_km: float
    correction: Correction
    known_tours: int
    usual_factor: float = 1.0

    @property
    def basis(self) -> str:
        """ "learnt" where the forest corrects the formula, else "calculated"."""
        return "calculated" if self.correction.forest is None else "learnt"

    def features(self, tours: pd.DataFrame, orders: pd.DataFrame, addresses: pd.DataFrame) -> pd.DataFrame:
        """`tour_features` of `tours` with the geometry of each tour's day from the orders known by then."""
        shift = pd.Timedelta(days=self.lag_days)
        wanted = set(tours["date"].dropna() - shift)
        places = located_orders(orders[orders["order_date"].isin(wanted)], addresses)
        days = day_geometries(places.assign(date=places["date"] + shift), self.depot)
        return tour_features(tours, days, self.usual, self.typical_km, self.preferences)

    def cost(self, features: pd.DataFrame) -> pd.DataFrame:
        """Columns cost, lo80, hi80, lo95, hi95 (money; bands NaN under 30 judged tours), aligned to `features`."""
        cost = corrected(features, self.correction)
        low95, low80, high80, high95 = np.exp(self.correction.log_bands) if self.correction.log_bands else (np.nan,) * 4
        bands = {"lo80": np.minimum(low80, 1), "hi80": np.maximum(high80, 1), "lo95": np.minimum(low95, 1), "hi95": np.maximum(high95, 1)}
        return pd.DataFrame({"cost": cost} | {name: cost * factor for name, factor in bands.items()}, index=features.index)


def fit_routes(tours: pd.DataFrame, orders: pd.DataFrame, addresses: pd.DataFrame, preferences: Rates, seed: int = 20240101) -> RouteModel:
    """Learn from canonical frames as they were known on a day; any of them may be empty.

    Without ended tours (or fewer than 60) the model is the formula alone.
    """
    last = orders["order_date"].max()
    recent = located_orders(orders[orders["order_date"] > last - pd.Timedelta(days=RECENT_DAYS)], addresses)
    depot = depot_of(preferences, recent["latitude"], recent["longitude"])
    per_day = tours.groupby("date")["stops"].sum() if len(tours) else recent.groupby("date").size()
    driven = tours["driven_km"][tours["driven_km"] > 0]
    model = RouteModel(
        preferences=preferences,
        depot=depot,
        usual=geometry_of(recent, depot) if len(recent) else None,
        usual_day_stops=float(per_day.median()) if len(per_day) else 1.0,
        lag_days=delivery_lag_days(located_orders(orders, addresses), tours),
        typical_km=float(driven.median()) if len(driven) else 0.0,
        correction=NOTHING_LEARNT,
        known_tours=len(driven),
    )
    return _with_correction(model, tours, orders, addresses, seed)


def _with_correction(model: RouteModel, tours: pd.DataFrame, orders: pd.DataFrame, addresses: pd.DataFrame, seed: int) -> RouteModel:
    cost = actual_cost(tours, model.preferences)
    ended = tours[cost > 0]
    if ended.empty:
        return model
    features = model.features(tours, orders, addresses).loc[ended.index]
    correction = learn_correction(features, cost.loc[ended.index], ended["date"], seed)
    ratio = corrected(features, correction) / np.maximum(features["physics"].to_numpy(dtype=float), 1e-9)
    return replace(model, correction=correction, known_tours=len(ended), usual_factor=float(np.median(ratio)))
