"""The parts of the Churn screen around its lists: what a row says, the columns, the first calls as sentences, what came of alerts."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from ml.i18n import reasons
from ml.i18n.figures import Formatter
from ml.queries import alerts as work
from ml.queries import calls, customers, holdout
from ml.queries.service import Service
from ml.store.values import load_preferences
from ui import contact, data, tables, work_list, work_words
from ui.format import mask_phone, md
from ui.glossary import term
from ui.one_customer import name_of
from ui.screen import Screen
from ui.store_access import settings
from ui.tables import NAME, Column

FIRST_CALLS = 5
WHY_PIXELS, SILENCE_PIXELS, RISK_PIXELS, ACTION_PIXELS = 185, 105, 105, 105


def said(screen: Screen, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with what people read: who, why (one sentence), phone, and the links; masked for viewers."""
    f, country = screen.f, settings().country
    phones = [phone if isinstance(phone, str) else None for phone in frame["phone"]]
    hello = contact.prepared(screen.read(load_preferences).company_name)
    facts = zip(frame["reasons"], frame["days_since_last_order"], frame["gap_days"], strict=True)
    hidden = screen.masked
    gaps, silences = frame["gap_days"], frame["days_since_last_order"]
    read: dict[str, Any] = {
        "silence": [silence(f, days, gap) for days, gap in zip(silences, gaps, strict=True)],
        "who": [name_of(screen, name, str(number)) for name, number in zip(frame["name"], frame["customer_id"], strict=True)],
        "why": [reasons.sentence(f, told, days, gap, most=1) for told, days, gap in facts],
        "shown_phone": [mask_phone(phone) for phone in phones] if hidden else [phone or "" for phone in phones],
        "call": [None if hidden else contact.dial(phone, country) for phone in phones],
        "chat": [None if hidden else contact.chat(phone, country, hello) for phone in phones],
    }
    return frame.assign(**read)


def silence(f: Formatter, days: float | None, gap: float | None) -> str:
    """The days without an order against the own usual pause: "21 of 9 days"; the days alone where no pause is known."""
    return f.number(days) if pd.isna(gap) else f.t("{days} of {gap} days", days=f.number(days), gap=f.number(gap))


