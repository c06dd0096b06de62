"""Where a delivery goes: to a customer's address, the middle of a known zone, or a place by its degrees."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd
import streamlit as st

from ml.queries import customer, places
from ml.queries.customer import Profile
from ml.queries.places import Address
from ui import filters, one_customer
from ui.format import md
from ui.screen import Screen

CUSTOMER, ZONE, POINT = "customer", "zone", "point"


class Place(NamedTuple):
    """Where (degrees), whose (the type of customer, None = nobody's in particular), and what is to be said about it, if anything."""

    latitude: float
    longitude: float
    customer_type: str | None = None
    note: str = ""


def way(screen: Screen, zones: pd.DataFrame) -> str:
    """How the place is named, as chosen among the ways that the data allows: CUSTOMER, ZONE or POINT; at first one that answers at once."""
    t = screen.t
    ways = {ZONE: t("Known zone")} if len(zones) else {}
    if screen.read(places.any_located):
        ways[CUSTOMER] = t("Customer")
    ways[POINT] = t("Latitude and longitude")
    at_first = ZONE if ZONE in ways else POINT
    return filters.choose(screen, t("Where to"), "place", ways, at_first) if len(ways) > 1 else POINT


def in_zone(screen: Screen, zones: pd.DataFrame) -> Place:
    """The middle of the zone that is chosen."""
    zone = filters.one_of(screen, screen.t("Zone"), "zone", {name: name for name in zones["zone"]})
    return _middle(zones, zone)


def by_degrees(screen: Screen, depot: tuple[float, float]) -> Place:
    """The place that is typed in, the depot to begin with."""
    t = screen.t
    latitude = st.number_input(t("Latitude"), value=depot[0], step=0.01, format="%.5f", key="lat", bind="query-params")
    longitude = st.number_input(t("Longitude"), value=depot[1], step=0.01, format="%.5f", key="lon", bind="query-params")
    return Place(latitude, longitude)


def of_customer(screen: Screen, zones: pd.DataFrame) -> Place | str:
    """An address of the customer that is found and chosen, or a sentence on what is missing."""
    t = screen.t
    wanted = filters.search(t("Find a customer"), "q", t("Id") if screen.masked else t("Name, phone or id"))
    options = _found(screen, wanted)
    if not options:
        return t("No customer matches. Look for another name, phone or id.")
    first = next(iter(options)) if wanted else None
    key = filters.pick(screen, t("Customer"), "customer", options, none=t("Choose"), default=first, among=wanted)
    who = screen.read(customer.profile, key) if key else None
    if who is None:
        return t("Choose a customer; the cost of a delivery there follows.")
    known = screen.read(places.addresses, who.customer_id)
    address = known[0] if known else None
    if len(known) > 1:
        chosen = filters.one_of(screen, t("Address"), "address", _addresses(screen, known))
        address = next(one for one in known if one.address_id == chosen)
    return _place(screen, who, address, zones)


def _place(screen: Screen, who: Profile, address: Address | None, zones: pd.DataFrame) -> Place | str:
    """The address's own place, else the middle of its zone."""
    t = screen.t
    if address and address.latitude is not None and address.longitude is not None:
        return Place(address.latitude, address.longitude, who.customer_type)
    zone = (address.zone if address else None) or who.zone
    if zone and zone in set(zones["zone"]):
        note = t("The data has no coordinates of this address: the cost is that of the middle of {zone}.", zone=md(zone))
        return _middle(zones, zone)._replace(customer_type=who.customer_type, note=note)
    return t("The data does not say where this customer is. Choose a zone, or give a latitude and longitude.")


def _middle(zones: pd.DataFrame, zone: str) -> Place:
    row = zones[zones["zone"] == zone].iloc[0]
    return Place(float(row["latitude"]), float(row["longitude"]))


def _found(screen: Screen, wanted: str) -> Mapping[str, str]:
    """Customers to choose from, id -> label: those that match, else the largest with the one that the address of the screen names."""
    found = one_customer.found_rows(screen, screen.read(customer.find, wanted, by_id_only=screen.masked))
    told: dict[str, tuple[str, str | None]] = {
        key: (name, zone) for key, name, zone in zip(found["customer_id"], found["who"], found["place"], strict=True)
    }
    given = st.query_params.get("customer", "")
    who = screen.read(customer.profile, given) if given and not wanted and given not in told else None
    if who is not None:
        told[who.customer_id] = (one_customer.name_of(screen, who.name, who.customer_id), who.zone)
    return _apart({key: [name, key if screen.masked and name != key else zone] for key, (name, zone) in told.items()})


def _addresses(screen: Screen, known: tuple[Address, ...]) -> Mapping[str, str]:
    """How the addresses of a customer are told apart, id -> label: the commune, and the orders that went there."""
    t, f = screen.t, screen.f
    last = {one.address_id: t("last on {day}", day=f.day(one.last_order)) for one in known if one.last_order}
    orders = {one.address_id: t.plural("{count} order", "{count} orders", one.orders, count=f.number(one.orders)) for one in known}
    return _apart({one.address_id: [one.zone, orders[one.address_id], last.get(one.address_id)] for one in known})


def _apart(parts: Mapping[str, list[str | None]]) -> Mapping[str, str]:
    """Id -> its parts in one line; a control takes two equal lines for one, so these get their ids too."""
    labels = {key: " · ".join(part for part in told if part) for key, told in parts.items()}
    times = Counter(labels.values())
    return {key: label if times[label] == 1 else f"{label} · {key}" for key, label in labels.items()}
