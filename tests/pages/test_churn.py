"""The work list on the screen: pressed, taken back, linked to, and closed to those who may not."""

from datetime import date, datetime
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from ml.i18n import advice, translator
from ml.queries import call_list, churn_answers, service
from ml.store import alerts, schema
from ml.store.engine import begin_write, open_store
from ml.store.preferences import Preferences
from ml.store.schema_alerts import alerts as table
from ml.store.schema_alerts import holdout
from ml.store.values import load_preferences, set_preference
from tests.conftest import settings_for
from tests.pages.conftest import texts_of
from tests.pages.filled_store import AS_OF, without_signal
from tests.pages.pressing import button, field, rows
from ui import actions_alerts, data, screen
from ui import call_list as call_list_words
from ui.guard import NotAllowed
from ui.tables import Column

EN = translator("en")
NOW = datetime(2026, 11, 21, 9, 0)


@pytest.fixture
def worked(own_full_home):
    """A home to write to, and what its work list picks first."""
    engine = open_store(settings_for(own_full_home))
    with begin_write(engine) as conn:
        serving = service.in_service(conn)["customers"]
        picked = call_list.eligible(conn, serving, Preferences())
    yield own_full_home, engine, picked
    engine.dispose()


def states_of(app) -> list[str]:
    return [key for key in (entry.key or "" for entry in app.button) if key.startswith(("contacted-", "snoozed-", "not_a_risk-"))]


def test_a_press_opens_the_alert_notes_the_contact_and_can_be_taken_back(show, worked):
    home, _, picked = worked
    first = picked["customer_id"].iloc[0]
    app = show(home, "churn", role="analyst")
    button(app, f"contacted-{first}").click().run()
    assert not app.exception and not app.error
    assert rows(table, "customer_id", "state", "opened_by") == [(first, "contacted", "analyst@example.com")]
    assert not any(key.startswith(f"contacted-{first}-") for key in states_of(app))
    said = " ".join(entry.value for entry in app.markdown)
    assert f"Lo último que hizo: contactado · **{picked['name'].iloc[0]}**" in said
    assert not app.success
    button(app, "undo-").click().run()
    assert rows(table, "state") == [("withdrawn",)]
    assert any(key.startswith(f"contacted-{first}-") for key in states_of(app))
    assert not [entry for entry in app.button if (entry.key or "").startswith("undo-")]


def test_taking_back_a_press_leaves_the_jobs_own_alert_open(show, worked):
    home, engine, picked = worked
    with begin_write(engine) as conn:
        alerts.open_for(conn, picked.head(2), run_id=1, now=NOW)
    app = show(home, "churn", role="analyst", language="en")
    field(app, "multiselect", "several-who").set_value(picked["customer_id"].head(3).tolist())
    button(app, "several").click().run()
    assert sorted(rows(table, "state")) == [("contacted",)] * 3
    assert "Last done: contacted · **3 customers**" in " ".join(entry.value for entry in app.markdown)
    button(app, "undo-").click().run()
    assert sorted(rows(table, "state")) == [("open",), ("open",), ("withdrawn",)]
    app = show(home, "churn", query={"alert": "3"}, language="en")
    assert ":gray-badge[opened by mistake]" in " ".join(entry.value for entry in app.markdown)
    button(app, "reopened-").click().run()
    assert sorted(rows(table, "state")) == [("open",)] * 3


def test_on_a_phone_the_filters_are_folded_and_say_what_they_are_set_to(show, worked, monkeypatch):
    desk = show(worked[0], "churn", language="en")
    assert not [entry for entry in desk.caption if entry.value.startswith("To do")]
    monkeypatch.setattr(screen, "is_phone", lambda agent: True)
    app = show(worked[0], "churn", language="en")
    assert not app.error and len(app.metric) == len(desk.metric) == 4
    assert [entry.value for entry in app.caption if entry.value.startswith("To do")] == ["To do · Worth a call"]
    app.number_input(key="try-cost").set_value(100_000.0).run()
    assert [entry.value for entry in app.caption if entry.value.startswith("To do")] == ["To do · All"]


@pytest.mark.parametrize("name", ["churn", "next_orders"])
def test_on_a_phone_how_to_read_few_customers_figures_stands_below_the_first_screen(show, worked, monkeypatch, name):
    home, engine, _ = worked
    note = {"code": "few_active_customers", "params": {"active": 61, "wanted": 100}}
    with begin_write(engine) as conn:
        row = conn.execute(sa.select(schema.predictions).where(schema.predictions.c.predictor == "customers").limit(1)).mappings().one()
        flag = {**row, "id": None, "measure": "usable_signal", "entity_type": "company", "entity_id": "all", "value": 1.0}
        conn.execute(sa.insert(schema.predictions).values({**flag, "detail": {"verdict": {}, "notes": [note]}}))
    places = {}
    for is_phone in (False, True):
        monkeypatch.setattr(screen, "is_phone", lambda agent, is_phone=is_phone: is_phone)
        app = show(home, name, language="en")
        assert not app.error and "61 active customers" in app.info[0].value
        kinds = [entry.type for entry in app.main]
        places[is_phone] = kinds.index("info") > kinds.index("metric")
    assert places == {False: False, True: True}


