"""Sentences made from codes: algorithms say {"code", "params"}, this module says it in the reader's language."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from ml.i18n import Translator, mark
from ml.i18n.figures import Formatter

MEASURES: Mapping[str, str] = {"orders": mark("Orders"), "revenue": mark("Sales"), "bottles": mark("Bottles")}
DEMAND_QUESTIONS: Mapping[str, str] = {
    "orders": mark("How many orders are coming?"),
    "revenue": mark("How much will be sold?"),
    "bottles": mark("How many bottles will go out?"),
}
SEGMENTS: Mapping[str, str] = {
    "vip": mark("VIP"), "loyal": mark("Loyal"), "regular": mark("Regular"), "potential": mark("Potential"),
    "occasional": mark("Occasional"), "at_risk": mark("At risk"),
}  # fmt: skip
ADVICE: Mapping[str, str] = {
    "vip": mark("Look after them in person: they bring most of the sales."),
    "loyal": mark("Keep their rhythm: deliver on time and offer the next order."),
    "regular": mark("Offer them a little more with each order: they come back by themselves."),
    "occasional": mark("Remind them from time to time; a visit costs more than they bring."),
    "potential": mark("Offer them a fixed delivery day so that they order more often."),
    "at_risk": mark("Call before they forget you: they have been silent for long."),
}
QUESTIONS: Mapping[str, str] = {
    "demand": mark("How much will be sold in the next 30 days?"),
    "customers": mark("Who may stop ordering, when does each order next, and what is each worth?"),
    "segments": mark("Which groups of customers are there?"),
    "route_cost": mark("What does a delivery tour cost?"),
    "price": mark("How do sales answer to the price?"),
}
NEEDS: Mapping[str, str] = {
    "demand": mark("A forecast needs at least two weeks of orders."),
    "customers": mark("Risk, value and next orders need enough customers with sales, over a longer time than the days in the title."),
    "segments": mark("Segments need at least five customers with a sale in the last 12 months."),
    "route_cost": mark("Route costs need delivery coordinates, or tours with kilometres or cost."),
    "price": mark("Prices need order lines with product, quantity and price, over many weeks."),
}
TOO_SHORT = mark("The history is too short to check this model on months it had not seen.")
UNJUDGED: Mapping[str, str] = {
    "price": mark(
        "The answer to a price cannot be observed, only estimated: each estimate carries a range, and says when prices varied too little."
    ),
    "route_cost": mark("Calculated from distances, stops and your rates, not learnt: too few tours with known kilometres to check it."),
}
MEMBERS: Mapping[str, str] = {
    "profile": mark("Usual day of the week"),
    "ridge": mark("Calendar and recent days (ridge)"),
    "holt_winters": mark("Level and week (Holt-Winters)"),
    "state_space": mark("Level and week (state space)"),
    "xgboost": mark("Decision trees (XGBoost)"),
    "prophet": mark("Trend and seasons (Prophet)"),
}
CAUTIONS: Mapping[str, str] = {
    "short_history": mark(
        "{days} of {needed} days of history so far, {missing} to go: until then you see the usual day of the week, with wide ranges."
    ),
    "few_sales": mark(
        "Too few sales for seasons (under one order a day, or nothing sold on most open days): "
        "you see the usual day of the week, with wide ranges."
    ),
}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONDAY = date(2026, 11, 2)
TABLES: Mapping[str, str] = {
    "customers": mark("Customers"),
    "orders": mark("Orders"),
    "order_lines": mark("Order lines"),
    "products": mark("Products"),
    "addresses": mark("Addresses"),
    "tours": mark("Tours"),
    "weather": mark("Weather"),
    "events": mark("Events"),
    "unit_costs": mark("Purchase costs"),
    "price_tests": mark("Price tests"),
    "purchases": mark("Purchases"),
    "purchase_lines": mark("Purchase lines"),
    "supplier_prices": mark("Supplier prices"),
}
PRICE_ANSWERS: Mapping[str, str] = {
    "raise_price": mark("A higher price pays in at least 9 of 10 cases."),
    "lower_price": mark("A lower price pays in at least 9 of 10 cases."),
    "keep_price": mark("Keep today's price: no change within the limits pays in 9 of 10 cases."),
    "elasticity_above_zero": mark("It is not sure that sales answer to this price at all, which is no ground to change it."),
    "margin_below_minimum": mark("No price within the limit of change reaches your minimum margin."),
    "see_customer_types": mark("Customer types pay different prices: choose one to see its suggestion."),
    "not_enough_weeks_with_sales": mark("It was sold in too few weeks, or too rarely, to read what a price does."),
    "no_usual_price": mark("Its price differs from order to order within a week, so it has no usual price."),
    "not_enough_price_variation": mark("Its price hardly ever changed, so nobody can say what a change does."),
    "price_moves_with_season": mark("Its price changed only together with the time of the year or a trend: the two cannot be told apart."),
    "interval_too_wide": mark("Its sales are too unsteady: the estimate is too wide to act on."),
}
PRICE_HELP: Mapping[str, str] = {
    "not_enough_weeks_with_sales": mark("More weeks: at least 26 on record, with sales in 13 of them."),
    "no_usual_price": mark("The unit price of each order line, without deposits and delivery, and the type of each customer."),
    "not_enough_price_variation": mark("A trial: another price, by 3 % or more, for at least four weeks."),
    "price_moves_with_season": mark("A change of price at another time of the year than usual, kept for at least four weeks."),
    "interval_too_wide": mark("More weeks of sales, or a longer trial of another price."),
}
PRICE_REASONS: Mapping[str, str] = {
    "usual_price_at_quantity": mark("such customers usually pay {unit_price} each for {quantity}"),
    "valued_customer_late": mark("a valued customer is late: {days} days without an order, usually {usual_gap_days}"),
    "large_order": mark("{quantity} is a large order, usually it is {usual}"),
    "minimum_margin": mark("the discount stops at the minimum margin of {margin}"),
    "no_unit_cost": mark("no purchase cost is known, so the margin cannot be checked"),
    "far_from_known_prices": mark("the price is far from any tried before"),
}
COST_BASES: Mapping[str, str] = {"calculated": mark("calculated"), "learnt": mark("learnt")}
PRIORITIES: Mapping[str, str] = {"high": mark("high"), "medium": mark("medium"), "low": mark("low")}
COST_PARTS: Mapping[str, str] = {
    "line_haul": mark("Its share of the way there and back"),
    "local": mark("The way from the stop before"),
    "service": mark("Minutes at the door"),
}


def label(t: Translator, names: Mapping[str, str], code: str) -> str:
    """The name of a code in the reader's language; an unknown code as it is, without underscores."""
    return t(names[code]) if code in names else code.replace("_", " ")


def caution(t: Translator, said: Mapping[str, Any] | None) -> str:
    """Why a forecast is simpler than usual, in words; empty when it is not."""
    text, params = CAUTIONS.get(str((said or {}).get("code"))), (said or {}).get("params") or {}
    missing = max(int(params.get("needed", 0)) - int(params.get("days", 0)), 0)
    return t(text, missing=missing, **params) if text else ""


def bands(t: Translator) -> tuple[str, str]:
    """The two ranges in words."""
    return t("8 of 10 days"), t("19 of 20 days")


def weekday(f: Formatter, english: str) -> str:
    """The weekday of that English name in the reader's language."""
    return f.weekday(MONDAY + timedelta(days=WEEKDAYS.index(english)))
