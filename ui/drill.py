"""From a row of a table to the screen of its customer."""

from typing import Any

import pandas as pd
import streamlit as st

from ui import registry

CUSTOMER = "customer"


def follow(event: Any, frame: pd.DataFrame, first: str) -> None:
    """Open the customer of the row that was chosen in a table of `frame` (with customer_id): by its mark, or by its cell
    in the column `first`.

    Goes on to the other screen and does not come back; does nothing while no row is chosen.
    """
    chosen = [*event.selection.rows, *(row for row, column in event.selection.cells if column == first)]
    if chosen and chosen[0] < len(frame):
        open_customer(str(frame["customer_id"].iloc[chosen[0]]))


def open_customer(customer_id: str) -> None:
    """Go to the screen of a customer."""
    st.switch_page(registry.page(CUSTOMER).path, query_params={CUSTOMER: customer_id})
