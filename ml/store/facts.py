"""What happened, ready for the screens: daily sums, customers, their orders and usual products, replaced as a whole at every reading."""

from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import sqlalchemy as sa

from ml.source.tables import Tables
from ml.store.events import told_by_data
from ml.store.predictions import plain
from ml.store.schema import (
    customer_facts,
    customer_orders,
    customer_places,
    customer_products,
    daily_facts,
    delivery_points,
    reading,
    tour_facts,
)
from ml.store.schema_events import event_facts
from ml.store.searching import search_text

TOP_PRODUCTS = 50
YEAR = timedelta(days=365)
DAILY_COLUMNS = ("measure", "entity_type", "entity_id", "day", "value")
TOUR_DAYS = timedelta(days=90)
GAPS_FOR_A_TYPICAL_ONE = 2
USUAL_PRODUCTS = 5


def write_facts(connection: sa.Connection, tables: Tables, as_of: date) -> int:
    """Replace the facts by what `tables` say up to `as_of`, in the caller's transaction; returns the rows written."""
    known = tables.known(as_of)
    written = 0
    for table, frame in (
        (daily_facts, daily_frame(known, as_of)),
        (customer_facts, customer_frame(known, as_of)),
        (customer_orders, order_frame(known)),
        (customer_products, product_frame(known)),
        (customer_places, place_frame(known)),
        (delivery_points, point_frame(known)),
        (tour_facts, tour_frame(known, as_of)),
        (event_facts, told_by_data(connection, known)),
    ):
        connection.execute(sa.delete(table))
        if not frame.empty:
            connection.execute(sa.insert(table), _rows(frame))
            written += len(frame)
    return written


def write_reading(connection: sa.Connection, *, read_at: datetime, as_of: date, findings: list[Any], **values: Any) -> None:
    """Note what was read, for the freshness and data-quality stamps. `values` are the other columns of the table `reading`."""
    connection.execute(sa.insert(reading).values(read_at=read_at, as_of=as_of, findings=plain(findings), **plain(values)))


def daily_frame(tables: Tables, as_of: date) -> pd.DataFrame:
    """Orders, revenue and (where order lines and bottle products exist) bottles per day, DAILY_COLUMNS.

    For the company every day from the first order to `as_of` has a row; for zones, customer types and the TOP_PRODUCTS products by
    revenue of the last year only days with sales have one.
    """
    orders = tables["orders"]
    if orders.empty:
        return pd.DataFrame(columns=list(DAILY_COLUMNS))
    types = tables["customers"].set_index("customer_id")["customer_type"]
    cells = pd.DataFrame(
        {
            "order_id": orders["order_id"],
            "day": orders["order_date"],
            "orders": 1.0,
            "revenue": orders["amount"].fillna(0.0),
            "zone": orders["zone"],
            "customer_type": orders["customer_id"].map(types[~types.index.duplicated()]),
            "company": "all",
        }
    )
    bottles = _bottles_per_order(tables)
    measures = ["orders", "revenue"]
    if bottles is not None:
        cells["bottles"] = cells["order_id"].map(bottles).fillna(0.0)
        measures.append("bottles")
    parts = [_company(cells, measures, as_of), *(_sums(cells, kind, measures) for kind in ("zone", "customer_type"))]
    parts.append(_products(tables, as_of, with_bottles=bottles is not None))
    return pd.concat([part for part in parts if not part.empty], ignore_index=True).loc[:, list(DAILY_COLUMNS)]


def customer_frame(tables: Tables, as_of: date) -> pd.DataFrame:
    """One row per known customer with the columns of the table `customer_facts`; money is as recorded."""
    orders = tables["orders"]
    people = tables["customers"].drop_duplicates("customer_id").set_index("customer_id")
    everyone = people.index.union(pd.Index(orders["customer_id"].unique(), name="customer_id"))
    recent = orders[orders["order_date"] > pd.Timestamp(as_of - YEAR)]
    by_customer, lately = orders.groupby("customer_id"), recent.groupby("customer_id")
    frame = people.reindex(everyone)[["name", "customer_type", "zone", "phone", "email"]]
    frame["contact_opt_out"] = people["contact_opt_out"].reindex(everyone).eq(True)
    frame["first_order"] = by_customer["order_date"].min()
    frame["last_order"] = by_customer["order_date"].max()
    frame["orders_total"] = by_customer.size()
    frame["orders_365"] = lately.size()
    frame["spend_total"] = by_customer["amount"].sum()
    frame["spend_365"] = lately["amount"].sum()
    frame["spend_before_silence"] = _spend_before_silence(orders)
    for name in ("orders_total", "orders_365"):
        frame[name] = frame[name].fillna(0).astype(int)
    for name in ("spend_total", "spend_365", "spend_before_silence"):
        frame[name] = frame[name].fillna(0.0)
    frame["typical_gap_days"] = _typical_gaps(orders)
    unpaid = _unpaid(orders)
    frame["unpaid_amount"], frame["unpaid_since"] = unpaid["amount"], unpaid["since"]
    frame = frame.rename_axis("customer_id").reset_index()
    told = zip(frame["customer_id"], frame["name"], frame["phone"], strict=True)
    return frame.assign(search=[search_text(key, _text(name), _text(phone)) for key, name, phone in told])


