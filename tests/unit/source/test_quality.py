"""Cleaning: each kind of dirt is found and counted, nothing goes silently, and cleaning twice changes nothing."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.source.cells import Rules
from ml.source.findings import Finding
from ml.source.quality import Cleaned, clean
from ml.source.tables import SPECS
from tests.unit.source.conftest import TODAY, codes

RULES = Rules(
    today=TODAY,
    timezone="America/Santiago",
    zones="santiago",
    bottles=("PC", "PET"),
    types=("Hogar", "Empresa"),
    exclude={"orders": {"payment_status": ("Interno",), "order_type": ("compras", "Préstamo")}},
    known={"orders": {"order_type": ("recarga", "nuevo", "compras", "Venta", "Préstamo")}},
)


def orders(*rows: dict[str, Any]) -> pd.DataFrame:
    base = {"customer_id": "A", "order_date": "2026-03-02", "amount": 1000}
    return pd.DataFrame([{"order_id": str(place)} | base | row for place, row in enumerate(rows, start=1)]).astype(object)


def cleaned(*rows: dict[str, Any], rules: Rules = RULES, unique_lines: bool = False, **tables: list[dict[str, Any]]) -> Cleaned:
    raw = {"orders": orders(*rows)} | {name: pd.DataFrame(frame).astype(object) for name, frame in tables.items()}
    return clean(raw, rules, unique_lines=unique_lines)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"order_id": None}, "order_without_id"),
        ({"customer_id": " "}, "order_without_customer"),
        ({"order_date": None}, "order_without_date"),
        ({"order_date": "soon"}, "order_without_date"),
        ({"order_date": "2026-03-17"}, "future_date"),
        ({"order_date": "0026-03-02"}, "implausible_date"),
        ({"order_id": "1"}, "duplicate_order"),
        ({"payment_status": "interno"}, "excluded"),
        ({"order_type": "Prestamo"}, "excluded"),
        ({"amount": None}, "amount_missing"),
        ({"amount": 0}, "amount_zero"),
        ({"amount": -5}, "amount_negative"),
    ],
)
def test_a_row_that_is_no_sale_is_left_out_and_counted(row: dict[str, Any], code: str) -> None:
    frames, findings = cleaned({"amount": 900}, row)
    assert frames["orders"]["order_id"].tolist() == ["1"]
    assert codes([finding for finding in findings if finding.action == "left_out"], "orders") == {code: 1}


def test_today_is_not_the_future_and_an_order_without_type_is_a_sale() -> None:
    frames, findings = cleaned({"order_date": "2026-03-16", "order_type": None}, {"order_type": "trueque"})
    assert len(frames["orders"]) == 2
    assert codes(findings, "orders") == {"unknown_value": 1}


def test_the_finding_says_what_was_excluded_with_examples() -> None:
    _, findings = cleaned({}, {"payment_status": "Interno"}, {"payment_status": "Interno"})
    excluded = next(finding for finding in findings if finding.code == "excluded")
    assert excluded == Finding("excluded", "orders", 2, "left_out", ("2", "3"), {"column": "payment_status", "value": "Interno"})


def test_of_two_rows_with_one_id_the_earlier_stays_whatever_their_order() -> None:
    for dates in (("2026-03-02", "2026-03-05"), ("2026-03-05", "2026-03-02")):
        frames, _ = cleaned(*({"order_id": "7", "order_date": day} for day in dates))
        assert frames["orders"]["order_date"].tolist() == [pd.Timestamp("2026-03-02")]


def test_money_as_text_is_read_and_said() -> None:
    frames, findings = cleaned({"amount": "$ 1.234"}, {"amount": "$ 12.345.678"}, {"amount": "gratis"})
    assert frames["orders"]["amount"].tolist() == [1234, 12345678]
    assert codes(findings, "orders") == {"number_text": 2, "number_unreadable": 1, "amount_missing": 1}
    text = next(finding for finding in findings if finding.code == "number_text")
    assert (text.action, text.examples, text.params) == ("corrected", ("$ 1.234 → 1234", "$ 12.345.678 → 12345678"), {"column": "amount"})


def test_numbers_that_could_mean_two_things_are_reported() -> None:
    frames, findings = cleaned({"amount": "1.234"}, {"amount": "5.000"})
    assert frames["orders"]["amount"].tolist() == [1234, 5000]
    assert codes(findings, "orders") == {"number_format_assumed": 2}
    frames, findings = cleaned({"amount": "1.234"}, {"amount": "5.000"}, rules=replace(RULES, decimal="."))
    assert frames["orders"]["amount"].tolist() == [1.234, 5]
    assert codes(findings, "orders") == {}


def test_a_customer_that_is_missing_is_created_and_the_order_kept() -> None:
    frames, findings = cleaned({"customer_id": "12"}, {"customer_id": 13.0}, customers=[{"customer_id": 12.0, "name": "Ana"}])
    assert frames["customers"]["customer_id"].tolist() == ["12", "13"]
    assert frames["orders"]["customer_id"].tolist() == ["12", "13"]
    assert codes(findings, "customers") == {"customer_missing": 1}
    assert codes(cleaned({}).findings, "customers") == {"customers_from_orders": 1}


def test_an_id_is_the_same_as_number_and_as_text() -> None:
    frames, findings = cleaned(
        {"order_id": "12.0", "customer_id": 7},
        order_lines=[{"order_id": 12, "product_id": "P", "quantity": 1, "amount": 1000}],
        customers=[{"customer_id": "7.0", "name": "Ana"}],
    )
    assert frames["order_lines"]["order_id"].tolist() == frames["orders"]["order_id"].tolist() == ["12"]
    assert frames["customers"]["name"].tolist() == ["Ana"]
    assert codes(findings)["id_format"] == 2


def test_lines_of_what_is_left_out_go_with_it_and_orphans_are_told_apart() -> None:
    line = {"product_id": "P", "quantity": 1, "unit_price": 1000}
    frames, findings = cleaned(
        {}, {"amount": 0}, order_lines=[line | {"order_id": "1"}, line | {"order_id": "2"}, line | {"order_id": "99"}, {"order_id": "1"}]
    )
    assert frames["order_lines"]["amount"].tolist() == [1000]
    assert codes(findings, "order_lines") == {"line_of_left_out_order": 1, "line_without_order": 1, "line_without_product": 1}


def test_a_line_made_of_an_order_gives_way_to_its_own_lines() -> None:
    frames, findings = cleaned(
        {},
        order_lines=[
            {"order_id": 1.0, "product_id": "P", "quantity": 1, "amount": 1000, "made": 0},
            {"order_id": "1", "product_id": "P", "quantity": 1, "amount": 1000, "made": 1},
        ],
    )
    assert len(frames["order_lines"]) == 1
    assert codes(findings, "order_lines") == {"line_superseded": 1}


def test_price_and_amount_fill_each_other() -> None:
    lines = [
        {"order_id": "1", "product_id": "P", "quantity": 4, "amount": 600, "unit_price": None},
        {"order_id": "1", "product_id": "Q", "quantity": 4, "amount": None, "unit_price": 100},
    ]
    frames, findings = cleaned({}, order_lines=lines)
    assert frames["order_lines"]["unit_price"].tolist() == [150, 100]
    assert frames["order_lines"]["amount"].tolist() == [600, 400]
    assert "lines_differ_from_order" not in codes(findings)


@pytest.mark.parametrize(("amount", "price"), [(1190, 1190), (1000, 1000)])
def test_lines_come_to_the_orders_footing_when_vat_explains_the_difference(amount: float, price: float) -> None:
    line = {"order_id": "1", "product_id": "P", "quantity": 1}
    frames, findings = cleaned({"amount": amount}, order_lines=[line | {"unit_price": 1000, "amount": 1190}])
    assert frames["order_lines"][["unit_price", "amount"]].iloc[0].tolist() == pytest.approx([price, amount])
    assert codes(findings, "order_lines") == {"vat_aligned": 1}


def test_lines_that_do_not_add_up_stay_and_are_reported() -> None:
    frames, findings = cleaned({}, order_lines=[{"order_id": "1", "product_id": "P", "quantity": 1, "amount": 700}])
    assert frames["order_lines"]["amount"].tolist() == [700]
    assert codes(findings, "order_lines") == {"lines_differ_from_order": 1}


def test_a_repeated_line_is_an_error_only_where_lines_are_unique() -> None:
    line = {"order_id": "1", "product_id": "P", "quantity": 1, "unit_price": 500, "amount": 500}
    assert len(cleaned({}, order_lines=[line, line]).frames["order_lines"]) == 2
    frames, findings = cleaned({}, order_lines=[line, line], unique_lines=True)
    assert len(frames["order_lines"]) == 1
    assert codes(findings, "order_lines")["duplicate_line"] == 1


def test_communes_have_one_spelling_and_an_order_lies_where_it_goes() -> None:
    frames, findings = cleaned(
        {"address_id": "a"}, {}, {"customer_id": "B"},
        customers=[{"customer_id": "A", "zone": "NUNOA"}, {"customer_id": "B", "zone": None, "address_id": "b"}],
        addresses=[{"address_id": "a", "customer_id": "A", "zone": "maipu"}, {"address_id": "b", "customer_id": "B", "zone": "Atlantis"}],
    )  # fmt: skip
    assert frames["orders"]["zone"].tolist() == ["Maipú", "Ñuñoa", "Atlantis"]
    assert frames["customers"]["zone"].tolist() == ["Ñuñoa", "Atlantis"]
    assert codes(findings)["zone_spelling"] == 2
    assert codes(findings)["zone_unknown"] == 1


def test_coordinates_that_cannot_be_true() -> None:
    good = [{"latitude": -33.4 - place / 100, "longitude": -70.6} for place in range(6)]
    odd = [
        {"latitude": 0, "longitude": 0}, {"latitude": -70.6, "longitude": -33.4}, {"latitude": 33.4, "longitude": 70.6},
        {"latitude": -133.4, "longitude": -70.6}, {"latitude": -33.4, "longitude": None}, {"latitude": None, "longitude": None},
    ]  # fmt: skip
    rows = [{"address_id": f"{place:02}", "customer_id": "A"} | where for place, where in enumerate(good + odd)]
    frames, findings = cleaned({}, addresses=rows)
    assert frames["addresses"]["latitude"].notna().tolist() == [True] * 6 + [False, True] + [False] * 4
    assert frames["addresses"].loc[7, ["latitude", "longitude"]].tolist() == [-33.4, -70.6]
    found = codes(findings, "addresses")
    assert found == {"coordinates_impossible": 4, "coordinates_swapped": 1, "coordinates_missing": 5}


def test_whom_to_call_stands_in_the_name() -> None:
    frames, _ = cleaned(
        {"customer_id": "1"},
        customers=[
            {"customer_id": "1", "name": "Oficina", "business_name": "Sur SpA", "contact_name": "Marta"},
            {"customer_id": "2", "name": "Ana", "business_name": None, "contact_name": "ANA"},
            {"customer_id": "3", "name": None, "business_name": " ", "contact_name": "Luz"},
            {"customer_id": "4", "name": None, "business_name": None, "contact_name": None},
        ],
    )
    assert frames["customers"]["name"].tolist() == ["Sur SpA (Marta)", "Ana", "Luz", "4"]


def test_one_spelling_per_customer_type() -> None:
    people = [{"customer_id": str(place), "customer_type": kind} for place, kind in enumerate(["hogar", "EMPRESA", "Colegio", None])]
    frames, findings = cleaned({}, customers=people)
    assert frames["customers"].set_index("customer_id")["customer_type"].reindex(["0", "1", "2"]).tolist() == [
        "Hogar",
        "Empresa",
        "Colegio",
    ]
    assert codes(findings, "customers")["type_spelling"] == 2


def test_bottles_are_what_the_mapping_names_and_products_of_lines_exist() -> None:
    lines = [{"order_id": "1", "product_id": name, "quantity": 1, "amount": 500} for name in ("P1", "PET")]
    frames, findings = cleaned(
        {}, order_lines=lines, products=[{"product_id": "P1", "name": "pc"}, {"product_id": "P2", "name": "PC 10 l"}]
    )
    assert frames["products"].set_index("product_id")["is_bottle"].to_dict() == {"P1": True, "P2": False, "PET": True}
    assert codes(findings, "products") == {"product_missing": 1}


def test_customers_that_the_mapping_leaves_out_take_their_orders_with_them() -> None:
    rules = replace(RULES, exclude={"customers": {"customer_type": ("Interno",)}})
    people = [{"customer_id": "A", "customer_type": "Hogar"}, {"customer_id": "B", "customer_type": "interno"}]
    frames, findings = cleaned({}, {"customer_id": "B"}, customers=people, rules=rules)
    assert frames["customers"]["customer_id"].tolist() == ["A"]
    assert codes(findings, "orders") == {"order_of_excluded_customer": 1}


def test_every_row_knows_since_when_it_was_known() -> None:
    frames, _ = cleaned(
        {"order_date": "2026-03-05"}, {"order_date": "2026-03-02"},
        customers=[{"customer_id": "A"}, {"customer_id": "never"}],
        addresses=[{"address_id": "a", "customer_id": "A", "latitude": -33.4, "longitude": -70.6, "is_default": "1"}],
        order_lines=[{"order_id": "1", "product_id": "P", "quantity": 1, "amount": 1000}],
        weather=[{"date": "2026-03-02", "zone": "Maipú"}, {"date": "2026-03-20", "zone": "Maipú", "issued_at": "2026-03-15"}],
        events=[{"start": "2026-04-01", "announced_at": "2026-03-01"}, {"start": "2026-05-01"}],
        supplier_prices=[{"product_id": "P", "date": "2026-01-05", "unit_cost": 5}],
    )  # fmt: skip
    assert frames["addresses"]["is_default"].tolist() == [True]
    known = {name: [f"{day:%m-%d}" if pd.notna(day) else None for day in frame["known_at"]] for name, frame in frames.items()}
    assert known == {
        "orders": ["03-02", "03-05"], "customers": ["03-02", None], "addresses": ["03-02"], "order_lines": ["03-05"],
        "products": ["03-05"], "weather": ["03-03", "03-15"], "events": ["03-01", "05-01"], "unit_costs": ["01-05"],
    }  # fmt: skip


def test_weather_of_the_future_is_no_observation() -> None:
    _, findings = cleaned({}, weather=[{"date": "2026-03-20", "zone": "Maipú"}, {"date": None, "zone": "Maipú"}])
    assert codes(findings, "weather") == {"row_without_date": 1, "future_date": 1}


def test_no_input_is_changed() -> None:
    raw = {"orders": orders({"amount": "$ 1.234"}, {"amount": 0})}
    before = raw["orders"].copy()
    clean(raw, RULES)
    pd.testing.assert_frame_equal(raw["orders"], before)


IDS = st.sampled_from([None, "", "1", "2", 3, 3.0, "3.0", " 4 ", "x"])
AMOUNTS = st.sampled_from([None, 0, -1, 1190, 1000, "$ 1.234", "1,5", "abc", 1e4])
DAYS = st.sampled_from([None, "2026-03-02", "02-03-2026", "2026-03-15 22:00:00+00", "2031-01-01", "1800-01-01", "?"])
ZONES = st.sampled_from([None, "Maipú", "MAIPU", "maipuu", "Rancagua", "rancagua"])
COORDINATES = st.sampled_from([None, 0, -33.4, -33.5, -70.6, 70.6, 500, "-33,41"])


def table_of(**columns: st.SearchStrategy[Any]) -> st.SearchStrategy[pd.DataFrame]:
    rows = st.lists(st.fixed_dictionaries(columns), max_size=12)
    return rows.map(lambda values: pd.DataFrame(values, columns=list(columns)).astype(object))


DIRTY = st.fixed_dictionaries(
    {
        "orders": table_of(
            order_id=IDS, customer_id=IDS, order_date=DAYS, amount=AMOUNTS, address_id=IDS, zone=ZONES, quantity=AMOUNTS,
            payment_status=st.sampled_from([None, "Interno", "Pagado", "?"]), order_type=st.sampled_from([None, "préstamo", "nuevo"]),
        ),
    },
    optional={
        "order_lines": table_of(order_id=IDS, product_id=IDS, quantity=AMOUNTS, unit_price=AMOUNTS, amount=AMOUNTS),
        "customers": table_of(customer_id=IDS, name=st.sampled_from([None, "Ana"]), zone=ZONES, address_id=IDS),
        "addresses": table_of(address_id=IDS, customer_id=IDS, zone=ZONES, latitude=COORDINATES, longitude=COORDINATES),
        "products": table_of(product_id=IDS, name=st.sampled_from([None, "PC", "Vaso"])),
        "weather": table_of(date=DAYS, zone=ZONES, temp_max_c=AMOUNTS, issued_at=DAYS),
        "events": table_of(start=DAYS, announced_at=DAYS),
    },
)  # fmt: skip


def counted(findings: Iterable[Finding], table: str, action: str) -> int:
    return sum(finding.count for finding in findings if (finding.table, finding.action) == (table, action))


def shuffled(raw: dict[str, pd.DataFrame], shuffle: Any) -> dict[str, pd.DataFrame]:
    """The same tables with their rows in another order."""
    mixed = {}
    for name, frame in raw.items():
        places = list(range(len(frame)))
        shuffle.shuffle(places)
        mixed[name] = frame.iloc[places]
    return mixed


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(DIRTY, st.booleans(), st.randoms(use_true_random=False))
def test_rows_add_up_cleaning_twice_changes_nothing_and_order_does_not_matter(
    raw: dict[str, pd.DataFrame], unique: bool, shuffle: Any
) -> None:
    once = clean(raw, RULES, unique_lines=unique)
    for name in {*raw, *once.frames}:
        came, left = len(raw.get(name, ())), len(once.frames.get(name, ()))
        assert left == came - counted(once.findings, name, "left_out") + counted(once.findings, name, "created"), name
    for name, frame in once.frames.items():
        assert list(frame.columns) == list(SPECS[name].names)

    again = clean(once.frames, RULES, unique_lines=unique)
    assert set(again.frames) == set(once.frames)
    for name, frame in once.frames.items():
        pd.testing.assert_frame_equal(again.frames[name], frame)
    assert {finding.action for finding in again.findings} <= {"kept", "noted"}

    other = clean(shuffled(raw, shuffle), RULES, unique_lines=unique)
    for name in {"orders", "order_lines", "products"} & set(once.frames):
        decided = once.frames[name].drop(columns=["zone", "address_id", "payment_status", "name"], errors="ignore")
        pd.testing.assert_frame_equal(other.frames[name][decided.columns], decided)
