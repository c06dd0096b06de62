"""The facts are the sums a person would find in the tables, up to as_of and no further."""

from datetime import date, datetime, timedelta

import pandas as pd
import pytest
import sqlalchemy as sa

from ml.settings import load_settings
from ml.source.tables import SPECS, Tables, conform
from ml.store.engine import begin_write, open_store
from ml.store.facts import (
    DAILY_COLUMNS,
    USUAL_PRODUCTS,
    customer_frame,
    daily_frame,
    order_frame,
    place_frame,
    point_frame,
    product_frame,
    tour_frame,
    write_facts,
    write_reading,
)
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

DAYS = [pd.Timestamp(2026, 1, day) for day in (5, 5, 8, 20)]
AS_OF = date(2026, 1, 10)


def company(**changes) -> Tables:
    orders = pd.DataFrame(
        {
            "order_id": ["1", "2", "3", "4"],
            "customer_id": ["a", "b", "a", "a"],
            "order_date": DAYS,
            "known_at": DAYS,
            "amount": [100.0, 50.0, 30.0, 999.0],
            "zone": ["N", None, "N", "N"],
            "paid_at": [DAYS[0], pd.NaT, pd.NaT, DAYS[3]],
        }
    )
    lines = pd.DataFrame(
        {
            "order_id": ["1", "1", "2", "4"],
            "product_id": ["pc", "cups", "pc", "pc"],
            "quantity": [2.0, 1000.0, 1.0, 9.0],
            "amount": [60.0, 40.0, 50.0, 999.0],
            "known_at": [DAYS[0], DAYS[0], DAYS[1], DAYS[3]],
        }
    )
    products = pd.DataFrame({"product_id": ["pc", "cups"], "is_bottle": [True, False], "known_at": DAYS[0]})
    people = pd.DataFrame({"customer_id": ["a", "c"], "name": ["Ana", "Carla"], "customer_type": ["Hogar", None], "known_at": DAYS[0]})
    homes = pd.DataFrame({"address_id": ["a1"], "customer_id": ["a"], "latitude": [-33.4], "longitude": [-70.6], "known_at": DAYS[0]})
    frames = {"orders": orders, "order_lines": lines, "products": products, "customers": people, "addresses": homes} | changes
    return Tables({name: conform(SPECS[name], frame) for name, frame in frames.items() if frame is not None})


def values(frame, measure, kind, entity):
    rows = frame[(frame["measure"] == measure) & (frame["entity_type"] == kind) & (frame["entity_id"] == entity)]
    return {day.day: value for day, value in zip(rows["day"], rows["value"], strict=True)}


def test_the_company_has_every_day_and_the_others_days_with_sales():
    frame = daily_frame(company().known(AS_OF), AS_OF)
    assert tuple(frame.columns) == DAILY_COLUMNS
    assert values(frame, "orders", "company", "all") == {5: 2, 6: 0, 7: 0, 8: 1, 9: 0, 10: 0}
    assert values(frame, "revenue", "company", "all") == {5: 150, 6: 0, 7: 0, 8: 30, 9: 0, 10: 0}
    assert values(frame, "bottles", "company", "all") == {5: 3, 6: 0, 7: 0, 8: 0, 9: 0, 10: 0}
    assert values(frame, "orders", "zone", "N") == {5: 1, 8: 1}
    assert values(frame, "revenue", "customer_type", "Hogar") == {5: 100, 8: 30}
    assert values(frame, "orders", "product", "pc") == {5: 2}
    assert values(frame, "bottles", "product", "pc") == {5: 3}
    assert values(frame, "bottles", "product", "cups") == {}
    assert values(frame, "revenue", "product", "cups") == {5: 40}


@pytest.mark.parametrize("missing", [{"products": None}, {"order_lines": None}, {"products": None, "order_lines": None, "customers": None}])
def test_without_products_there_are_no_bottles_and_nothing_breaks(missing):
    frame = daily_frame(company(**missing).known(AS_OF), AS_OF)
    assert "bottles" not in set(frame["measure"])
    assert values(frame, "orders", "company", "all")[5] == 2


def test_no_orders_are_no_facts():
    assert daily_frame(Tables({}), AS_OF).empty
    assert customer_frame(Tables({}), AS_OF).empty


def test_customers_with_and_without_orders():
    frame = customer_frame(company().known(AS_OF), AS_OF).set_index("customer_id")
    assert list(frame.index) == ["a", "b", "c"]
    ana = frame.loc["a"]
    assert (ana["name"], ana["orders_total"], ana["spend_total"], ana["last_order"].day) == ("Ana", 2, 130.0, 8)
    assert (ana["unpaid_amount"], ana["unpaid_since"].day) == (30.0, 8)
    assert pd.isna(ana["typical_gap_days"])
    carla = frame.loc["c"]
    assert (carla["orders_total"], carla["spend_365"], pd.isna(carla["first_order"]), bool(carla["contact_opt_out"])) == (
        0,
        0.0,
        True,
        False,
    )
    assert pd.isna(frame.loc["b", "name"])