def order_frame(tables: Tables) -> pd.DataFrame:
    """Every sale with the columns of the table `customer_orders`, by customer and day. `is_paid` is absent where no payment is known."""
    orders = tables["orders"]
    frame = pd.DataFrame(
        {
            "customer_id": orders["customer_id"],
            "day": orders["order_date"],
            "order_id": orders["order_id"],
            "amount": orders["amount"].fillna(0.0),
            "quantity": orders["quantity"],
            "is_paid": orders["paid_at"].notna() if orders["paid_at"].notna().any() else None,
        }
    )
    return frame.drop_duplicates(["customer_id", "day", "order_id"]).sort_values(["customer_id", "day", "order_id"], ignore_index=True)


def product_frame(tables: Tables) -> pd.DataFrame:
    """What each customer usually buys with the columns of the table `customer_products`: of the year up to the own last order, the
    USUAL_PRODUCTS products that came in most orders. `quantity_per_order` is the median. Empty without order lines."""
    names = [column.name for column in customer_products.columns]
    if tables["order_lines"].empty:
        return pd.DataFrame(columns=names)
    orders = tables["orders"][["order_id", "customer_id", "order_date"]].drop_duplicates("order_id")
    lines = tables["order_lines"].groupby(["order_id", "product_id"], as_index=False, sort=False)[["quantity", "amount"]].sum(min_count=1)
    lines = lines.merge(orders, on="order_id", how="inner")
    last = orders.groupby("customer_id")["order_date"].max()
    lately = lines[lines["order_date"] > lines["customer_id"].map(last) - pd.Timedelta(YEAR)]
    usual = lately.groupby(["customer_id", "product_id"], as_index=False).agg(
        orders=("order_id", "size"),
        quantity_per_order=("quantity", "median"),
        amount=("amount", "sum"),
        last_day=("order_date", "max"),
    )
    usual = usual.sort_values(["customer_id", "orders", "amount"], ascending=[True, False, False], kind="stable")
    usual = usual.groupby("customer_id").head(USUAL_PRODUCTS)
    products = tables["products"].drop_duplicates("product_id").set_index("product_id")["name"]
    return usual.assign(name=usual["product_id"].map(products))[names].reset_index(drop=True)


def place_frame(tables: Tables) -> pd.DataFrame:
    """The addresses of each customer with the columns of the table `customer_places`; `orders` counts the customer's own that went there.

    A place off the globe or at (0, 0) is unknown.
    """
    places = tables["addresses"].drop_duplicates(["customer_id", "address_id"])
    went = tables["orders"].groupby(["customer_id", "address_id"])["order_date"].agg(orders="size", last_order="max")
    frame = places.merge(went.reset_index(), on=["customer_id", "address_id"], how="left")
    known = _is_a_place(frame)
    told = {name: frame[name].where(known) for name in ("latitude", "longitude")}
    frame = frame.assign(**told, orders=frame["orders"].fillna(0).astype(int))
    return frame[[column.name for column in customer_places.columns]]


def point_frame(tables: Tables) -> pd.DataFrame:
    """Where the deliveries of the last day with known places went, with the columns of the table `delivery_points`.

    The day is the day of delivery, else of the order; the place is the order's address, else the customer's only one. Places off the
    globe and at (0, 0) are left out. Empty without coordinates.
    """
    orders, places = tables["orders"], tables["addresses"]
    places = places[_is_a_place(places)]
    by_address = places.drop_duplicates("address_id").set_index("address_id")
    single = places.drop_duplicates("customer_id", keep=False).set_index("customer_id")
    told = {
        name: orders["address_id"].map(by_address[name]).fillna(orders["customer_id"].map(single[name])).astype(float)
        for name in ("latitude", "longitude")
    }
    day = orders["delivered_at"].fillna(orders["order_date"])
    frame = orders[["order_id", "zone", "quantity"]].assign(day=day, **told).dropna(subset=["latitude", "longitude", "day"])
    frame = frame[frame["day"] == frame["day"].max()].drop_duplicates("order_id").sort_values("order_id", ignore_index=True)
    return frame[[column.name for column in delivery_points.columns]]


