"""The sentences of the Overview, made from the numbers; each leads to the screen it speaks of."""

import pandas as pd

from ml.i18n import names, reasons
from ml.queries import business, call_list, customers, demand, record, stamps, trust
from ml.queries.call_list import Morning
from ml.store.values import load_preferences
from ui import alert_effect, data, records, states, texts
from ui.blocks import Lead
from ui.format import md
from ui.one_customer import name_of
from ui.screen import Screen

WEEK, TWO_WEEKS = 7, 2  # days ahead; weeks that are compared
NOON, EVENING = 12, 20


def sentences(screen: Screen) -> list[Lead]:
    """What comes, who is at risk, whom to call, how the models do, how fresh and clean the data is: as far as each is known."""
    parts = [_week(screen), *screen.standing_on(data.ask(stamps.alerts)).kept(_risk), _earned(screen), _models(screen), _data(screen)]
    return [part for part in parts if part is not None]


def _week(screen: Screen) -> Lead | None:
    service, t, f = screen.services.get("demand"), screen.t, screen.f
    if service is None or service.as_of is None:
        return None
    total = screen.read(demand.totals, service, "orders").get(WEEK)
    days = screen.read(demand.daily_forecast, service, "orders", WEEK)
    if total is None or days.empty or total.value <= 0:
        return None
    peak = days.loc[days["value"].idxmax(), "day"]
    coming = t(
        "**{n} orders** in the next 7 days ({range}), most of them on {weekday}",
        n=md(f.number(total.value)),
        range=md(f.span(total.lo80, total.hi80)),
        weekday=md(f"{f.weekday(peak)} {peak:%d-%m}"),
    )
    return Lead(coming + _changed(screen), "demand")


def _changed(screen: Screen) -> str:
    """The orders of the last seven days beside those of the seven before, to end a sentence; empty without two weeks on record."""
    weeks = screen.read(business.weekly, screen.reading.as_of) if screen.reading else pd.DataFrame()
    if "orders" not in weeks or len(weeks) < TWO_WEEKS:
        return ""
    before, last = (screen.f.number(value) for value in weeks["orders"].iloc[-TWO_WEEKS:])
    return "; " + screen.t("the last 7: **{last}**, before: {before}", last=md(last), before=md(before))


def _risk(screen: Screen) -> list[Lead | None]:
    service, t, f = screen.services.get("customers"), screen.t, screen.f
    if service is None or service.as_of is None:
        return []
    chosen = screen.read(load_preferences)
    standing = screen.read(call_list.morning, service, chosen)
    if not standing.active:
        return []
    if screen.read(customers.has_signal, service) is False:
        return [_by_rhythm(screen, *screen.read(call_list.late, service, 1))]
    at_stake = Lead(
        t.plural(
            "**{money} at stake** within {days} days; {count} customer has a risk of {share} or more",
            "**{money} at stake** within {days} days; {count} customers have a risk of {share} or more",
            standing.high,
            money=md(f.money(standing.value_at_risk)),
            days=f.number(standing.horizon_days),
            count=md(f.number(standing.high)),
            share=md(f.percent(chosen.churn_threshold)),
        ),
        "churn",
        {"rule": "all"},
    )
    return [at_stake, _call(screen, standing)]


def _by_rhythm(screen: Screen, count: int, late: pd.DataFrame) -> Lead | None:
    """Who is later than usual, where the risk has no usable signal: how many, and the latest one's row."""
    t, f = screen.t, screen.f
    if not count:
        return Lead(t("Nobody is later than their own usual pause today"), "churn")
    row = late.iloc[0]
    name = name_of(screen, row["name"], str(row["customer_id"]))
    return Lead(
        t.plural(
            "**{count} customer** is later than their own usual pause, latest **{name}**: {days} days silent, usually {pause}",
            "**{count} customers** are later than their own usual pause, latest **{name}**: {days} days silent, usually {pause}",
            count,
            count=md(f.number(count)),
            name=md(name),
            days=md(f.number(row["days_since_last_order"])),
            pause=md(f.number(row["gap_days"])),
        ),
        "churn",
    )


def _call(screen: Screen, standing: Morning) -> Lead | None:
    t, f, worth = screen.t, screen.f, standing.worth
    if not worth and standing.dealt_with:
        return Lead(t("Every call that is worth its cost is made, put off or closed"), "churn", sign="good")
    if standing.first.empty:
        return None
    row = standing.first.iloc[0]
    name = name_of(screen, row["name"], str(row["customer_id"]))
    why = reasons.sentence(f, row["reasons"], row["days_since_last_order"], row["gap_days"], most=1)
    said = {"name": md(name), "why": md(why[:1].lower() + why[1:])}
    if not worth:
        return Lead(t("No call is worth its cost today; the most is at stake with **{name}** ({why})", **said), "churn")
    return Lead(
        t.plural(
            "**{count} call** is worth its cost: **{name}** ({why})",
            "**{count} calls** are worth their cost, first **{name}** ({why})",
            worth,
            count=md(f.number(worth)),
            **said,
        ),
        "churn",
    )


def _earned(screen: Screen) -> Lead | None:
    said = alert_effect.sentence(screen)
    return Lead(said, "churn") if said else None


def _models(screen: Screen) -> Lead | None:
    t, f = screen.t, screen.f
    if not screen.services:
        return None
    doubtful = [texts.label(t, names.PREDICTORS, row["predictor"]) for row in data.ask(trust.suspected)]
    if doubtful:
        told = t("Do not rely on it yet: **{model}** is too good to be true", model=md(", ".join(doubtful)))
        return Lead(told, "models", sign="late")
    judged = [records.better(screen.read(record.verdicts, service)) for service in screen.services.values()]
    known = [verdict for verdict in judged if verdict is not None]
    if not known:
        return Lead(t("Models: {n} in service, none could be checked yet", n=f.number(len(judged))), "models", sign="late")
    return Lead(
        t("**{good} of {n} models** do better than the simple rule", good=f.number(sum(known)), n=f.number(len(known))),
        "models",
        sign="good" if sum(known) * 2 > len(known) else "late",
    )


def _data(screen: Screen) -> Lead | None:
    reading, t, f = screen.reading, screen.t, screen.f
    if reading is None:
        return None
    rows = int((reading.tables.get("orders") or {}).get("rows") or 0)
    wrong = sum(int(finding.get("count") or 0) for finding in reading.findings if finding.get("action") == "left_out")
    return Lead(
        t(
            "Data up to {day}: **{rows} orders** read, {wrong} doubtful rows left out",
            day=md(f.short_date(reading.as_of)),
            rows=md(f.number(rows)),
            wrong=md(f.number(wrong)),
        ),
        "models",
        sign=states.freshness(reading, screen.today).level,
    )


def greeting(screen: Screen, hour: int) -> str:
    """Good morning, afternoon or evening, with the person's first name."""
    t, name = screen.t, md(screen.user.name.split()[0] if screen.user.name.strip() else screen.user.email)
    if hour < NOON:
        return t("Good morning, {name}", name=name)
    return t("Good afternoon, {name}", name=name) if hour < EVENING else t("Good evening, {name}", name=name)
