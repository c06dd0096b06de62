"""The two message jobs on a filled store: what they say, to whom, in which language, and whom they leave out."""

import json

import pytest
import sqlalchemy as sa

from ml.notify import churn_alerts, purchase_predictions
from ml.notify.jobs import MESSAGE_JOBS
from ml.notify.message_jobs import NothingPredicted, compose_in, plan
from ml.queries import call_list, calls, next_orders
from ml.queries.service import in_service
from ml.store import alerts as work
from ml.store import holdout, schema, users
from ml.store.customer_rows import refill_all
from ml.store.engine import begin_write, open_store
from ml.store.schema_alerts import alerts
from ml.store.schema_outbox import outbox as table
from ml.store.values import load_preferences, set_preference
from tests.conftest import settings_for
from tests.pages.filled_store import AS_OF, fill, scored, without_signal
from tests.people import quick_hashes  # noqa: F401 - for the people of this module
from tests.unit.notify.sending import NOON, own_settings

CHANNELS = {"smtp_host": "127.0.0.1", "smtp_from": "insights@example.com", "slack_webhook_url": "http://127.0.0.1:9/"}


@pytest.fixture
def home(own_filled_home):
    return own_filled_home


def filled(settings, **preferences):
    store = open_store(settings)
    with begin_write(store) as connection:
        for name, value in preferences.items():
            set_preference(connection, name, value, who="ana", at=NOON)
    return store


def rows(store, what=table):
    with store.connect() as connection:
        return list(connection.execute(sa.select(what).order_by(what.c.id)))


def composed(store, settings, job, language="es"):
    with store.connect() as connection:
        return compose_in(connection, settings, job, language)


def finish_of(told: list):
    return lambda connection, outcomes: told.append((connection.in_transaction(), outcomes))


def test_customers_at_risk_in_full(home):
    settings = own_settings(home)
    store = filled(settings)
    said = composed(store, settings, churn_alerts.JOB)
    with store.connect() as connection:
        service, chosen = in_service(connection)["customers"], load_preferences(connection)
        dormant = int((scored(connection, service)["population"] == "dormant").sum())
        picked = calls.picked(calls.with_profit(call_list.active(connection, service), chosen), "profit", 0.7).frame(connection)
    assert said.facts["at_risk"] == len(picked) == len(said.table.rows) and said.facts["win_back"] == dormant
    assert (
        said.facts["expected_loss"] == round(picked["value_at_risk"].sum(), 2)
        and said.facts["lifetime_sales"] == picked["spend_total"].sum()
    )
    assert said.title.startswith(f"{len(picked)} clientes en riesgo, $") and len(said.short) == 5 and said.short[2].startswith("1. ")
    first = said.table.rows[0]
    assert first[0] == picked.iloc[0]["name"] and first[2].startswith("$") and first[4].startswith("Pide cada 9 días, van ")
    assert first[5] == picked.iloc[0]["phone"] and first[1].endswith("%") and first[3].isdigit()
    assert said.link.url == "http://127.0.0.1:8501/churn" and set(said.customers) == set(picked["customer_id"])
    assert said.table.links[0] == f"http://127.0.0.1:8501/churn?customer={picked.iloc[0]['customer_id']}"
    assert len(said.table.links) == len(said.table.rows)


def test_who_was_dealt_with_stands_in_no_further_message(home):
    settings = own_settings(home)
    store = filled(settings)
    first, second = composed(store, settings, churn_alerts.JOB).customers[:2]
    with begin_write(store) as connection:
        service, chosen = in_service(connection)["customers"], load_preferences(connection)
        work.open_for(connection, call_list.eligible(connection, service, chosen), run_id=1, now=NOON)
        mine = connection.execute(sa.select(alerts.c.id).where(alerts.c.customer_id == first)).scalar_one()
        work.act(connection, [mine], work.Change("not_a_risk", AS_OF), now=NOON, by="ana@3t.cl")
    for usable in (True, False):
        if not usable:
            without_signal(store)
        named = composed(store, settings, churn_alerts.JOB).customers
        assert first not in named and second in named


def test_the_fixed_rule_and_the_number_of_rows_are_preferences(home):
    settings = own_settings(home, public_url="https://insights.example.com")
    store = filled(settings, alert_rule="probability", churn_threshold=0.5, message_rows=3)
    said = composed(store, settings, churn_alerts.JOB, "en")
    assert all(one["probability"] >= 0.5 for one in said.facts["customers"]) and len(said.table.rows) == 3 < said.facts["at_risk"]
    assert "50\u00a0%" in said.sentences[2] and said.link.url == "https://insights.example.com/churn"


