"""Messages and activity on the Operations screen: previews that equal what is sent, dead letters sent again, one list of everything."""

import json

import pytest
import sqlalchemy as sa

from ml.clock import utc_now
from ml.i18n import translator
from ml.notify import churn_alerts
from ml.notify.messages import Link, Message, message_of
from ml.notify.rendering import as_short, as_slack, as_text, html_body, slack_lines
from ml.queries import activity, messages
from ml.store import audit, experiments, outbox, runs, schema
from ml.store.engine import begin_write
from ml.store.outbox import Letter, Result
from ml.store.schema_outbox import outbox as table
from tests.pages.conftest import texts_of
from tests.pages.filled_store import HOSTILE
from tests.pages.pressing import button, everything_written, field, rows
from ui import actions_experiments, actions_messages, message_bodies, operations_activity, operations_messages, store_access
from ui.guard import NotAllowed

ES = translator("es")


def write(*letters: Letter) -> None:
    with begin_write(store_access.store()) as conn:
        outbox.enqueue(conn, letters, now=utc_now())


def said(key: str = "churn_alerts:1", channel: str = "email", title: str = HOSTILE["c1"], **values) -> Letter:
    message = Message("churn_alerts", "es", title, (HOSTILE["c3"],), (title,), link=Link("Abrir", "http://127.0.0.1:8501/churn"))
    recipient, masked = ("ana@example.com", "a···@example.com") if channel == "email" else ("", channel)
    return Letter(key, channel, recipient, masked, "es", message.kind, title, message.as_dict(), **values)


def die(key: str = "churn_alerts:1") -> int:
    """A message that could not be delivered; its id."""
    write(said(key))
    (held,) = outbox.claim(store_access.store(), owner="me", channels=["email"], now=utc_now(), limit=1)
    outbox.mark(store_access.store(), held, Result("dead", "smtp_550"), now=utc_now())
    return held.id


def bodies(app) -> str:
    """What a message looks like on the screen: a page of HTML, or a text."""
    pages = [entry.value for entry in app.get("html") if "max-width:640px" in (getattr(entry, "value", None) or "")]
    return "\n".join([*pages, *(code.value for code in app.code)])


@pytest.mark.parametrize("job", ["churn_alerts", "purchase_predictions"])
def test_a_preview_is_what_the_job_then_writes(live, own_full_home, job):
    app = live(own_full_home, "operations", part="messages")
    assert ES("The demo company never sends: its messages are kept here to be read.") in texts_of(app)
    button(app, f"preview-{job}").click().run()
    assert not app.exception and ("admin@example.com", "message.preview", job) in rows(schema.audit, "who", "action", "target")
    shown = {}
    for form in message_bodies.FORMS:
        field(app, "segmented_control", "form-").set_value(form).run()
        shown[form] = bodies(app)
    from ml.notify.jobs import MESSAGE_JOBS
    from ml.notify.message_jobs import run_message_job

    known = next(entry for entry in MESSAGE_JOBS if entry.name == job)
    run_message_job(known, store_access.settings(), store_access.store(), run_id=3, say=lambda _line: None, finish=None)
    (body,) = rows(table, "body", kind=job)
    sent = message_of(body[0])
    assert shown["text"] == as_text(sent).rstrip("\n") and shown["short"] == as_short(sent)
    assert shown["slack"] == slack_lines(as_slack(sent)) and shown["html"] == html_body(sent, message_bodies.picture(sent))
    assert json.loads(shown["json"])["facts"] == json.loads(json.dumps(sent.facts))
    button(app, "close-look").click().run()
    assert not bodies(app)


def test_the_result_of_a_test_is_previewed_as_it_would_be_told_and_cannot_be_sent_by_hand(live, own_full_home):
    app = live(own_full_home, "operations", part="messages")
    assert not [entry.key for entry in app.button if "send-experiment_ended" in (entry.key or "")]
    button(app, "preview-experiment_ended").click().run()
    assert not app.exception and ("message.preview", "experiment_ended") in rows(schema.audit, "action", "target")
    field(app, "segmented_control", "form-").set_value("json").run()
    told = json.loads(bodies(app))
    assert told["kind"] == "experiment_ended" and told["link"].endswith(f"test={told['facts']['experiment_id']}")
    with pytest.raises(actions_messages.ActionError, match="no message job"):
        actions_messages.send_now("experiment_ended")


