"""A stamp differs after every write that changes what is read under it, and stays while nothing happens."""

from datetime import datetime, timedelta

import pandas as pd
import pytest
import sqlalchemy as sa

from ml.queries import stamps
from ml.store import alerts, events, experiments, holdout, users
from ml.store.alerts import Change
from ml.store.schema_alerts import alert_events
from ml.store.schema_alerts import holdout as drawn
from tests.pages.filled_store import AS_OF
from tests.people import quick_hashes  # noqa: F401 - passwords of these tests

NOW = datetime(2026, 11, 21, 9, 0)
TODAY = AS_OF + timedelta(days=1)
BY = "ana@example.com"


def changed_by(conn, stamp, write):
    before = stamp(conn)
    assert stamp(conn) == before
    done = write()
    assert stamp(conn) != before
    return done


def an_alert(conn, customer="c1"):
    row = {
        "customer_id": customer, "kind": "at_risk", "as_of": AS_OF, "horizon_days": 28, "probability": 0.6, "value_at_risk": 50_000.0,
        "expected_profit": 1_000.0, "days_since_last_order": 21, "gap_days": 9.0, "reasons": [], "contact_opt_out": False,
        "last_order": pd.Timestamp(AS_OF - timedelta(days=21)),
    }  # fmt: skip
    return alerts.open_for(conn, [row], run_id=1, now=NOW)


@pytest.mark.parametrize("action", ["contacted", "snoozed", "not_a_risk", "commented", "assigned"])
def test_each_step_of_an_alert_and_its_way_back(conn, action):
    ids = changed_by(conn, stamps.alerts, lambda: an_alert(conn))
    change = Change(action, TODAY, note="she was away", owner=None)
    changed_by(conn, stamps.alerts, lambda: alerts.act(conn, ids, change, now=NOW, by=BY))
    batch = conn.execute(sa.select(sa.func.max(alert_events.c.batch))).scalar()
    changed_by(conn, stamps.alerts, lambda: alerts.undo(conn, batch, now=NOW, by=BY))


def test_who_can_own_an_alert_and_who_is_left_alone(conn):
    changed_by(conn, stamps.alerts, lambda: users.add(conn, BY, "Ana", "analyst", "a long enough password", now=NOW))
    changed_by(conn, stamps.alerts, lambda: users.disable(conn, BY, now=NOW, by="x@example.com"))
    row = {"customer_id": "c3", "quarter": "2026-Q4", "arm": holdout.HELD_OUT, "stratum": 0, "value": 1.0, "drawn_at": NOW}
    changed_by(conn, stamps.alerts, lambda: conn.execute(sa.insert(drawn), [row]))


def test_each_write_about_an_experiment(conn):
    kept = next(one for one in experiments.list_all(conn) if one.state == "active")
    unit = str(experiments.units_of(conn, kept.experiment_id)["unit_id"].iloc[0])
    outcome = {"unit_id": unit, "period": "by hand", "day": kept.start, "outcome": {"revenue": 1.0}}
    name = kept.experiment_id
    changed_by(conn, stamps.experiments, lambda: experiments.add_outcomes(conn, name, [outcome], who=BY, at=NOW))
    changed_by(conn, stamps.experiments, lambda: experiments.note_reached(conn, name, unit, at=NOW))
    changed_by(conn, stamps.experiments, lambda: experiments.decide(conn, name, {"choice": "stop"}, who=BY, at=NOW))
    changed_by(conn, stamps.experiments, lambda: experiments.move(conn, name, "paused", who=BY, at=NOW))


def test_entering_an_event_taking_it_away_and_putting_it_back(conn):
    event = events.Event("promotion", "Dos por uno", TODAY, None, TODAY)
    key = changed_by(conn, stamps.entered_events, lambda: events.add(conn, event, now=NOW, by=BY))
    changed_by(conn, stamps.entered_events, lambda: events.remove(conn, key, now=NOW, by=BY))
    changed_by(conn, stamps.entered_events, lambda: events.restore(conn, key, now=NOW, by=BY))
