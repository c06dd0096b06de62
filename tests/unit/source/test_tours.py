"""Tours out of deliveries: kilometres once per tour, late evenings come back, nothing without a day."""

from typing import Any

import pandas as pd
import pytest

from ml.source.findings import Ledger
from ml.source.tours import tours_of
from tests.unit.source.conftest import codes

PRODUCTS = pd.DataFrame({"product_id": ["P", "Q"], "is_bottle": [True, False]})
MONDAY, TUESDAY, WEDNESDAY = (pd.Timestamp(f"2026-03-0{day}") for day in (2, 3, 4))


def tours(*orders: tuple[str, pd.Timestamp, Any, float], lines: dict[str, float] | None = None) -> tuple[pd.DataFrame, dict[str, int]]:
    """orders: (id, day ordered, day delivered, km); lines: bottles per order id."""
    frame = pd.DataFrame(orders, columns=["order_id", "order_date", "delivered_at", "tour_km"])
    frame = frame.assign(customer_id="C" + frame["order_id"], delivered_at=pd.to_datetime(frame["delivered_at"]))
    line = pd.DataFrame([(order, "P", count) for order, count in (lines or {}).items()], columns=["order_id", "product_id", "quantity"])
    cups = line.assign(product_id="Q", quantity=1000.0)
    ledger = Ledger()
    found = tours_of(frame, pd.concat([line, cups]), PRODUCTS, ledger)
    return found, codes(ledger.findings)


def test_the_kilometres_of_a_tour_count_once() -> None:
    found, _ = tours(("1", MONDAY, MONDAY, 42.5), ("2", MONDAY, MONDAY, 42.5), ("3", MONDAY, MONDAY, 13.0), lines={"1": 10, "2": 5})
    assert found[["tour_id", "stops", "bottles", "driven_km"]].to_numpy().tolist() == [
        ["2026-03-02/1", 2, 15, 42.5],
        ["2026-03-02/3", 1, 0, 13.0],
    ]
    assert found["date"].eq(found["ended_at"]).all()


def test_two_orders_at_one_door_are_one_stop() -> None:
    frame = pd.DataFrame(
        {"order_id": ["1", "2"], "customer_id": "A", "address_id": "a", "order_date": MONDAY, "delivered_at": MONDAY, "tour_km": 5.0}
    )
    lines = pd.DataFrame({"order_id": pd.Series(dtype=str), "product_id": pd.Series(dtype=str), "quantity": pd.Series(dtype=float)})
    assert tours_of(frame, lines, PRODUCTS, Ledger())["stops"].tolist() == [1]


def test_a_late_evening_comes_back_to_its_tour() -> None:
    found, findings = tours(("1", MONDAY, MONDAY, 42.5), ("2", MONDAY, TUESDAY, 42.5))
    assert (found["date"].tolist(), found["stops"].tolist(), found["driven_km"].sum()) == ([MONDAY], [2], 42.5)
    assert findings == {"late_delivery_moved": 1}


def test_a_tour_of_the_same_length_on_the_next_day_is_a_tour() -> None:
    found, findings = tours(("1", MONDAY, MONDAY, 42.5), ("2", TUESDAY, TUESDAY, 42.5))
    assert (found["date"].tolist(), findings) == ([MONDAY, TUESDAY], {})
    found, _ = tours(("1", MONDAY, MONDAY, 9.0), ("2", MONDAY, TUESDAY, 9.0), ("3", MONDAY, WEDNESDAY, 9.0))
    assert found["date"].tolist() == [MONDAY, WEDNESDAY]


@pytest.mark.parametrize(("day", "km", "code"), [(None, 9.0, "tour_without_day"), (MONDAY, 0.0, "tour_km_not_positive")])
def test_what_cannot_be_a_tour_is_counted(day: Any, km: float, code: str) -> None:
    found, findings = tours(("1", MONDAY, day, km))
    assert len(found) == 0
    assert findings == {code: 1}


def test_without_kilometres_there_is_no_tour() -> None:
    found, findings = tours(("1", MONDAY, MONDAY, float("nan")))
    assert (len(found), findings) == (0, {})
