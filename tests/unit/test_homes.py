"""A home is copied whole while another process has its database open."""

import sqlite3
from contextlib import closing

from tests.homes import copy_home


def test_what_stands_in_the_log_of_an_open_database_comes_along_and_the_log_does_not(tmp_path):
    (tmp_path / "home" / "data").mkdir(parents=True)
    (tmp_path / "home" / "snapshots").mkdir()
    (tmp_path / "home" / "note.txt").write_text("kept")
    with closing(sqlite3.connect(tmp_path / "home" / "data" / "store.db")) as open_elsewhere:
        open_elsewhere.execute("PRAGMA journal_mode = WAL")
        open_elsewhere.execute("CREATE TABLE said (word TEXT)")
        open_elsewhere.execute("INSERT INTO said VALUES ('hello')")
        open_elsewhere.commit()
        assert (tmp_path / "home" / "data" / "store.db-wal").stat().st_size
        copy = copy_home(tmp_path / "home", tmp_path / "copy", "snapshots")
    with closing(sqlite3.connect(copy / "data" / "store.db")) as copied:
        assert copied.execute("SELECT word FROM said").fetchall() == [("hello",)]
    assert (copy / "note.txt").read_text() == "kept" and not (copy / "snapshots").exists()