def test_the_last_year_and_the_typical_gap():
    days = [pd.Timestamp(2025, 1, 1) + pd.Timedelta(days=n) for n in (0, 10, 30, 60, 400)]
    orders = pd.DataFrame({"order_id": list("12345"), "customer_id": "a", "order_date": days, "known_at": days, "amount": 10.0})
    tables = Tables({"orders": conform(SPECS["orders"], orders)})
    row = customer_frame(tables, days[-1].date()).iloc[0]
    assert (row["orders_365"], row["spend_365"], row["typical_gap_days"]) == (2, 20.0, 25.0)


def test_the_year_before_the_silence_ends_with_the_own_last_order():
    days = [pd.Timestamp(2024, 1, 1) + pd.Timedelta(days=n) for n in (0, 1, 100, 365)]
    spent = {"order_id": list("1234"), "amount": [1.0, 2.0, 4.0, 8.0]}
    orders = pd.DataFrame(spent | {"customer_id": "a", "order_date": days, "known_at": days})
    tables = Tables({"orders": conform(SPECS["orders"], orders)})
    row = customer_frame(tables, date(2026, 11, 20)).iloc[0]
    assert (row["spend_365"], row["spend_before_silence"]) == (0.0, 14.0)
    assert pd.isna(row["unpaid_amount"])


def test_every_sale_of_a_customer_with_what_is_paid():
    frame = order_frame(company().known(AS_OF))
    assert list(frame.columns) == [column.name for column in customer_orders.columns]
    assert list(zip(frame["customer_id"], frame["order_id"], frame["amount"], frame["is_paid"], strict=True)) == [
        ("a", "1", 100.0, True), ("a", "3", 30.0, False), ("b", "2", 50.0, False),
    ]  # fmt: skip
    unknown = company().known(AS_OF)["orders"].assign(paid_at=pd.NaT)
    assert order_frame(Tables({"orders": unknown}))["is_paid"].isna().all()


def test_usual_products_are_those_of_the_year_before_the_own_last_order():
    days = [pd.Timestamp(2024, 1, 1), pd.Timestamp(2025, 6, 1), pd.Timestamp(2025, 7, 1), pd.Timestamp(2025, 8, 1)]
    orders = pd.DataFrame({"order_id": list("1234"), "customer_id": "a", "order_date": days, "known_at": days, "amount": 10.0})
    lines = pd.DataFrame(
        {
            "order_id": ["1", "2", "3", "3", "4", "4"],
            "product_id": ["old", "pc", "pc", "pc", "pc", "cups"],
            "quantity": [9.0, 2.0, 1.0, 3.0, 6.0, 100.0],
            "amount": 5.0,
            "known_at": days[0],
        }
    )
    products = pd.DataFrame({"product_id": ["pc"], "name": ["Bottle 20 l"], "known_at": days[0]})
    frames = {"orders": orders, "order_lines": lines, "products": products}
    frame = product_frame(Tables({name: conform(SPECS[name], one) for name, one in frames.items()}))
    assert list(frame.columns) == [column.name for column in customer_products.columns]
    assert frame["product_id"].tolist() == ["pc", "cups"]
    bottle = frame.iloc[0]
    assert (bottle["name"], bottle["orders"], bottle["quantity_per_order"], bottle["amount"]) == ("Bottle 20 l", 3, 4.0, 20.0)
    assert (bottle["last_day"], pd.isna(frame.iloc[1]["name"])) == (days[3], True)


def test_a_customer_has_at_most_so_many_usual_products():
    day = pd.Timestamp(2025, 6, 1)
    orders = pd.DataFrame({"order_id": ["1"], "customer_id": ["a"], "order_date": [day], "known_at": [day], "amount": [10.0]})
    lines = pd.DataFrame({"order_id": "1", "product_id": list("abcdefgh"), "quantity": 1.0, "amount": range(8), "known_at": day})
    frame = product_frame(Tables({"orders": conform(SPECS["orders"], orders), "order_lines": conform(SPECS["order_lines"], lines)}))
    assert frame["product_id"].tolist() == list("hgfed")[:USUAL_PRODUCTS]
    assert product_frame(Tables({"orders": conform(SPECS["orders"], orders)})).empty


