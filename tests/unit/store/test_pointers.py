"""What is in service is what the table says; a damaged release gives way to the one before; the mirror is repaired."""

import json
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from ml.settings import load_settings
from ml.store.engine import begin_write, open_store
from ml.store.pointers import in_service, mirror, point_to, pointer_history, serve
from ml.store.releases import Content, ReleaseError, pack, write_release
from ml.store.schema import release_pointer

KEY = "k" * 40
NOW = datetime(2026, 11, 1, 5)
FIRST = {"code": "first_release", "params": {}}


@pytest.fixture
def store(tmp_path):
    return open_store(load_settings(env_file=None, home=tmp_path))


@pytest.fixture
def models(tmp_path):
    return tmp_path / "models"


def release(models, day: int, content: str = "") -> str:
    made = NOW + timedelta(days=day)
    files = {"demand": pack(content or f"demand of day {day}")}
    return write_release(models, Content(files), key=KEY, now=made, as_of=date(2026, 10, 31), fingerprint="f")


def put(store, *release_ids: str, predictor: str = "demand") -> None:
    for number, release_id in enumerate(release_ids):
        with begin_write(store) as connection:
            point_to(connection, predictor, release_id, at=NOW + timedelta(days=number), by="system", reason=FIRST)


def test_the_highest_number_of_each_predictor_serves(store):
    put(store, "a", "b")
    put(store, "c", predictor="price")
    with store.connect() as connection:
        assert in_service(connection) == {"demand": "b", "price": "c"}
        assert [(row["release_id"], row["seq"], row["reason"]["code"]) for row in pointer_history(connection, "demand")] == [
            ("b", 2, "first_release"),
            ("a", 1, "first_release"),
        ]


def test_two_changes_cannot_have_the_same_number(store):
    put(store, "a")
    row = {"predictor": "demand", "seq": 1, "release_id": "x", "at": NOW, "by": "b", "reason": "{}"}
    with pytest.raises(sa.exc.IntegrityError), begin_write(store) as connection:
        connection.execute(sa.insert(release_pointer).values(**row))


def test_a_damaged_release_gives_way_to_the_one_before_and_says_so(store, models):
    first, second, third = (release(models, day) for day in range(3))
    put(store, first, second, third)
    (models / "versions" / third / "demand.joblib").write_bytes(b"broken")
    (models / "versions" / second / "manifest.json").unlink()
    with store.connect() as connection:
        served = serve(connection, models, "demand", KEY)
    assert (served.predictor, served.release_id) == ("demand of day 0", first)
    assert len(served.problems) == 2
    assert third in served.problems[0]
    assert second in served.problems[1]


def test_no_release_and_no_whole_release_are_sentences(store, models):
    with (
        store.connect() as connection,
        pytest.raises(ReleaseError, match="no release of demand in service yet: run `python -m ml retrain`"),
    ):
        serve(connection, models, "demand", KEY)
    put(store, "gone")
    with store.connect() as connection, pytest.raises(ReleaseError, match="No release of demand can be used: The release gone is missing"):
        serve(connection, models, "demand", KEY)


def test_a_pointer_that_was_rolled_back_with_its_transaction_never_was(store):
    put(store, "a")
    with pytest.raises(ZeroDivisionError), begin_write(store) as connection:
        point_to(connection, "demand", "b", at=NOW, by="system", reason=FIRST)
        raise ZeroDivisionError
    with store.connect() as connection:
        assert in_service(connection) == {"demand": "a"}


@pytest.mark.parametrize("garbled", [None, "", "{", '{"demand": "stale"}'])
def test_the_mirror_is_repaired_from_the_table(store, models, garbled):
    put(store, "a")
    models.mkdir()
    if garbled is not None:
        (models / "current.json").write_text(garbled)
    with store.connect() as connection:
        assert mirror(connection, models) == {"demand": "a"}
    assert json.loads((models / "current.json").read_text()) == {"demand": "a"}
    assert [path.name for path in models.iterdir()] == ["current.json"]


def test_no_mirror_is_made_of_nothing(store, models):
    with store.connect() as connection:
        assert mirror(connection, models) == {}
    assert not models.exists()
