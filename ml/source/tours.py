"""Van tours, made from deliveries: the source has no tour id, only the kilometres of the whole tour repeated on each of its orders."""

import pandas as pd

from ml.source.columns import looked_up
from ml.source.findings import Ledger


def tours_of(orders: pd.DataFrame, lines: pd.DataFrame, products: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """One row per tour = orders delivered on one day that carry the same kilometres: tour_id, date, stops, bottles, ended_at, driven_km.

    `orders` are all dated orders with `tour_km`, also those that are no sales (a van drives to them too). A stop is a delivery address of a
    customer. The kilometres count once per tour, never per order. Without a delivery day an order belongs to no tour. Deliveries that a
    UTC clock put on the next day come back to their tour (see `_departure`).
    """
    with_km = _usable(orders, ledger)
    if with_km.empty:
        return pd.DataFrame({"tour_id": pd.Series(dtype="str"), "date": pd.Series(dtype="datetime64[us]")})
    departure = _departure(with_km)
    ledger.note("tours", with_km, departure != with_km["delivered_at"], "late_delivery_moved", "corrected", "order_id")
    address = with_km["address_id"].fillna("") if "address_id" in with_km else ""
    bottle_ids = set(products.loc[products["is_bottle"], "product_id"])
    bottles = lines.loc[lines["product_id"].isin(bottle_ids)].groupby("order_id")["quantity"].sum()
    counts = looked_up(with_km["order_id"], bottles).astype("float64").fillna(0.0)
    stops = with_km.assign(
        day=departure,
        stop=with_km["customer_id"] + "/" + address,
        bottles=counts,
    )
    sums = {"first": ("order_id", "min"), "stops": ("stop", "nunique"), "bottles": ("bottles", "sum")}
    tours = stops.groupby(["day", "tour_km"], as_index=False).agg(**sums).sort_values(["day", "first"], ignore_index=True)
    return pd.DataFrame(
        {
            "tour_id": tours["day"].dt.strftime("%Y-%m-%d") + "/" + tours["first"],  # never the kilometres: they are known later
            "date": tours["day"],
            "stops": tours["stops"].astype("float64"),
            "bottles": tours["bottles"],
            "ended_at": tours["day"],
            "driven_km": tours["tour_km"],
        }
    )


def _departure(orders: pd.DataFrame) -> pd.Series:
    """The day each order's tour left: its delivery day, or the day before when that is where the rest of its tour is.

    A late evening's delivery is written down on the next day (UTC). A group of a day and kilometres belongs to the day before if that day
    has a group of the same kilometres, at least as many orders, and all of its own orders were placed by then.
    """
    groups = orders.groupby(["delivered_at", "tour_km"]).agg(count=("order_id", "size"), newest=("order_date", "max"))
    groups = groups.reset_index().sort_values(["tour_km", "delivered_at"])
    day = pd.Timedelta(days=1)
    before = groups.groupby("tour_km")[["delivered_at", "count"]].shift()
    late = (groups["delivered_at"] - before["delivered_at"] == day) & (groups["count"] <= before["count"])
    late &= groups["newest"] < groups["delivered_at"]
    late &= ~late.shift(fill_value=False)  # of three days in a row the third is a tour of its own
    moved = pd.MultiIndex.from_frame(groups.loc[late, ["delivered_at", "tour_km"]])
    is_late = pd.MultiIndex.from_frame(orders[["delivered_at", "tour_km"]]).isin(moved)
    return orders["delivered_at"].mask(is_late, orders["delivered_at"] - day)


def _usable(orders: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Orders that can belong to a tour; the others stay orders and are counted here."""
    with_km = orders.loc[orders["tour_km"].notna()]
    wrong = with_km["tour_km"] <= 0
    ledger.note("tours", with_km, wrong, "tour_km_not_positive", "kept", "order_id")
    homeless = ~wrong & (with_km["delivered_at"].isna() if "delivered_at" in with_km else True)
    ledger.note("tours", with_km, homeless, "tour_without_day", "kept", "order_id")
    return with_km.loc[~wrong & ~homeless].assign(tour_km=lambda frame: frame["tour_km"].round(3))
