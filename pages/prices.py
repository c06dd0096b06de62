"""Prices: what a change does to sales, which price is worth trying and why, and the units expected of each product."""

import streamlit as st

from ml.queries import prices
from ui import blocks, filters, guard, price_what_if, price_words, records, states, tables
from ui.screen import open_screen

EVERY_TYPE = "all"

screen = open_screen(guard.require("admin", "analyst", "viewer"))
t, f = screen.t, screen.f
service = states.need(screen, "price", t("Here you see what a change of price does to sales, and which price is worth trying."))
rows, units = screen.read(prices.answers, service), screen.read(prices.units, service)

st.title(t("Which price is worth trying?"), anchor=False)
states.stamp(screen, service)
if rows["unread"].notna().all():
    st.info(price_words.nothing_read(screen, rows[rows["customer_type"].isna()]))

whole = rows[rows["customer_type"].isna()]
with st.container(horizontal=True, vertical_alignment="bottom"):
    names = dict(zip(whole["product_id"], whole["name"], strict=True))
    product = filters.one_of(screen, t("Product"), "product", names)
    own = rows[rows["product_id"] == product]
    kinds = {EVERY_TYPE: t("All customers")} | {str(kind): str(kind) for kind in own["customer_type"].dropna()}
    kind = filters.choose(screen, t("Type"), "type", kinds) if len(kinds) > 1 else EVERY_TYPE
chosen = own[own["customer_type"].isna() if kind == EVERY_TYPE else own["customer_type"] == kind].iloc[0]

blocks.cards(price_words.cards(screen, chosen))
st.markdown(price_words.story(screen, chosen))
for line in price_words.tested(screen, chosen):
    st.markdown(line)
price_what_if.show(screen, chosen)
price_words.try_it(screen, chosen)

st.subheader(t("All products"), anchor=False)
listed = price_words.table_rows(screen, rows, units)
tables.show(
    screen,
    listed,
    price_words.table_columns(screen),
    alt=t("Products with their price, its suggestion and the expected units"),
    key="products",
)
tables.export(screen, listed, price_words.exported(screen), name="prices")

records.how_it_did(screen, service)
