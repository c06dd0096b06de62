"""Reading as a whole: the snapshot serves when the source is gone, and only then."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from ml.settings import Settings
from ml.source import reading as module
from ml.source.check import describe
from ml.source.errors import MappingError, SourceError
from ml.source.reading import read_company
from tests.unit.source.conftest import TODAY, Company, codes, write_sqlite

Make = Callable[..., Settings]


@pytest.fixture
def source(tmp_path: Path, company: Company) -> str:
    return write_sqlite(tmp_path / "shop.db", company)


def test_the_last_snapshot_serves_when_the_source_is_gone(tmp_path: Path, settings_for: Make, source: str) -> None:
    settings = settings_for(source)
    fresh = read_company(settings, TODAY)
    (tmp_path / "shop.db").unlink()
    served = read_company(settings, TODAY + timedelta(days=30))
    assert (served.from_snapshot, served.fingerprint, served.as_of) == (True, fresh.fingerprint, fresh.as_of)
    assert served.findings[0].code == "from_snapshot"
    assert served.findings[0].params == {"read_on": "2026-03-16"}
    assert served.findings[1:] == fresh.findings
    assert served.spans == fresh.spans
    assert "last snapshot" in describe(served)


def test_a_file_that_is_no_database_is_gone_too(tmp_path: Path, settings_for: Make, source: str) -> None:
    settings = settings_for(source)
    read_company(settings, TODAY)
    (tmp_path / "shop.db").write_bytes(b"not a database, " * 100)
    assert read_company(settings, TODAY).from_snapshot


def test_another_source_and_another_mapping_have_no_snapshot(tmp_path: Path, settings_for: Make, source: str) -> None:
    read_company(settings_for(source), TODAY)
    (tmp_path / "shop.db").unlink()
    with pytest.raises(SourceError, match=r"shop.db does not exist; .* There is no snapshot of this source and mapping to fall back on"):
        read_company(settings_for(source, "lines"), TODAY)
    with pytest.raises(SourceError, match="other.db does not exist"):
        read_company(settings_for(f"sqlite:///{tmp_path}/other.db"), TODAY)


def test_a_mistake_in_the_mapping_is_not_hidden_by_a_snapshot(settings_for: Make, source: str, write_mapping: Callable[[str], str]) -> None:
    read_company(settings_for(source), TODAY)
    with pytest.raises(MappingError):
        read_company(settings_for(source, write_mapping('[orders]\namount = "total"\n')), TODAY)


def test_a_disk_that_refuses_does_not_stop_the_reading(settings_for: Make, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(module, "keep_snapshot", refuse)
    assert codes(read_company(settings_for(source), TODAY).findings)["snapshot_not_kept"] == 0


def test_reading_twice_gives_the_same_fingerprint_and_one_snapshot(settings_for: Make, source: str) -> None:
    settings = settings_for(source)
    assert read_company(settings, TODAY).fingerprint == read_company(settings, TODAY).fingerprint
    assert len(list((settings.data_folder / "snapshots").iterdir())) == 1


def test_as_of_can_be_said_but_not_before_the_first_order(settings_for: Make, source: str) -> None:
    assert read_company(settings_for(source, as_of=date(2026, 3, 5)), TODAY).as_of == date(2026, 3, 5)
    with pytest.raises(SourceError, match="INSIGHTS_AS_OF is 2020-01-01, but the first order is of 2026-03-02"):
        read_company(settings_for(source, as_of=date(2020, 1, 1)), TODAY)


def test_the_rate_of_vat_can_be_handed_in(settings_for: Make, source: str) -> None:
    none = read_company(settings_for(source), TODAY, vat_rate=0.0).monthly_totals
    assert none["net"].tolist() == none["gross"].tolist()


def test_check_says_what_was_understood(settings_for: Make, source: str) -> None:
    text = describe(read_company(settings_for(source), TODAY))
    for part in (
        "sqlite:shop.db",
        "3t_orders",
        "2026-03-11",
        "payment_status is Interno",
        "left out",
        "2026-03",
        "with VAT",
        "order_type is compras",
    ):
        assert part in text