def test_ending_a_test_on_its_screen_tells_it_at_once(live, own_full_home):
    live(own_full_home, "experiments")
    with store_access.store().connect() as conn:
        running = next(kept.experiment_id for kept in experiments.list_all(conn, ("active",)))
    actions_experiments.move(running, "completed")
    assert rows(table, "state", "reason", dedup_key=f"experiment_ended:{running}") == [("kept", "demo")]


def test_a_preview_without_anybody_or_without_predictions_says_so(live, own_full_home, own_empty_home):
    app = live(own_full_home, "operations", part="messages")
    with begin_write(store_access.store()) as conn:
        conn.execute(sa.insert(schema.preferences).values(name="call_cost", value=10_000_000, set_at=utc_now(), set_by="ana"))
    button(app, "preview-churn").click().run()
    assert "nadie supera la regla" in texts_of(app)
    app = live(own_empty_home, "operations", part="messages")
    button(app, "preview-churn").click().run()
    assert ES("There are no predictions yet, so there is nothing to tell.") in texts_of(app)


def test_messages_are_listed_read_and_hostile_names_stay_words(live, own_full_home):
    app = live(own_full_home, "operations", part="messages")
    assert ES("Nothing was said yet.") in texts_of(app)
    write(said(), said(channel="slack", title="Otra", kept="demo"))
    app.run()
    listed = app.dataframe[0].value
    assert list(listed["shown_state"]) == [ES("kept here"), ES("waiting")] and list(listed["to"]) == ["", "a···@example.com"]
    assert listed["why"].iloc[0] == ES("the demo company never sends") and "ana@example.com" not in listed.to_csv()
    field(app, "selectbox", "channel-").set_value("email").run()
    assert len(app.dataframe[0].value) == 1
    field(app, "selectbox", "message-").set_value("1").run()
    assert not app.exception and "&lt;script&gt;" in bodies(app) and "<script" not in bodies(app) and "<script" not in texts_of(app)


def test_a_dead_letter_goes_back_by_a_press_and_only_once(live, own_full_home):
    app = live(own_full_home, "operations", part="messages")
    number = die()
    app = live(own_full_home, "operations", part="messages", message=str(number))
    assert ES("SMTP 550") in app.dataframe[1].value.to_csv() and list(app.dataframe[0].value["why"]) == ["SMTP 550"]
    pressed = button(app, f"again-{number}")
    pressed.click().run()
    assert rows(table, "state", "attempts") == [("queued", 0)]
    assert ("admin@example.com", "message.retry", str(number)) in rows(schema.audit, "who", "action", "target")
    before = everything_written()
    actions = [entry for entry in app.button if (entry.key or "").startswith("again-")]
    assert not actions and everything_written() == before
    assert ES("put back by a person") in app.dataframe[1].value.to_csv()


def test_a_message_that_is_gone_says_so(live, own_full_home):
    app = live(own_full_home, "operations", part="messages")
    number = die()
    with begin_write(store_access.store()) as conn:
        outbox.purge(conn, utc_now().replace(year=2099), 1)
    app = live(own_full_home, "operations", part="messages", message=str(number))
    assert "se borró" in texts_of(app) and not [entry for entry in app.button if (entry.key or "").startswith("again-")]


def test_who_may_not_does_nothing(live, own_full_home):
    live(own_full_home, "operations", role="viewer", part="messages")
    number = die()
    before = everything_written(), rows(table, "state")
    for action in (
        lambda: actions_messages.preview("churn_alerts"),
        lambda: actions_messages.send_again(number),
        lambda: actions_messages.dry_run("churn_alerts"),
        lambda: actions_messages.send_now("churn_alerts"),
    ):
        with pytest.raises(NotAllowed):
            action()
    assert (everything_written(), rows(table, "state")) == before


