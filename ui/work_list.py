"""Working off alerts: the buttons of a customer, several at once, one alert with its history, the way back, other costs to try."""

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from ml import clock
from ml.i18n import mark
from ml.queries import alerts, calls, customer
from ml.queries.alerts import Alert, Press
from ml.queries.customer import Profile
from ml.queries.service import Service
from ml.store.alerts import Change
from ml.store.preferences import Preferences
from ui import actions, actions_alerts, data, guard, presses, work_words
from ui.format import md
from ui.one_customer import name_of
from ui.registry import page as page_of
from ui.screen import Screen
from ui.store_access import settings

QUICK: tuple[str, ...] = ("contacted", "snoozed", "not_a_risk")
SEVERAL: tuple[str, ...] = ("contacted", "snoozed", "not_a_risk", "saved", "lost", "assigned", "commented")
MOST_AT_ONCE = 200
NOTED, OPENED = mark("Noted with the alert."), mark("The alert is open.")
PER_CENT = 100
ASKED = "-asked"


def may_work(screen: Screen) -> bool:
    """Whether this person works on alerts."""
    return guard.may(screen.user, "alerts")


def buttons(screen: Screen, customer_id: str, alert_id: int | None, offered: tuple[str, ...] = QUICK, place: str = "") -> None:
    """What can be done with one customer's alert (opened by hand where there is none), as a row of buttons; `place` tells them from others
    of the same customer on the screen."""
    if not may_work(screen):
        return
    for action in offered:
        press = partial(actions_alerts.work, ((customer_id, alert_id),), Change(action, screen.today))
        presses.button(screen.t(work_words.ACTIONS[action]), f"{action}-{customer_id}{place}", press, NOTED)


def number_of(value: Any) -> int | None:
    """An alert's number out of a frame's cell, None where there is none."""
    return None if value is None or pd.isna(value) else int(value)


def came_of_it(screen: Screen, of: str | None = None) -> None:
    """What came of the last press on the work list, with its way back for half an hour; `of` leaves it to one customer's own screen."""
    last = data.ask(alerts.last_press, screen.user.email, clock.utc_now() - actions_alerts.UNDO_FOR) if may_work(screen) else None
    offered = last if last is not None and of in (None, last.customer_id) else None
    presses.show(screen.t, told_below=(NOTED, OPENED) if offered else ())
    if offered:
        _way_back(screen, offered)


def _way_back(screen: Screen, last: Press) -> None:
    t = screen.t
    action = t(work_words.EVENTS.get(last.action, last.action))
    if last.customer_id is None:
        whom = t.plural("{count} customer", "{count} customers", last.alerts, count=screen.f.number(last.alerts))
    else:
        who = screen.read(customer.profile, last.customer_id)
        whom = name_of(screen, who.name if who else None, last.customer_id)
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="last-press"):
        with st.container(width="stretch"):  # beside the button also where the window is narrow
            st.markdown(t("Last done: {action} · {whom}", action=action, whom=f"**{md(whom)}**"))
        presses.button(t("Undo"), f"undo-{last.batch}", partial(actions_alerts.undo, last.batch), presses.TAKEN_BACK)


def several(screen: Screen, rows: pd.DataFrame) -> None:
    """The form that does the same to several customers of a list with who, customer_id and alert_id."""
    if not may_work(screen) or rows.empty:
        return
    t, drawn = screen.t, presses.number("several")
    listed = rows.head(MOST_AT_ONCE)
    names = dict(zip(listed["customer_id"], listed["who"], strict=True))
    known = {key: number_of(alert) for key, alert in zip(listed["customer_id"], listed["alert_id"], strict=True)}
    keys = {name: f"several-{name}-{drawn}" for name in ("who", "action", "owner", "due", "note")}
    with st.expander(t("Several at once"), icon=":material/checklist:"), st.form("several", border=False):
        st.multiselect(t("Customers"), list(names), format_func=lambda key: names.get(key, key), key=keys["who"])
        with st.container(horizontal=True):
            st.selectbox(t("What"), SEVERAL, format_func=lambda code: t(work_words.ACTIONS[code]), key=keys["action"])
            _owner_and_day(screen, keys["owner"], keys["due"], None)
        st.text_input(t("Comment"), key=keys["note"], max_chars=300)
        press = partial(actions_alerts.work_named, keys["who"], known, partial(_form_change, screen, keys))
        presses.submit(t("Do it"), "several", press, NOTED)