def test_delivery_points_are_those_of_the_last_day_with_known_places():
    days = [pd.Timestamp(2026, 1, day) for day in (8, 9, 9, 9, 10)]
    orders = pd.DataFrame(
        {
            "order_id": list("12345"), "customer_id": ["a", "a", "b", "c", "d"], "address_id": ["a1", "a1", None, None, "d1"],
            "order_date": days, "known_at": days, "amount": 10.0, "quantity": 2.0, "zone": "North",
        }
    )  # fmt: skip
    addresses = pd.DataFrame(
        {
            "address_id": ["a1", "b1", "c1", "c2", "d1"], "customer_id": ["a", "b", "c", "c", "d"],
            "latitude": [-33.4, -33.5, -33.6, -33.7, 0.0], "longitude": [-70.6, -70.7, -70.8, -70.9, 0.0], "known_at": days[0],
        }
    )  # fmt: skip
    frames = {"orders": orders, "addresses": addresses}
    frame = point_frame(Tables({name: conform(SPECS[name], one) for name, one in frames.items()}))
    assert frame["order_id"].tolist() == ["2", "3"]
    assert frame[["latitude", "longitude"]].to_numpy().tolist() == [[-33.4, -70.6], [-33.5, -70.7]]
    assert point_frame(Tables({"orders": conform(SPECS["orders"], orders)})).empty


def test_places_are_the_addresses_of_each_customer_with_the_orders_that_went_there():
    days = [pd.Timestamp(2026, 1, day) for day in (5, 7, 8, 9, 9)]
    orders = pd.DataFrame(
        {
            "order_id": list("12345"), "customer_id": ["a", "a", "a", "b", "b"], "address_id": ["a1", "a1", "a2", None, "a1"],
            "order_date": days, "known_at": days, "amount": 10.0,
        }
    )  # fmt: skip
    addresses = pd.DataFrame(
        {
            "address_id": ["a1", "a2", "a2", "b1"], "customer_id": ["a", "a", "a", "b"], "zone": ["North", "South", "South", None],
            "latitude": [-33.4, 0.0, 0.0, None], "longitude": [-70.6, 0.0, 0.0, -70.7], "is_default": [True, False, False, None],
            "known_at": days[0],
        }
    )  # fmt: skip
    frames = {"orders": orders, "addresses": addresses}
    frame = place_frame(Tables({name: conform(SPECS[name], one) for name, one in frames.items()}))
    assert list(frame.columns) == [column.name for column in customer_places.columns]
    rows = [tuple(None if pd.isna(cell) else cell for cell in row) for row in frame.itertuples(index=False)]
    assert rows == [
        ("a", "a1", "North", -33.4, -70.6, True, 2, days[1]),
        ("a", "a2", "South", None, None, False, 1, days[2]),
        ("b", "b1", None, None, None, False, 0, None),
    ]
    assert place_frame(Tables({"orders": conform(SPECS["orders"], orders)})).empty


def test_tours_of_the_last_weeks_are_kept_once_each():
    days = [pd.Timestamp(AS_OF - timedelta(days=back)) for back in (200, 3, 3, 1)]
    tours = pd.DataFrame(
        {"tour_id": ["old", "t1", "t1", "t2"], "date": days, "known_at": days, "stops": 5.0, "driven_km": [1.0, 40.0, 40.0, None]}
    )
    frame = tour_frame(Tables({"tours": conform(SPECS["tours"], tours)}), AS_OF)
    assert frame["tour_id"].tolist() == ["t1", "t2"]
    assert frame["driven_km"].iloc[0] == 40 and pd.isna(frame["cost"].iloc[0])


def test_facts_are_replaced_as_a_whole(tmp_path):
    store = open_store(load_settings(env_file=None, home=tmp_path))
    for as_of in (AS_OF + timedelta(days=15), AS_OF):
        with begin_write(store) as connection:
            written = write_facts(connection, company(), as_of)
    with store.connect() as connection:
        days = connection.execute(sa.select(sa.func.max(daily_facts.c.day))).scalar()
        tables = (daily_facts, customer_facts, customer_orders, customer_products, customer_places, delivery_points, tour_facts)
        rows = sum(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in tables)
        carla = connection.execute(sa.select(customer_facts).where(customer_facts.c.customer_id == "c")).one()
    assert (days, rows) == (AS_OF, written)
    assert (carla.contact_opt_out, carla.typical_gap_days, carla.unpaid_since) == (False, None, None)


def test_a_reading_is_kept(tmp_path):
    store = open_store(load_settings(env_file=None, home=tmp_path))
    fixed = {"source": "csv:toy", "fingerprint": "f", "from_snapshot": False, "is_demo": False, "amount_basis": "net"}
    spans = {"orders": {"rows": 3, "first": date(2026, 1, 5), "last": None}}
    with begin_write(store) as connection:
        write_reading(connection, read_at=datetime(2026, 1, 11), as_of=AS_OF, findings=[{"code": "x"}], tables=spans, **fixed)
    with store.connect() as connection:
        row = connection.execute(sa.select(reading)).one()
    assert row.tables == {"orders": {"rows": 3, "first": "2026-01-05", "last": None}}
    assert (row.findings, row.as_of) == ([{"code": "x"}], AS_OF)