def said_of_work(screen: Screen, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame of `said` with who works on each row and until when, as text."""
    people, f = data.ask(work.workers), screen.f
    owned = [
        (people.get(owner, "") if isinstance(owner, str) else "") + (f" · {f.short_date(due)}" if not pd.isna(due) else "")
        for owner, due in zip(frame["owner"], frame["due_on"], strict=True)
    ]
    return said(screen, frame).assign(worked_by=owned)


def were_right(screen: Screen) -> None:
    """How often alerts were marked "not a risk", by the risk with which they were opened, and the threshold this proposes."""
    t, f = screen.t, screen.f
    told = data.ask(work.refused)
    with st.expander(t("Were the alerts right?"), icon=":material/fact_check:"):
        if not told.judged:
            st.write(t("Nobody has worked off an alert yet. Mark those who are no risk: it shows from which risk on a call pays."))
            return
        rows = told.bands[told.bands["judged"] > 0]
        rows = rows.assign(band=[f"{f.percent(low)} – {f.percent(high)}" for low, high in zip(rows["low"], rows["high"], strict=True)])
        columns = [
            Column("band", t("Risk when opened")),
            Column("judged", t("Worked off"), "number"),
            Column("share", t("Not a risk"), "percent"),
        ]
        tables.show(screen, rows, columns, alt=t("Alerts marked as not a risk, by risk"), key="refused")
        if told.threshold is not None:
            st.write(
                t(
                    "From {share} on fewer than a third were no risk: a good value for “High risk from” (now {now}).",
                    share=md(f.percent(told.threshold)),
                    now=md(f.percent(screen.read(load_preferences).churn_threshold)),
                )
            )
        elif told.judged < work.FEWEST_JUDGED:
            st.write(t("A threshold is proposed from {n} judged alerts on.", n=work.FEWEST_JUDGED))


def control_group(screen: Screen, service: Service) -> None:
    """Whether some customers are left alone on purpose, what that would show, and what came of it."""
    t = screen.t
    chosen = screen.read(load_preferences)
    with st.expander(t("Control group without contact"), icon=":material/science:"):
        told = data.ask(holdout.status, service.day)
        if told.drawn and chosen.holdout == "on":
            st.write(work_words.status(screen, told))
        else:
            plan = screen.read(holdout.plan, service, chosen)
            st.write(work_words.plan(screen, plan))
            if whether := work_words.switch(screen, plan, is_on=chosen.holdout == "on"):
                st.caption(whether)
        st.caption(t("Left out of the draw: customers with more than 3 % of the sales, and those marked “always call” on their screen."))


def left_out(screen: Screen, service: Service) -> None:
    """How many customers stand in no list, because they asked not to be contacted or are left alone by lot."""
    held = len(screen.read(calls.held_out, service.day))
    if held:
        told = screen.t.plural(
            "{count} customer is left alone by lot this quarter and stands in no list.",
            "{count} customers are left alone by lot this quarter and stand in no list.",
            held,
            count=screen.f.number(held),
        )
        st.caption(told)
    count = screen.read(customers.opted_out)
    if count:
        told = screen.t.plural(
            "{count} customer asked not to be contacted and is left out.",
            "{count} customers asked not to be contacted and are left out.",
            count,
            count=screen.f.number(count),
        )
        st.caption(told)


def first_calls(screen: Screen, frame: pd.DataFrame) -> None:
    """The first customers as rows that are sentences: name, money, probability, reason, the ways to reach them, and what can be done."""
    t, f = screen.t, screen.f
    for number, row in enumerate(frame.head(FIRST_CALLS).to_dict("records")):
        with st.container(
            border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key=f"call-{number}"
        ):
            with st.container(width="stretch", gap=None):
                st.markdown(
                    f"**{md(row['who'])}** · {md(f.money(row['value_at_risk']))} · "
                    + t("{risk} risk", risk=md(f.percent(row["probability"])))
                )
                st.caption(md(row["why"]) + (f" · {md(_owed(screen, row['unpaid_amount']))}" if (row["unpaid_amount"] or 0) > 0 else ""))
            with st.container(horizontal=True, width="content"):
                if isinstance(row["call"], str):  # missing where there is no phone
                    st.link_button(t("Call"), row["call"], icon=":material/call:")
                    st.link_button(t("WhatsApp"), row["chat"], icon=":material/chat:")
                work_list.buttons(screen, str(row["customer_id"]), work_list.number_of(row["alert_id"]))


def risk_columns(screen: Screen, *, to_call: bool) -> Sequence[Column]:
    """How customers at risk are listed; what to do with each, unless the list is that of those `to_call`."""
    t = screen.t
    columns = [
        Column("who", t("Customer"), width=NAME),
        Column("value_at_risk", t("At stake"), "money", term(t, "money at risk")),
        *call(screen),
        Column("probability", t("Risk"), "bar", term(t, "risk of leaving"), width=RISK_PIXELS),
        Column("silence", t("Silent"), help=term(t, "own rhythm"), width=SILENCE_PIXELS),
        Column("why", t("Why"), width=WHY_PIXELS),
        action(screen),
        *_by_owner(screen),
        Column("unpaid_amount", t("Owes"), "money"),
        *write(screen),
    ]
    return [column for column in columns if not (to_call and column.name == "action")]


def rhythm_columns(screen: Screen) -> Sequence[Column]:
    """How customers are listed where only their own rhythm says something."""
    t = screen.t
    return [
        Column("who", t("Customer"), width=NAME),
        Column("days_since_last_order", t("Days silent"), "number"),
        *call(screen),
        Column("gap_days", t("Usual pause"), "number", term(t, "own rhythm")),
        Column("lateness", t("Own pauses"), "number", t("How many of its own usual pauses the customer has been silent."), digits=1),
        Column("spend_365", t("Sales in 12 months"), "money", term(t, "spend")),
        action(screen),
        *_by_owner(screen),
        *write(screen),
    ]


def win_back_columns(screen: Screen, *, usable: bool | None) -> Sequence[Column]:
    """How silent customers are listed; the chance to return only where it is `usable`."""
    t = screen.t
    columns = [
        Column("who", t("Customer"), width=NAME),
        Column(
            "spend_before_silence",
            t("Year before"),
            "money",
            t("What they bought in the 12 months up to their last order. As recorded by the company."),
        ),
        *call(screen),
        Column(
            "return_probability",
            t("Chance to return"),
            "bar",
            t("Probability of an order in the days that stand in the title, without a call. A call may add to it."),
        ),
        Column("days_since_last_order", t("Days silent"), "number"),
        Column("last_order", t("Last order"), "day"),
        *_by_owner(screen),
        Column("unpaid_amount", t("Owes"), "money"),
        *write(screen),
    ]
    return [column for column in columns if usable is not False or column.name != "return_probability"]


def call(screen: Screen) -> list[Column]:
    """The column by which customers are called, for those who may see phones: beside the name and the money, also on a phone's screen."""
    return [] if screen.masked else [Column("call", screen.t("Call"), "link", link=screen.t("Call"), width="small")]


def write(screen: Screen) -> list[Column]:
    """The column by which customers are written to; for those who may not see phones, their last digits."""
    t = screen.t
    return [Column("shown_phone", t("Phone")) if screen.masked else Column("chat", t("WhatsApp"), "link", link=t("Write"), width="small")]


def action(screen: Screen) -> Column:
    """What to do about a customer, in two or three words."""
    return Column("action", screen.t("What to do"), width=ACTION_PIXELS)


def _by_owner(screen: Screen) -> list[Column]:
    return [Column("worked_by", screen.t("Owner and day"))]


def _owed(screen: Screen, amount: float) -> str:
    return screen.t("owes {money}", money=screen.f.money(amount))
