"""What does a tour cost, and what does a delivery cost in each zone?"""

from datetime import date
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ml.predictors.base import SUPPORT_DAYS_FOR_SAME_DAY_TRUTH, Company, Measure, NotEnoughData, Predictor, PredictorError
from ml.routing.delivery import DeliveryEstimate, RoutingError, estimate_delivery
from ml.routing.geometry import located_orders
from ml.routing.model import RouteModel, fit_routes
from ml.routing.physics import actual_cost, money
from ml.source.tables import Tables

MIN_LOCATED_ORDERS = 10
MIN_ZONE_ORDERS = 3
MIN_TOURS_WITHOUT_PLACES = 5
ZONE_WINDOW_DAYS = 365


class RouteCost(Predictor):
    """Cost per tour from what is known at departure, and per delivery of a zone as a parameter.

    A tour is costed by the formula of `ml.routing.physics`, corrected by what ended tours taught where that beats the formula out of
    time. The truth is the recorded cost, else the driven kilometres (and hours) at the company's rates.
    """

    name: ClassVar[str] = "route_cost"
    question: ClassVar[str] = "What does a delivery tour cost, and what does one delivery cost in each zone?"
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure("tour_cost", "CLP", ("tour",), 0, "mae", "the formula alone where the forest is in use, else the mean tour so far"),
        Measure("delivery_cost", "CLP", ("zone",), 0, None),
    )
    reads: ClassVar[tuple[str, ...]] = ("orders", "addresses", "tours")

    def __init__(self, company: Company) -> None:
        super().__init__(company)
        self.model_: RouteModel | None = None

    def _fit(self, tables: Tables, as_of: date) -> None:  # noqa: ARG002
        tours, orders, addresses = (tables[name] for name in ("tours", "orders", "addresses"))
        located = len(located_orders(orders, addresses))
        has_plan = bool((tours["planned_km"] > 0).any())
        costed = int(actual_cost(tours, self.company.preferences).gt(0).sum())
        if located < MIN_LOCATED_ORDERS and not has_plan and costed < MIN_TOURS_WITHOUT_PLACES:
            raise NotEnoughData(
                f"Route costs need places or kilometres: {located} orders have coordinates (at least {MIN_LOCATED_ORDERS} are needed), "
                f"and {costed} tours have kilometres or a cost (at least {MIN_TOURS_WITHOUT_PLACES})."
            )
        self.model_ = fit_routes(tours, orders, addresses, self.company.preferences, self.company.seed)

    def _predict(self, tables: Tables, as_of: date) -> pd.DataFrame:
        return _joined([self._tour_rows(tables, as_of), self._zone_rows(tables, as_of)])

    def _baseline(self, tables: Tables, as_of: date) -> pd.DataFrame:
        rows = self._tour_rows(tables, as_of)
        if self._model().basis == "learnt":
            value = rows["detail"].map(lambda detail: detail["formula"]).astype(float)
        else:
            value = pd.Series(actual_cost(tables["tours"], self.company.preferences).mean(), index=rows.index)
        bands = dict.fromkeys(("lo80", "hi80", "lo95", "hi95"), np.nan)
        return rows.assign(value=value, **bands)

    def _actual(self, tables: Tables, predicted: pd.DataFrame, as_of: date) -> pd.Series | None:  # noqa: ARG002
        tours = tables["tours"]
        known = actual_cost(tours, self.company.preferences).groupby(tours["tour_id"]).first()
        return predicted["entity_id"].map(known).where(predicted["measure"] == "tour_cost").astype(float)

    def estimate_delivery(self, latitude: float, longitude: float, quantity: float, customer_type: str | None = None) -> DeliveryEstimate:
        """What one delivery adds to a tour, with the company's rates of today; see `ml.routing.delivery`. Raises RoutingError."""
        return estimate_delivery(latitude, longitude, quantity, customer_type, self.company.preferences, self.model_)

    def _model(self) -> RouteModel:
        if self.model_ is None:
            raise PredictorError("route_cost was asked before it was fitted; call fit(tables, as_of) first.")
        return self.model_

    def _tour_rows(self, tables: Tables, as_of: date) -> pd.DataFrame:
        model, tours = self._model(), tables["tours"]
        first = pd.Timestamp(as_of) - pd.Timedelta(days=SUPPORT_DAYS_FOR_SAME_DAY_TRUTH)
        recent = tours[tours["date"] > first].reset_index(drop=True)
        features = model.features(recent, tables["orders"], tables["addresses"])
        cost = model.cost(features)
        return pd.DataFrame(
            {
                "measure": "tour_cost",
                "entity_type": "tour",
                "entity_id": recent["tour_id"],
                "target_date": recent["date"],
                "window_days": 1,
                "value": cost["cost"],
                **{band: cost[band] for band in ("lo80", "hi80", "lo95", "hi95")},
                "detail": [_tour_detail(model, row) for _, row in features.iterrows()],
            }
        )

    def _zone_rows(self, tables: Tables, as_of: date) -> pd.DataFrame:
        orders = tables["orders"]
        recent = orders[orders["order_date"] > pd.Timestamp(as_of) - pd.Timedelta(days=ZONE_WINDOW_DAYS)]
        places = located_orders(recent, tables["addresses"]).dropna(subset=["zone"])
        rows = [self._zone_row(str(zone), group, as_of) for zone, group in places.groupby("zone") if len(group) >= MIN_ZONE_ORDERS]
        return pd.DataFrame([row for row in rows if row is not None])

    def _zone_row(self, zone: str, places: pd.DataFrame, as_of: date) -> dict[str, Any] | None:
        latitude, longitude = float(places["latitude"].median()), float(places["longitude"].median())
        positive = places["quantity"][places["quantity"] > 0]
        capacity = self.company.preferences.van_capacity_bottles
        quantity = min(float(positive.median()), float(capacity)) if len(positive) else 1.0
        try:
            estimate = self.estimate_delivery(latitude, longitude, quantity)
        except RoutingError:
            return None  # a zone farther than any van drives has no delivery cost
        detail = {
            "basis": estimate.basis,
            "components": estimate.components,
            "orders": len(places),
            "quantity": quantity,
            "latitude": latitude,
            "longitude": longitude,
            "distance_km": estimate.distance_from_center_km,
            "hours": estimate.delivery_time_estimate_hours,
        }
        bands = dict.fromkeys(("lo80", "hi80", "lo95", "hi95"), np.nan)
        keys = {"measure": "delivery_cost", "entity_type": "zone", "entity_id": zone, "target_date": pd.Timestamp(as_of), "window_days": 1}
        return {**keys, "value": estimate.estimated_cost, **bands, "detail": detail}


def _tour_detail(model: RouteModel, row: pd.Series) -> dict[str, Any]:
    preferences = model.preferences
    service_hours = row["stops"] * preferences.minutes_per_stop / 60
    components = {
        "kilometres": float(row["kilometres"]),
        "hours": float(row["hours"]),
        "driving": float(money(row["kilometres"], row["hours"] - service_hours, preferences)),
        "service": float(money(0.0, service_hours, preferences)),
    }
    correction = model.correction
    record = {"formula_mae": correction.formula_mae, "forest_mae": correction.forest_mae}
    return {
        "basis": model.basis,
        "components": components,
        "formula": float(row["physics"]),
        "stops": float(row["stops"]),
        "known_tours": model.known_tours,
        "judged_tours": correction.judged_tours,
        **{name: value for name, value in record.items() if np.isfinite(value)},
    }


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    kept = [frame for frame in frames if len(frame)]
    return pd.concat(kept, ignore_index=True) if kept else frames[0]
