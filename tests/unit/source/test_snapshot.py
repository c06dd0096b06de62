"""Snapshots: whole or not at all, five of a source, damaged ones refused."""

import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from ml.source import snapshot as module
from ml.source.errors import SourceError
from ml.source.findings import Finding
from ml.source.snapshot import Snapshot, SnapshotDamaged, fingerprint_of, keep_snapshot, last_snapshot, load_snapshot
from ml.source.tables import SPECS, Tables, conform

FOUND = [Finding("excluded", "orders", 2, "left_out", ("1", "2"), {"column": "x"})]


def made(amount: float = 5.0, findings: list[Finding] = FOUND) -> Snapshot:
    day = pd.Timestamp("2026-03-02")
    orders = pd.DataFrame({"order_id": ["1"], "customer_id": ["A"], "order_date": [day], "amount": [amount], "known_at": [day]})
    tables = Tables({"orders": conform(SPECS["orders"], orders)})
    return Snapshot(tables, findings, date(2026, 3, 2), date(2026, 3, 3), fingerprint_of(tables), "sqlite:shop.db")


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    kept = made()
    path = keep_snapshot(tmp_path, kept, identity="one")
    assert path == tmp_path / kept.fingerprint
    back, damaged = last_snapshot(tmp_path, identity="one")
    pd.testing.assert_frame_equal(back.tables["orders"], kept.tables["orders"])
    assert (back.findings, back.as_of, back.read_on, back.source, damaged) == (FOUND, kept.as_of, kept.read_on, kept.source, [])
    assert fingerprint_of(back.tables) == kept.fingerprint


def test_the_fingerprint_follows_every_cell() -> None:
    assert made(5.0).fingerprint == made(5.0).fingerprint != made(5.1).fingerprint


def test_another_source_has_no_snapshot_here(tmp_path: Path) -> None:
    keep_snapshot(tmp_path, made(), identity="one")
    with pytest.raises(SourceError, match="There is no snapshot of this source and mapping to fall back on"):
        last_snapshot(tmp_path, identity="two")
    with pytest.raises(SourceError, match="no snapshot"):
        last_snapshot(tmp_path / "none", identity="one")


def test_the_last_five_of_a_source_stay(tmp_path: Path) -> None:
    other = keep_snapshot(tmp_path, made(99), identity="two")
    paths = [keep_snapshot(tmp_path, made(amount), identity="one") for amount in range(1, 8)]
    assert [path.exists() for path in paths] == [False, False, True, True, True, True, True]
    assert other.exists()
    assert last_snapshot(tmp_path, identity="one")[0].tables["orders"]["amount"].tolist() == [7]


def test_the_same_data_again_is_the_newest(tmp_path: Path) -> None:
    for amount in (1, 2, 1):
        keep_snapshot(tmp_path, made(amount), identity="one")
    assert last_snapshot(tmp_path, identity="one")[0].tables["orders"]["amount"].tolist() == [1]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_flipped_byte_is_refused_and_the_one_before_serves(tmp_path: Path) -> None:
    keep_snapshot(tmp_path, made(1), identity="one")
    path = keep_snapshot(tmp_path, made(2), identity="one")
    file = path / "orders.parquet"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(SnapshotDamaged, match="is damaged; it is not used"):
        load_snapshot(path)
    back, damaged = last_snapshot(tmp_path, identity="one")
    assert back.tables["orders"]["amount"].tolist() == [1]
    assert damaged == [path.name]
    keep_snapshot(tmp_path, made(2), identity="one")  # read again: written anew
    assert load_snapshot(path).tables["orders"]["amount"].tolist() == [2]


@pytest.mark.parametrize("harm", ["cut", "missing", "manifest", "form"])
def test_every_kind_of_damage_is_refused(tmp_path: Path, harm: str) -> None:
    path = keep_snapshot(tmp_path, made(), identity="one")
    file, manifest = path / "orders.parquet", path / "manifest.json"
    if harm == "cut":
        file.write_bytes(file.read_bytes()[:50])
    elif harm == "missing":
        file.unlink()
    elif harm == "manifest":
        manifest.write_text("{")
    else:
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"format": 99}))
    with pytest.raises(SnapshotDamaged):
        load_snapshot(path)


def test_a_write_that_breaks_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_replace_text", full_disk)
    with pytest.raises(OSError, match="No space"):
        keep_snapshot(tmp_path, made(), identity="one")
    assert list(tmp_path.iterdir()) == []