def test_who_was_put_off_stands_under_that_state(show, worked):
    home, _, picked = worked
    first = picked["customer_id"].iloc[0]
    app = show(home, "churn")
    button(app, f"snoozed-{first}").click().run()
    listed = show(home, "churn", query={"state": "snoozed", "rule": "all"})
    assert listed.dataframe[0].value["who"].tolist() != [] and len(listed.dataframe[0].value) == 1
    assert "Nobody" in texts_of(show(home, "churn", query={"state": "contacted"}, language="en"))


def test_several_are_assigned_at_once_with_a_day(show, worked):
    home, _, picked = worked
    two = picked["customer_id"].head(2).tolist()
    app = show(home, "churn", role="analyst")
    field(app, "multiselect", "several-who").set_value(two)
    field(app, "selectbox", "several-action").set_value("assigned")
    field(app, "selectbox", "several-owner").set_value("admin@example.com")
    field(app, "date_input", "several-due").set_value(date(2026, 11, 25))
    button(app, "several").click().run()
    assert not app.exception
    assert sorted(rows(table, "customer_id", "owner", "due_on", "state")) == sorted(
        (one, "admin@example.com", date(2026, 11, 25), "open") for one in two
    )


def test_nobody_chosen_is_said(show, worked):
    app = show(worked[0], "churn", role="analyst", language="en")
    button(app, "several").click().run()
    assert "Choose at least one customer first" in " ".join(entry.value for entry in app.error) and rows(table, "id") == []


def test_a_link_opens_the_alert_with_its_history(show, worked):
    home, engine, picked = worked
    with begin_write(engine) as conn:
        (made,) = alerts.open_for(conn, picked.head(1), run_id=1, now=NOW)
        change = alerts.Change("commented", AS_OF, note="Is on holiday")
        alerts.act(conn, [made], change, now=NOW, by="analyst@example.com")
    for query in ({"alert": str(made)}, {"customer": picked["customer_id"].iloc[0]}):
        app = show(home, "churn", query=query, language="en")
        assert not app.error  # the same customer stands among the first calls below
        said = " ".join(entry.value for entry in app.caption).replace("\\", "")
        assert "Is on holiday" in said and f"alert {made}" in " ".join(entry.value for entry in app.markdown)
    button(app, f"lost-{picked['customer_id'].iloc[0]}").click().run()
    assert rows(table, "state") == [("lost",)]


def test_a_link_to_a_customer_without_an_alert_offers_to_work_on_it(show, worked):
    home, _, picked = worked
    first = picked["customer_id"].iloc[0]
    app = show(home, "churn", query={"customer": first}, language="en")
    assert not app.error and sum(key.startswith(f"contacted-{first}-") for key in states_of(app)) == 2
    assert f"**{picked['name'].iloc[0]}** · no alert yet" in " ".join(entry.value for entry in app.markdown)
    viewer = show(home, "churn", query={"customer": first}, language="en", role="viewer")
    assert not viewer.exception and picked["name"].iloc[0] not in " ".join(entry.value for entry in viewer.markdown)


@pytest.mark.parametrize("strange", ["99999999999", "0", "-1", "abc", "<script>", "1; DROP TABLE alerts"])
def test_a_link_to_no_alert_says_so(show, full_home, strange):
    app = show(full_home, "churn", query={"alert": strange}, language="en")
    assert not app.exception and not app.error and "no such alert" in texts_of(app) + " ".join(entry.value for entry in app.markdown)


def test_a_viewer_sees_no_button_and_the_action_refuses(show, worked):
    home, _, picked = worked
    app = show(home, "churn", role="viewer")
    assert not app.exception and states_of(app) == [] and not app.multiselect
    with pytest.raises(NotAllowed, match="alerts is for admin, analyst"):
        actions_alerts.work(((picked["customer_id"].iloc[0], None),), alerts.Change("contacted", AS_OF))
    assert rows(table, "id") == []


