"""Alerts: opened once, worked on, closed by an order, taken back; nobody is contacted who must not be."""

from datetime import date, datetime, timedelta

import pandas as pd
import pytest
import sqlalchemy as sa

from ml.store import alerts, holdout, schema
from ml.store.alerts import AlertError, Change
from ml.store.engine import begin_write, open_store
from ml.store.schema_alerts import alert_eligible, alert_events
from ml.store.schema_alerts import alerts as table
from ml.store.schema_alerts import holdout as arms
from tests.conftest import settings_for

AS_OF = date(2026, 10, 28)
NOW = datetime(2026, 10, 29, 9, 0)
TODAY = AS_OF + timedelta(days=1)


@pytest.fixture
def conn(tmp_path):
    engine = open_store(settings_for(tmp_path))
    with begin_write(engine) as connection:
        yield connection
    engine.dispose()


def row(customer="c1", **changed):
    told = {
        "customer_id": customer, "kind": "at_risk", "as_of": AS_OF, "horizon_days": 28, "probability": 0.6, "value_at_risk": 50_000.0,
        "expected_profit": 1_000.0, "days_since_last_order": 21, "gap_days": 9.0, "reasons": [], "contact_opt_out": False,
        "last_order": pd.Timestamp(AS_OF - timedelta(days=21)),
    }  # fmt: skip
    return told | changed


def open_one(conn, customer="c1", **changed) -> list[int]:
    return alerts.open_for(conn, [row(customer, **changed)], run_id=7, now=NOW)


def state(conn, alert_id) -> str:
    return conn.execute(sa.select(table.c.state).where(table.c.id == alert_id)).scalar_one()


def orders(conn, customer, day, amount=18_000.0):
    facts = {"contact_opt_out": False, "orders_total": 1, "orders_365": 1, "spend_total": amount, "spend_365": amount}
    conn.execute(sa.delete(schema.customer_facts).where(schema.customer_facts.c.customer_id == customer))
    conn.execute(sa.insert(schema.customer_facts).values(customer_id=customer, last_order=day, **facts))
    conn.execute(sa.insert(schema.customer_orders).values(customer_id=customer, day=day, order_id=f"o{day}", amount=amount))


def test_an_alert_is_opened_once_with_what_was_known(conn):
    frame = pd.DataFrame([row("c1"), row("c2")])
    made = alerts.open_for(conn, frame, run_id=7, now=NOW)
    assert len(made) == 2 and alerts.open_for(conn, frame, run_id=8, now=NOW) == []
    kept = conn.execute(sa.select(table).where(table.c.id == made[0])).mappings().one()
    assert kept["state"] == "open" and kept["run_id"] == 7 and kept["watch_until"] == AS_OF + timedelta(days=28)
    assert kept["detail"] == {"reasons": [], "days_since_last_order": 21, "gap_days": 9.0} and kept["probability"] == 0.6


def test_who_asked_not_to_be_contacted_gets_none(conn):
    assert open_one(conn, contact_opt_out=True) == []
    assert conn.execute(sa.select(alert_eligible)).all() == []


def test_those_held_out_are_noted_and_get_none(conn):
    drawn = {"quarter": "2026-Q4", "stratum": 0, "value": 1.0, "drawn_at": NOW}
    conn.execute(sa.insert(arms), [drawn | {"customer_id": "c1", "arm": "held_out"}, drawn | {"customer_id": "c2", "arm": "contact"}])
    made = alerts.open_for(conn, [row("c1"), row("c2"), row("c3")], run_id=7, now=NOW)
    assert conn.execute(sa.select(table.c.customer_id).where(table.c.id.in_(made))).scalars().all() == ["c2", "c3"]
    noted = dict(conn.execute(sa.select(alert_eligible.c.customer_id, alert_eligible.c.arm)).all())
    assert noted == {"c1": "held_out", "c2": "contact", "c3": "outside"}