def tour_frame(tables: Tables, as_of: date) -> pd.DataFrame:
    """The tours of the last TOUR_DAYS with the columns of the table `tour_facts`; kilometres, hours and cost where they are known."""
    tours = tables["tours"]
    recent = tours[tours["date"] > pd.Timestamp(as_of - TOUR_DAYS)].drop_duplicates("tour_id").sort_values(["date", "tour_id"])
    return recent[[column.name for column in tour_facts.columns]].reset_index(drop=True)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _is_a_place(places: pd.DataFrame) -> pd.Series:
    """Whether a row's latitude and longitude (degrees) are on the globe and not (0, 0), which databases hold for "unknown"."""
    on_globe = places["latitude"].between(-90, 90) & places["longitude"].between(-180, 180)
    return on_globe & ((places["latitude"] != 0) | (places["longitude"] != 0))


def _bottles_per_order(tables: Tables) -> pd.Series | None:
    """Bottles per order, or None when no product is known to be a bottle."""
    products, lines = tables["products"], tables["order_lines"]
    bottles = set(products.loc[products["is_bottle"], "product_id"])
    if not bottles or lines.empty:
        return None
    return lines[lines["product_id"].isin(bottles)].groupby("order_id")["quantity"].sum()


def _company(cells: pd.DataFrame, measures: list[str], as_of: date) -> pd.DataFrame:
    days = pd.date_range(cells["day"].min(), pd.Timestamp(as_of), freq="D", unit="us")
    dense = cells.groupby("day")[measures].sum().reindex(days, fill_value=0.0).rename_axis("day").reset_index()
    long = dense.melt(id_vars="day", value_vars=measures, var_name="measure", value_name="value")
    return long.assign(entity_type="company", entity_id="all")


def _sums(cells: pd.DataFrame, kind: str, measures: list[str]) -> pd.DataFrame:
    sums = cells.dropna(subset=[kind]).groupby([kind, "day"], as_index=False)[measures].sum()
    long = sums.melt(id_vars=[kind, "day"], value_vars=measures, var_name="measure", value_name="value")
    return long.rename(columns={kind: "entity_id"}).assign(entity_type=kind)


def _products(tables: Tables, as_of: date, *, with_bottles: bool) -> pd.DataFrame:
    lines, orders, products = tables["order_lines"], tables["orders"], tables["products"]
    if lines.empty:
        return pd.DataFrame(columns=list(DAILY_COLUMNS))
    days = orders.drop_duplicates("order_id").set_index("order_id")["order_date"]
    lines = lines.assign(day=lines["order_id"].map(days)).dropna(subset=["day"])
    year = lines[lines["day"] > pd.Timestamp(as_of - YEAR)]
    top = year.groupby("product_id")["amount"].sum().nlargest(TOP_PRODUCTS).index
    grouped = lines[lines["product_id"].isin(top)].groupby(["product_id", "day"])
    sums = grouped.agg(orders=("order_id", "nunique"), revenue=("amount", "sum"), bottles=("quantity", "sum")).reset_index()
    long = sums.melt(id_vars=["product_id", "day"], value_vars=["orders", "revenue", "bottles"], var_name="measure", value_name="value")
    bottles = set(products.loc[products["is_bottle"], "product_id"]) if with_bottles else set()
    long = long[(long["measure"] != "bottles") | long["product_id"].isin(bottles)]
    return long.rename(columns={"product_id": "entity_id"}).assign(entity_type="product", value=long["value"].astype(float))


def _spend_before_silence(orders: pd.DataFrame) -> pd.Series:
    """Sales per customer in the YEAR up to and with the own last order day."""
    last = orders.groupby("customer_id")["order_date"].transform("max")
    return orders[orders["order_date"] > last - pd.Timedelta(YEAR)].groupby("customer_id")["amount"].sum()


def _typical_gaps(orders: pd.DataFrame) -> pd.Series:
    """Median days between a customer's order days; absent with fewer than GAPS_FOR_A_TYPICAL_ONE gaps."""
    days = orders[["customer_id", "order_date"]].drop_duplicates().sort_values(["customer_id", "order_date"])
    gaps = days.groupby("customer_id")["order_date"].diff().dt.days.dropna()
    grouped = gaps.groupby(days.loc[gaps.index, "customer_id"])
    return grouped.median()[grouped.size() >= GAPS_FOR_A_TYPICAL_ONE]


def _unpaid(orders: pd.DataFrame) -> pd.DataFrame:
    """Per customer what is not paid and since when; empty where the company records no payment day at all."""
    open_orders = orders[orders["paid_at"].isna()] if orders["paid_at"].notna().any() else orders.iloc[:0]
    grouped = open_orders.groupby("customer_id")
    return pd.DataFrame({"amount": grouped["amount"].sum(), "since": grouped["order_date"].min()})


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The frame as rows for an insert: days as dates, missing values as None."""
    columns: dict[str, list[Any]] = {}
    for name, values in frame.items():
        if values.dtype.kind == "M":
            values = values.dt.date
        columns[str(name)] = values.astype(object).where(values.notna(), None).tolist()
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
