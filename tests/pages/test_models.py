"""The Models screen: which version serves is chosen with a reason, by those who may, and every open page sees it at its next rerun."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from ml.i18n import translator
from ml.store import schema, verdicts
from ml.store.engine import begin_write
from ml.store.pointers import in_service, point_to
from ml.store.predictions import write_predictions
from ml.store.releases import Content, pack, write_release
from tests.fakes import rows_of
from tests.pages.conftest import texts_of
from tests.pages.filled_store import AS_OF, NOW
from tests.pages.pressing import button, everything_written, field, rows
from ui import actions_models, presses, store_access

ES, EN = translator("es"), translator("en")
KEY = "k" * 40


@pytest.fixture
def queued(monkeypatch) -> list[str]:
    """The jobs that were asked for instead of being started."""
    asked: list[str] = []
    monkeypatch.setattr(
        actions_models, "request_job", lambda _settings, _store, name, *, requested_by: asked.append(f"{name} {requested_by}")
    )
    return asked


@pytest.fixture
def releases(own_full_home, store_at) -> list[str]:
    """Two versions of demand on disk, the newer one in service; each said something at its own as_of."""
    store_at(own_full_home)
    made = []
    for number, as_of in enumerate((AS_OF - timedelta(days=28), AS_OF)):
        told = {"demand": {"orders": {"metric": "mase", "value": 0.7 + number / 10, "baseline": 1.1, "count": 90}}}
        content = Content({"demand": pack(f"demand {number}")}, metrics=told)
        release = write_release(own_full_home / "models", content, key=KEY, now=NOW + timedelta(days=number), as_of=as_of, fingerprint="f")
        with begin_write(store_access.store()) as conn:
            answer = rows_of("orders", [as_of + timedelta(days=n) for n in range(1, 31)], 5.0 + number)
            write_predictions(conn, answer, run_id=1, release_id=release, predictor="demand", as_of=as_of)
            point_to(conn, "demand", release, at=NOW + timedelta(days=number), by="system", reason={"code": "not_worse", "params": {}})
        made.append(release)
    return made


def serving() -> str:
    with store_access.store().connect() as conn:
        return in_service(conn)["demand"]


def ask(release: str | None, state: str = "review") -> None:
    checks = [("not_worse", "ok", {}), ("leak_fit", "ask", {"measure": "orders", "r2": 0.991, "physics": 0.5})]
    with begin_write(store_access.store()) as conn:
        verdicts.write_verdict(conn, run_id=1, predictor="demand", release_id=release, at=NOW, state=state, checks=checks)


def test_another_version_is_put_into_service_with_a_reason_and_shows_what_it_said(live, show, own_full_home, releases, queued):
    old, new = releases
    page = live(own_full_home, "models", role="analyst", model="demand")
    assert serving() == new
    field(page, "text_input", f"why-use-demand-{old}").set_value("La nueva exagera")
    page = button(page, f"use-demand-{old}").click().run()
    assert not page.exception and page.success[0].value == ES(
        "The version is in service. What it said last shows now, and a new prediction with it has been started."
    )
    assert serving() == old
    assert queued == ["refresh analyst@example.com"]
    assert rows(schema.audit, "who", "target", "detail", action="release.use") == [
        ("analyst@example.com", "demand", {"release": old, "before": new, "reason": "La nueva exagera"})
    ]
    assert (own_full_home / "models" / "current.json").exists()
    assert ES("Chosen by a person: {note}", note="La nueva exagera") in page.dataframe[-2].value.to_csv()
    demand = show(own_full_home, "demand")
    assert f"{AS_OF - timedelta(days=28):%d-%m-%Y}" in texts_of(demand).replace("\\", "")


def test_a_page_that_was_open_sees_the_other_version_at_its_next_rerun(live, own_full_home, releases, queued):
    page = live(own_full_home, "models", model="demand")
    assert releases[1][-8:] in texts_of(page)
    with begin_write(store_access.store()) as conn:
        point_to(conn, "demand", releases[0], at=NOW + timedelta(days=5), by="ana", reason={"code": "chosen", "params": {"note": "x"}})
    said = texts_of(page.run())
    assert ES("In service since {day} · version {version}", day="26\\-11\\-2026", version=releases[0][-8:]) in said


def test_back_to_the_previous_one(live, own_full_home, releases, queued):
    page = live(own_full_home, "models", model="demand", language="en")
    field(page, "text_input", "why-back-demand").set_value("odd numbers")
    page = button(page, "back-demand").click().run()
    assert serving() == releases[0] and page.success
    assert rows(schema.release_pointer, "reason", release_id=releases[0])[-1][0].startswith('{"code": "rollback"')


def test_no_reason_and_a_damaged_version_change_nothing_and_say_why(live, own_full_home, releases, queued):
    page = live(own_full_home, "models", model="demand")
    page = button(page, f"use-demand-{releases[0]}").click().run()
    assert page.error[0].value == ES(presses.REFUSALS["reason_missing"])
    (own_full_home / "models" / "versions" / releases[0] / "demand.joblib").write_bytes(b"broken")
    field(page, "text_input", f"why-use-demand-{releases[0]}").set_value("a reason")
    page = button(page, f"use-demand-{releases[0]}").click().run()
    assert page.error[0].value == ES(presses.REFUSALS["release_damaged"])
    assert serving() == releases[1] and queued == []


def test_what_the_gate_asks_is_said_and_answered(live, own_full_home, releases, queued):
    ask(releases[0])
    page = live(own_full_home, "models", language="en")
    said = texts_of(page).replace("\\", "")
    assert "It explains nearly everything (99" in said and EN("waits for a yes") in said
    field(page, "text_input", "why-yes-").set_value("looked at both")
    page = button(page, "yes-").click().run()
    assert serving() == releases[0] and queued == ["refresh admin@example.com"]
    assert EN("waits for a yes") not in texts_of(page)


def test_a_no_keeps_what_serves_and_the_question_is_gone(live, own_full_home, releases, queued):
    ask(releases[0])
    page = live(own_full_home, "models")
    field(page, "text_input", "why-no-").set_value("it leaks")
    page = button(page, "no-").click().run()
    assert serving() == releases[1] and queued == []
    assert ES("No, keep the present one") not in texts_of(page)


def test_a_viewer_reads_the_reasons_and_can_press_nothing(live, own_full_home, releases):
    ask(releases[0])
    page = live(own_full_home, "models", role="viewer", model="demand")
    assert ES("waits for a yes") in texts_of(page)
    assert not [entry.key for entry in page.button if (entry.key or "").startswith(("yes-", "no-", "use-", "back-"))]


def test_a_lost_right_writes_nothing(live, own_full_home, releases, queued):
    page = live(own_full_home, "models", role="analyst", model="demand")
    with begin_write(store_access.store()) as conn:
        conn.execute(sa.update(schema.users).where(schema.users.c.email == "analyst@example.com").values(role="viewer"))
    before = everything_written()
    field(page, "text_input", "why-back-demand").set_value("still here")
    page = button(page, "back-demand").click().run()
    assert serving() == releases[1] and queued == []
    assert everything_written() == before


@pytest.mark.parametrize("state", ["kept", "promoted"])
def test_the_last_training_is_told_with_its_reasons(live, own_full_home, releases, state):
    ask(releases[0], state)
    page = live(own_full_home, "models", language="en")
    table = next(frame.value for frame in page.dataframe if {"model", "state", "why"} <= set(frame.value) and "at" in frame.value)
    assert "explains nearly everything" in table.to_csv()


def warn(release: str) -> None:
    checks = [("leak_ranking", "warn", {"measure": "orders", "auc": 0.99, "implied": 0.7}), ("first_release", "ok", {})]
    with begin_write(store_access.store()) as conn:
        verdicts.write_verdict(conn, run_id=1, predictor="demand", release_id=release, at=NOW, state="promoted", checks=checks)


def test_a_first_version_that_is_too_good_serves_under_a_banner_until_somebody_says_that_it_is_right(live, own_full_home, releases):
    warn(releases[0])
    assert not any("too good" in entry.value for entry in live(own_full_home, "models", language="en").error)  # it does not serve
    warn(releases[1])
    viewer = live(own_full_home, "models", language="en", role="viewer")
    assert any("do not rely on it" in entry.value for entry in viewer.error)
    assert "is too good to be true" in texts_of(live(own_full_home, "overview", language="en", role="viewer"))
    assert "It orders better than its own probabilities allow" in texts_of(viewer)
    assert texts_of(viewer).count(f":red-badge[{EN('do not rely on it yet')}]") == 1
    assert not [entry.key for entry in viewer.button if (entry.key or "").startswith("believe-")]
    page = live(own_full_home, "models", language="en", role="analyst")
    page = button(page, "believe-").click().run()
    assert page.error[0].value == EN(presses.REFUSALS["reason_missing"])
    field(page, "text_input", "why-believe-").set_value("The data was checked by hand")
    page = button(page, "believe-").click().run()
    assert not any("do not rely on it" in entry.value for entry in page.error) and page.success
    assert rows(schema.audit, "who", "target", "detail", action="release.believe") == [
        ("analyst@example.com", "demand", {"release": releases[1], "reason": "The data was checked by hand"})
    ]


def test_a_damaged_version_that_was_stepped_over_is_a_banner(live, own_full_home, releases):
    with begin_write(store_access.store()) as conn:
        point_to(conn, "demand", releases[0], at=NOW, by="system", reason={"code": "release_damaged", "params": {"problem": "x"}})
    page = live(own_full_home, "models")
    assert any("dañada" in entry.value for entry in page.error)