def test_a_dry_run_says_to_whom_and_writes_only_its_audit_row(live, own_full_home):
    app = live(own_full_home, "operations", part="messages")
    before = everything_written()
    button(app, "dry-churn").click().run()
    after = everything_written()
    assert not app.exception and rows(table, "id") == [] and {name for name in after if after[name] != before[name]} == {"audit"}
    told = app.dataframe[0].value
    assert list(told["fate"]) == [f"{ES('kept here')}: {ES('the demo company never sends')}"] and "riesgo" in told["title"].iloc[0]


def test_send_now_asks_for_a_run_and_is_audited(live, own_full_home, monkeypatch):
    app = live(own_full_home, "operations", part="messages")
    asked = []
    started = runs.Started(7, "queued", None, is_new=True)
    monkeypatch.setattr(actions_messages, "request_job", lambda *given, **named: asked.append((given[2], named)) or started)
    button(app, "send-churn").click().run()
    assert not app.exception and asked == [("churn_alerts", {"requested_by": "admin@example.com"})]
    assert ("admin@example.com", "job.start", "churn_alerts") in rows(schema.audit, "who", "action", "target")


def test_activity_is_one_list_of_jobs_messages_and_people(live, own_full_home, monkeypatch):
    app = live(own_full_home, "operations", part="activity")
    die()
    with begin_write(store_access.store()) as conn:
        audit.record(conn, "ana@3t.cl", "preference.set", "vat_rate", {"before": 0.19, "after": 0.2}, at=utc_now())
        audit.record(conn, "system", "message.nobody", "churn_alerts", {"run": 9}, at=utc_now())
        failed = {
            "job": "refresh",
            "scheduled_for": utc_now(),
            "origin": "cron",
            "status": "failed",
            "attempt": 3,
            "error": "No <b>disk</b>.",
        }
        conn.execute(sa.insert(schema.job_run).values(**failed))
    app.run()
    listed = app.dataframe[0].value
    assert not app.exception and {"automático", "ana@3t.cl"} <= set(listed["actor"])
    assert any("IVA" in what for what in listed["what"]) and any("Clientes en riesgo" in what for what in listed["what"])
    field(app, "selectbox", "result-").set_value("trouble").run()
    assert set(app.dataframe[0].value["ended"]) == {ES("not delivered"), ES("failed")}
    field(app, "selectbox", "source-").set_value("job").run()
    assert list(app.dataframe[0].value["more"]) == ["No <b>disk</b>."]
    field(app, "selectbox", "by-").set_value("ana@3t.cl").run()
    assert not app.dataframe
    monkeypatch.setattr(activity, "PAGE_ROWS", 2)
    with store_access.store().connect() as conn:
        everything = activity.activity(conn, page=None)
        assert activity.activity_pages(conn) == -(-len(everything) // 2) and len(activity.activity(conn, page=2)) == 2
        assert everything["at"].is_monotonic_decreasing and set(everything["source"]) == set(activity.SOURCES)


def test_pages_of_messages(live, own_full_home, monkeypatch):
    live(own_full_home, "operations", part="messages")
    write(*(said(f"k:{n}") for n in range(5)))
    monkeypatch.setattr(messages, "PAGE_ROWS", 2)
    with store_access.store().connect() as conn:
        assert messages.message_pages(conn) == 3 and list(messages.messages(conn, page=3)["id"]) == [1]
        assert messages.message(conn, 99) is None and messages.troubled(conn) == 0 and messages.last_sent(conn) is None


def test_every_code_has_its_words():
    from ml.i18n import names
    from ml.notify.audience import AUDIENCES
    from ml.notify.channels import CHANNELS
    from ml.store.outbox import STATES

    assert set(operations_messages.STATES) == set(STATES) and set(operations_activity.RESULTS) == set(activity.RESULTS)
    assert {channel.name for channel in CHANNELS} | {"screen"} == set(names.CHANNELS)
    assert set(operations_activity.SOURCES) == set(activity.SOURCES) and {churn_alerts.NAME} < set(AUDIENCES)
