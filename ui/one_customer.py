"""The parts of the Customer screen: finding one, who it is, what is expected, orders, products, and the story in sentences."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from ml.experiments import words
from ml.i18n import advice, mark, reasons
from ml.queries import advice as standings
from ml.queries import customer, places
from ml.queries.customer import Event, Outlook, Profile
from ml.queries.service import Service
from ml.store.values import load_preferences
from ui import contact, tables, texts
from ui.blocks import Card
from ui.format import mask_name, mask_phone, md
from ui.glossary import term
from ui.registry import page as page_of
from ui.screen import Screen
from ui.store_access import settings
from ui.tables import NAME, Column

POPULATIONS: Mapping[str, str] = {"active": mark("active"), "dormant": mark("silent for long")}
EVENTS: Mapping[str, str] = {
    "first_order": mark("First order: {money}"),
    "last_order": mark("Last order: {money}"),
    "largest_order": mark("Largest order: {money}"),
    "unpaid_since": mark("Owes {money} since then"),
    "came_back": mark("Came back after {days} days without an order"),
    "risk_rose": mark("Risk of leaving rose from {before} to {now}"),
    "risk_fell": mark("Risk of leaving fell from {before} to {now}"),
    "note": mark("Note: {text}"),
    "contact": mark("Contacted: {text}"),
    "alert_opened": mark("Alert opened, risk {risk}"),
    "alert_contacted": mark("Contacted because of the alert"),
    "alert_saved": mark("Alert closed: ordered again"),
    "alert_lost": mark("Alert closed: no order came in time"),
    "alert_not_a_risk": mark("Alert closed: marked as not a risk"),
    "test_begun": mark("Test “{test}” began; group: {group}"),
    "test_over": mark("Test “{test}” ended"),
    "left_alone": mark("Left alone by lot for this quarter"),
}


def name_of(screen: Screen, name: str | None, customer_id: str) -> str:
    """How a customer is called on this screen: the name, else the id; initials only for those who may not see names."""
    has_name = isinstance(name, str) and bool(name.strip())
    return mask_name(name) if has_name and screen.masked else str(name) if has_name else customer_id


def found_rows(screen: Screen, found: pd.DataFrame) -> pd.DataFrame:
    """Customers that were found, as they are listed."""
    who = [name_of(screen, name, key) for name, key in zip(found["name"], found["customer_id"], strict=True)]
    return found.assign(who=who, kind=found["customer_type"].fillna(""), place=found["zone"].fillna(""))


def found_columns(screen: Screen) -> list[Column]:
    """How customers that were found are listed."""
    t = screen.t
    return [
        Column("who", t("Customer"), width=NAME),
        Column("spend_365", t("Sales in 12 months"), "money", term(t, "spend")),
        Column("orders_365", t("Orders in 12 months"), "number"),
        Column("last_order", t("Last order"), "day"),
        Column("place", t("Commune")),
        Column("kind", t("Type")),
        Column("customer_id", t("Id")),
    ]


def head(screen: Screen, who: Profile, segment: str | None, service: Service | None, *, held_out: bool = False) -> None:
    """Name, what kind of customer it is, what is owed, and the ways to reach it."""
    t, f = screen.t, screen.f
    st.title(md(name_of(screen, who.name, who.customer_id)), anchor=False)
    about = [part for part in (who.customer_type, who.zone, who.customer_id) if part]
    badges = [f":blue-badge[{texts.label(t, texts.SEGMENTS, segment)}]"] if segment else []
    as_of = service.day if service else screen.reading.as_of if screen.reading else screen.today
    days = customer.days_owed(who, as_of)
    if days is not None:
        badges.append(f":orange-badge[▲ {md(t('owes {money} ({n} days)', money=f.money(who.unpaid_amount), n=f.number(days)))}]")
    st.markdown(" · ".join(md(part) for part in about) + ("  " + " ".join(badges) if badges else ""))
    if not held_out:
        _ways(screen, who)


def _ways(screen: Screen, who: Profile) -> None:
    t = screen.t
    if who.contact_opt_out:
        st.info(t("This customer asked not to be contacted: no call, no message. It appears in no list."))
        return
    if screen.masked:
        st.caption(t("Phone {phone}", phone=md(mask_phone(who.phone))))
        return
    country = settings().country
    call = contact.dial(who.phone, country)
    if call is None:
        st.caption(t("No usable phone number is on record."))
        return
    hello = contact.prepared(screen.read(load_preferences).company_name)
    with st.container(horizontal=True):
        st.link_button(t("Call {phone}", phone=md(who.phone or "")), call, icon=":material/call:", type="primary")
        st.link_button(t("WhatsApp"), contact.chat(who.phone, country, hello) or call, icon=":material/chat:")


def cards(screen: Screen, who: Profile, said: Outlook | None, *, usable: bool | None) -> list[Card]:
    """When the next order is expected, the risk of leaving (the silence where the risk is not `usable`), what a year brings, what was
    bought so far."""
    t, f = screen.t, screen.f
    so_far = Card(
        t("So far ({basis})", basis=screen.basis),
        f.money(who.spend_total),
        note=t.plural("{count} order", "{count} orders", who.orders_total, count=f.number(who.orders_total)),
    )
    if said is None:
        return [so_far]
    between = (
        t("8 of 10: {low} to {high}", low=f"{said.next_lo:%d-%m}", high=f"{said.next_hi:%d-%m}") if said.next_lo and said.next_hi else None
    )
    return [
        Card(t("Next order expected"), f.short_date(said.next_date), note=between, help=term(t, "next order")),
        _silence(screen, said) if usable is False else _risk(screen, said),
        Card(
            t("Next 12 months ({basis})", basis=screen.basis),
            f.money(customer.discounted(said.value_12m, screen.read(load_preferences).discount_rate)),
            note=_before(screen, who, said),
            help=term(t, "value of a year"),
        ),
        so_far,
    ]


def _before(screen: Screen, who: Profile, said: Outlook) -> str:
    """What stands beside the coming year: the last one, or of who has been silent for long the year up to the last order."""
    if said.population == "dormant" and who.spend_before_silence is not None:
        return screen.t("year before the silence: {money}", money=screen.f.money(who.spend_before_silence))
    return screen.t("last 12: {money}", money=screen.f.money(who.spend_365))


def _risk(screen: Screen, said: Outlook) -> Card:
    t = screen.t
    label = t("Risk of leaving, {days} days", days=said.horizon_days)
    note = texts.label(t, POPULATIONS, said.population)
    return Card(label, screen.f.percent(said.probability), note=note, help=term(t, "risk of leaving"))


def _silence(screen: Screen, said: Outlook) -> Card:
    t, f = screen.t, screen.f
    usual = t("no rhythm yet") if said.gap_days is None else t("usual pause: {n} days", n=f.number(said.gap_days))
    return Card(t("Days silent"), f.number(said.days_since_last_order), note=usual, help=term(t, "own rhythm"))


def why(screen: Screen, said: Outlook, *, usable: bool | None) -> str:
    """The reasons of the score as a sentence in markdown; the silence where the score is not `usable`."""
    grounds = standings.grounds(list(said.reasons), usable=usable)
    return f"**{screen.t('Why')}** · " + md(reasons.sentence(screen.f, grounds, said.days_since_last_order, said.gap_days))


def what_to_do(screen: Screen, said: Outlook, service: Service, *, usable: bool | None, kept_from_contact: bool) -> str:
    """The next action as a sentence in markdown, by the same rule as the JSON answers."""
    chosen = screen.read(load_preferences)
    known = customer.known(said, chosen, kept_from_contact=kept_from_contact)
    stands = standings.standing(known, chosen.churn_threshold, service.day, usable=usable)
    return f"**{screen.t('What to do')}** · " + md(advice.sentence(screen.t, stands.advice, stands.basis))


def order_rows(screen: Screen, page: pd.DataFrame) -> pd.DataFrame:
    """A page of orders as it is listed."""
    t = screen.t
    words = {True: t("paid"), False: t("not paid yet")}
    return page.assign(paid=page["is_paid"].map(words, na_action="ignore").astype(object))


def order_columns(screen: Screen, page: pd.DataFrame) -> list[Column]:
    """How the orders are listed; quantity and payment only where the company records them."""
    t = screen.t
    columns = [
        Column("day", t("Day"), "day"),
        Column("amount", t("Amount ({basis})", basis=screen.basis), "money"),
        Column("quantity", t("Quantity"), "number", digits=1),
        Column("paid", t("Payment")),
        Column("order_id", t("Order")),
    ]
    empty = {name for name, source in (("quantity", "quantity"), ("paid", "is_paid")) if page[source].isna().all()}
    return [column for column in columns if column.name not in empty]


def product_rows(products: pd.DataFrame) -> pd.DataFrame:
    """The usual products as they are listed."""
    names = products["name"].fillna(products["product_id"])
    return products.assign(what=names)


def product_columns(screen: Screen) -> list[Column]:
    """How the usual products are listed."""
    t = screen.t
    return [
        Column("what", t("Product"), width="medium"),
        Column(
            "quantity_per_order", t("Per order"), "number", t("The usual quantity: half of the orders had more, half had less."), digits=1
        ),
        Column("orders", t("Orders"), "number"),
    ]


def orders(screen: Screen, who: Profile) -> None:
    """The orders, newest first, page by page."""
    t = screen.t
    st.subheader(t("Orders"), anchor=False)
    pages = screen.read(customer.order_pages, who.customer_id)
    place = st.empty()
    number = st.pagination(pages, key="page", bind="query-params") if pages > 1 else 1
    rows = order_rows(screen, screen.read(customer.orders, who.customer_id, number))
    columns = order_columns(screen, rows)
    with place.container():
        tables.show(screen, rows, columns, alt=t("Orders of this customer, newest first"), key="orders")
    tables.export(screen, rows, columns, name="customer-orders")


def usual_products(screen: Screen, who: Profile) -> None:
    """What the customer usually buys."""
    t = screen.t
    products = screen.read(customer.products, who.customer_id)
    st.subheader(t("Usual products"), anchor=False)
    if products.empty:
        st.caption(t("The company's data has no order lines for this customer."))
        return
    tables.show(screen, product_rows(products), product_columns(screen), alt=t("What this customer usually buys"), key="products")


def delivery_cost(screen: Screen, who: Profile) -> None:
    """The way to what a delivery to this customer costs, where it is known where that is."""
    if screen.read(places.addresses, who.customer_id):
        query, page = {"place": "customer", "customer": who.customer_id}, page_of("routes")
        st.page_link(page.path, label=screen.t("What does a delivery cost here?"), icon=page.icon, query_params=query, help="")


def story(screen: Screen, events: list[Event]) -> None:
    """The events as lines, newest first."""
    for event in events:
        st.markdown(f"**{md(screen.f.day(event.day))}** · {md(_told(screen, event))}")


def _told(screen: Screen, event: Event) -> str:
    f = screen.f
    write: dict[str, Callable[[Any], str]] = {
        "money": f.money, "before": f.percent, "now": f.percent, "risk": f.percent, "text": str,
        "test": lambda name: words.title(f.t, name, name), "group": lambda arm: f.t(words.ARMS[arm]),
    }  # fmt: skip
    return f.t(EVENTS[event.code], **{name: write.get(name, f.number)(value) for name, value in event.params.items()})
