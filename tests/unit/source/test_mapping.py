"""A mapping that is missing, garbled or wrong is refused in one sentence; a right one is a preset plus what a person wrote."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ml.source.errors import MappingError
from ml.source.mapping import load_mapping, near_matches


def test_the_presets_load_by_name() -> None:
    assert load_mapping("3t").tables["orders"].table == "3t_orders"
    assert load_mapping("3t").vat == {"Hogar": "gross", "Empresa": "net"}
    assert load_mapping("lines").tables["order_lines"].columns["customer_id"] == "customer_id"
    assert load_mapping("3t").amount_basis == "mixed"
    assert load_mapping("lines").amount_basis == "unknown"


def test_any_key_can_be_given_anew(write_mapping: Callable[[str], str]) -> None:
    mapping = load_mapping(
        write_mapping(
            'preset = "3t"\nvat = "gross"\nencoding = "latin-1"\nschema = "ventas"\n[orders]\ntable = "pedidos"\namount = "monto"\n'
            'tour_km = ""\n[orders.exclude]\nstatus = "Anulado"\norder_type = []\n'
        )
    )
    orders = mapping.tables["orders"]
    assert (orders.table, orders.columns["amount"], orders.columns["order_id"]) == ("pedidos", "monto", "order_id")
    assert "tour_km" not in orders.columns
    assert orders.exclude == {"payment_status": ("Interno",), "order_type": (), "status": ("Anulado",)}
    assert (mapping.amount_basis, mapping.encoding, mapping.schema_name) == ("gross", "latin-1", "ventas")
    assert orders.written == {"table", "amount", "tour_km", "exclude"}


def test_a_table_the_preset_does_not_know_of_can_be_added(write_mapping: Callable[[str], str]) -> None:
    mapping = load_mapping(write_mapping('preset = "lines"\n[customers]\ntable = "clients"\ncustomer_id = "id"\nname = "name"\n'))
    assert mapping.tables["customers"].columns == {"customer_id": "id", "name": "name"}


def test_the_digest_follows_what_is_said_and_not_where(write_mapping: Callable[[str], str], tmp_path: Path) -> None:
    first = load_mapping(write_mapping('preset = "lines"\nvat = "net"\n'))
    other = tmp_path / "other.toml"
    other.write_text('preset = "lines"\nvat = "net"\n# a remark\n')
    assert load_mapping(str(other)).digest == first.digest
    assert load_mapping("lines").digest != first.digest


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("preset = ", "is not valid TOML: Invalid value"),
        ('preset = "shop"', "preset = 'shop'; accepted is one of 3t, lines"),
        ('presets = "3t"', "unknown key 'presets'; near to it: preset"),
        ('preset = "lines"\n[orders]\ntable = "x"', "unknown key 'orders'; near to it: order_lines"),
        ('[orders]\norder_dat = "x"', r"section \[orders\] .* unknown key 'order_dat'; near to it: order_date"),
        ('orders = "x"', r"gives orders = 'x'; expected is a section \[orders\]"),
        ('[orders]\norder_date = ""', r"does not say which column is order_date; add order_date = "),
        ('preset = "lines"\n[customers]\nname = "x"', r"section \[customers\] .* names no table"),
        ('preset = "lines"\n[order_lines]\namount = ""\nquantity = ""', "needs amount, or quantity and unit_price"),
        ("[orders]\namount = 3", "gives orders.columns.amount = '3'"),
        ('vat = "brutto"', 'accepted is "net", "gross"'),
        ('[vat]\nHogar = "x"', 'accepted is "net", "gross"'),
        ("vat_rate = 19", "gives vat_rate = '19'"),
        ('encoding = "klingon"', "unknown encoding; use utf-8 or latin-1"),
        ('separator = "::"', "gives separator = '::'"),
        ('decimal = "x"', "gives decimal = 'x'"),
        ('zones = "paris"', "zones = 'paris'; accepted is one of santiago"),
        ('[orders]\nexclude = "C*"', r"expected is a section \[orders.exclude\] with lists"),
        ('[orders]\ntable = "a\\u0000b"', "must not contain control characters"),
        (f'[orders]\ntable = "{"x" * 500}"', "at most 200 characters"),
    ],
)
def test_a_wrong_mapping_is_refused_in_one_sentence(write_mapping: Callable[[str], str], text: str, sentence: str) -> None:
    with pytest.raises(MappingError, match=sentence) as caught:
        load_mapping(write_mapping(text))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_missing_file_and_a_wrong_name_are_named(tmp_path: Path) -> None:
    for value in (str(tmp_path / "none.toml"), "4t", str(tmp_path), ""):
        with pytest.raises(MappingError, match="INSIGHTS_MAPPING is .* accepted is a .toml file that exists, or one of 3t, lines"):
            load_mapping(value)


def test_a_mapping_of_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_bytes('preset = "3t" # año'.encode("latin-1"))
    with pytest.raises(MappingError, match=r"m.toml is not UTF-8 text \(byte 17\)"):
        load_mapping(str(path))


def test_near_matches_end_a_sentence() -> None:
    assert near_matches("Ordr", ["order", "client"]) == "; near to it: order"
    assert near_matches("zzz", ["order", "client"]) == "; there is: client, order"
    assert near_matches("x", []) == "; there is none"
