"""From a row of a table to the screen of its customer."""

from typing import Any

import pandas as pd
import streamlit as st

from ui import registry
from ui.format import md
from ui.screen import Screen

CUSTOMER = "customer"


def follow(screen: Screen, event: Any, frame: pd.DataFrame, first: str) -> None:
    """Open the customer of the row that was marked in a table of `frame` (with customer_id), and do not come back.

    For a cell that was only chosen there is a link, named after the column `first`: the Tab key chooses cells on its way through a table,
    and must not be carried off to another screen.
    """
    rows, cells = event.selection.rows, [row for row, _ in event.selection.cells]
    if rows and rows[0] < len(frame):
        open_customer(str(frame["customer_id"].iloc[rows[0]]))
    if cells and cells[0] < len(frame):
        row = frame.iloc[cells[0]]
        page, query = registry.page(CUSTOMER), {CUSTOMER: str(row["customer_id"])}
        st.page_link(page.path, label=screen.t("Open {name}", name=md(str(row[first]))), icon=page.icon, query_params=query)
    else:
        st.caption(screen.t("Mark a row to open the customer."))


def open_customer(customer_id: str) -> None:
    """Go to the screen of a customer."""
    st.switch_page(registry.page(CUSTOMER).path, query_params={CUSTOMER: customer_id})