def test_who_is_held_out_stands_nowhere_and_cannot_be_alerted_by_hand(show, worked):
    home, engine, picked = worked
    victim = picked["customer_id"].iloc[0]
    with begin_write(engine) as conn:
        row = {"quarter": "2026-Q4", "stratum": 0, "value": 1.0, "drawn_at": NOW, "customer_id": victim, "arm": "held_out"}
        conn.execute(sa.insert(holdout).values(row))
        set_preference(conn, "holdout", "on", who="a@example.com", at=NOW)
    app = show(home, "churn", language="en", query={"rule": "all"})
    assert victim not in app.dataframe[0].value.get("customer_id", []) and not any(victim + "-" in key for key in states_of(app))
    said = " ".join(entry.value for entry in app.caption)
    assert "1 customer is left alone by lot" in said
    for page in ("churn", "overview"):
        told = texts_of(show(home, page, language="en")).replace("\\", "")
        assert "What the alerts earn is being measured until 31-12-2026. Left alone by lot: 1." in told
        assert "0 with an alert and 0 left alone; 5 of each are needed" in told
    with pytest.raises(alerts.AlertError, match="not to be contacted"):
        actions_alerts.work(((victim, None),), alerts.Change("contacted", AS_OF))


def test_other_costs_change_the_list_of_this_screen_and_an_admin_keeps_them(show, worked):
    home = worked[0]
    app = show(home, "churn", role="analyst")
    before = float(next(m.value for m in app.metric if "lista" in m.label))
    app.number_input(key="try-cost").set_value(100_000.0).run()
    told = " ".join(entry.value for entry in app.info)
    assert len(app.dataframe[0].value) > before  # the list stays in view: everybody, by money at stake
    assert not app.error and "ninguna llamada" in told and "La más cercana es" in told and "Conviene desde" in told
    assert rows(schema.preferences, "name", name="call_cost") == [] and before > 0
    admin = show(home, "churn", role="admin")
    admin.number_input(key="try-cost").set_value(900.0).run()
    button(admin, "costs").click().run()
    assert rows(schema.preferences, "value", name="call_cost") == [(900.0,)]


def test_without_a_signal_nobody_is_said_to_have_a_chance_to_return(show, worked):
    home, engine, _ = worked
    with_signal = show(home, "churn", language="en", query={"list": "win_back"})
    without_signal(engine)
    data.forget()
    app = show(home, "churn", language="en", query={"list": "win_back"})
    assert not app.exception and len(app.metric) == len(with_signal.metric) - 1
    assert len(app.dataframe[0].value) == len(with_signal.dataframe[0].value) > 0
    assert "return_probability" in with_signal.dataframe[0].value and "return_probability" not in app.dataframe[0].value


def test_without_a_signal_the_rhythm_list_stands_in_place_of_the_risk(show, worked):
    home, engine, _ = worked
    with begin_write(engine) as conn:
        row = conn.execute(sa.select(schema.predictions).where(schema.predictions.c.predictor == "customers").limit(1)).mappings().one()
        note = {"code": "few_active_customers", "params": {"active": 61, "wanted": 100}}
        detail = {"verdict": {"code": "no_usable_signal", "params": {}}, "notes": [note]}
        flag = {**row, "id": None, "measure": "usable_signal", "entity_type": "company", "entity_id": "all", "value": 0.0, "detail": detail}
        conn.execute(sa.insert(schema.predictions).values(flag))
    app = show(home, "churn", language="en")
    listed = app.dataframe[0].value
    assert (
        not app.exception and "probability" not in listed and listed["lateness"].is_monotonic_decreasing and (listed["lateness"] > 1).all()
    )
    told = " ".join(entry.value for entry in app.info)
    assert "no usable signal" in told and "61 active customers" in told


@pytest.mark.parametrize(("rule", "silent_models"), [("all", False), ("", True)])
def test_a_list_says_what_to_do_with_each_as_the_json_answers_do(show, worked, rule, silent_models):
    home, engine, _ = worked
    if silent_models:
        without_signal(engine)
    app = show(home, "churn", language="en", query={"rule": rule, "state": "todo"} if rule else {})
    listed = app.dataframe[0].value
    with engine.connect() as conn:
        serving, chosen = service.in_service(conn)["customers"], load_preferences(conn)
        answers = churn_answers.churn_answers(conn, serving, chosen)
        names = dict(conn.execute(sa.select(schema.customer_facts.c.customer_id, schema.customer_facts.c.name)).all())
    by_name = {names[one["customer_id"]]: EN(advice.SHORT[one["recommendation"]]) for one in answers}
    told = dict(zip(listed["who"], listed["action"], strict=True))
    assert told and told == {name: by_name[name] for name in told}
    assert len(set(told.values())) > 1


def test_the_list_of_who_is_to_be_called_says_it_in_its_file_alone(show, worked):
    home, _, _ = worked
    app = show(home, "churn", language="en", query={"rule": "profit"})
    assert "action" not in app.dataframe[0].value.columns
    columns = call_list_words.exported(SimpleNamespace(t=EN), [Column("who", "Customer")])
    assert [column.name for column in columns] == ["who", "action", "shown_phone"]
