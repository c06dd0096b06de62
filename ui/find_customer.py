"""The Customer screen before a customer is chosen: the search, and what it found."""

import streamlit as st

from ml.queries import customer
from ui import filters, one_customer, states, tables
from ui.format import md
from ui.screen import Screen


def show(screen: Screen, asked: str) -> None:
    """A search with its hits, else the largest customers. `asked` is a customer of the address who is not there."""
    t, f = screen.t, screen.f
    st.title(t("Customer"), anchor=False)
    if screen.reading is None:
        states.nothing_yet(screen, "customers", t("Here you find a customer and see orders, rhythm, risk and what is expected next."))
        return
    if asked:
        st.info(t("There is no customer “{key}” in the data as last read. Look for the name, the phone or the id.", key=md(asked[:80])))
    hint = t("Id") if screen.masked else t("Name, phone or id")
    wanted = filters.search(t("Find a customer"), "q", hint)
    found = screen.read(customer.find, wanted, by_id_only=screen.masked)
    if found.empty:
        states.nothing_matches(t)
        return
    st.subheader(t("Found") if wanted else t("Largest customers"), anchor=False)
    rows, columns = one_customer.found_rows(screen, found), one_customer.found_columns(screen)
    tables.show(screen, rows, columns, alt=t("Customers found"), key="found", opens=True)
    if len(found) == customer.MOST_FOUND:
        st.caption(t("The first {n} are shown; type more of the name to narrow it down.", n=f.number(customer.MOST_FOUND)))
