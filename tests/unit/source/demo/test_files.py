import sqlite3
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from ml.source.demo.company import Company
from ml.source.demo.files import count_rows, read_made, remade_plan, write_file
from ml.source.demo.sizes import DemoError

Frames = dict[str, pd.DataFrame]


def test_a_file_remembers_how_it_was_made(tmp_path: Path, tiny: Company, tiny_records: Frames) -> None:
    path = tmp_path / "deep" / "demo.db"
    write_file(path, tiny.plan, tiny_records)
    made = read_made(path)
    assert made is not None
    assert (made.size, made.seed, made.start, made.end) == ("tiny", 7, tiny.plan.start, tiny.plan.end)
    assert remade_plan(made, made.end) == tiny.plan
    assert count_rows(path, "3t_customers") == 60


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, tiny: Company, tiny_records: Frames) -> None:
    path = tmp_path / "demo.db"
    write_file(path, tiny.plan, tiny_records)
    before = path.read_bytes()
    broken = {**tiny_records, "3t_users": tiny_records["3t_users"].assign(email=[object()] * 3)}
    with pytest.raises(DemoError, match="could not be written to"):
        write_file(path, tiny.plan, broken)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_a_file_is_an_error_in_one_sentence(tmp_path: Path, tiny: Company, tiny_records: Frames) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DemoError, match="Give it a folder that can be written."):
        write_file(tmp_path / "file" / "demo.db", tiny.plan, tiny_records)


def test_a_reader_keeps_its_file_while_a_new_one_comes(tmp_path: Path, tiny: Company, tiny_records: Frames) -> None:
    path = tmp_path / "demo.db"
    write_file(path, tiny.plan, tiny_records)
    reader = sqlite3.connect(path)
    reader.execute("BEGIN")
    count = reader.execute('SELECT count(*) FROM "3t_orders"').fetchone()
    write_file(path, tiny.plan, {**tiny_records, "3t_orders": tiny_records["3t_orders"].head(1)})
    assert reader.execute('SELECT count(*) FROM "3t_orders"').fetchone() == count
    reader.close()
    assert count_rows(path, "3t_orders") == 1


def test_types_come_back_through_reflection(tmp_path: Path, tiny: Company, tiny_records: Frames) -> None:
    path = tmp_path / "demo.db"
    write_file(path, tiny.plan, tiny_records)
    engine = sa.create_engine(f"sqlite:///{path}")
    table = sa.Table("3t_orders", sa.MetaData(), autoload_with=engine)
    with engine.connect() as connection:
        row = connection.execute(sa.select(table).where(table.c.delivery_datetime.is_not(None)).limit(1)).mappings().one()
    engine.dispose()
    assert row["order_date"].isoformat() <= tiny.plan.end.isoformat()
    assert row["delivery_datetime"].date() == row["order_date"]
    assert isinstance(row["order_id"], str)
