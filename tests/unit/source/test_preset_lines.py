"""One flat table of order lines, by hand counted and from a wholesaler's real log."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ml.settings import Settings
from ml.source.errors import MappingError, SourceError
from ml.source.reading import Reading, read_company
from tests.conftest import SHARED_DATA
from tests.unit.source.conftest import TODAY, codes, write_sqlite

Make = Callable[..., Settings]
MAPPING = """
preset = "lines"
[order_lines]
table = "ventas"
customer_id = "cliente"
order_id = "boleta"
date = "fecha"
product_id = "sku"
quantity = "cant"
unit_price = "precio"
amount = ""
[order_lines.exclude]
boleta = ["C*"]
"""
ROWS = [
    {"cliente": "A", "boleta": "1", "fecha": "2026-03-02", "sku": "P", "cant": 2, "precio": 1000},
    {"cliente": "A", "boleta": "1", "fecha": "2026-03-02", "sku": "Q", "cant": 1, "precio": 500},
    {"cliente": "B", "boleta": "2", "fecha": "2026-03-03", "sku": "P", "cant": 3, "precio": 900},
    {"cliente": "B", "boleta": "C2", "fecha": "2026-03-04", "sku": "P", "cant": -3, "precio": 900},
    {"cliente": "B", "boleta": "c3", "fecha": "2026-03-04", "sku": "P", "cant": -3, "precio": 900},
]


@pytest.fixture
def read(tmp_path: Path, settings_for: Make, write_mapping: Callable[[str], str]) -> Callable[..., Reading]:
    def run(rows: list[dict[str, Any]], mapping: str = MAPPING, *, as_csv: bool = False) -> Reading:
        folder = tmp_path / "files"
        folder.mkdir(exist_ok=True)
        pd.DataFrame(rows).to_csv(folder / "ventas.csv", index=False)
        source = f"csv:{folder}" if as_csv else write_sqlite(tmp_path / "shop.db", {"ventas": rows})
        return read_company(settings_for(source, write_mapping(mapping)), TODAY)

    return run


@pytest.mark.parametrize("as_csv", [False, True])
def test_orders_are_sums_of_lines(read: Callable[..., Reading], as_csv: bool) -> None:
    reading = read(ROWS, as_csv=as_csv)
    assert reading.tables["orders"][["order_id", "customer_id", "amount", "quantity"]].to_numpy().tolist() == [
        ["1", "A", 2500, 3],
        ["2", "B", 2700, 3],
    ]
    assert len(reading.tables["order_lines"]) == 3
    assert codes(reading.findings)["excluded"] == 2
    assert reading.spans["orders"] == {"rows": 2, "first": "2026-03-02", "last": "2026-03-03"}


def test_a_csv_and_a_database_give_the_same(read: Callable[..., Reading]) -> None:
    assert read(ROWS).fingerprint == read(ROWS, as_csv=True).fingerprint


def test_only_customer_date_and_amount_are_needed(read: Callable[..., Reading]) -> None:
    rows = [{"customer_id": "A", "date": f"2026-03-0{day}", "amount": 100} for day in (2, 2, 3)]
    reading = read(rows, 'preset = "lines"\n[order_lines]\ntable = "ventas"\n')
    assert reading.tables["orders"]["amount"].tolist() == [200, 100]
    assert not reading.tables.has("order_lines")
    assert codes(reading.findings)["orders_from_days"] == 0
    assert reading.amount_basis == "unknown"


def test_chilean_text_in_a_csv_is_understood_before_it_is_summed(read: Callable[..., Reading]) -> None:
    rows = [ROWS[0] | {"fecha": "31-01-2026", "precio": "$ 1.990", "cant": "1.000"}, ROWS[2] | {"precio": "$ 900", "fecha": "01-02-2026"}]
    reading = read(rows, as_csv=True)
    assert reading.tables["orders"]["amount"].tolist() == [1_990_000, 2700]
    assert reading.tables["orders"]["order_date"].dt.strftime("%Y-%m-%d").tolist() == ["2026-01-31", "2026-02-01"]
    assert set(codes(reading.findings)) >= {"number_format_assumed"}


def test_an_order_number_that_two_customers_share_is_two_orders(read: Callable[..., Reading]) -> None:
    reading = read([ROWS[0], ROWS[2] | {"boleta": "1"}])
    assert reading.tables["orders"]["order_id"].tolist() == ["1/A", "1/B"]
    assert set(reading.tables["order_lines"]["order_id"]) == {"1/A", "1/B"}
    assert codes(reading.findings)["order_id_shared"] == 1


def test_lines_without_number_customer_or_day(read: Callable[..., Reading]) -> None:
    odd = [ROWS[0], ROWS[2] | {"boleta": None}, ROWS[2] | {"cliente": None, "boleta": "8"}, ROWS[2] | {"fecha": None, "boleta": "9"}]
    reading = read(odd)
    assert reading.tables["orders"]["order_id"].tolist() == ["1", "B/2026-03-03"]
    assert codes(reading.findings, "orders") | {"vat_basis_unknown": 0} == {
        "order_without_customer": 1, "order_without_date": 1, "vat_basis_unknown": 0,
    }  # fmt: skip


def test_future_days_one_customer_and_one_day(read: Callable[..., Reading]) -> None:
    reading = read([ROWS[0], ROWS[1], ROWS[0] | {"boleta": "7", "fecha": "2031-01-01"}])
    assert len(reading.tables["orders"]) == len(reading.tables["customers"]) == 1
    assert codes(reading.findings, "orders")["future_date"] == 1
    assert str(reading.as_of) == "2026-03-02"


def test_nothing_that_counts_is_an_error_that_says_why(read: Callable[..., Reading]) -> None:
    with pytest.raises(SourceError, match="none counts as a sale .*1 future_date"):
        read([ROWS[0] | {"fecha": "2031-01-01"}])
    with pytest.raises(SourceError, match="none counts as a sale|gives no row"):
        read([ROWS[3]])


def test_an_unknown_column_is_named_with_its_neighbours(read: Callable[..., Reading]) -> None:
    with pytest.raises(MappingError, match="'client' as order_lines.customer_id, .* near to it: cliente"):
        read(ROWS, MAPPING.replace('"cliente"', '"client"'))


def test_customers_of_their_own_table_come_in(tmp_path: Path, settings_for: Make, write_mapping: Callable[[str], str]) -> None:
    people = [{"id": "A", "nombre": "Ana", "tipo": "Hogar", "no_llamar": "sí"}]
    source = write_sqlite(tmp_path / "shop.db", {"ventas": ROWS, "gente": people})
    more = '[customers]\ntable = "gente"\ncustomer_id = "id"\nname = "nombre"\ncustomer_type = "tipo"\ncontact_opt_out = "no_llamar"\n'
    customers = read_company(settings_for(source, write_mapping(MAPPING + more)), TODAY).tables["customers"]
    assert customers[["name", "contact_opt_out"]].to_numpy().tolist() == [["Ana", True], ["B", False]]


ONLINE_RETAIL = """
preset = "lines"
vat = "net"
vat_rate = 0.20
[order_lines]
table = "online_retail_lines"
product_id = "sku"
quantity = "qty"
unit_price = "price"
product_name = "description"
zone = "country"
[order_lines.exclude]
order_id = ["C*"]
"""


@pytest.mark.skipif(not (SHARED_DATA / "online_retail_lines.parquet").exists(), reason="the Online Retail log is not on this machine")
def test_the_wholesalers_log(settings_for: Make, write_mapping: Callable[[str], str]) -> None:
    """The figures of the documentation, counted a second time by plain pandas straight from the file."""
    log = pd.read_parquet(SHARED_DATA / "online_retail_lines.parquet")
    log = log[~log["order_id"].str.startswith("C")]
    totals = log.groupby("order_id")["amount"].sum()
    paid = log[log["order_id"].isin(totals[totals > 0].index)]
    reading = read_company(settings_for(f"csv:{SHARED_DATA}", write_mapping(ONLINE_RETAIL)), TODAY)
    orders = reading.tables["orders"]
    assert (len(orders), orders["customer_id"].nunique(), len(reading.tables["order_lines"])) == (18_532, 4_338, 397_917)
    assert (len(orders), orders["customer_id"].nunique()) == (paid["order_id"].nunique(), paid["customer_id"].nunique())
    assert orders["amount"].sum() == pytest.approx(paid["amount"].sum()) == pytest.approx(8_911_407.904)
    assert codes(reading.findings, "order_lines")["excluded"] == 8_905
    assert str(reading.as_of) == "2011-12-09"
    assert reading.tables["products"].set_index("product_id").loc["85123A", "name"].endswith("HOLDER")
    assert not reading.tables.has("addresses")
    assert not reading.from_snapshot


def test_the_csv_of_the_documentation(tmp_path: Path, settings_for: Make) -> None:
    """docs/data-mapping.md: its file and its mapping, word for word, give four bottles for 11,960."""
    page = (Path(__file__).parents[3] / "docs" / "data-mapping.md").read_text()
    folder = tmp_path / "ours"
    folder.mkdir()
    (folder / "ventas_2025.csv").write_text(page.split("```\n")[1].split("```")[0])
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(page.split("```toml\n")[1].split("```")[0])
    reading = read_company(settings_for(f"csv:{folder}", str(mapping)), TODAY)
    assert reading.tables["orders"][["order_id", "amount", "quantity"]].to_numpy().tolist() == [["90211", 11_960, 4]]
    assert f"{reading.tables['orders']['order_date'][0]:%Y-%m-%d}" == "2025-02-03"
    assert reading.tables["products"]["is_bottle"].tolist() == [True]


def test_the_wholesalers_mapping_is_the_documented_one() -> None:
    page = (Path(__file__).parents[3] / "docs" / "data-mapping.md").read_text()
    assert page.split("```toml\n")[2].split("```")[0].strip() == ONLINE_RETAIL.strip().replace("[order_lines]", "\n[order_lines]").replace(
        "[order_lines.exclude]", "\n[order_lines.exclude]"
    )