def test_the_week_in_full(home):
    settings = own_settings(home)
    store = filled(settings)
    said = composed(store, settings, purchase_predictions.JOB)
    with store.connect() as connection:
        services = in_service(connection)
        frame = next_orders.coming(connection, services["customers"], None)
    likely = frame[frame["chance"] >= 0.4]
    assert said.facts["likely"] == len(likely) > 10 == len(said.table.rows)
    chances = [one["probability"] for one in said.facts["customers"]]
    assert chances == sorted(chances, reverse=True) and min(chances) >= 0.4
    assert said.facts["peak_day"] == "2026-11-25" and said.facts["average_per_open_day"] == round(said.facts["expected_orders"] / 5, 2)
    assert any("miércoles 25-11" in sentence for sentence in said.sentences) and said.table.head[2] == "Prioridad"
    assert said.table.rows[0][2] in ("alta", "media", "baja") and len(said.chart.values) == 7 and said.link.url.endswith("/next_orders")
    assert said.table.links[0].endswith(f"/customer?customer={said.facts['customers'][0]['customer_id']}")


@pytest.mark.parametrize("job", MESSAGE_JOBS, ids=lambda job: job.name)
def test_who_asked_not_to_be_contacted_or_is_held_out_stands_in_no_message(home, job):
    settings = own_settings(home)
    store = filled(settings, holdout="on")
    before = composed(store, settings, job)
    opted_out, held = before.customers[:2]
    with begin_write(store) as connection:
        facts = schema.customer_facts
        connection.execute(sa.update(facts).where(facts.c.customer_id == opted_out).values(contact_opt_out=True))
        connection.execute(
            sa.insert(holdout.holdout).values(customer_id=held, quarter="2026-Q4", arm="held_out", stratum=0, value=1.0, drawn_at=NOON)
        )
        names = dict(connection.execute(sa.select(facts.c.customer_id, facts.c.name)).all())
    after = json.dumps(composed(store, settings, job).as_dict(), ensure_ascii=False)
    for customer in (opted_out, held):
        assert f'"{customer}"' not in after and f'"{names[customer]}"' not in after and f"{names[customer]}:" not in after


@pytest.mark.parametrize("job", (churn_alerts, purchase_predictions), ids=lambda job: job.NAME)
def test_a_run_writes_its_letters_and_its_end_together(home, job):
    settings = own_settings(home, **CHANNELS)
    store = filled(settings, **{f"{job.NAME}_recipients": "ana@3t.cl, bob@3t.cl", "sales_language": "en"})
    with begin_write(store) as connection:
        users.add(connection, "ana@3t.cl", "Ana", "admin", "a long enough password", now=NOON)
        users.set_language(connection, "ana@3t.cl", "es", now=NOON, by="ana@3t.cl")
    told: list = []
    came = job.run(settings, store, run_id=7, say=lambda _line: None, finish=finish_of(told))
    assert told == [(True, {"message": came})] and (came["state"], came["letters"]) == ("queued", 3)
    assert came["to"] == ["email a···@3t.cl", "email b···@3t.cl", "slack slack"]
    assert [(row.channel, row.recipient, row.language, row.state, row.run_id) for row in rows(store)] == [
        ("slack", "", "en", "queued", 7), ("email", "ana@3t.cl", "es", "queued", 7), ("email", "bob@3t.cl", "en", "queued", 7),
    ]  # fmt: skip
    assert len({row.title for row in rows(store)}) == 2 and all(row.customers for row in rows(store))
    job.run(settings, store, run_id=7, say=lambda _line: None, finish=None)
    assert len(rows(store)) == 3  # the same run tried again says nothing twice


def test_without_a_usable_signal_the_message_goes_by_the_own_rhythm_and_opens_no_alert(home):
    settings = own_settings(home, **CHANNELS)
    store = filled(settings, holdout="on")
    without_signal(store)
    said = composed(store, settings, churn_alerts.JOB, "en")
    with store.connect() as connection:
        late = calls.by_rhythm(call_list.active(connection, in_service(connection)["customers"])).frame(connection)
    assert said.title == f"{len(late)} customers are later than usual" and said.customers == tuple(late["customer_id"])
    assert "no usable signal" in said.sentences[0] and said.sentences[0] in said.short and len(said.short) == 5
    assert said.facts["usable_signal"] is False and said.facts["late"] == len(late) > 5
    pauses = [one["own_pauses"] for one in said.facts["customers"]]
    assert pauses == sorted(pauses, reverse=True)
    everything = json.dumps(said.as_dict(), ensure_ascii=False)
    assert "Risk" not in said.table.head and "risk," not in everything and "probability" not in everything
    assert churn_alerts.run(settings, store, run_id=7, say=lambda _line: None)["state"] == "queued"
    assert rows(store, alerts) == []


def test_without_a_usable_signal_the_week_names_who_is_due_by_the_own_rhythm_and_no_chance(home):
    settings = own_settings(home)
    store = filled(settings)
    with_signal = composed(store, settings, purchase_predictions.JOB, "en")
    without_signal(store)
    said = composed(store, settings, purchase_predictions.JOB, "en")
    with store.connect() as connection:
        frame = next_orders.coming(connection, in_service(connection)["customers"], None)
    due = frame[frame["state"].isin(("due", "overdue"))]
    assert frame["lateness"].is_monotonic_decreasing and said.customers == tuple(due["customer_id"].head(10))
    assert said.facts["likely"] == len(due) != with_signal.facts["likely"] and len(said.short) == len(with_signal.short) + 1
    told = json.dumps(said.as_dict(), ensure_ascii=False)
    assert "no usable signal" in told and "days silent, usually 9" in told and f"{len(due)} customers' own usual pause" in told
    assert "chance" not in told and "probability" not in told and "Chance" in with_signal.table.head


