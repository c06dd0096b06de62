"""Runs on the screens: the training button, what it says while it works and afterwards, run now, dry run, run again, cancel."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from ml.clock import utc_now
from ml.i18n import translator
from ml.store import runs, schema
from ml.store.engine import begin_write
from tests.pages.conftest import texts_of
from tests.pages.pressing import field
from ui import actions_runs, guard, run_orders, store_access
from ui.screen import open_screen

EN = translator("en")


def rows(table=schema.job_run, **wanted):
    with store_access.store().connect() as conn:
        query = sa.select(table).where(*[table.c[name] == value for name, value in wanted.items()]).order_by(table.c.id)
        return [dict(row) for row in conn.execute(query).mappings()]


def change(**values) -> None:
    with begin_write(store_access.store()) as conn:
        conn.execute(sa.update(schema.job_run).where(schema.job_run.c.id == rows(job="retrain")[-1]["id"]).values(**values))


def pressed(app, prefix: str):
    button = next(button for button in app.button if button.key.startswith(prefix))
    return button.click().run()


def has(app, prefix: str) -> bool:
    return any(button.key.startswith(prefix) for button in app.button)


@pytest.mark.parametrize("role", ["admin", "analyst"])
def test_a_training_is_asked_for_once_watched_left_come_back_to_and_told(live, own_full_home, role):
    app = live(own_full_home, "models", role=role, language="en")
    assert has(app, "retrain-") and "Last training" in texts_of(app)
    app = pressed(app, "retrain-")
    assert not app.exception and not has(app, "retrain-") and EN("The training begins …") in texts_of(app)
    live(own_full_home, "models", role="admin", language="en")  # somebody else sees the same, and no second button
    assert [row["status"] for row in rows(job="retrain")] == ["done", "queued"]
    assert [row["who"] for row in rows(schema.audit, action="job.start")] == [f"{role}@example.com"]
    change(status="running", started_at=utc_now() - timedelta(seconds=42), progress={"step": "· fit demand   3.2 s  90 rows", "count": 3})
    app.run()
    assert "Demand: trained." in texts_of(app).replace("\\", "") and not app.exception
    outcomes = {"demand": {"state": "kept", "reason": "It is worse."}, "price": {"state": "promoted", "reason": "x"}}
    change(status="done", finished_at=utc_now(), progress={"outcomes": outcomes})
    app = live(own_full_home, "models", role=role, language="en")
    said = texts_of(app).replace("\\", "")
    assert has(app, "retrain-") and "version before stays: It is worse." in said and "new version in service" in said


def test_a_viewer_has_no_training_button_and_no_right_to_runs(live, own_full_home):
    app = live(own_full_home, "models", role="viewer", language="en")
    assert not has(app, "retrain-") and "Last training" not in texts_of(app)
    for deed in (lambda: actions_runs.start("retrain"), lambda: actions_runs.retry(1), lambda: actions_runs.cancel(1)):
        with pytest.raises(guard.NotAllowed):
            deed()


def test_a_running_training_is_cancelled_after_a_question(live, own_full_home):
    app = live(own_full_home, "models", language="en")
    app = pressed(app, "retrain-")
    app = pressed(app, "cancel-")
    assert [row["status"] for row in rows(job="retrain")] == ["done", "cancelled"]
    assert [row["action"] for row in rows(schema.audit) if row["action"].startswith("job.")] == ["job.start", "job.cancel"]
    assert has(app.run(), "retrain-")


def test_a_job_is_started_and_tried_from_the_list_of_runs(live, own_full_home):
    app = live(own_full_home, "operations", language="en", part="runs")
    app = field(app, "selectbox", "start-job").set_value("backup").run()
    app = pressed(app, "try-backup")
    (tried,) = rows(job="backup")
    assert (tried["status"], tried["options"], tried["requested_by"]) == ("queued", {"dry_run": True}, "admin@example.com")
    assert "waiting (dry run)" in app.dataframe[0].value.to_csv()
    app = field(app, "selectbox", "start-job").set_value("housekeeping").run()
    pressed(app, "start-housekeeping")
    assert rows(job="housekeeping")[0]["options"] is None


def test_a_failed_run_shows_why_with_its_log_and_is_run_again(live, own_full_home):
    live(own_full_home, "overview")
    with begin_write(store_access.store()) as conn:
        values = {"origin": "cron", "status": "failed", "attempt": 4, "error": "The disk is full.", "log_tail": "line of <b>the log</b>"}
        run_id = runs.insert_run(conn, job="refresh", scheduled_for=utc_now() - timedelta(hours=1), **values)
    app = live(own_full_home, "operations", language="en", part="runs")
    app = field(app, "selectbox", "run-").set_value(str(run_id)).run()
    assert "The disk is full" in texts_of(app) and app.code[0].value == "line of <b>the log</b>"
    app = pressed(app, f"retry-{run_id}")
    (again,) = rows(job="refresh")
    assert (again["status"], again["attempt"]) == ("queued", 0) and rows(schema.audit, action="job.retry")
    assert not has(app.run(), f"retry-{run_id}") and has(app, f"cancel-{run_id}")


@pytest.mark.parametrize(
    ("progress", "not_before", "says"),
    [
        ({"waits_for": "refresh"}, None, "waits for: Refresh of the predictions"),
        ({"waits_for": "retry"}, utc_now(), "next try "),
        ({"waits_for": "open_day"}, utc_now(), "next open day, "),
        (None, None, "waiting"),
    ],
)
def test_a_waiting_run_says_what_it_waits_for(live, own_full_home, progress, not_before, says):
    live(own_full_home, "overview")
    with begin_write(store_access.store()) as conn:
        values = {"origin": "cron", "status": "queued", "progress": progress, "not_before": not_before}
        runs.insert_run(conn, job="churn_alerts", scheduled_for=utc_now(), **values)
    app = live(own_full_home, "operations", language="en", part="runs")
    assert app.dataframe[0].value["state"].iloc[0].startswith(says)


def test_every_step_of_a_training_has_its_words(live, own_full_home):
    live(own_full_home, "overview", language="en")
    with store_access.store().connect() as conn:
        from ml.store import users

        screen = open_screen(users.get(conn, "admin@example.com"))
    assert run_orders.step_in_words(screen, "· judge customers  9.0 s").startswith("Customers")
    assert "](" not in run_orders.step_in_words(screen, "a line of [another](x) job")
    assert run_orders.step_in_words(screen, None) == "Reading the company's data …"
