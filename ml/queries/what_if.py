"""Answers made of a question and the fitted model in service: one delivery, one order. Field names are the earlier API's."""

from typing import Any

import sqlalchemy as sa

from ml.pricing.whatif import OrderSuggestion
from ml.queries import customer
from ml.queries.churn_answers import UnknownCustomer
from ml.queries.service import Service
from ml.routing.delivery import DeliveryEstimate


def route_cost_answer(estimate: DeliveryEstimate, currency: str, release: str | None) -> dict[str, Any]:
    """What one delivery costs; `release` None = nothing was learnt, the company's rates alone."""
    return {
        "estimated_cost": round(estimate.estimated_cost, 2),
        "distance_from_center_km": round(estimate.distance_from_center_km, 3),
        "delivery_time_estimate_hours": round(estimate.delivery_time_estimate_hours, 3),
        "priority_level": estimate.priority_level,
        "basis": estimate.basis,
        "components": {name: round(float(value), 4) for name, value in estimate.components.items()},
        "currency": currency,
        "release": release,
    }


def price_answer(suggestion: OrderSuggestion, currency: str, release: str) -> dict[str, Any]:
    """What one order should cost in total; `reasons` are codes, which the caller of this function puts into words."""
    return {
        "suggested_price": round(suggestion.suggested_price, 2),
        "price_range_min": round(suggestion.price_range_min, 2),
        "price_range_max": round(suggestion.price_range_max, 2),
        "discount_recommended": round(suggestion.discount_recommended, 4),
        "reasons": suggestion.reasons,
        "currency": currency,
        "release": release,
    }


def order_habits_of(connection: sa.Connection, serving: Service, customer_id: str) -> dict[str, Any]:
    """What the store knows of a customer for a price: customer_type, recency_days, frequency and monetary_total of the last 365 days.

    Raises UnknownCustomer.
    """
    who = customer.profile(connection, customer_id)
    if who is None:
        raise UnknownCustomer(f"There is no customer {customer_id[:80]!r}; leave customer_id out and give the other fields.")
    silent = (serving.day - who.last_order).days if who.last_order else 0
    return {
        "customer_type": who.customer_type,
        "recency_days": max(silent, 0),
        "frequency": who.orders_365,
        "monetary_total": who.spend_365,
    }
