"""Net and gross per customer type."""

import pandas as pd
import pytest

from ml.source.vat import basis_of, monthly_totals

ORDERS = pd.DataFrame(
    {
        "customer_id": ["A", "B", "A", "C"],
        "order_date": pd.to_datetime(["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-31"]),
        "amount": [1190.0, 1000.0, 119.0, 50.0],
    }
)
CUSTOMERS = pd.DataFrame({"customer_id": ["A", "B", "C"], "customer_type": ["hogar", "Empresa", None]})


def test_a_type_has_its_basis_however_it_is_spelled() -> None:
    types = pd.Series(["HOGAR", "Empresa", "Colegio", None], dtype="str")
    assert basis_of(types, {"Hogar": "gross", "Empresa": "net"}).tolist() == ["gross", "net", "unknown", "unknown"]
    assert basis_of(types, {"Hogar": "gross", "*": "net"}).tolist() == ["gross", "net", "net", "net"]


def test_monthly_totals_both_ways() -> None:
    totals = monthly_totals(ORDERS, CUSTOMERS, {"Hogar": "gross", "Empresa": "net"}, 0.19)
    assert totals["month"].dt.strftime("%Y-%m-%d").tolist() == ["2026-02-01", "2026-03-01"]
    assert totals["net"].tolist() == pytest.approx([2000, 150])
    assert totals["gross"].tolist() == pytest.approx([1190 + 1190, 119 + 50])


def test_an_unknown_basis_leaves_the_amount_as_recorded() -> None:
    totals = monthly_totals(ORDERS, CUSTOMERS, {"*": "unknown"}, 0.19)
    assert totals["net"].tolist() == totals["gross"].tolist() == pytest.approx([2190, 169])
