"""The doors: make, extend, ask for the end; and what stays when the end moves."""

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from ml.source.demo import demo_end, extend_demo, make_demo
from ml.source.demo.schema import metadata
from ml.source.demo.sizes import DemoError
from tests.unit.source.demo.conftest import END

LATER = END + timedelta(days=75)
MOVES_ON = {
    "3t_orders": {
        "status", "payment_status", "delivered_date", "delivery_datetime", "payment_date", "invoice_date", "bottles_delivered",
        "bottles_returned", "botellones_entregados", "route_distance_km",
    },
    "3t_purchases": {"completed_date", "status"},
    "3t_invoices": {"status"},
    "3t_customers": {"price"},
    "3t_products": {"price_neto", "pv_iva_inc"},
    "3t_saved_routes": {"route_data", "total_orders", "total_routes"},
    "demo_company": {"value"},
}  # fmt: skip


def _tables(path: Path) -> dict[str, pd.DataFrame]:
    with closing(sqlite3.connect(path)) as connection:
        return {name: pd.read_sql(f'SELECT * FROM "{name}"', connection) for name in metadata.tables}


def test_equal_size_seed_and_end_give_equal_rows_and_others_do_not(tmp_path: Path) -> None:
    made = make_demo(tmp_path / "a.db", "tiny", END)
    make_demo(tmp_path / "b.db", "tiny", END, 7)
    make_demo(tmp_path / "c.db", "tiny", END, 8)
    a, b, c = (_tables(tmp_path / f"{name}.db") for name in "abc")
    for name in metadata.tables:
        pd.testing.assert_frame_equal(a[name], b[name])
    assert not a["3t_orders"].equals(c["3t_orders"])
    assert made.counts["3t_orders"] == len(a["3t_orders"])
    assert (made.start, made.end) == (END - timedelta(days=399), END)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.fixture(scope="module", params=["tiny", "small"])
def moved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, pd.DataFrame]]:
    """Tables of a company made to END, the same extended to LATER (tiny in two steps), and one made to LATER at once."""
    folder = tmp_path_factory.mktemp(f"moved-{request.param}")
    path, at_once = folder / "extended.db", folder / "at_once.db"
    start = make_demo(path, request.param, END).start
    first = _tables(path)
    added = (extend_demo(path, END + timedelta(days=1)) if request.param == "tiny" else 0) + extend_demo(path, LATER)
    make_demo(at_once, request.param, LATER, start=start)
    extended = _tables(path)
    assert added == len(extended["3t_orders"]) - len(first["3t_orders"]) > 20
    assert demo_end(path) == LATER
    return {"first": first, "extended": extended, "at_once": _tables(at_once)}


def test_extended_equals_made_at_once_row_for_row(moved: dict[str, dict[str, pd.DataFrame]]) -> None:
    for name in metadata.tables:
        pd.testing.assert_frame_equal(moved["extended"][name], moved["at_once"][name])


@pytest.mark.parametrize("name", sorted(set(metadata.tables) - {"3t_addresses"}))
def test_the_past_does_not_change(name: str, moved: dict[str, dict[str, pd.DataFrame]]) -> None:
    first, extended = moved["first"][name], moved["extended"][name]
    fixed = [column for column in first.columns if column not in MOVES_ON.get(name, set())]
    pd.testing.assert_frame_equal(extended[fixed].head(len(first)), first[fixed], check_dtype=False)


def test_what_was_known_stays_known(moved: dict[str, dict[str, pd.DataFrame]]) -> None:
    first, extended = moved["first"]["3t_orders"], moved["extended"]["3t_orders"].head(len(moved["first"]["3t_orders"]))
    learnt = 0
    for column in ("delivered_date", "payment_date", "invoice_date", "route_distance_km"):
        known = first[column].notna()
        assert extended.loc[known, column].tolist() == first.loc[known, column].tolist()
        learnt += int(extended.loc[~known, column].notna().sum())
    assert learnt > 10


def test_extending_to_an_earlier_or_equal_day_does_nothing(tmp_path: Path) -> None:
    path = tmp_path / "demo.db"
    make_demo(path, "tiny", END)
    before = path.read_bytes()
    assert extend_demo(path, END) == 0
    assert extend_demo(path, END - timedelta(days=30)) == 0
    assert path.read_bytes() == before


def test_there_is_no_end_where_there_is_no_demo_company(tmp_path: Path) -> None:
    assert demo_end(tmp_path / "none.db") is None
    (tmp_path / "text.db").write_text("not a database, but longer than a header of one hundred bytes would be " * 3)
    assert demo_end(tmp_path / "text.db") is None
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER)")
    assert demo_end(tmp_path / "other.db") is None
    with pytest.raises(DemoError, match="There is no demo company at .*other.db; make one with `python -m ml demo`."):
        extend_demo(tmp_path / "other.db", END)


def test_a_leap_days_company_is_made_too(tmp_path: Path) -> None:
    assert make_demo(tmp_path / "leap.db", "tiny", date(2028, 2, 29)).end == date(2028, 2, 29)
