import pandas as pd

from ml.pricing.lines import ANY_TYPE, LINE_COLUMNS, sales_lines, top_products

DAY = pd.Timestamp("2026-10-01")


def company():
    orders = pd.DataFrame({"order_id": ["a", "b"], "customer_id": ["x", "y"], "order_date": [DAY, DAY]})
    customers = pd.DataFrame({"customer_id": ["x", "y"], "customer_type": ["Hogar", None]})
    lines = pd.DataFrame(
        {
            "order_id": ["a", "a", "b", "b", "gone"],
            "product_id": ["PC", "PET", "PC", "PC", "PC"],
            "quantity": [2.0, 1.0, 4.0, 0.0, 1.0],
            "unit_price": [3000.0, 0.0, None, 3000.0, 3000.0],
            "amount": [6000.0, 0.0, 10000.0, 0.0, 3000.0],
        }
    )
    return orders, lines, customers


def test_the_unit_price_is_the_recorded_one_else_amount_over_quantity():
    lines = sales_lines(*company())
    assert tuple(lines.columns) == tuple(LINE_COLUMNS)
    assert lines["price"].tolist() == [3000.0, 2500.0]


def test_free_samples_empty_lines_and_lines_of_no_order_are_left_out():
    lines = sales_lines(*company())
    assert lines[["product_id", "customer_id"]].to_numpy().tolist() == [["PC", "x"], ["PC", "y"]]


def test_a_customer_of_no_type_is_of_any_type():
    assert sales_lines(*company())["customer_type"].tolist() == ["Hogar", ANY_TYPE]


def test_no_lines_give_no_rows_with_the_agreed_columns():
    orders, lines, customers = company()
    empty = sales_lines(orders, lines.iloc[:0], customers)
    assert empty.empty
    assert tuple(empty.columns) == tuple(LINE_COLUMNS)


def test_top_products_are_still_sold_and_ranked_by_last_years_revenue():
    def sold(product, day, revenue):
        return {"product_id": product, "day": pd.Timestamp(day), "quantity": 1.0, "price": revenue}

    lines = pd.DataFrame(
        [
            sold("small", "2026-10-01", 10.0),
            sold("big", "2026-10-01", 100.0),
            sold("gone", "2026-01-01", 900.0),
            sold("old glory", "2024-01-01", 9000.0),
            sold("old glory", "2026-10-02", 1.0),
        ]
    )
    assert top_products(lines, pd.Timestamp("2026-10-28"), 2) == ["big", "small"]
    assert top_products(lines, pd.Timestamp("2026-10-28"), 9) == ["big", "small", "old glory"]
