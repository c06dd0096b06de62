"""The form of one delivery and its answer: the fitted model in service, or the company's rates alone."""

from typing import NamedTuple

import pandas as pd
import streamlit as st

from ml.routing.delivery import DeliveryEstimate, RoutingError, estimate_delivery
from ml.routing.distance import depot_of
from ml.store.pointers import Served
from ml.store.values import load_preferences
from ui import filters, route_place
from ui.screen import Screen

ANY_TYPE = "any"
MOST_LATITUDE, MOST_LONGITUDE = 90, 180


class Question(NamedTuple):
    """One delivery: where (degrees), how many bottles, for which type of customer (None = any)."""

    latitude: float
    longitude: float
    quantity: float
    customer_type: str | None


def form(screen: Screen, zones: pd.DataFrame, kinds: tuple[str, ...], depot: tuple[float, float]) -> Question | None:
    """The controls: where to, how many bottles and, where no customer says it, for which type of customer.

    None while the place is not known; a sentence on the screen says why.
    """
    t = screen.t
    way = route_place.way(screen, zones)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if way == route_place.CUSTOMER:
            place = route_place.of_customer(screen, zones)
        else:
            place = route_place.in_zone(screen, zones) if way == route_place.ZONE else route_place.by_degrees(screen, depot)
        quantity = st.number_input(t("Bottles"), value=3, step=1, key="quantity", bind="query-params")
        kind = ANY_TYPE
        if kinds and way != route_place.CUSTOMER:
            kind = filters.one_of(screen, t("Type"), "type", {ANY_TYPE: t("Any type"), **{name: name for name in kinds}})
    if isinstance(place, str):
        st.info(place)
        return None
    if place.note:
        st.info(place.note)
    return Question(place.latitude, place.longitude, float(quantity), place.customer_type if kind == ANY_TYPE else kind)


def depot(screen: Screen, served: Served | None) -> tuple[float, float]:
    """Where tours start: the depot of the model that answers, else the one on Settings."""
    model = served.predictor if served else None
    if model is not None and model.model_ is not None:
        return float(model.model_.depot[0]), float(model.model_.depot[1])
    return depot_of(screen.read(load_preferences))


def answer(screen: Screen, asked: Question, served: Served | None) -> DeliveryEstimate | str:
    """What the delivery costs, by the model that answers or else by the rates on Settings; or what is wrong with the question."""
    wrong = problem(screen, asked)
    if wrong:
        return wrong
    try:
        if served is not None:
            said: DeliveryEstimate = served.predictor.estimate_delivery(*asked)
            return said
        return estimate_delivery(*asked, screen.read(load_preferences))
    except RoutingError:
        return screen.t("This place is more than 500 km from the depot; deliveries up to there can be costed.")


def problem(screen: Screen, asked: Question) -> str:
    """What is wrong with a question, in one sentence; empty when nothing is."""
    t = screen.t
    if not (abs(asked.latitude) <= MOST_LATITUDE and abs(asked.longitude) <= MOST_LONGITUDE):
        return t("This place is not on the globe: latitude is from -90 to 90, longitude from -180 to 180.")
    if not asked.quantity > 0:
        return t("The number of bottles must be above 0.")
    return ""