def test_without_a_usable_signal_and_nobody_late_there_is_a_line_and_no_message(home):
    settings = own_settings(home, **CHANNELS)
    store = filled(settings)
    without_signal(store)
    with begin_write(store) as connection:
        table = schema.predictions
        rows_of_risk = connection.execute(sa.select(table.c.id, table.c.detail).where(table.c.measure == "churn_probability")).all()
        for row in rows_of_risk:
            detail = {**row.detail, "days_since_last_order": 1, "typical_gap_days": 30}
            connection.execute(sa.update(table).where(table.c.id == row.id).values(detail=detail))
        refill_all(connection)
    assert churn_alerts.run(settings, store, run_id=7, say=lambda _line: None)["state"] == "nobody"
    assert rows(store) == [] and rows(store, alerts) == []
    assert [row.target for row in rows(store, schema.audit) if row.action == "message.nobody"] == ["churn_alerts"]


def test_the_run_opens_the_alerts_of_the_work_list(home):
    settings = own_settings(home)
    store = filled(settings)
    churn_alerts.run(settings, store, run_id=7, say=lambda _line: None)
    assert {row.customer_id for row in rows(store, alerts)} == set(composed(store, settings, churn_alerts.JOB).customers)


def test_nothing_of_a_run_stays_when_its_end_cannot_be_written(home):
    settings = own_settings(home)
    store = filled(settings)

    def lost(_connection, _outcomes):
        raise RuntimeError("taken over")

    with pytest.raises(RuntimeError, match="taken over"):
        churn_alerts.run(settings, store, run_id=7, say=lambda _line: None, finish=lost)
    assert rows(store) == [] and rows(store, alerts) == []


def test_nobody_above_the_rule_is_no_message_but_a_line(home):
    settings = own_settings(home, **CHANNELS)
    store = filled(settings, call_cost=10_000_000)
    came = churn_alerts.run(settings, store, run_id=7, say=lambda _line: None)
    assert came["state"] == "nobody" and rows(store) == []
    (line,) = [row for row in rows(store, schema.audit) if row.action == "message.nobody"]
    assert (line.who, line.target, line.detail) == ("system", "churn_alerts", {"run": 7})


def test_a_dry_run_writes_nothing(home):
    settings = own_settings(home, **CHANNELS)
    store = filled(settings)
    lines: list[str] = []
    came = churn_alerts.run(settings, store, run_id=7, say=lines.append, dry_run=True)
    assert (came["state"], came["to"]) == ("dry_run", ["slack slack"]) and "slack" in lines[0]
    assert rows(store) == [] and rows(store, alerts) == []


def test_the_demo_company_keeps_its_messages_and_says_why(tmp_path):
    settings = settings_for(tmp_path, **CHANNELS)
    store = filled(settings)
    fill(store)
    assert churn_alerts.run(settings, store, run_id=7, say=lambda _line: None)["state"] == "kept"
    assert [(row.channel, row.state, row.reason) for row in rows(store)] == [("slack", "kept", "demo")]


def test_without_a_channel_the_message_is_kept_to_be_read(home):
    settings = own_settings(home)
    store = filled(settings)
    churn_alerts.run(settings, store, run_id=7, say=lambda _line: None)
    assert [(row.channel, row.state, row.reason, bool(row.body)) for row in rows(store)] == [("screen", "kept", "no_channel", True)]


def test_somebody_who_was_shut_out_gets_no_customers_data(home):
    settings = own_settings(home, **CHANNELS)
    store = filled(settings, churn_alerts_recipients="ana@3t.cl", sales_channels=("email",))
    with begin_write(store) as connection:
        users.add(connection, "bob@3t.cl", "Bob", "admin", "a long enough password", now=NOON)
        users.add(connection, "ana@3t.cl", "Ana", "admin", "a long enough password", now=NOON)
        users.disable(connection, "ana@3t.cl", now=NOON, by="bob@3t.cl")
    churn_alerts.run(settings, store, run_id=7, say=lambda _line: None)
    assert [(row.state, row.reason) for row in rows(store)] == [("kept", "disabled_person")]


@pytest.mark.parametrize("job", MESSAGE_JOBS, ids=lambda job: job.name)
def test_without_predictions_it_is_said_what_to_run(tmp_path, job):
    settings = own_settings(tmp_path)
    store = open_store(settings)
    with pytest.raises(NothingPredicted, match="retrain"), store.connect() as connection:
        plan(connection, settings, job)


def test_a_week_without_a_forecast_still_says_who_may_order(home):
    settings = own_settings(home)
    store = filled(settings)
    with begin_write(store) as connection:
        connection.execute(sa.delete(schema.release_pointer).where(schema.release_pointer.c.predictor == "demand"))
    said = composed(store, settings, purchase_predictions.JOB)
    assert said.chart is None and said.table and "pedirán" in said.title and said.facts["as_of"] == AS_OF.isoformat()