def test_only_the_first_time_of_a_quarter_is_noted(conn):
    open_one(conn)
    later = AS_OF + timedelta(days=14)
    open_one(conn, as_of=later, value_at_risk=90_000.0)
    open_one(conn, as_of=date(2027, 1, 3))
    noted = conn.execute(sa.select(alert_eligible.c.quarter, alert_eligible.c.as_of, alert_eligible.c.value_at_risk)).all()
    assert sorted(map(tuple, noted)) == [("2026-Q4", AS_OF, 50_000.0), ("2027-Q1", date(2027, 1, 3), 50_000.0)]


def test_a_judged_silence_opens_no_second_alert_unless_a_person_asks(conn):
    (first,) = open_one(conn)
    alerts.act(conn, [first], Change("not_a_risk", TODAY), now=NOW, by="ana@example.com")
    assert open_one(conn, as_of=AS_OF + timedelta(days=14)) == []
    new_silence = pd.Timestamp(AS_OF + timedelta(days=3))
    assert len(open_one(conn, as_of=AS_OF + timedelta(days=30), last_order=new_silence)) == 1
    (other,) = open_one(conn, "c2")
    alerts.act(conn, [other], Change("lost", TODAY), now=NOW, by="ana@example.com")
    assert len(alerts.open_for(conn, [row("c2")], run_id=None, now=NOW, by="ana@example.com")) == 1


def test_an_order_closes_the_alert_and_silence_loses_it(conn):
    (saved,), (lost,), (still,) = open_one(conn, "c1"), open_one(conn, "c2"), open_one(conn, "c3", horizon_days=60)
    orders(conn, "c1", AS_OF + timedelta(days=4))
    orders(conn, "c2", AS_OF - timedelta(days=21))
    assert alerts.close_on_orders(conn, AS_OF + timedelta(days=28), NOW) == 2
    assert [state(conn, one) for one in (saved, lost, still)] == ["saved", "lost", "open"]
    kept = conn.execute(sa.select(table.c.order_day, table.c.order_amount).where(table.c.id == saved)).one()
    assert tuple(kept) == (AS_OF + timedelta(days=4), 18_000.0)
    assert alerts.close_on_orders(conn, AS_OF + timedelta(days=28), NOW) == 0


def test_an_order_of_the_day_it_was_opened_from_does_not_close_it(conn):
    (made,) = open_one(conn)
    orders(conn, "c1", AS_OF)
    alerts.close_on_orders(conn, AS_OF + timedelta(days=1), NOW)
    assert state(conn, made) == "open"


def test_a_snoozed_alert_wakes_on_its_day(conn):
    (made,) = open_one(conn)
    alerts.act(conn, [made], Change("snoozed", TODAY), now=NOW, by="ana@example.com")
    alerts.close_on_orders(conn, TODAY + timedelta(days=5), NOW)
    assert state(conn, made) == "snoozed"
    alerts.close_on_orders(conn, TODAY + timedelta(days=6), NOW)
    assert state(conn, made) == "open"


def test_a_contact_gives_the_customer_another_window(conn):
    (made,) = open_one(conn)
    alerts.act(conn, [made], Change("contacted", AS_OF + timedelta(days=20)), now=NOW, by="ana@example.com")
    alerts.close_on_orders(conn, AS_OF + timedelta(days=30), NOW)
    assert state(conn, made) == "contacted"


def test_a_press_does_the_same_to_all_and_is_taken_back_as_one(conn):
    made = alerts.open_for(conn, [row("c1"), row("c2")], run_id=7, now=NOW)
    batch = alerts.act(conn, made, Change("snoozed", TODAY), now=NOW, by="ana@example.com")
    assert [state(conn, one) for one in made] == ["snoozed", "snoozed"]
    assert alerts.undo(conn, batch, now=NOW, by="ana@example.com") == 2
    kept = conn.execute(sa.select(table.c.state, table.c.snoozed_until, table.c.watch_until)).all()
    assert {tuple(one) for one in kept} == {("open", None, AS_OF + timedelta(days=28))}
    with pytest.raises(AlertError, match="nothing to take back"):
        alerts.undo(conn, batch, now=NOW, by="ana@example.com")


def test_what_changed_since_is_not_taken_back(conn):
    (made,) = open_one(conn)
    first = alerts.act(conn, [made], Change("contacted", TODAY), now=NOW, by="ana@example.com")
    alerts.act(conn, [made], Change("commented", TODAY, note="She is on holiday"), now=NOW, by="bea@example.com")
    with pytest.raises(AlertError, match="was changed after"):
        alerts.undo(conn, first, now=NOW, by="ana@example.com")
    assert state(conn, made) == "contacted"


