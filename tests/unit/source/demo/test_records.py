import pandas as pd
import pytest

from ml.source.demo.company import Company
from ml.source.demo.records import records
from ml.source.demo.schema import DEMO_TABLE, metadata

Frames = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def standard_orders(standard: Company) -> pd.DataFrame:
    return records(standard)["3t_orders"]


def test_tables_and_columns_are_the_companys(tiny_records: Frames) -> None:
    assert set(tiny_records) | {DEMO_TABLE} == set(metadata.tables)
    for name, frame in tiny_records.items():
        assert list(frame.columns) == [column.name for column in metadata.tables[name].columns], name
        assert len(frame), name


def test_dirt_is_a_few_per_cent_of_the_orders(standard_orders: pd.DataFrame) -> None:
    orders = standard_orders
    price = pd.to_numeric(orders["final_price"])
    counts = {
        "null date": orders["order_date"].isna(),
        "null price": price.isna(),
        "negative price": price < 0,
        "duplicate": orders.duplicated(),
        "internal": orders["payment_status"] == "Interno",
        "loan": orders["order_type"] == "Préstamo",
    }
    for name, rows in counts.items():
        assert 0.003 < rows.mean() < 0.008, name
    assert 0.02 < pd.concat(counts, axis=1).any(axis=1).mean() < 0.05
    assert (orders["order_date"].dropna() > "2026-11-21").sum() == 1


def test_internal_orders_cost_nothing_and_belong_to_the_company(tiny_records: Frames) -> None:
    orders, customers = tiny_records["3t_orders"], tiny_records["3t_customers"].set_index("customer_id")
    internal = orders[orders["payment_status"] == "Interno"]
    assert len(internal)
    assert set(internal["order_type"]) == {"compras"}
    assert set(internal["final_price"]) == {0}
    assert set(customers.loc[internal["customer_id"], "business_name"]) == {"Agua Tres Torres (interno)"}


def test_lines_exist_since_a_day_and_sum_to_the_order(tiny: Company, tiny_records: Frames) -> None:
    orders = tiny_records["3t_orders"].drop_duplicates("order_id").set_index("order_id")
    lines = tiny_records["order_products"]
    assert not lines.duplicated(["order_id", "product_id"]).any()
    since = str(tiny.plan.calendar[tiny.plan.lines_since])
    assert orders.loc[lines["order_id"].unique(), "order_date"].dropna().min() >= since
    sums = lines.groupby("order_id")["total"].sum()
    price = pd.to_numeric(orders.loc[sums.index, "final_price"])
    sound = price > 0
    assert (sums[sound] == price[sound]).all()
    assert orders.loc[sums.index, "quantity"].tolist() == lines.groupby("order_id")["quantity"].sum().tolist()
    sales = orders[(orders["order_date"] >= since) & (orders["order_date"] <= str(tiny.plan.end)) & (orders["payment_status"] != "Interno")]
    assert sales.index.isin(sums.index).all()


def test_homes_prices_are_gross_and_their_lines_net(tiny_records: Frames) -> None:
    orders = tiny_records["3t_orders"].drop_duplicates("order_id").merge(tiny_records["3t_customers"], on="customer_id")
    lines = tiny_records["order_products"].merge(orders[["order_id", "customer_type"]], on="order_id")
    ratio = lines["total"] / (lines["quantity"] * lines["price_neto"])
    assert ratio[lines["customer_type"] == "Hogar"].between(1.185, 1.195).all()
    assert ratio[lines["customer_type"] == "Empresa"].between(0.999, 1.001).all()


def test_kilometres_repeat_on_each_order_of_a_tour(tiny: Company, tiny_records: Frames) -> None:
    orders = tiny_records["3t_orders"].drop_duplicates("order_id")
    with_km = orders[orders["route_distance_km"].notna() & orders["order_date"].notna()]
    assert with_km["order_date"].min() >= str(tiny.plan.calendar[tiny.plan.km_since])
    repeated = with_km.duplicated(["order_date", "route_distance_km"], keep=False)
    assert repeated.mean() > 0.5
    assert (with_km.groupby("order_date")["route_distance_km"].nunique() <= 4).all()


def test_what_nobody_knows_yet_is_empty(tiny: Company, tiny_records: Frames) -> None:
    orders, end = tiny_records["3t_orders"], str(tiny.plan.end)
    for column in ("delivered_date", "payment_date", "invoice_date"):
        assert orders[column].dropna().max() <= end
    assert orders["payment_date"].isna().sum() > 5
    open_orders = orders[orders["delivered_date"].isna()]
    assert open_orders["route_distance_km"].isna().all()
    assert set(orders["payment_status"]) == {"Pagado", "Facturado", "Pendiente", "Interno"}


def test_a_late_evening_lands_on_the_next_day(standard_orders: pd.DataFrame) -> None:
    both = standard_orders[["order_date", "delivered_date"]].dropna()
    both = both[both["order_date"] <= "2026-11-21"].apply(pd.to_datetime)
    days = (both["delivered_date"] - both["order_date"]).dt.days
    assert set(days) == {0, 1}
    assert (days == 1).mean() == pytest.approx(0.04, abs=0.01)


def test_only_pc_and_pet_are_bottles_and_contract_prices_are_personal(tiny_records: Frames) -> None:
    products = tiny_records["3t_products"].set_index("name")
    assert {"PC", "PET"} < set(products.index)
    assert products.loc["PC", ["category", "price_neto", "pv_iva_inc"]].tolist() == ["Contrato", 0, 0]
    assert (products.drop(index="PC")["pv_iva_inc"] > products.drop(index="PC")["price_neto"]).all()
    customers = tiny_records["3t_customers"]
    assert set(customers["product_format"]) == {"PC", "PET"}
    assert customers["price"].nunique() > 5


def test_spellings_vary_and_some_coordinates_are_missing(standard: Company) -> None:
    tables = records(standard)
    addresses = tables["3t_addresses"]
    proper = {"Ñuñoa", "Maipú", "Providencia"}
    assert 0.03 < (~addresses["commune"].isin(set(tables["3t_weather_data"]["commune"]))).mean() < 0.15
    assert proper < set(addresses["commune"])
    assert 0.005 < addresses["latitude"].isna().mean() < 0.05
    assert addresses["customer_id"].duplicated().any()
    assert addresses["address_id"].is_unique


def test_invoices_hold_orders_of_businesses_and_add_the_tax(tiny_records: Frames) -> None:
    invoices, links = tiny_records["3t_invoices"].set_index("invoice_id"), tiny_records["3t_order_invoices"]
    assert (invoices["subtotal"] + invoices["tax_amount"] == invoices["total_amount"]).all()
    assert links.groupby("invoice_id").size().max() > 1
    billed = links.groupby("invoice_id")["amount_invoiced"].sum()
    assert (billed - invoices.loc[billed.index, "total_amount"]).abs().max() <= 5
    assert links["order_id"].is_unique


def test_purchases_give_unit_costs_by_date(tiny_records: Frames) -> None:
    purchases, lines = tiny_records["3t_purchases"], tiny_records["3t_purchase_products"]
    assert len(purchases) >= 12
    assert (lines.groupby("purchase_id").size() == 8).all()
    history = tiny_records["3t_supplier_price_history"]
    assert history.groupby("product_id")["price"].nunique().min() >= 3


def test_roles_are_those_of_the_companys_system(tiny_records: Frames) -> None:
    assert set(tiny_records["3t_users"]["rol"]) == {"admin", "operador", "repartidor"}
