"""Opening a source: read only, and no message ever has the password in it."""

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, OperationalError, ProgrammingError

from ml.source.engine import describe_source, failed, open_source, source_identity
from ml.source.errors import SourceError, SourceUnreachable


def test_sqlite_is_opened_read_only(tmp_path: Path) -> None:
    path = tmp_path / "a b?c#.db"
    sqlite3.connect(path).execute("create table t (x)").connection.commit()
    engine = open_source(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert connection.execute(sa.text("select count(*) from t")).scalar() == 0
        with pytest.raises(OperationalError, match="readonly"):
            connection.execute(sa.text("insert into t values (1)"))


def test_a_missing_file_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreachable, match="sqlite:none.db does not exist; check the path in INSIGHTS_SOURCE"):
        open_source(f"sqlite:///{tmp_path}/none.db")
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_every_postgres_address_means_psycopg2(scheme: str) -> None:
    engine = open_source(f"{scheme}://u:p%40ss@db.example.com:6543/shop?sslmode=require", timezone="America/Santiago")
    assert engine.url.drivername == "postgresql+psycopg2"
    assert (engine.url.password, engine.url.query["sslmode"]) == ("p@ss", "require")
    assert engine.get_execution_options()["postgresql_readonly"] is True


@pytest.mark.parametrize(
    "url", ["mysql://u:s3cret@h/d", "sqlite:x.db", "s3cret", "postgresql://u:s3c/ret@h@x/d", "postgresql://u:s3cret@h"]
)
def test_another_address_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(SourceError) as caught:
        open_source(url)
    assert "s3c" not in str(caught.value)
    assert "accepted is" in str(caught.value) or "percent-encoded" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("postgres://user:s3cret@db.example.com:6543/shop?password=s3cret", "postgresql://db.example.com:6543/shop"),
        ("postgresql://user:s3c/r#et@h/d@x", "a postgresql address"),
        ("sqlite:////srv/data/shop.db", "sqlite:shop.db"),
        ("csv:data/files", "csv:data/files"),
        ("mysql://u:s3cret@h/d", "an address of another kind"),
    ],
)
def test_a_label_has_no_secret(url: str, label: str) -> None:
    assert describe_source(url) == label


def test_the_password_is_not_part_of_a_sources_identity() -> None:
    assert source_identity("postgres://u:one@h/d") == source_identity("postgresql://u:two@h:5432/d")
    assert source_identity("postgres://u:one@h/d") != source_identity("postgres://v:one@h/d")
    assert source_identity("sqlite:////a/b.db") != source_identity("sqlite:////c/b.db")


@pytest.mark.parametrize("kind", [OperationalError, ProgrammingError, DatabaseError])
def test_a_drivers_message_loses_its_secrets(kind: type[DatabaseError]) -> None:
    url = "postgresql://u:p%40ss@h/d"
    error = kind("select 1", {}, Exception('invalid dsn "p@ss" or "p%40ss"\nsecond line'))
    sentence = str(failed(url, error))
    assert "p@ss" not in sentence
    assert "p%40ss" not in sentence
    assert "second line" not in sentence
    assert isinstance(failed(url, error), SourceUnreachable) == (kind is not ProgrammingError)


def test_a_refused_connection_is_unreachable() -> None:
    url = "postgresql://u:s3cret@127.0.0.1:1/d"
    with pytest.raises(OperationalError) as caught, open_source(url).connect():
        pass
    error = failed(url, caught.value)
    assert isinstance(error, SourceUnreachable)
    assert "s3cret" not in str(error)
    assert "cannot be read" in str(error)