def test_a_taken_back_close_can_be_followed_by_another_undo(conn):
    (made,) = open_one(conn)
    first = alerts.act(conn, [made], Change("contacted", TODAY), now=NOW, by="a@example.com")
    second = alerts.act(conn, [made], Change("lost", TODAY), now=NOW, by="a@example.com")
    alerts.undo(conn, second, now=NOW, by="a@example.com")
    alerts.undo(conn, first, now=NOW, by="a@example.com")
    assert state(conn, made) == "open"


def test_an_alert_opened_by_mistake_is_withdrawn_and_counts_nowhere(conn):
    press, ana = alerts.next_batch(conn), {"now": NOW, "by": "ana@example.com"}
    made = alerts.open_for(conn, [row("c1"), row("c2")], run_id=None, batch=press, **ana)
    alerts.act(conn, made, Change("contacted", TODAY), batch=press, **ana)
    assert alerts.undo(conn, press, **ana) == 2
    kept = conn.execute(sa.select(table.c.state, table.c.contacted_on, table.c.watch_until)).all()
    assert {tuple(one) for one in kept} == {("withdrawn", None, AS_OF + timedelta(days=28))}
    orders(conn, "c1", AS_OF + timedelta(days=2))
    assert alerts.close_on_orders(conn, AS_OF + timedelta(days=28), NOW) == 0
    with pytest.raises(AlertError, match=r"is closed already \(withdrawn\)"):
        alerts.act(conn, made, Change("contacted", TODAY), **ana)
    assert len(open_one(conn, "c2")) == 1


def test_an_alert_that_somebody_has_worked_on_since_is_not_withdrawn(conn):
    press = alerts.next_batch(conn)
    made = alerts.open_for(conn, [row("c1")], run_id=None, now=NOW, by="ana@example.com", batch=press)
    alerts.act(conn, made, Change("contacted", TODAY), now=NOW, by="bea@example.com")
    with pytest.raises(AlertError, match="was changed after"):
        alerts.undo(conn, press, now=NOW, by="ana@example.com")
    assert state(conn, made[0]) == "contacted"


def test_whom_a_person_picks_is_no_part_of_what_the_arms_are_compared_by(conn):
    """Nobody can pick one of those held out, so only the rule's own picks make arms that are alike."""
    alerts.open_for(conn, [row("c1")], run_id=None, now=NOW, by="ana@example.com")
    assert conn.execute(sa.select(alert_eligible)).all() == []
    assert open_one(conn) == []
    assert conn.execute(sa.select(alert_eligible.c.customer_id)).scalars().all() == ["c1"]


def test_bad_presses_change_nothing(conn):
    (made,) = open_one(conn)
    press = {"now": NOW, "by": "ana@example.com"}
    with pytest.raises(AlertError, match="no action 'burnt'"):
        alerts.act(conn, [made], Change("burnt", TODAY), **press)
    with pytest.raises(AlertError, match="no alert 99"):
        alerts.act(conn, [made, 99], Change("contacted", TODAY), **press)
    with pytest.raises(AlertError, match="without a text"):
        alerts.act(conn, [made], Change("commented", TODAY, note="  "), **press)
    with pytest.raises(AlertError, match="is not closed"):
        alerts.act(conn, [made], Change("reopened", TODAY), **press)
    assert state(conn, made) == "open" and len(conn.execute(sa.select(alert_events)).all()) == 1
    alerts.act(conn, [made], Change("lost", TODAY), **press)
    with pytest.raises(AlertError, match="is closed already"):
        alerts.act(conn, [made], Change("contacted", TODAY), **press)


def test_a_closed_alert_opens_again_unless_another_is_live(conn):
    (made,) = open_one(conn)
    press = {"now": NOW, "by": "ana@example.com"}
    alerts.act(conn, [made], Change("lost", TODAY), **press)
    alerts.act(conn, [made], Change("reopened", TODAY), **press)
    assert state(conn, made) == "open"
    alerts.act(conn, [made], Change("lost", TODAY), **press)
    alerts.open_for(conn, [row("c1")], run_id=None, now=NOW, by="ana@example.com")
    with pytest.raises(AlertError, match="has a live alert"):
        alerts.act(conn, [made], Change("reopened", TODAY), **press)


