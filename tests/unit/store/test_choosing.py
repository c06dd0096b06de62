"""A person decides which release serves: verified first, with a reason, kept in the audit; the gate's question is answered once."""

from datetime import date, datetime, timedelta

import pytest

from ml.settings import load_settings
from ml.store import audit, choosing, verdicts
from ml.store.choosing import By, Shelf
from ml.store.engine import begin_write, open_store
from ml.store.pointers import in_service, point_to, pointer_history
from ml.store.refused import Refused
from ml.store.releases import Content, pack, write_release

KEY = "k" * 40
NOW = datetime(2026, 11, 1, 5)
ANA = By("ana@example.com", NOW + timedelta(days=9), "the forecast jumped")


@pytest.fixture
def store(tmp_path):
    return open_store(load_settings(env_file=None, home=tmp_path))


@pytest.fixture
def shelf(tmp_path) -> Shelf:
    return Shelf(tmp_path / "models", KEY)


def release(shelf: Shelf, day: int, predictor: str = "demand") -> str:
    content = Content({predictor: pack(f"{predictor} of day {day}")})
    return write_release(shelf.models, content, key=KEY, now=NOW + timedelta(days=day), as_of=date(2026, 10, 31), fingerprint="f")


def put(store, *release_ids: str) -> None:
    for number, release_id in enumerate(release_ids):
        with begin_write(store) as connection:
            at = NOW + timedelta(days=number)
            point_to(connection, "demand", release_id, at=at, by="system", reason={"code": "not_worse", "params": {}})


def serving(store) -> str:
    with store.connect() as connection:
        return in_service(connection)["demand"]


def ask(store, release_id: str | None, *, state: str = "review", predictor: str = "demand") -> int:
    with begin_write(store) as connection:
        checks = [("not_worse", "ok", {}), ("leak_fit", "ask", {"r2": 0.99})]
        verdicts.write_verdict(connection, run_id=1, predictor=predictor, release_id=release_id, at=NOW, state=state, checks=checks)
        return verdicts.latest_verdicts(connection)[predictor]["id"]


def test_only_what_serves_is_warned_of(store):
    with begin_write(store) as connection:
        checks = [("first_release", "ok", {}), ("leak_fit", "warn", {"r2": 0.99})]
        verdicts.write_verdict(connection, run_id=1, predictor="demand", release_id="old", at=NOW, state="promoted", checks=checks)
        point_to(connection, "demand", "old", at=NOW, by="system", reason={"code": "first_release", "params": {}})
        assert [row["release_id"] for row in verdicts.suspected(connection)] == ["old"]
        point_to(connection, "demand", "new", at=NOW, by="ana", reason={"code": "chosen", "params": {}})
        point_to(connection, "price", "old", at=NOW, by="system", reason={"code": "first_release", "params": {}})
        assert verdicts.suspected(connection) == []


def test_a_release_is_used_with_its_reason_and_audit_row(store, shelf):
    first, second = release(shelf, 0), release(shelf, 1)
    put(store, first, second)
    with begin_write(store) as connection:
        assert choosing.use(connection, shelf, "demand", first, ANA) == second
    with store.connect() as connection:
        newest, row = pointer_history(connection, "demand")[0], audit.latest(connection)[0]
    assert (newest["release_id"], newest["by"]) == (first, "ana@example.com")
    assert newest["reason"] == {"code": "chosen", "params": {"from": second, "note": "the forecast jumped"}}
    assert (row["who"], row["action"], row["target"], row["detail"]["reason"]) == ("ana@example.com", "release.use", "demand", ANA.note)


def test_going_back_and_forth(store, shelf):
    first, second = release(shelf, 0), release(shelf, 1)
    put(store, first, second)
    for expected in (first, second):
        with begin_write(store) as connection:
            assert choosing.go_back(connection, shelf, "demand", ANA) == expected
        assert serving(store) == expected
    with store.connect() as connection:
        assert pointer_history(connection, "demand")[0]["reason"]["code"] == "rollback"


@pytest.mark.parametrize("how", ["no reason", "serves already", "damaged", "no such predictor", "nothing before", "not a name"])
def test_what_cannot_be_used_changes_nothing(store, shelf, how):
    first, second, other = release(shelf, 0), release(shelf, 1), release(shelf, 2, "price")
    put(store, second)
    (shelf.models / "versions" / first / "demand.joblib").write_bytes(b"broken")
    wanted, by, code = {
        "no reason": (first, ANA._replace(note="  "), "reason_missing"),
        "serves already": (second, ANA, "already_serves"),
        "damaged": (first, ANA, "release_damaged"),
        "no such predictor": (other, ANA, "release_damaged"),
        "nothing before": (None, ANA, "nothing_before"),
        "not a name": ("../../etc", ANA, "release_damaged"),
    }[how]
    with pytest.raises(Refused) as refused, begin_write(store) as connection:
        if wanted is None:
            choosing.go_back(connection, shelf, "demand", by)
        else:
            choosing.use(connection, shelf, "demand", wanted, by)
    assert refused.value.code == code
    assert serving(store) == second
    with store.connect() as connection:
        assert audit.latest(connection) == []


def test_a_yes_puts_into_service_what_was_asked_and_only_once(store, shelf):
    champion, asked = release(shelf, 0), release(shelf, 1)
    put(store, champion)
    number = ask(store, asked)
    with begin_write(store) as connection:
        assert choosing.say_yes(connection, shelf, number, ANA) == asked
    assert serving(store) == asked
    with store.connect() as connection:
        assert verdicts.waiting(connection) == {}
        row = verdicts.latest_verdicts(connection)["demand"]
        assert pointer_history(connection, "demand")[0]["reason"]["code"] == "approved"
    assert (row["answer"], row["answered_by"], row["note"]) == ("yes", "ana@example.com", ANA.note)
    with pytest.raises(Refused) as refused, begin_write(store) as connection:
        choosing.say_no(connection, number, ANA)
    assert refused.value.code == "review_gone"


def test_a_no_keeps_what_serves(store, shelf):
    put(store, champion := release(shelf, 0))
    number = ask(store, release(shelf, 1))
    with pytest.raises(Refused), begin_write(store) as connection:
        choosing.say_no(connection, number, ANA._replace(note=""))
    with begin_write(store) as connection:
        choosing.say_no(connection, number, ANA)
    assert serving(store) == champion
    with store.connect() as connection:
        assert verdicts.waiting(connection) == {}
        assert audit.latest(connection)[0]["action"] == "release.refuse"


def test_a_newer_verdict_takes_the_place_of_a_question(store):
    ask(store, "r1")
    ask(store, "r9", predictor="price")
    with store.connect() as connection:
        assert {name: row["code"] for name, row in verdicts.waiting(connection).items()} == {"demand": "leak_fit", "price": "leak_fit"}
    ask(store, "r2", state="kept")
    ask(store, None, predictor="price")
    with store.connect() as connection:
        assert verdicts.waiting(connection) == {}


def test_what_can_be_chosen_is_ours_and_holds_the_predictor(store, shelf):
    first, second, _ = release(shelf, 0), release(shelf, 1), release(shelf, 2, "price")
    assert choosing.available(shelf, "demand") == [second, first]
    (shelf.models / "versions" / second / "manifest.json").write_text("{}")
    assert choosing.available(shelf, "demand") == [first]
