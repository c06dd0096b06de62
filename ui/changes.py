"""What changed in a week, for the Overview: at most five sentences made from the numbers, each a link."""

from ml.queries import business, call_list, changes, demand
from ml.store.values import load_preferences
from ui import data
from ui.blocks import Lead
from ui.format import md
from ui.screen import Screen

TWO_WEEKS = 2


def sentences(screen: Screen) -> list[Lead]:
    """Sales, forecast, alerts, new customers and those who count as gone: as far as each is known and there is something to say."""
    if screen.reading is None:
        return []
    parts = [_sales(screen), _forecast(screen), _alerts(screen), *_people(screen)]
    return [part for part in parts if part is not None]


def _sales(screen: Screen) -> Lead | None:
    t, f = screen.t, screen.f
    weeks = screen.read(business.weekly, screen.reading.as_of) if screen.reading else None
    if weeks is None or "revenue" not in weeks or len(weeks) < TWO_WEEKS:
        return None
    before, last = weeks["revenue"].iloc[-TWO_WEEKS:]
    money, change = md(f.money(last)), f.change(last, before)
    if change is None:
        return Lead(t("**{money} sold** in the last 7 days, nothing in the 7 before", money=money), "demand", {"measure": "revenue"})
    said = t("**{money} sold** in the last 7 days, {change} against the 7 before", money=money, change=md(change))
    return Lead(said, "demand", {"measure": "revenue"})


def _forecast(screen: Screen) -> Lead | None:
    service, t, f = screen.services.get("demand"), screen.t, screen.f
    if service is None or service.as_of is None:
        return None
    now = screen.read(demand.totals, service, "orders").get(changes.DAYS)
    before = screen.read(changes.expected_a_week_ago, "orders", service.as_of)
    if now is None or before is None:
        return None
    return Lead(
        t(
            "**{now} orders** expected in the next 7 days; a week ago {before} were expected for the same days",
            now=md(f.number(now.value)),
            before=md(f.number(before)),
        ),
        "demand",
    )


def _alerts(screen: Screen) -> Lead | None:
    t, f = screen.t, screen.f
    found = data.ask(changes.alerts_of_the_week, screen.reading.as_of) if screen.reading else None
    if found is None or not any(found):
        return None
    return Lead(
        t(
            "Alerts: **{opened} opened** in these days, **{saved} closed by an order**, {closed} closed otherwise",
            opened=f.number(found.opened),
            saved=f.number(found.saved),
            closed=f.number(found.closed),
        ),
        "churn",
    )


def _people(screen: Screen) -> list[Lead | None]:
    t, f, silence = screen.t, screen.f, screen.kept(_silence)
    if screen.reading is None or silence is None:
        return []
    found = screen.read(changes.people_of_the_week, screen.reading.as_of, silence)
    new = t.plural(
        "**{n} new customer** ordered for the first time in these days",
        "**{n} new customers** ordered for the first time in these days",
        found.new,
    )
    gone = t.plural(
        "**{n} customer** has now been silent for {days} days and counts as gone",
        "**{n} customers** have now been silent for {days} days and count as gone",
        found.gone,
        days=f.number(silence),
    )
    return [Lead(new, "segments") if found.new else None, Lead(gone, "churn", {"list": "win_back"}) if found.gone else None]


def _silence(screen: Screen) -> int | None:
    """The silence in days that counts as leaving: chosen by people, else the one of the model in service."""
    chosen, service = screen.read(load_preferences), screen.services.get("customers")
    if chosen.churn_horizon_days is not None or service is None or service.as_of is None:
        return chosen.churn_horizon_days
    return screen.read(call_list.morning, service, chosen).horizon_days or None
