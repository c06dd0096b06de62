"""A folder of files as a database: names, separators, encodings, and files that cannot be understood."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from ml.source.engine import open_source
from ml.source.errors import SourceError, SourceUnreachable
from ml.source.files import Format, find_separator


def rows(folder: Path, table: str, **how: object) -> list[tuple[object, ...]]:
    with open_source(f"csv:{folder}", **how).connect() as connection:  # type: ignore[arg-type]
        return [tuple(row) for row in connection.execute(sa.select(sa.text("*")).select_from(sa.table(table)))]


def test_a_file_is_a_table_and_a_console_export_too(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("id,total\n1,5\n")
    (tmp_path / "3t_orders_rows.csv").write_text("id,total\n2,\n")
    pd.DataFrame({"id": [3], "total": [1.5]}).to_parquet(tmp_path / "lines.parquet")
    (tmp_path / "notes.txt").write_text("no table")
    assert rows(tmp_path, "orders") == [("1", "5")]
    assert rows(tmp_path, "3t_orders") == [("2", None)]
    assert rows(tmp_path, "lines") == [(3, 1.5)]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(tmp_path: Path, separator: str) -> None:
    text = "\n".join(separator.join(cells) for cells in [("name", "total"), ('"Soto, Ana; jefa"', '"1.234,50"'), ("Luz", "7")])
    (tmp_path / "t.csv").write_text(text)
    assert find_separator(tmp_path / "t.csv", "utf-8") == separator
    assert rows(tmp_path, "t") == [("Soto, Ana; jefa", "1.234,50"), ("Luz", "7")]


def test_a_single_column_and_a_given_separator(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("name\nAna\n")
    assert rows(tmp_path, "t") == [("Ana",)]
    (tmp_path / "t.csv").write_text("a,b;c\n1,2;3\n")
    assert rows(tmp_path, "t", csv=Format(separator=";")) == [("1,2", "3")]


def test_utf8_with_and_without_mark(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("ñ,b\nÑuñoa,1\n", encoding="utf-8-sig")
    (tmp_path / "b.csv").write_text("ñ,b\nÑuñoa,1\n", encoding="utf-8")
    assert rows(tmp_path, "a") == rows(tmp_path, "b") == [("Ñuñoa", "1")]


def test_another_encoding_is_refused_with_its_place_and_accepted_when_said(tmp_path: Path) -> None:
    (tmp_path / "clientes.csv").write_bytes("id,comuna\n1,Ñuñoa\n".encode("latin-1"))
    with pytest.raises(SourceError, match=r"clientes.csv is not utf-8 text \(byte 0xd1 at position 12\); .* encoding = \"latin-1\""):
        rows(tmp_path, "clientes")
    assert rows(tmp_path, "clientes", csv=Format(encoding="latin-1")) == [("1", "Ñuñoa")]


def test_a_wrong_byte_far_into_a_large_file_is_named(tmp_path: Path) -> None:
    start = b"id,name\n" + b"1,a\n" * 400_000
    (tmp_path / "big.csv").write_bytes(start + b"2,\xe9\n")
    with pytest.raises(SourceError, match=f"position {len(start) + 2}"):
        rows(tmp_path, "big")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "t.csv is empty; its first line must name the columns"),
        ("a,A\n1,2\n", "has two columns named 'a'"),
        ("a,b\n1,2\n1,2,3\n", "has 3 columns near line 3 and 2 in its header"),
        ("a,b\n1\n", "has 1 columns near line 2 and 2 in its header"),
    ],
)
def test_a_file_that_cannot_be_understood_is_named(tmp_path: Path, content: str, sentence: str) -> None:
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(SourceError, match=sentence):
        rows(tmp_path, "t")


def test_files_that_nobody_asks_for_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n")
    (tmp_path / "broken.csv").write_bytes(b"\xff\xfe\x00")
    assert rows(tmp_path, "t", tables={"t"}) == [("1",)]


def test_a_missing_folder_an_empty_one_and_two_files_for_one_table(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreachable, match="does not exist; check the path in INSIGHTS_SOURCE"):
        open_source(f"csv:{tmp_path}/none")
    with pytest.raises(SourceError, match=r"has no .csv or .parquet file"):
        open_source(f"csv:{tmp_path}")
    (tmp_path / "t.csv").write_text("a\n1\n")
    (tmp_path / "t_rows.csv").write_text("a\n1\n")
    with pytest.raises(SourceError, match=r"t.csv and t_rows.csv are both the table t"):
        open_source(f"csv:{tmp_path}")


def test_hostile_names_are_only_names(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('"a""; drop table t; --",":x %s"\n1,2\n')
    assert rows(tmp_path, "t") == [("1", "2")]


def test_parquet_kinds_become_numbers_and_iso_text(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "when": [datetime(2026, 3, 2, 10, 30)],
            "zoned": pd.to_datetime(["2026-03-02 10:30"]).tz_localize("UTC"),
            "day": [date(2026, 3, 2)],
            "money": [Decimal("12.50")],
            "kind": pd.Categorical(["a"]),
            "flag": [True],
            "list": [[1, 2]],
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    when, zoned, *others = rows(tmp_path, "t")[0]
    assert str(when).startswith("2026-03-02 10:30:00")
    assert str(zoned).endswith("Z")
    assert others == ["2026-03-02", 12.5, "a", 1, "[1, 2]"]


def test_a_broken_parquet_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(SourceError, match="t.parquet is not a readable Parquet file"):
        open_source(f"csv:{tmp_path}")
