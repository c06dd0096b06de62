import pandas as pd
import pytest

from ml.source.findings import Ledger
from ml.source.made_lines import without_other_products


def lines_and_sales():
    own = pd.DataFrame(
        {
            "order_id": [f"own{i}" for i in range(12)],
            "product_id": "PC",
            "quantity": 5.0,
            "unit_price": 3000.0,
            "amount": 15000.0,
            "made": False,
        }
    )
    made = pd.DataFrame(
        {
            "order_id": ["cups", "plain"],
            "product_id": "PC",
            "quantity": [1055.0, 4.0],
            "unit_price": [185_000 / 1055, 2900.0],
            "amount": [185_000.0, 11_600.0],
            "made": True,
        }
    )
    lines = pd.concat([own, made], ignore_index=True)
    return lines, pd.DataFrame({"order_id": lines["order_id"], "customer_id": "c"})


def test_a_thousand_cups_are_no_bottles():
    lines, sales = lines_and_sales()
    ledger = Ledger()
    cleaned = without_other_products(lines, sales, ledger).set_index("order_id")
    assert cleaned.loc["cups", "quantity"] == 62
    assert cleaned.loc["cups", "unit_price"] == pytest.approx(185_000 / 62)
    assert cleaned.loc["cups", "amount"] == 185_000
    assert cleaned.loc["plain", "quantity"] == 4
    assert [(f.code, f.count) for f in ledger.findings] == [("quantity_of_all_products", 1)]


def test_without_a_usual_price_nothing_is_guessed():
    lines, sales = lines_and_sales()
    few = lines[lines["made"] | (lines["order_id"] == "own1")]
    others = sales.assign(customer_id=sales["order_id"])
    pd.testing.assert_frame_equal(without_other_products(few, others, Ledger()), few)


def test_cleaning_twice_changes_nothing_more():
    lines, sales = lines_and_sales()
    once = without_other_products(lines, sales, Ledger())
    pd.testing.assert_frame_equal(without_other_products(once, sales, Ledger()), once)
