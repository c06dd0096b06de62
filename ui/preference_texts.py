"""What each preference is called, what it does and in which unit, for people; the groups in which they are shown."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from ml.i18n import mark
from ml.store.preferences import Preferences

GROUPS: Mapping[str, str] = {
    "company": mark("Company"),
    "customers": mark("Customers"),
    "deliveries": mark("Deliveries"),
    "prices": mark("Prices and VAT"),
    "weather": mark("Weather"),
    "schedules": mark("When jobs run"),
    "messages": mark("Messages"),
    "keeping": mark("What is kept"),
}
Kind = Literal["text", "number", "whole", "share", "money", "degrees", "choice", "addresses", "channels", "picture"]
PER_CENT = 100
NO_NUMBERS: frozenset[Kind] = frozenset({"text", "choice", "addresses", "channels", "picture"})
SCHEDULE_UNIT = mark("minute hour day month weekday; * = every, weekday mon to sun")


class PreferenceText(NamedTuple):
    """How a preference is shown. `label`, `help` and `unit` are msgids; a share (0 to 1) is shown in per cent."""

    group: str
    kind: Kind
    label: str
    help: str
    unit: str


TEXTS: Mapping[str, PreferenceText] = {
    "company_name": PreferenceText(
        "company", "text", mark("Name of the company"),
        mark("Stands at the top of every screen and in prepared messages to customers."), mark("1 to 80 characters"),
    ),
    "company_logo": PreferenceText(
        "company", "picture", mark("Logo of the company"),
        mark("Stands beside the name at the top of every screen and on the sign-in page, on white in dark mode too."),
        mark("PNG, JPEG or SVG, up to 200 KB"),
    ),
    "company_app_url": PreferenceText(
        "company", "text", mark("Address of the company's own app"),
        mark("The Overview links to it, for orders and customers themselves. Empty means no link."),
        mark("an http or https address, or empty"),
    ),
    "churn_horizon_days": PreferenceText(
        "customers", "whole", mark("Silence that counts as leaving"),
        mark("A customer without an order for this long has left. It is proposed once from your customers' own rhythm; "
             "a change counts from the next training."),
        mark("days"),
    ),
    "churn_threshold": PreferenceText(
        "customers", "share", mark("High risk from"),
        mark("From this probability of leaving, the fixed rule of the churn list calls a customer at high risk."), mark("% probability"),
    ),
    "call_cost": PreferenceText(
        "customers", "money", mark("Cost of a call"),
        mark("What a call to a customer costs, mostly the caller's time. A call is worth it when it earns more."),
        mark("{currency} per call"),
    ),
    "gross_margin": PreferenceText(
        "customers", "share", mark("Margin of a sale"),
        mark("What is left of a sale after its direct costs. It says what a kept customer is worth."), mark("% of the sale"),
    ),
    "save_rate": PreferenceText(
        "customers", "share", mark("Calls that help"),
        mark("Of the customers about to leave, how many stay because somebody called."), mark("% of the calls"),
    ),
    "kept_days": PreferenceText(
        "customers", "whole", mark("A kept customer goes on buying"),
        mark("For how many days a call that helps counts. In order histories of other companies, those who kept ordering bought for 90 to "
             "220 days more than those who fell silent."),
        mark("days"),
    ),
    "discount_rate": PreferenceText(
        "customers", "share", mark("Discount of future money"),
        mark("By how much money that comes in a year is worth less than money today. It counts in a customer's next 12 months."),
        mark("% a year"),
    ),
    "segment_count": PreferenceText(
        "customers", "whole", mark("Groups of customers"),
        mark("In how many groups customers are put. The Segments screen says what each number explains; it counts from the next training."),
        mark("groups"),
    ),
    "alert_rule": PreferenceText(
        "customers", "choice", mark("An alert is opened"),
        mark("By profit: when a call is expected to earn more than it costs. By risk: from the fixed probability on."), mark("rule"),
    ),
    "alert_limit": PreferenceText(
        "customers", "whole", mark("Alerts in one run"),
        mark("How many alerts are opened at most in one run, so that the team can really work them off."), mark("alerts"),
    ),
    "holdout": PreferenceText(
        "customers", "choice", mark("Control group without contact"),
        mark("Leaves some customers alone for a quarter, by lot, to measure what calls earn. It is drawn only when the churn screen says "
             "that it will show anything with your data."),
        mark("on or off"),
    ),
    "holdout_share": PreferenceText(
        "customers", "share", mark("Size of the control group"),
        mark("How many of the customers in the draw are left alone."), mark("% of the customers in the draw"),
    ),
    "depot_latitude": PreferenceText(
        "deliveries", "degrees", mark("Depot: latitude"),
        mark("Where the vans start. South is negative; Santiago lies near −33,45."), mark("degrees"),
    ),
    "depot_longitude": PreferenceText(
        "deliveries", "degrees", mark("Depot: longitude"),
        mark("Where the vans start. West is negative; Santiago lies near −70,67."), mark("degrees"),
    ),
    "van_capacity_bottles": PreferenceText(
        "deliveries", "whole", mark("Bottles in a van"), mark("How many full bottles a van carries on one tour."), mark("bottles"),
    ),
    "cost_per_km": PreferenceText(
        "deliveries", "money", mark("Cost of a kilometre"),
        mark("Fuel, wear and tolls of a kilometre driven."), mark("{currency} per kilometre"),
    ),
    "cost_per_hour": PreferenceText(
        "deliveries", "money", mark("Cost of an hour"),
        mark("Driver and helper for an hour on tour."), mark("{currency} per hour"),
    ),
    "minutes_per_stop": PreferenceText(
        "deliveries", "number", mark("Time at a stop"), mark("From parking to driving on, on average."), mark("minutes"),
    ),
    "speed_kmh": PreferenceText(
        "deliveries", "number", mark("Speed between stops"),
        mark("Average speed in traffic, without the stops."), mark("kilometres per hour"),
    ),
    "detour_factor": PreferenceText(
        "deliveries", "number", mark("Way by road"),
        mark("How much longer the way by road is than the straight line. 1.35 means 35 % longer."), mark("times the straight line"),
    ),
    "price_change_limit": PreferenceText(
        "prices", "share", mark("Largest change of a price"),
        mark("A suggested price stays within this share of today's price."), mark("% of today's price"),
    ),
    "minimum_margin": PreferenceText(
        "prices", "share", mark("Smallest margin"),
        mark("A suggested price keeps at least this margin over the known cost of a unit."), mark("% of the price"),
    ),
    "vat_rate": PreferenceText(
        "prices", "share", mark("VAT"), mark("The rate by which net becomes gross and gross becomes net."), mark("% on the net price"),
    ),
    "hot_day_celsius": PreferenceText(
        "weather", "number", mark("A hot day"), mark("A day with a higher maximum counts as hot."), mark("degrees Celsius"),
    ),
    "rainy_day_mm": PreferenceText(
        "weather", "number", mark("A rainy day"), mark("A day with more rain counts as rainy."), mark("millimetres"),
    ),
    "weather_url": PreferenceText(
        "weather", "text", mark("Weather forecast"),
        mark("Address of the forecast of the next 16 days for the depot, fetched once a day: https://api.open-meteo.com/v1/forecast. "
             "Empty means that no other server is asked."),
        mark("an https address, or empty"),
    ),
    "schedule_refresh": PreferenceText(
        "schedules", "text", mark("Refresh of the predictions"),
        mark("Every day before work begins. Messages that lean on the predictions wait for it."), SCHEDULE_UNIT,
    ),
    "schedule_retrain": PreferenceText(
        "schedules", "text", mark("Training of the models"),
        mark("Once a month, at night: it keeps the machine busy for some minutes."), SCHEDULE_UNIT,
    ),
    "schedule_churn_alerts": PreferenceText(
        "schedules", "text", mark("Message: customers at risk"),
        mark("Goes out on the next open day when it falls on a closed one."), SCHEDULE_UNIT,
    ),
    "schedule_purchase_predictions": PreferenceText(
        "schedules", "text", mark("Message: orders of the week"),
        mark("Goes out on the next open day when it falls on a closed one."), SCHEDULE_UNIT,
    ),
    "schedule_housekeeping": PreferenceText(
        "schedules", "text", mark("Tidying up"),
        mark("Removes what is older than it is kept, once a day."), SCHEDULE_UNIT,
    ),
    "schedule_backup": PreferenceText(
        "schedules", "text", mark("Backup of our own data"),
        mark("A copy of the store, once a day."), SCHEDULE_UNIT,
    ),
    "churn_alerts_recipients": PreferenceText(
        "messages", "addresses", mark("Customers at risk: to whom"),
        mark("Who gets the message about customers at risk by e-mail."), mark("e-mail addresses, commas between"),
    ),
    "purchase_predictions_recipients": PreferenceText(
        "messages", "addresses", mark("Orders of the week: to whom"),
        mark("Who gets the message about the week's expected orders by e-mail."), mark("e-mail addresses, commas between"),
    ),
    "experiments_recipients": PreferenceText(
        "messages", "addresses", mark("Results of tests: to whom"),
        mark("Who gets the result by e-mail when a test ends; the analysts where nobody stands here."),
        mark("e-mail addresses, commas between"),
    ),
    "sales_language": PreferenceText(
        "messages", "choice", mark("Sales: language"),
        mark("For whoever has not chosen a language of their own in this app, and for Slack and the others."), mark("Spanish or English"),
    ),
    "sales_channels": PreferenceText(
        "messages", "channels", mark("Sales: channels"),
        mark("By which of the channels that are set up these three messages go out."), mark("of those that are set up"),
    ),
    "technical_recipients": PreferenceText(
        "messages", "addresses", mark("Technical messages: to whom"),
        mark("Who hears by e-mail of trainings, failures and models that got worse."), mark("e-mail addresses, commas between"),
    ),
    "technical_language": PreferenceText(
        "messages", "choice", mark("Technical messages: language"),
        mark("For whoever has not chosen a language of their own in this app, and for Slack and the others."), mark("Spanish or English"),
    ),
    "technical_channels": PreferenceText(
        "messages", "channels", mark("Technical messages: channels"),
        mark("By which of the channels that are set up technical messages go out."), mark("of those that are set up"),
    ),
    "next_order_threshold": PreferenceText(
        "messages", "share", mark("Listed as likely to order from"),
        mark("From this chance of an order in the week a customer stands in the message about the week's orders."), mark("% chance"),
    ),
    "message_rows": PreferenceText(
        "messages", "whole", mark("Customers in a message"),
        mark("How many customers a message lists at most; a link leads to all of them."), mark("customers"),
    ),
    "digest_above": PreferenceText(
        "messages", "whole", mark("Alerts sent one by one"),
        mark("More technical alerts at once than this come as one summary."), mark("alerts"),
    ),
    "quiet_from": PreferenceText(
        "messages", "whole", mark("Quiet from"),
        mark("From this hour Slack, WhatsApp, Teams and Telegram wait until morning. E-mail rings nobody and goes out."),
        mark("hour of the day"),
    ),
    "quiet_to": PreferenceText(
        "messages", "whole", mark("Quiet until"),
        mark("From this hour they go out again. The same hour in both means never quiet."), mark("hour of the day"),
    ),
    "kept_releases": PreferenceText(
        "keeping", "whole", mark("Versions of the models"),
        mark("Older ones are removed from the disk, but never one in service or the one before it."), mark("versions"),
    ),
    "kept_backups": PreferenceText(
        "keeping", "whole", mark("Copies of our own data"),
        mark("A copy is made every day; older ones are removed."), mark("copies"),
    ),
    "message_keep_days": PreferenceText(
        "messages", "whole", mark("Texts of messages are kept"),
        mark("After these days only the fact remains that a message was sent; its text and address are removed."), mark("days"),
    ),
}  # fmt: skip
LANGUAGE_NAMES: Mapping[str, str] = {"es": mark("Spanish"), "en": mark("English")}
CHOICES: Mapping[str, Mapping[str, str]] = {
    "alert_rule": {"profit": mark("by expected profit"), "probability": mark("by fixed probability")},
    "holdout": {"off": mark("off"), "on": mark("on, once it will show anything")},
    "sales_language": LANGUAGE_NAMES,
    "technical_language": LANGUAGE_NAMES,
}


class Limits(NamedTuple):
    """What is accepted, as shown (shares in per cent): None where there is no limit; `above` and `below` exclude the limit itself."""

    low: float | None
    high: float | None
    above: bool
    below: bool


def names_in(group: str) -> tuple[str, ...]:
    """The preferences of a group, in order."""
    return tuple(name for name, text in TEXTS.items() if text.group == group)


def shown(name: str, value: Any) -> Any:
    """The value as people write it: shares in per cent."""
    return round(value * PER_CENT, 6) if TEXTS[name].kind == "share" and value is not None else value


def kept(name: str, written: Any) -> Any:
    """The value to keep of what a person wrote.

    >>> kept("vat_rate", 19.0), kept("churn_horizon_days", 28)
    (0.19, 28)
    """
    return round(written / PER_CENT, 8) if TEXTS[name].kind == "share" and written is not None else written


def limits(name: str) -> Limits:
    """The limits of a number, from the model that checks it."""
    rules: dict[str, float] = {}
    for rule in Preferences.model_fields[name].metadata:
        rules |= {key: getattr(rule, key) for key in ("ge", "gt", "le", "lt") if getattr(rule, key, None) is not None}
    low, high = rules.get("ge", rules.get("gt")), rules.get("le", rules.get("lt"))
    return Limits(shown(name, low), shown(name, high), "gt" in rules, "lt" in rules)
