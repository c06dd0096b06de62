"""A retrain killed between files and pointer, a full disk, damage: never an unreadable or mixed release, and the one before serves."""

import os
import random
import resource
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime

import pytest

from ml import gathering, pipeline
from ml.store.engine import begin_write, open_store
from ml.store.pointers import in_service, point_to, serve
from ml.store.releases import Content, ReleaseError, list_releases, load_predictor, pack, remove_unfinished, write_release
from tests import crashes
from tests.conftest import SECRET_KEY, settings_for
from tests.unit.store.test_releases import Bomb

NOW = datetime(2026, 11, 1, 5)
PATCHED = ((pipeline, "PREDICTORS"), (pipeline, "make_predictor"), (gathering, "read_company"), (pipeline, "examine_release"))
REASON = {"code": "not_worse", "params": {}}


@pytest.fixture(autouse=True)
def company(monkeypatch):
    for place, name in PATCHED:
        monkeypatch.setattr(place, name, getattr(place, name))  # put back after the test
    crashes.prepare()


@pytest.fixture(scope="module")
def once_trained(tmp_path_factory):
    """INSIGHTS_HOME after one retrain. Read only."""
    home = tmp_path_factory.mktemp("once") / "home"
    kept = [(place, name, getattr(place, name)) for place, name in PATCHED]
    crashes.prepare()
    crashes.retrained(settings_for(home, source="csv:toy"), 1)
    for place, name, value in kept:
        setattr(place, name, value)
    return home


@pytest.fixture
def settings(once_trained, tmp_path):
    return settings_for(shutil.copytree(once_trained, tmp_path / "home"), source="csv:toy")


@pytest.mark.parametrize("moment", crashes.MOMENTS, ids=lambda moment: moment[0])
def test_killed_at_this_moment_what_serves_is_whole_and_of_one_release(settings, moment):
    assert crashes.killed(settings, 2, moment)
    assert crashes.look(settings) == []
    crashes.retrained(settings, 3)
    assert crashes.look(settings) == []
    assert not [path for path in (settings.models_folder / "versions").iterdir() if path.name.startswith(".")]


def test_killed_at_random_moments(settings):
    rng = random.Random(3)
    for number in range(2, 12):
        crashes.killed(settings, number, None, rng.uniform(0.02, 0.6))
        assert crashes.look(settings) == []


def test_a_full_disk_leaves_the_release_before_in_service(settings):
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (400, 400))
        try:
            content = Content({"orders": pack(os.urandom(5_000))})
            write_release(settings.models_folder, content, key=SECRET_KEY, now=NOW, as_of=date(2026, 1, 1), fingerprint="f")
        except ReleaseError as error:
            os._exit(7 if "could not be written" in str(error) else 8)
        finally:
            os._exit(9)
    before = list_releases(settings.models_folder)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert list_releases(settings.models_folder) == before
    assert remove_unfinished(settings.models_folder) == []
    assert crashes.look(settings) == []


def test_every_damage_is_found_before_unpickling_and_the_release_before_serves(tmp_path):
    models, trace = tmp_path / "models", tmp_path / "unpickled"
    store = open_store(settings_for(tmp_path, source="csv:toy"))
    first = write_release(models, Content({"orders": pack("whole")}), key=SECRET_KEY, now=NOW, as_of=date(2026, 1, 1), fingerprint="f")
    bomb = Content({"orders": pack(Bomb(trace))}, beside={"orders.judged.parquet": b"x" * 300})
    second = write_release(models, bomb, key=SECRET_KEY, now=NOW.replace(hour=6), as_of=date(2026, 1, 1), fingerprint="f")
    with begin_write(store) as connection:
        for release_id in (first, second):
            point_to(connection, "orders", release_id, at=NOW, by="x", reason=REASON)
    rng, folder = random.Random(5), models / "versions" / second
    with store.connect() as connection:
        for _ in range(500):
            path = folder / rng.choice(["orders.joblib", "manifest.json"])
            content = path.read_bytes()
            changed = crashes.damaged(content, rng)
            path.write_bytes(changed)
            served = serve(connection, models, "orders", SECRET_KEY)
            assert changed == content or (served.predictor, served.release_id, len(served.problems)) == ("whole", first, 1)
            path.write_bytes(content)
    assert not trace.exists()


def test_a_manifest_that_was_edited_is_refused(tmp_path):
    models = tmp_path / "models"
    release = write_release(models, Content({"orders": pack("whole")}), key=SECRET_KEY, now=NOW, as_of=date(2026, 1, 1), fingerprint="f")
    path = models / "versions" / release / "manifest.json"
    path.write_text(path.read_text().replace("2026-01-01", "2026-01-02"))
    with pytest.raises(ReleaseError, match="was changed or signed with another"):
        load_predictor(models, release, "orders", SECRET_KEY)


def test_readers_see_whole_releases_while_others_come_into_service(tmp_path):
    settings = settings_for(tmp_path, source="csv:toy")
    store, models = open_store(settings), settings.models_folder

    def put(number: int) -> None:
        content = Content({"orders": pack({"number": number, "weights": [number] * 500})})
        release = write_release(
            models, content, key=SECRET_KEY, now=NOW.replace(microsecond=number), as_of=date(2026, 1, 1), fingerprint="f"
        )
        with begin_write(store) as connection:
            point_to(connection, "orders", release, at=NOW, by="x", reason=REASON)

    def read(_number: int) -> bool:
        with store.connect() as connection:
            served = serve(connection, models, "orders", SECRET_KEY)
            pointed = in_service(connection)["orders"]
        return served.problems == () and served.release_id == pointed and set(served.predictor["weights"]) == {served.predictor["number"]}

    put(1)
    with ThreadPoolExecutor(4) as readers:
        found = readers.map(read, range(400))
        for number in range(2, 20):
            put(number)
        assert all(found)
