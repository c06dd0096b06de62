"""A release is there completely or not at all, and nothing is unpickled before it is verified."""

import json
import os
from datetime import date, datetime
from pathlib import Path

import pytest

from ml.settings import load_settings
from ml.store.releases import (
    MANIFEST,
    Content,
    ReleaseError,
    describe_release,
    list_releases,
    load_predictor,
    pack,
    remove_unfinished,
    signing_key,
    verify_release,
    write_release,
)

KEY, OTHER_KEY = "k" * 40, "o" * 40
NOW = datetime(2026, 11, 1, 5, 0, 7)


class Bomb:
    """Unpickling it leaves a trace: a test sees whether a refused file was unpickled all the same."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


def write(models: Path, predictors=None, key: str = KEY, now: datetime = NOW) -> str:
    return write_release(
        models,
        Content(
            {name: pack(predictor) for name, predictor in (predictors or {"demand": {"level": 3.5}, "price": [1, 2]}).items()},
            metrics={"demand": {"orders": {"metric": "mase", "value": 0.8}}},
        ),
        key=key,
        now=now,
        as_of=date(2026, 10, 31),
        fingerprint="abc",
    )


@pytest.fixture
def models(tmp_path) -> Path:
    return tmp_path / "models"


def test_what_is_written_is_read_back(models):
    release_id = write(models)
    assert release_id.startswith("20261101T050007Z-")
    assert load_predictor(models, release_id, "demand", KEY) == {"level": 3.5}
    assert load_predictor(models, release_id, "price", KEY) == [1, 2]
    assert verify_release(models, release_id, KEY) == []
    assert list_releases(models) == [release_id]


def test_the_manifest_says_what_it_was_made_from(models):
    release = describe_release(models, write(models), KEY)
    assert (release.as_of, release.fingerprint, release.predictors) == (date(2026, 10, 31), "abc", ("demand", "price"))
    assert release.metrics["demand"]["orders"]["value"] == 0.8
    assert "pandas" in release.libraries
    assert release.size_bytes > 0


def test_equal_releases_have_equal_hashes_and_different_ones_do_not(models, tmp_path):
    assert write(models) == write(tmp_path / "again")
    assert write(tmp_path / "other", {"demand": {"level": 4.0}}) != list_releases(models)[0]


def test_equal_models_of_one_second_are_two_releases(models):
    first = write(models)
    assert write(models, now=NOW.replace(microsecond=1)) != first
    assert len(list_releases(models)) == 2


def test_a_truncated_file_is_refused_before_unpickling(models, tmp_path):
    release_id = write(models, {"demand": Bomb(tmp_path / "exploded")})
    path = models / "versions" / release_id / "demand.joblib"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ReleaseError, match=rf"demand.joblib of release {release_id} has \d+ bytes instead of \d+"):
        load_predictor(models, release_id, "demand", KEY)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("place", [0, 10, -1])
def test_a_flipped_bit_is_refused_before_unpickling(models, tmp_path, place):
    release_id = write(models, {"demand": Bomb(tmp_path / "exploded")})
    path = models / "versions" / release_id / "demand.joblib"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(ReleaseError, match="is damaged: its SHA-256 differs"):
        load_predictor(models, release_id, "demand", KEY)
    assert not (tmp_path / "exploded").exists()


def test_the_bomb_would_have_exploded(models, tmp_path):
    load_predictor(models, write(models, {"demand": Bomb(tmp_path / "exploded")}), "demand", KEY)
    assert (tmp_path / "exploded").exists()


def test_a_rewritten_manifest_is_refused_although_its_hashes_fit(models, tmp_path):
    release_id, other = write(models), write(tmp_path / "other", {"demand": "evil"})
    folder = models / "versions" / release_id
    evil = (tmp_path / "other" / "versions" / other / "demand.joblib").read_bytes()
    (folder / "demand.joblib").write_bytes(evil)
    manifest = json.loads((folder / MANIFEST).read_text())
    theirs = json.loads((tmp_path / "other" / "versions" / other / MANIFEST).read_text())
    manifest["files"]["demand.joblib"] = theirs["files"]["demand.joblib"]
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(ReleaseError, match="was changed or signed with another INSIGHTS_SECRET_KEY"):
        load_predictor(models, release_id, "demand", KEY)


def test_a_whole_folder_under_another_name_is_refused(models):
    release_id = write(models)
    (models / "versions" / release_id).rename(models / "versions" / "20270101T000000Z-aaaaaaaa")
    with pytest.raises(ReleaseError, match=f"holds the release {release_id}"):
        load_predictor(models, "20270101T000000Z-aaaaaaaa", "demand", KEY)


def test_another_key_is_refused(models):
    release_id = write(models)
    with pytest.raises(ReleaseError, match="another INSIGHTS_SECRET_KEY"):
        load_predictor(models, release_id, "demand", OTHER_KEY)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"signature": 5}', b"\xff\xfe"])
def test_a_garbled_manifest_is_refused(models, content):
    release_id = write(models)
    (models / "versions" / release_id / MANIFEST).write_bytes(content)
    with pytest.raises(ReleaseError, match=f"manifest of release {release_id}"):
        load_predictor(models, release_id, "demand", KEY)


def test_a_missing_folder_file_or_predictor_is_one_sentence(models):
    with pytest.raises(ReleaseError, match="The release gone is missing"):
        load_predictor(models, "gone", "demand", KEY)
    release_id = write(models)
    with pytest.raises(ReleaseError, match="has no file churn.joblib"):
        load_predictor(models, release_id, "churn", KEY)
    (models / "versions" / release_id / "price.joblib").unlink()
    with pytest.raises(ReleaseError, match="price.joblib of release .* is missing"):
        load_predictor(models, release_id, "price", KEY)
    assert load_predictor(models, release_id, "demand", KEY) == {"level": 3.5}


@pytest.mark.parametrize("name", ["", "../escape", "a/b"])
def test_a_name_that_leaves_the_folder_is_no_release(models, name):
    with pytest.raises(ReleaseError, match="is not the name of a release"):
        load_predictor(models, name, "demand", KEY)


def test_a_disk_that_refuses_leaves_nothing_half_written(models):
    models.parent.mkdir(exist_ok=True)
    models.write_text("a file where the folder should be")
    with pytest.raises(ReleaseError, match="The models could not be written"):
        write(models)


def test_a_full_disk_leaves_the_old_releases_and_no_part_of_the_new(models, monkeypatch):
    kept = write(models)

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ml.store.releases.os.fsync", full)
    with pytest.raises(ReleaseError, match="No space left on device"):
        write(models, {"demand": "new"})
    assert [path.name for path in (models / "versions").iterdir()] == [kept]


def test_leftovers_of_a_dead_process_are_removed_and_those_of_a_living_one_kept(models):
    versions = models / "versions"
    for pid in (999_999_999, os.getpid()):
        (versions / f".unfinished-{pid}-20260101T000000000000").mkdir(parents=True)
    assert list_releases(models) == []
    assert remove_unfinished(models) == [".unfinished-999999999-20260101T000000000000"]
    assert len(list(versions.iterdir())) == 1


def test_what_cannot_be_stored_is_one_sentence():
    with pytest.raises(ReleaseError, match="The predictor cannot be stored"):
        pack(lambda: 1)


def test_without_a_key_nothing_is_signed():
    with pytest.raises(ReleaseError, match="INSIGHTS_SECRET_KEY is not set"):
        signing_key(load_settings(env_file=None))
