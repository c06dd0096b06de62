"""The Operations screen: who may open it, each part on full and empty stores, the scheduler's banner, logs, reports, the audit."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from ml.clock import utc_now
from ml.i18n import translator
from ml.queries import operations
from ml.store import audit, schema
from ml.store.engine import begin_write
from tests.pages.conftest import texts_of
from tests.pages.filled_store import HOSTILE
from tests.pages.pressing import everything_written, field, rows
from ui import data, operations_people, store_access
from ui.operations_data import month_rows
from ui.screen import open_screen

PARTS = ("data", "runs", "reports", "people")
ES, EN = translator("es"), translator("en")


def write(statement) -> None:
    with begin_write(store_access.store()) as conn:
        conn.execute(statement)


def beat(ago: timedelta) -> None:
    write(sa.update(schema.scheduler_state).values(heartbeat_at=utc_now() - ago))


def to(app, part: str):
    """The same page with another part chosen."""
    return field(app, "segmented_control", "part-").set_value(part).run()


def tables_of(app) -> str:
    return "\n".join(table.value.to_csv() for table in app.dataframe)


@pytest.mark.parametrize(("role", "language"), [("admin", "es"), ("analyst", "en")])
@pytest.mark.parametrize("store", ["own_full_home", "own_empty_home"])
def test_every_part_for_those_who_may(live, request, store, role, language):
    app = live(request.getfixturevalue(store), "operations", role=role, language=language)
    t, before = (ES if language == "es" else EN), None
    for part in PARTS:
        app = to(app, part)
        assert not app.exception and [title.value for title in app.title] == [t("Is everything running?")], part
        assert before in (None, everything_written())
        before = everything_written()


def test_a_viewer_sees_only_that_it_is_not_for_them(live, own_full_home):
    app = live(own_full_home, "operations", role="viewer", part="people")
    assert ES("This screen is not for your role") in texts_of(app)
    assert not app.metric and not app.dataframe


def test_a_silent_scheduler_is_a_red_banner(live, own_full_home):
    app = live(own_full_home, "operations")
    for ago, is_silent in ((timedelta(seconds=60), False), (timedelta(seconds=140), True)):
        beat(ago)
        app.run()
        assert [ES("silent") in metric.value for metric in app.metric][0] is is_silent and bool(app.error) is is_silent
    write(sa.delete(schema.scheduler_state))
    assert ES("The scheduler has never run here: nothing is updated by itself.") in app.run().error[0].value


def test_data_says_findings_tables_and_months(live, own_full_home):
    app = live(own_full_home, "operations", part="data")
    findings, read, months = (table.value for table in app.dataframe)
    assert list(findings["count"]) == [31, 12] and "ÑUÑOA" in findings.to_csv()
    assert list(read["rows"]) == [3804, 120] and len(months) > 12
    write(sa.update(schema.reading).values(from_snapshot=True, amount_basis="gross"))
    data.forget()  # a reading never changes: a new one has a new number
    app = live(own_full_home, "operations", part="data")
    assert ES("last copy, the source does not answer") in texts_of(app).replace("\\", "")
    assert list(app.dataframe[2].value.columns) == ["month", "net", "gross", "orders"]


def test_net_and_gross_differ_by_the_vat(live, own_full_home):
    live(own_full_home, "overview")
    from ml.store import users

    write(sa.update(schema.reading).values(amount_basis="net"))
    data.forget()
    with store_access.store().connect() as conn:
        screen = open_screen(users.get(conn, "admin@example.com"), anew=True)
    rows_now = month_rows(screen)
    assert (rows_now["gross"] / rows_now["net"]).round(6).eq(1.19).all() and rows_now["net"].eq(rows_now["amount"]).all()


def test_a_run_with_its_error_and_the_end_of_its_log(live, own_full_home):
    (own_full_home / "logs").mkdir()
    log = own_full_home / "logs" / "refresh-1.log"
    log.write_text("line <script>alert(1)</script>\n")
    app = live(own_full_home, "operations", part="runs")
    at = utc_now()
    values = {"job": "refresh", "scheduled_for": at, "origin": "manual", "status": "failed", "attempt": 3, "requested_by": "ana@3t.cl"}
    write(sa.insert(schema.job_run).values(**values, error="No <b>disk</b>.", log_path=str(log), started_at=at, finished_at=at))
    number = rows(schema.job_run, "id", job="refresh")[0][0]
    app.run()
    listed = app.dataframe[0].value
    assert list(listed["state"]) == [ES("failed"), ES("done")] and listed["how"].iloc[0] == "a mano, ana@3t.cl"
    field(app, "selectbox", "run-").set_value(str(number)).run()
    assert app.code[0].value == "line <script>alert(1)</script>" and "No \\<b\\>disk\\</b\\>" in texts_of(app)
    write(sa.update(schema.job_run).where(schema.job_run.c.id == number).values(log_path="/etc/passwd"))
    app.run()
    assert not app.code and ES("This run left no log, or it has been removed.") in texts_of(app)
    field(app, "selectbox", "state-").set_value("done").run()
    assert list(app.dataframe[0].value["state"]) == [ES("done")]


def test_the_newest_report_is_open_and_another_may_be_chosen(live, own_full_home):
    folder = own_full_home / "reports"
    folder.mkdir()
    for name in ("retrain-1", "retrain-2"):
        (folder / f"{name}.md").write_text(f"# {name}\n\n![x](http://evil.example/x.png) <img src=x>\n")
    app = live(own_full_home, "operations", part="reports", report="../../.env")
    said = texts_of(app)
    assert "# retrain-" in said and "<img" not in said.replace("\\<img", "") and "://" not in said
    field(app, "selectbox", "report-").set_value("retrain-1.md").run()
    assert "# retrain-1" in texts_of(app)


def test_the_audit_is_filtered_and_shows_hostile_names_as_written(live, own_full_home):
    app = live(own_full_home, "operations", part="people")
    with begin_write(store_access.store()) as conn:
        for name in HOSTILE.values():
            audit.record(conn, name, "screen.export", name, {"masked": True}, at=utc_now())
        audit.record(conn, "ana@3t.cl", "preference.set", "vat_rate", {"before": 0.19, "after": 0.2}, at=utc_now())
        audit.record(conn, "ana@3t.cl", "user.role", "b@3t.cl", {"from": "viewer", "to": "analyst"}, at=utc_now())
    app.run()
    assert not app.exception and HOSTILE["c1"] in tables_of(app) and "<script>" not in texts_of(app)
    field(app, "selectbox", "who-").set_value("ana@3t.cl").run()
    listed = app.dataframe[0].value
    assert list(listed["what"]) == [ES("changed the role of"), ES("changed the value")]
    assert list(listed["more"]) == ["lector → analista", "19 % sobre el precio neto → 20 % sobre el precio neto"]
    assert listed["whom"].iloc[1] == "IVA"
    field(app, "selectbox", "deed-").set_value("user.role").run()
    assert len(app.dataframe[0].value) == 1


def test_a_long_audit_comes_in_pages_and_goes_out_whole(live, own_full_home, monkeypatch):
    monkeypatch.setattr(operations, "PAGE_ROWS", 3)
    app = live(own_full_home, "operations", part="people")
    with begin_write(store_access.store()) as conn:
        for number in range(8):
            audit.record(conn, "admin@example.com", "job.start", "refresh", {"run": number}, at=utc_now())
    app.run()
    assert len(app.dataframe[0].value) == 3 and list(app.dataframe[0].value["more"]) == ["ejecución 7", "ejecución 6", "ejecución 5"]
    assert len(operations_people.data.ask(operations.audit, "admin@example.com", "job.start", None)) == 8


def test_a_right_taken_away_shows_nothing_more(live, own_full_home):
    app = live(own_full_home, "operations", role="analyst", part="people")
    write(sa.update(schema.users).where(schema.users.c.email == "analyst@example.com").values(role="viewer"))
    before = everything_written()
    app = to(app, "runs")
    assert not app.dataframe and ES("This screen is not for your role") in texts_of(app) and everything_written() == before
