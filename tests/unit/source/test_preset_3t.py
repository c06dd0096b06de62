"""A company of the `3t` schema, read whole: by hand counted, the same from SQLite and from CSV exports, and with parts missing."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from ml.settings import Settings
from ml.source.errors import MappingError, SourceError
from ml.source.reading import Reading, read_company
from tests.unit.source.conftest import TODAY, Company, codes, write_csv, write_sqlite

Make = Callable[..., Settings]


@pytest.fixture
def read(tmp_path: Path, settings_for: Make) -> Callable[[Company], Reading]:
    def run(company: Company, **more: str) -> Reading:
        return read_company(settings_for(write_sqlite(tmp_path / "shop.db", company), **more), TODAY)

    return run


def test_six_of_nine_orders_are_sales(read: Callable[[Company], Reading], company: Company) -> None:
    reading = read(company)
    orders = reading.tables["orders"].set_index("order_id")
    assert orders["amount"].to_dict() == {"1": 11_900, "2": 20_000, "3": 20_000, "4": 8_000, "8": 6_000, "9": 4_000}
    assert orders["zone"].reindex(["1", "2", "4", "8"]).tolist() == ["Maipú", "Providencia", "Providencia", "Las Condes"]
    assert codes(reading.findings, "orders") == {"excluded": 3, "vat_type_unknown": 1}
    assert codes(reading.findings, "customers") == {"zone_spelling": 1, "customer_missing": 1, "type_spelling": 1}
    assert str(reading.as_of) == "2026-03-15"  # yesterday: silences of five days have been seen before


def test_lines_else_the_order(read: Callable[[Company], Reading], company: Company) -> None:
    lines = read(company).tables["order_lines"].set_index(["order_id", "product_id"])
    assert lines["quantity"].to_dict() == {
        ("1", "P1"): 2, ("2", "P1"): 3, ("2", "P3"): 100, ("3", "P1"): 4, ("4", "P2"): 4, ("8", "P1"): 4, ("9", "P1"): 4,
    }  # fmt: skip
    assert lines.loc[("3", "P1"), "unit_price"] == 5000
    assert lines.loc[("1", "P1"), ["unit_price", "amount"]].tolist() == [5950, 11_900]  # a home's amount is gross, its line was net


def test_tours_costs_weather_and_bottles(read: Callable[[Company], Reading], company: Company) -> None:
    tables = read(company).tables
    tours = tables["tours"]
    assert tours[["stops", "bottles", "driven_km"]].to_numpy().tolist() == [[2, 5, 42.5], [1, 4, 13.2]]
    assert tours["planned_km"].isna().all()
    costs = tables["unit_costs"]
    assert [(f"{row.date:%Y-%m-%d}", row.unit_cost) for row in costs.itertuples()] == [("2025-12-01", 950), ("2026-02-01", 1050)]
    assert tables["weather"]["zone"].tolist() == ["Maipú"]
    assert tables["products"].set_index("product_id")["is_bottle"].to_dict() == {"P1": True, "P2": False, "P3": False}
    assert tables["customers"]["name"].tolist() == ["Ana Soto", "Oficina Sur SpA (Marta Paz)", "Caro", "Z"]


def test_money_is_net_and_gross(read: Callable[[Company], Reading], company: Company) -> None:
    reading = read(company)
    assert reading.amount_basis == "mixed"
    assert codes(reading.findings)["vat_type_unknown"] == 1
    total = reading.monthly_totals.iloc[0]
    assert total["net"] == pytest.approx(28_000 + (11_900 + 20_000 + 6_000) / 1.19 + 4_000)
    assert total["gross"] == pytest.approx(28_000 * 1.19 + 11_900 + 20_000 + 6_000 + 4_000)


def test_csv_exports_of_the_console_say_the_same(tmp_path: Path, settings_for: Make, company: Company) -> None:
    one = read_company(settings_for(write_sqlite(tmp_path / "shop.db", company)), TODAY)
    other = read_company(settings_for(write_csv(tmp_path / "files", company)), TODAY)
    assert other.fingerprint == one.fingerprint
    assert other.spans == one.spans


def test_only_orders_are_needed(read: Callable[[Company], Reading], company: Company) -> None:
    reading = read({"3t_orders": company["3t_orders"]})
    assert len(reading.tables["orders"]) == 6
    assert set(codes(reading.findings)) >= {"table_absent", "lines_from_orders", "customers_from_orders", "products_from_lines"}


def test_without_orders_nothing_works(read: Callable[[Company], Reading], company: Company) -> None:
    del company["3t_orders"]
    with pytest.raises(MappingError, match="'3t_orders' as the table of orders, which the source does not have; near to it: 3t_"):
        read(company)


def test_columns_that_are_absent_are_noted(read: Callable[[Company], Reading], company: Company) -> None:
    few = {
        "3t_orders": [{key: row[key] for key in ("order_id", "customer_id", "order_date", "final_price")} for row in company["3t_orders"]]
    }
    reading = read(few)
    assert len(reading.tables["orders"]) == 8  # without types nothing tells that two of them are no sales
    assert not reading.tables.has("order_lines")
    assert not reading.tables.has("tours")
    absent = next(finding for finding in reading.findings if finding.code == "columns_absent")
    assert "payment_status" in absent.params["columns"]


def test_a_required_column_is_named_with_its_neighbours(read: Callable[[Company], Reading], company: Company) -> None:
    rows = [{("finalprice" if key == "final_price" else key): value for key, value in row.items()} for row in company["3t_orders"]]
    with pytest.raises(
        MappingError, match="'final_price' as orders.amount, but the table '3t_orders' has no such column; near to it: finalprice"
    ):
        read({"3t_orders": rows})


def test_an_empty_side_table_may_be_hidden(tmp_path: Path, settings_for: Make, company: Company) -> None:
    source = write_sqlite(tmp_path / "shop.db", company)
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute('delete from "3t_customers"')
    reading = read_company(settings_for(source), TODAY)
    assert [finding.table for finding in reading.findings if finding.code == "table_empty"] == ["customers"]
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute('delete from "3t_orders"')
    with pytest.raises(SourceError, match="3t_orders gives no row: it is empty, or hidden by row-level security"):
        read_company(settings_for(source), TODAY)


def test_a_view_serves_as_a_table(tmp_path: Path, settings_for: Make, company: Company, write_mapping: Callable[[str], str]) -> None:
    source = write_sqlite(tmp_path / "shop.db", company)
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("create view ventas as select * from \"3t_orders\" where customer_id <> 'Z'")
    reading = read_company(settings_for(source, write_mapping('[orders]\ntable = "ventas"\n')), TODAY)
    assert len(reading.tables["orders"]) == 5


@pytest.mark.parametrize("name", ['3t_orders"; drop table "3t_orders"; --', "../../etc/passwd", "3t_orders where 1=1", "sqlite_master"])
def test_a_hostile_table_name_is_only_a_name(
    tmp_path: Path, settings_for: Make, company: Company, write_mapping: Callable[[str], str], name: str
) -> None:
    source = write_sqlite(tmp_path / "shop.db", company)
    text = name.replace('"', '\\"')
    with pytest.raises(MappingError, match="which the source does not have"):
        read_company(settings_for(source, write_mapping(f'[orders]\ntable = "{text}"\n')), TODAY)
    with pytest.raises(MappingError, match=r"has no such column"):
        read_company(settings_for(source, write_mapping(f'[orders]\namount = "{text}"\n')), TODAY)
    with pytest.raises(MappingError, match="by .* has no such column"):
        read_company(settings_for(source, write_mapping(f'[orders.exclude]\n"{text}" = ["x"]\n')), TODAY)
    assert pd.read_sql('select * from "3t_orders"', source).shape[0] == 9


def test_rows_are_left_out_by_a_column_of_theirs(
    read: Callable[..., Reading], company: Company, write_mapping: Callable[[str], str]
) -> None:
    for row in company["3t_orders"]:
        row["canal"] = "Prueba" if row["order_id"] == "1" else "web"
    reading = read(company, mapping=write_mapping('[orders.exclude]\ncanal = ["pru*"]\n'))
    assert "1" not in reading.tables["orders"]["order_id"].tolist()
    assert codes(reading.findings, "orders")["excluded"] == 4


def test_cents_and_text_in_a_number_column_of_sqlite(read: Callable[[Company], Reading], company: Company) -> None:
    company["3t_orders"][0]["final_price"] = "$ 11.900"
    reading = read(company)
    assert reading.tables["orders"].set_index("order_id").loc["1", "amount"] == 11_900
    assert codes(reading.findings, "orders")["number_format_assumed"] == 1
