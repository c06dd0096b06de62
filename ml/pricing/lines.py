"""Sales lines ready for pricing, and which products are modelled."""

import numpy as np
import pandas as pd

LINE_COLUMNS = {
    "product_id": "str",
    "customer_type": "str",
    "customer_id": "str",
    "day": "datetime64[us]",
    "quantity": "float64",
    "price": "float64",
}
ANY_TYPE = "all"
REVENUE_WINDOW_DAYS = 365
RECENT_SALE_DAYS = 91


def sales_lines(orders: pd.DataFrame, order_lines: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Lines that were sold: columns product_id, customer_type ("all" where unknown), customer_id, day, quantity (> 0), price (> 0).

    `price` is the line's unit price as recorded, else its amount / quantity. Lines of no known order, and lines without a positive
    quantity or price, are left out: a free sample says nothing about a price.
    """
    if orders.empty or order_lines.empty:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in LINE_COLUMNS.items()})
    of_order = orders.drop_duplicates("order_id").set_index("order_id")
    day = order_lines["order_id"].map(of_order["order_date"])
    customer = order_lines["order_id"].map(of_order["customer_id"])
    kinds = customers.drop_duplicates("customer_id").set_index("customer_id")["customer_type"]
    quantity = order_lines["quantity"].astype(float)
    by_amount = (order_lines["amount"] / quantity.where(quantity > 0)).astype(float)
    frame = pd.DataFrame(
        {
            "product_id": order_lines["product_id"].astype("str"),
            "customer_type": customer.map(kinds).astype("str").fillna(ANY_TYPE),
            "customer_id": customer,
            "day": day,
            "quantity": quantity,
            "price": order_lines["unit_price"].where(order_lines["unit_price"] > 0, by_amount).astype(float),
        }
    )
    usable = frame["day"].notna() & frame["product_id"].notna() & (frame["quantity"] > 0) & (frame["price"] > 0)
    finite = np.isfinite(frame["quantity"]) & np.isfinite(frame["price"])
    return frame[usable & finite].reset_index(drop=True)


def top_products(lines: pd.DataFrame, as_of: pd.Timestamp, limit: int) -> list[str]:
    """The products still sold (within 91 days) with the most revenue of the last year, best first, at most `limit`."""
    last = lines.groupby("product_id")["day"].max()
    current = set(last.index[last > as_of - pd.Timedelta(days=RECENT_SALE_DAYS)])
    year = lines[(lines["day"] > as_of - pd.Timedelta(days=REVENUE_WINDOW_DAYS)) & lines["product_id"].isin(current)]
    revenue = (year["quantity"] * year["price"]).groupby(year["product_id"]).sum()
    ranked = revenue.reset_index(name="revenue").sort_values(["revenue", "product_id"], ascending=[False, True])
    return [str(product) for product in ranked["product_id"].head(limit)]