def test_the_owner_and_the_day_are_kept_and_every_change_is_audited(conn):
    (made,) = open_one(conn)
    alerts.act(conn, [made], Change("assigned", TODAY, owner="bea@example.com", due_on=TODAY), now=NOW, by="ana@example.com")
    kept = conn.execute(sa.select(table.c.owner, table.c.due_on, table.c.state)).one()
    assert tuple(kept) == ("bea@example.com", TODAY, "open")
    assert conn.execute(sa.select(schema.audit.c.action)).scalars().all() == ["alert.assigned"]


def people(conn, count=40, large=1):
    facts = {"contact_opt_out": False, "orders_total": 3, "spend_total": 1.0, "last_order": AS_OF}
    rows = [
        facts | {"customer_id": f"c{n:02}", "orders_365": 3, "spend_365": 1_000_000.0 if n < large else 10_000.0 + n} for n in range(count)
    ]
    conn.execute(sa.insert(schema.customer_facts), rows)


def test_the_draw_leaves_out_large_accounts_the_opted_out_and_those_always_called(conn):
    people(conn)
    conn.execute(sa.update(schema.customer_facts).where(schema.customer_facts.c.customer_id == "c05").values(contact_opt_out=True))
    conn.execute(sa.update(schema.customer_facts).where(schema.customer_facts.c.customer_id == "c06").values(orders_365=0))
    holdout.set_always(conn, "c07", True, now=NOW, by="ana@example.com")
    assert set(holdout.drawable(conn)["customer_id"]) == {f"c{n:02}" for n in range(40)} - {"c00", "c05", "c06", "c07"}
    holdout.set_always(conn, "c07", False, now=NOW, by="ana@example.com")
    assert "c07" in set(holdout.drawable(conn)["customer_id"])


def test_each_stratum_of_neighbours_by_value_holds_one_out_and_the_salt_decides():
    frame = pd.DataFrame({"customer_id": [f"c{n}" for n in range(100)], "value": [float(1000 - n) for n in range(100)]})
    drawn = holdout.draw(frame, 0.2, "salt")
    assert (drawn.groupby("stratum")["arm"].apply(lambda arm: (arm == "held_out").sum()) == 1).all() and drawn["stratum"].nunique() == 20
    means = drawn.groupby("arm")["value"].mean()
    assert abs(means["held_out"] - means["contact"]) < 5
    assert drawn.equals(holdout.draw(frame, 0.2, "salt")) and not drawn["arm"].equals(holdout.draw(frame, 0.2, "other")["arm"])


def test_a_customer_is_held_out_as_often_as_the_share_says():
    frame = pd.DataFrame({"customer_id": [f"c{n}" for n in range(13)], "value": 1.0})
    held = pd.concat([holdout.draw(frame, 0.2, f"salt {n}") for n in range(400)])
    shares = (held["arm"] == "held_out").groupby(held["customer_id"]).mean()
    assert shares.between(0.13, 0.28).all() and abs(shares.mean() - 0.2) < 0.02


def test_a_quarter_is_drawn_once_and_never_after_somebody_saw_a_list(conn):
    people(conn)
    assert holdout.draw_quarter(conn, "2026-Q4", share=0.2, salt="s", now=NOW) == 8
    first = holdout.arms(conn, "2026-Q4")
    assert holdout.draw_quarter(conn, "2026-Q4", share=0.2, salt="t", now=NOW) == 0 and holdout.arms(conn, "2026-Q4") == first
    open_one(conn, "c09", as_of=date(2027, 1, 4))
    assert holdout.draw_quarter(conn, "2027-Q1", share=0.2, salt="s", now=NOW) == 0
    alerts.open_for(conn, [row("c10", as_of=date(2027, 3, 31))], run_id=None, now=NOW, by="ana@example.com")
    assert holdout.draw_quarter(conn, "2027-Q2", share=0.2, salt="s", now=NOW) == 0