def asked(screen: Screen, service: Service) -> None:
    """The alert that the address asks for (?alert=, or the newest of ?customer=): its state, what can be done, and its history; of a
    customer without one how to open it."""
    number, wanted = st.query_params.get("alert", ""), st.query_params.get("customer", "")
    if not (number or wanted):
        return
    found = data.ask(alerts.one, int(number)) if number.isascii() and number.isdigit() and len(number) <= 9 else None
    if found is None and wanted:
        found = next(iter(data.ask(alerts.of_customer, wanted[:200])), None)
    who = screen.read(customer.profile, wanted[:200]) if found is None and wanted else None
    t = screen.t
    with st.container(border=True, key="alert"):
        if found is not None:
            _one(screen, service, found)
        elif who is not None:
            _without_alert(screen, service, who)
        else:
            st.write(t("There is no such alert. It may belong to another company, or the customer has none yet."))
        st.page_link(page_of("churn").path, label=t("Back to the list"), icon=":material/arrow_back:", help="")


def tried(screen: Screen, chosen: Preferences) -> Preferences:
    """The preferences with the costs a person tries out on this screen; an administrator may keep them for everybody."""
    t = screen.t
    if not may_work(screen):
        return chosen
    with st.container() if screen.phone else st.popover(t("Try other costs"), icon=":material/calculate:"):
        if screen.phone:
            st.markdown(f"**{t('Try other costs')}**")
        st.caption(t("What you enter here counts on your screen only, until an administrator saves it."))
        cost = st.number_input(t("Cost of a call"), min_value=0.0, value=float(chosen.call_cost), step=100.0, key="try-cost")
        values = {
            "call_cost": float(cost),
            "gross_margin": _share(t("Margin of a sale (%)"), chosen.gross_margin, "try-margin"),
            "save_rate": _share(t("Calls that help (%)"), chosen.save_rate, "try-save"),
            "kept_days": _days(t("A kept customer goes on buying (days)"), chosen.kept_days, "try-kept"),
        }
        changed = {name: value for name, value in values.items() if abs(value - getattr(chosen, name)) > 1e-9}
        if changed and guard.may(screen.user, "preferences"):
            presses.button(t("Save for everybody"), "costs", partial(actions.set_preferences, changed), mark("The values are saved."))
        elif changed:
            st.caption(t("These are values you try; an administrator can save them."))
    return chosen.model_copy(update=changed)


def _share(label: str, value: float, key: str) -> float:
    shown = st.number_input(label, min_value=1.0, max_value=100.0, value=round(value * PER_CENT, 4), step=1.0, key=key, format="%g")
    return float(shown) / PER_CENT


def _days(label: str, value: int, key: str) -> int:
    return int(st.number_input(label, min_value=7, max_value=730, value=value, step=10, key=key))


def _form_change(screen: Screen, keys: dict[str, str]) -> Change:
    given = {name: st.session_state.get(key) for name, key in keys.items()}
    note = str(given["note"] or "")
    return Change(str(given["action"]), screen.today, note, given["owner"], given["due"])


def _owner_and_day(screen: Screen, owner_key: str, day_key: str, alert: Alert | None) -> None:
    t = screen.t
    people = data.ask(alerts.workers)
    codes: list[str | None] = [None, *people]
    place = codes.index(alert.owner) if alert and alert.owner in codes else 0
    st.selectbox(
        t("Owner"), codes, index=place, format_func=lambda code: people.get(code, t("nobody")) if code else t("nobody"), key=owner_key
    )
    st.date_input(t("Due"), value=alert.due_on if alert else None, format="DD-MM-YYYY", key=day_key)


