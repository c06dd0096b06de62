"""What people do about a customer on its screen: alerts, notes, links, what if; and that a held-out one is left alone."""

from datetime import datetime

import pytest
import sqlalchemy as sa

from ml.store import schema
from ml.store.engine import begin_write, open_store
from ml.store.schema_alerts import alerts, always_call, customer_links, customer_notes, holdout
from ml.store.values import set_preference
from tests.conftest import settings_for
from tests.pages.conftest import texts_of
from tests.pages.filled_store import CUSTOMERS
from tests.pages.pressing import button, field, rows
from ui import actions_customers
from ui.guard import NotAllowed

NOW = datetime(2026, 11, 21, 9, 0)


def said(app) -> str:
    return texts_of(app) + " ".join(entry.value for entry in (*app.markdown, *app.caption, *app.info))


def test_an_alert_is_opened_by_hand_and_worked_on(show, own_full_home):
    app = show(own_full_home, "customer", role="analyst", query={"customer": "c2"})
    button(app, "open-c2").click().run()
    assert rows(alerts, "customer_id", "state", "opened_by") == [("c2", "open", "analyst@example.com")]
    button(app, "not_a_risk-c2").click().run()
    assert rows(alerts, "state") == [("not_a_risk",)] and "no es riesgo" in said(app)


def test_an_alert_opened_by_mistake_is_taken_back_and_no_part_of_the_story(show, own_full_home):
    app = show(own_full_home, "customer", role="analyst", language="en", query={"customer": "c2"})
    button(app, "open-c2").click().run()
    assert "Last done: opened · **" in said(app) and "Alert opened" in said(app)
    other = show(own_full_home, "customer", role="analyst", language="en", query={"customer": "c3"})
    assert "Last done" not in said(other)
    app = show(own_full_home, "customer", role="analyst", language="en", query={"customer": "c2"})
    button(app, "undo-").click().run()
    assert rows(alerts, "state") == [("withdrawn",)] and "Alert opened" not in said(app)
    assert button(app, "open-c2").label == "Open an alert"


def test_a_note_is_kept_told_and_removed_by_its_writer_alone(show, own_full_home):
    app = show(own_full_home, "customer", role="analyst", query={"customer": "c2"})
    field(app, "text_area", "note-text").set_value("Prefers *mornings*")
    button(app, "note").click().run()
    assert rows(customer_notes, "customer_id", "kind", "text") == [("c2", "note", "Prefers *mornings*")]
    assert "Prefers \\*mornings\\*" in said(app)
    other = show(own_full_home, "customer", role="admin", query={"customer": "c2"})
    assert not [entry for entry in other.button if (entry.key or "").startswith("remove-note")]
    mine = show(own_full_home, "customer", role="analyst", query={"customer": "c2"})
    (before,) = rows(customer_notes, "day", "who", "kind", "text")
    mine = button(mine, "remove-note").click().run()
    assert rows(customer_notes, "id") == []
    mine = button(mine, "back-remove-note").click().run()
    assert rows(customer_notes, "day", "who", "kind", "text") == [before]
    done = [action for (action,) in rows(schema.audit, "action")]
    assert done[-3:] == ["customer.note", "customer.note_removed", "customer.note_restored"]
    assert not [entry for entry in mine.button if (entry.key or "").startswith("back-")] and not mine.error


def test_an_empty_note_is_refused(show, own_full_home):
    app = show(own_full_home, "customer", role="analyst", language="en", query={"customer": "c2"})
    button(app, "note").click().run()
    assert any("Write something first" in entry.value for entry in app.error) and rows(customer_notes, "id") == []


def test_a_link_is_made_shown_once_and_revoked(show, own_full_home):
    app = show(own_full_home, "customer", role="analyst", query={"customer": "c2"})
    button(app, "link-7").click().run()
    assert rows(customer_links, "customer_id", "created_by", "revoked_at") == [("c2", "analyst@example.com", None)]
    assert any("/c/1." in entry.value for entry in app.get("code"))
    again = show(own_full_home, "customer", role="analyst", query={"customer": "c2"})
    button(again, "revoke-link-1").click().run()
    assert rows(customer_links, "revoked_at") != [(None,)]


def test_no_link_and_no_alert_for_who_asked_not_to_be_contacted(show, own_full_home):
    app = show(own_full_home, "customer", role="analyst", query={"customer": f"c{CUSTOMERS - 1}"})
    keys = [entry.key or "" for entry in app.button]
    assert not [key for key in keys if key.startswith(("link-7", "open-"))]


def test_viewers_read_and_the_actions_refuse(show, own_full_home):
    app = show(own_full_home, "customer", role="viewer", query={"customer": "c2"})
    assert not app.exception and not [e for e in app.button if (e.key or "").startswith(("open-", "note", "link-", "always-"))]
    for call in (lambda: actions_customers.keep_note("c2", "note", "x"), lambda: actions_customers.make_link("c2", 7)):
        with pytest.raises(NotAllowed, match="customers is for admin, analyst"):
            call()


def test_who_is_held_out_is_shown_so_without_ways_to_call(show, own_full_home):
    engine = open_store(settings_for(own_full_home))
    with begin_write(engine) as conn:
        row = {"quarter": "2026-Q4", "stratum": 0, "value": 1.0, "drawn_at": NOW, "customer_id": "c2", "arm": "held_out"}
        conn.execute(sa.insert(holdout).values(row))
        set_preference(conn, "holdout", "on", who="a@example.com", at=NOW)
    engine.dispose()
    app = show(own_full_home, "customer", role="analyst", query={"customer": "c2"})
    assert "Grupo sin contactar hasta el 31" in said(app).replace("\\", "") and app.get("link_button") == []
    assert not [entry for entry in app.button if (entry.key or "").startswith(("open-", "link-7", "contacted-"))]


def test_always_call_is_a_list_one_can_leave(show, own_full_home):
    app = show(own_full_home, "customer", role="analyst", query={"customer": "c2"})
    button(app, "always-c2").click().run()
    assert rows(always_call, "customer_id", "who") == [("c2", "analyst@example.com")]
    app = button(app, "always-c2").click().run()
    assert rows(always_call, "customer_id") == []
    button(app, "back-always-c2").click().run()
    assert rows(always_call, "customer_id") == [("c2",)]
