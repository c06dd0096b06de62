"""A company of the `3t` schema small enough to count by hand, and ways to write it as SQLite or as a folder of files."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from ml.settings import Settings, load_settings
from ml.source.cells import Rules

TODAY = date(2026, 3, 16)  # a Monday
Company = dict[str, list[dict[str, Any]]]


def order(order_id: str | None, customer_id: str | None, day: str | None, amount: Any = 10_000, **more: Any) -> dict[str, Any]:
    base = {"quantity": 4, "order_type": "recarga", "payment_status": "Pagado", "status": "Despachado", "product_type": "P1"}
    base |= {"delivery_address_id": None, "delivered_date": day, "payment_date": None, "invoice_date": None, "route_distance_km": None}
    return {"order_id": order_id, "customer_id": customer_id, "order_date": day, "final_price": amount} | base | more


def small_company() -> Company:
    """Three customers, nine orders; six are sales."""
    return {
        "3t_orders": [
            order("1", "A", "2026-03-02", 11_900, delivery_address_id="a1", route_distance_km=42.5),
            order("2", "B", "2026-03-02", 20_000, order_type=None, delivery_address_id="b1", route_distance_km=42.5),
            order("3", "A", "2026-03-03", 20_000, order_type="Venta", delivery_address_id="a1", route_distance_km=13.2),
            order("4", "B", "2026-03-04", 8_000, order_type="nuevo", product_type="P2"),
            order("5", "C", "2026-03-05", 9_000, payment_status="Interno"),
            order("6", "C", "2026-03-06", 0, order_type="compras"),
            order("7", "C", "2026-03-09", 7_000, order_type="Préstamo"),
            order("8", "C", "2026-03-10", 6_000),
            order("9", "Z", "2026-03-11", 4_000),
        ],
        "order_products": [
            {"id": 1, "order_id": "1", "product_id": "P1", "quantity": 2, "price_neto": 5000, "total": 10_000},
            {"id": 2, "order_id": "2", "product_id": "P1", "quantity": 3, "price_neto": 5000, "total": 15_000},
            {"id": 3, "order_id": "2", "product_id": "P3", "quantity": 100, "price_neto": 50, "total": 5_000},
        ],
        "3t_customers": [
            {"customer_id": "A", "name": "Ana Soto", "business_name": None, "contact_name": "Ana Soto", "email": "a@example.com",
             "phone": "+56 9 1", "commune": "nunoa", "address_id": "a1", "customer_type": "Hogar"},
            {"customer_id": "B", "name": "Oficina", "business_name": "Oficina Sur SpA", "contact_name": "Marta Paz", "email": None,
             "phone": None, "commune": "Providencia", "address_id": "b1", "customer_type": "Empresa"},
            {"customer_id": "C", "name": "Caro", "business_name": None, "contact_name": None, "email": None,
             "phone": None, "commune": None, "address_id": None, "customer_type": "hogar"},
        ],
        "3t_addresses": [
            {"address_id": "a1", "customer_id": "A", "commune": "Maipu", "latitude": -33.51, "longitude": -70.76, "is_default": 1},
            {"address_id": "b1", "customer_id": "B", "commune": "Providencia", "latitude": -33.43, "longitude": -70.61, "is_default": 1},
            {"address_id": "c1", "customer_id": "C", "commune": "Las Condes", "latitude": None, "longitude": None, "is_default": 0},
        ],
        "3t_products": [
            {"product_id": "P1", "name": "PC", "category": "Contrato", "price_neto": 0, "pv_iva_inc": 0},
            {"product_id": "P2", "name": "Dispensador", "category": "Venta", "price_neto": 8000, "pv_iva_inc": 9520},
        ],
        "3t_weather_data": [
            {"date": "2026-03-02", "commune": "MAIPÚ", "temp_max_c": 31.5, "temp_min_c": 14.0, "humidity": 40, "precip_mm": 0},
        ],
        "3t_purchases": [
            {"purchase_id": "C1", "purchase_date": "2026-02-01", "completed_date": "2026-02-03", "status": "Completado"},
            {"purchase_id": "C2", "purchase_date": "2026-02-10", "completed_date": None, "status": "Cancelado"},
        ],
        "3t_purchase_products": [
            {"purchase_id": "C1", "product_id": "P1", "quantity": 100, "unit_price": 900},
            {"purchase_id": "C1", "product_id": "P1", "quantity": 300, "unit_price": 1100},
            {"purchase_id": "C2", "product_id": "P1", "quantity": 10, "unit_price": 1},
        ],
        "3t_supplier_price_history": [
            {"product_id": "P1", "price": 950, "recorded_at": "2025-12-01 10:00:00"},
            {"product_id": "P1", "price": 5, "recorded_at": "2026-02-01 10:00:00"},
        ],
    }  # fmt: skip


def write_sqlite(path: Path, company: Mapping[str, Any]) -> str:
    """The tables in an SQLite file; returns its address."""
    engine = sa.create_engine(f"sqlite:///{path}")
    for name, rows in company.items():
        pd.DataFrame(rows).to_sql(name, engine, index=False, if_exists="replace")
    engine.dispose()
    return f"sqlite:///{path}"


def write_csv(folder: Path, company: Mapping[str, Any], suffix: str = "_rows") -> str:
    """The tables as CSV files as a database console exports them; returns the address."""
    folder.mkdir(exist_ok=True)
    for name, rows in company.items():
        pd.DataFrame(rows).to_csv(folder / f"{name}{suffix}.csv", index=False)
    return f"csv:{folder}"


@pytest.fixture
def company() -> Company:
    return small_company()


@pytest.fixture
def rules() -> Rules:
    return Rules(today=TODAY, timezone="America/Santiago")


@pytest.fixture
def settings_for(tmp_path: Path) -> Callable[..., Settings]:
    """Settings with a home of their own: settings_for(source, mapping="3t", **more)."""

    def make(source: str, mapping: str = "3t", **more: Any) -> Settings:
        return load_settings(None, home=tmp_path / "home", source=source, mapping=mapping, **more)

    return make


@pytest.fixture
def write_mapping(tmp_path: Path) -> Callable[[str], str]:
    """A mapping.toml with this text; returns its path."""

    def write(text: str) -> str:
        path = tmp_path / "mapping.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def codes(findings: list[Any], table: str | None = None) -> dict[str, int]:
    """code -> count over the findings (of one table)."""
    found: dict[str, int] = {}
    for finding in findings:
        if table is None or finding.table == table:
            found[finding.code] = found.get(finding.code, 0) + finding.count
    return found