def _one(screen: Screen, service: Service, alert: Alert) -> None:
    t, f = screen.t, screen.f
    who = screen.read(customer.profile, alert.customer_id)
    name = name_of(screen, who.name if who else None, alert.customer_id)
    colour, state = work_words.COLOURS[alert.state], t(work_words.STATES[alert.state])
    st.markdown(f"**{md(name)}** · {t('alert {n}', n=alert.id)} :{colour}-badge[{state}]")
    facts = [t("opened on {day}", day=f.day(clock.local(alert.opened_at, settings().timezone)))]
    facts += [t("{risk} risk", risk=f.percent(alert.probability))] if alert.probability is not None else []
    facts += [t("{money} at stake", money=f.money(alert.value_at_risk))] if alert.value_at_risk is not None else []
    facts += [t("put off until {day}", day=f.day(alert.snoozed_until))] if alert.snoozed_until else []
    facts += [t("ordered on {day} for {money}", day=f.day(alert.order_day), money=f.money(alert.order_amount))] if alert.order_day else []
    st.caption(md(" · ".join(facts)))
    st.page_link(page_of("customer").path, label=t("Open the customer"), query_params={"customer": alert.customer_id}, help="")
    if _kept_from_contact(screen, service, alert.customer_id):
        st.info(t("This customer is not to be contacted."))
    elif may_work(screen):
        with st.container(horizontal=True):
            offered = (*QUICK, "lost") if alert.is_live else ("reopened",)
            buttons(screen, alert.customer_id, alert.id, offered, ASKED)
        _forms(screen, alert)
    for event in data.ask(alerts.history, alert.id):
        moment = f.moment(clock.local(event.at, settings().timezone))
        what = t(work_words.EVENTS.get(event.action, event.action)) + (f": {event.note}" if event.note else "")
        gone = f" ({t('taken back')})" if event.undone else ""
        st.caption(md(f"{moment} · {_person(screen, event.who)} · {what}{gone}"))


def _without_alert(screen: Screen, service: Service, who: Profile) -> None:
    t, name = screen.t, name_of(screen, who.name, who.customer_id)
    st.markdown(f"**{md(name)}** · {t('no alert yet')}")
    st.page_link(page_of("customer").path, label=t("Open the customer"), query_params={"customer": who.customer_id}, help="")
    if _kept_from_contact(screen, service, who.customer_id):
        st.info(t("This customer is not to be contacted."))
    elif may_work(screen):
        with st.container(horizontal=True):
            buttons(screen, who.customer_id, None, place=ASKED)


def _kept_from_contact(screen: Screen, service: Service, customer_id: str) -> bool:
    return customer_id in screen.read(calls.kept_from_contact, service.day)


def _forms(screen: Screen, alert: Alert) -> None:
    t, drawn = screen.t, presses.number("one-alert")
    keys = {name: f"one-{name}-{alert.id}-{drawn}" for name in ("owner", "due")}
    keys["note"] = f"one-note-{alert.id}-{presses.number('alert-note')}"
    if alert.is_live:
        with st.form("assign", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            _owner_and_day(screen, keys["owner"], keys["due"], alert)
            presses.submit(t("Assign"), "one-alert", partial(_assign, screen, alert, keys), NOTED)
    with st.form("comment", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(t("Comment"), key=keys["note"], max_chars=300)
        presses.submit(t("Keep the comment"), "alert-note", partial(_comment, screen, alert, keys), NOTED)


def _assign(screen: Screen, alert: Alert, keys: dict[str, str]) -> None:
    owner, due = st.session_state.get(keys["owner"]), st.session_state.get(keys["due"])
    actions_alerts.work(((alert.customer_id, alert.id),), Change("assigned", screen.today, owner=owner, due_on=due))


def _comment(screen: Screen, alert: Alert, keys: dict[str, str]) -> None:
    note = str(st.session_state.get(keys["note"]) or "")
    actions_alerts.work(((alert.customer_id, alert.id),), Change("commented", screen.today, note=note))


def _person(screen: Screen, email: str) -> str:
    if email == "system":
        return screen.t("by itself")
    return data.ask(alerts.workers).get(email, email if not screen.masked else screen.t("a colleague"))
