import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.customers.days import CustomerDataError, collapse, customer_ids, day_number


def orders(*rows: tuple[object, object, object]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["customer_id", "date", "amount"])


def test_orders_of_a_day_are_added_and_sorted():
    log = collapse(orders(("b", "2024-01-03", 5), ("a", "2024-01-09", 1), ("b", "2024-01-03", 7), ("b", "2024-01-01", 2)), "2024-02-01")
    assert log.ids.tolist() == ["a", "b"]
    assert log.customer.tolist() == [0, 1, 1]
    assert log.amount.tolist() == [1, 2, 12]
    assert (log.day - day_number("2024-01-01")).tolist() == [8, 0, 2]
    assert log.start.tolist() == [0, 1, 3]


def test_only_sales_known_by_the_day_are_kept():
    rows = [("a", "2024-01-01", 1), ("a", "2024-01-02", 0), ("a", "2024-01-03", -4), ("a", None, 9), (None, "2024-01-04", 9)]
    log = collapse(orders(*rows, ("a", "2024-01-05", np.nan), ("a", "2024-01-06", np.inf), ("a", "2024-03-01", 9)), "2024-01-31")
    assert log.amount.tolist() == [1]


def test_times_of_a_zone_become_their_own_local_day():
    stamp = pd.Series(pd.to_datetime(["2024-05-01 23:30"])).dt.tz_localize("America/Santiago")
    log = collapse(pd.DataFrame({"customer_id": ["a"], "date": stamp, "amount": [1.0]}), "2024-06-01")
    assert log.day.tolist() == [day_number("2024-05-01")]


def test_an_id_as_number_float_and_text_is_one():
    assert customer_ids(pd.Series([17850, 17850.0, "17850", " 17850.0 ", "0017"], dtype=object)).tolist() == ["17850"] * 4 + ["0017"]
    assert customer_ids(pd.Series(["", None, "x"])).isna().tolist() == [True, True, False]
    assert customer_ids(pd.Series([1, None], dtype="Int64")).isna().tolist() == [False, True]


def test_a_log_without_sales_says_how_many_orders_came():
    with pytest.raises(CustomerDataError, match="None of the 1 orders is a sale dated 2024-01-31 or earlier; one with an amount above 0"):
        collapse(orders(("a", "2024-01-01", -1)), "2024-01-31")


def test_days_are_numbered_alike_whatever_their_type():
    assert day_number("1970-01-02") == day_number(dt.date(1970, 1, 2)) == day_number(pd.Timestamp("1970-01-02 18:00")) == 1


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 60), st.floats(0.5, 100)), min_size=1, max_size=40), st.integers(0, 60))
def test_rows_until_counts_the_days_of_each_customer(rows, cut):
    first = pd.Timestamp("2024-01-01")
    frame = pd.DataFrame([(f"c{who}", first + pd.Timedelta(days=day), amount) for who, day, amount in rows])
    log = collapse(frame.set_axis(["customer_id", "date", "amount"], axis=1), first + pd.Timedelta(days=60))
    until = log.rows_until(day_number(first) + cut) - log.start[:-1]
    expected = [len({day for who, day, _ in rows if f"c{who}" == name and day <= cut}) for name in log.ids]
    assert until.tolist() == expected
