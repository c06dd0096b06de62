"""The control group: planned from the company's own data, drawn before anybody sees a list, and kept out of every list."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from ml.queries import call_list, calls, churn_answers, holdout, next_orders, service
from ml.store import alerts, schema
from ml.store import holdout as kept
from ml.store.engine import open_store
from ml.store.preferences import Preferences
from ml.store.schema_alerts import customer_notes
from ml.store.schema_alerts import holdout as table
from ml.store.values import set_preference
from tests.conftest import settings_for
from tests.pages.filled_store import AS_OF, HORIZON, scored

NOW = datetime(2026, 11, 21, 9, 0)
QUARTER = "2026-Q4"


def serving(conn):
    return service.in_service(conn)["customers"]


def hold_out(conn, *ids):
    rows = [{"customer_id": one, "quarter": QUARTER, "arm": "held_out", "stratum": 0, "value": 1.0, "drawn_at": NOW} for one in ids]
    conn.execute(sa.insert(table), rows)
    set_preference(conn, "holdout", "on", who="a@example.com", at=NOW)


def test_a_held_out_customer_stands_in_no_list_and_no_answer_for_all(conn):
    victim = scored(conn, serving(conn))["customer_id"].iloc[0]
    hold_out(conn, victim)
    chosen = Preferences()
    assert victim not in set(scored(conn, serving(conn))["customer_id"])
    assert victim not in set(next_orders.coming(conn, serving(conn), None)["customer_id"])
    assert victim not in {row["customer_id"] for row in churn_answers.churn_answers(conn, serving(conn), chosen)}
    assert victim in set(scored(conn, serving(conn), everybody=True)["customer_id"])
    assert churn_answers.churn_answer(conn, serving(conn), chosen, victim)["recommendation"] == "do_not_contact"
    assert holdout.held_out_until(conn, AS_OF, victim) == date(2026, 12, 31) and holdout.held_out_until(conn, AS_OF, "c3x") is None


def test_with_the_group_switched_off_or_in_the_next_quarter_everybody_is_reachable(conn):
    victim = scored(conn, serving(conn))["customer_id"].iloc[0]
    hold_out(conn, victim)
    assert calls.held_out(conn, AS_OF) == {victim} and calls.held_out(conn, date(2026, 12, 31)) == set()
    set_preference(conn, "holdout", "off", who="a@example.com", at=NOW)
    assert calls.held_out(conn, AS_OF) == set() and victim in set(scored(conn, serving(conn))["customer_id"])


def test_the_rule_picks_from_both_arms_and_only_one_gets_alerts(conn):
    chosen = Preferences(alert_limit=10)
    picked = call_list.eligible(conn, serving(conn), chosen)
    assert len(picked) == 10 and set(picked["population"]) == {"active"} and not picked["contact_opt_out"].any()
    victim = picked["customer_id"].iloc[0]
    hold_out(conn, victim)
    assert list(call_list.eligible(conn, serving(conn), chosen)["customer_id"]) == list(picked["customer_id"])
    assert len(alerts.open_for(conn, picked, run_id=1, now=NOW)) == 9
    first = holdout.first_alerts(conn, QUARTER)
    assert len(first) == 10 and list(first.loc[first["arm"] == "held_out", "customer_id"]) == [victim]
    told = holdout.status(conn, AS_OF)
    assert (told.drawn, told.held_out, told.eligible_held_out, told.contacted_anyway) == (True, 1, 1, 0)


def test_the_fixed_rule_is_limited_too(conn):
    picked = call_list.eligible(conn, serving(conn), Preferences(alert_rule="probability", churn_threshold=0.2, alert_limit=5))
    assert len(picked) == 5 and (picked["probability"] >= 0.2).all() and picked["value_at_risk"].is_monotonic_decreasing


def test_contacts_made_anyway_are_counted_by_note_and_by_press(conn):
    frame = call_list.eligible(conn, serving(conn), Preferences())
    opened = alerts.open_for(conn, frame.head(2), run_id=1, now=NOW)
    first, second, third = frame["customer_id"].head(3)
    hold_out(conn, first, second, third)
    assert holdout.contacted_anyway(conn, QUARTER) == set()
    batch = alerts.act(conn, opened[:1], alerts.Change("contacted", AS_OF), now=NOW, by="a@example.com")
    note = {"customer_id": third, "day": AS_OF, "at": NOW, "who": "a@example.com", "kind": "contact", "text": "She called us"}
    conn.execute(sa.insert(customer_notes).values(note))
    assert holdout.contacted_anyway(conn, QUARTER) == {first, third}
    alerts.undo(conn, batch, now=NOW, by="a@example.com")
    assert holdout.contacted_anyway(conn, QUARTER) == {third}


def test_the_plan_says_when_an_effect_would_show(conn):
    told = holdout.plan(conn, serving(conn), Preferences())
    assert told.horizon_days == HORIZON and told.customers == len(kept.drawable(conn)) and told.alerted > 0 and told.expected > 0
    assert told.quarters is None and told.detectable > told.expected
    hopeful = holdout.plan(conn, serving(conn), Preferences(save_rate=1.0, alert_limit=200, holdout_share=0.5))
    assert hopeful.detectable < told.detectable


def test_more_quarters_and_equal_arms_show_smaller_effects():
    shown = [holdout._detectable((10_000.0, 0.0), 40, 0.2, quarters) for quarters in (1, 4, 8)]
    assert shown == sorted(shown, reverse=True) and holdout._detectable((10_000.0, 0.0), 40, 0.5, 1) < shown[0]
    assert holdout._detectable((10_000.0, 0.75), 40, 0.2, 1) == pytest.approx(shown[0] / 2, rel=0.01)
    assert holdout._detectable((10_000.0, 0.0), 3, 0.2, 1) is None and holdout._detectable(None, 40, 0.2, 1) is None


def test_nothing_is_drawn_while_it_would_show_nothing_or_nobody_wants_it(conn, monkeypatch):
    assert holdout.draw_if_due(conn, AS_OF, salt="s", now=NOW) == 0
    set_preference(conn, "holdout", "on", who="a@example.com", at=NOW)
    assert holdout.draw_if_due(conn, AS_OF, salt="s", now=NOW) == 0
    clear = holdout.Plan(100, 40, HORIZON, 5_000.0, 4_000.0, 2)
    monkeypatch.setattr(holdout, "plan", lambda *_: clear)
    held = holdout.draw_if_due(conn, AS_OF, salt="s", now=NOW)
    assert held == pytest.approx(len(kept.drawable(conn)) * 0.2, abs=1)
    assert holdout.draw_if_due(conn, AS_OF + timedelta(days=1), salt="s", now=NOW) == 0
    assert not np.isin(sorted(calls.held_out(conn, AS_OF)), ["c0", "c1", "c2", "c3"]).any()  # each brings more than 3 % of the sales


def test_an_empty_company_has_a_plan_without_figures(tmp_path):
    engine = open_store(settings_for(tmp_path))
    with engine.connect() as conn:
        fill_service = service.Service("customers", "r", AS_OF, NOW, "", "")
        assert holdout.plan(conn, fill_service, Preferences()) == holdout.Plan(0, 0, 0, 0.0, None, None)
        assert conn.execute(sa.select(schema.audit)).all() == []
    engine.dispose()
