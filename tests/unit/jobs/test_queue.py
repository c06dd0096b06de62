"""What a queued run does when its time has come: it starts, waits, moves to an open day, or ends."""

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from ml.jobs import telling
from ml.jobs.queue import PATIENCE, reap, take
from ml.store import events, runs
from ml.store.engine import begin_write
from ml.store.run_history import get_run
from ml.store.schema import daily_facts, job_run
from tests.unit.jobs.conftest import MORNING, SLOT

MONDAY = datetime(2026, 11, 16, 11, 0)  # 08:00 in Santiago


def queued(store, job, at, **values) -> int:
    with begin_write(store) as connection:
        return runs.insert_run(connection, job=job, scheduled_for=at, **{"origin": "cron", "status": "queued", **values})


def done(store, job, at) -> int:
    return queued(store, job, at, status="done", started_at=at, finished_at=at)


def row(store, run_id):
    with store.connect() as connection:
        return get_run(connection, run_id)


def test_the_longest_due_is_claimed_first_and_each_once(settings, store, toys, ear):
    later = queued(store, "backup", SLOT)
    first = queued(store, "housekeeping", SLOT - timedelta(hours=1))
    assert [take(settings, store, MORNING).run_id for _ in range(2)] == [first, later]
    assert take(settings, store, MORNING) is None
    assert row(store, first)["status"] == "running" and row(store, first)["attempt"] == 1
    assert ear.heard == [("started", first, None), ("started", later, None)]


def test_what_is_not_yet_due_is_left(settings, store, toys):
    queued(store, "backup", SLOT, not_before=MORNING + timedelta(seconds=1))
    assert take(settings, store, MORNING) is None
    assert take(settings, store, MORNING + timedelta(seconds=1)) is not None


def test_the_run_of_a_job_that_no_longer_exists_fails_as_unknown(settings, store, toys, ear):
    run_id = queued(store, "cook", SLOT)
    assert take(settings, store, MORNING) is None
    assert row(store, run_id)["status"] == "failed" and row(store, run_id)["error"].startswith("Unknown job: there is no job 'cook'")
    assert ear.heard[0][:2] == ("failed", run_id)


def test_a_refresh_waits_while_a_retrain_works_and_is_skipped_when_it_did_the_same(settings, store, toys):
    refresh = queued(store, "refresh", SLOT)
    retrain = queued(store, "retrain", SLOT + timedelta(minutes=1))
    claimed = take(settings, store, MORNING)
    assert claimed.run_id == retrain and row(store, refresh)["progress"]["waits_for"] == "retrain"
    assert take(settings, store, MORNING + timedelta(minutes=1)) is None
    with begin_write(store) as connection:
        runs.finish(connection, claimed, now=MORNING + timedelta(minutes=2))
    assert take(settings, store, MORNING + timedelta(minutes=3)) is None
    assert (row(store, refresh)["status"], row(store, refresh)["error"]) == ("skipped", f"Run {retrain} of retrain did its work.")


def test_a_refresh_does_not_wait_for_a_retrain_that_waits_for_its_next_try(settings, store, toys):
    refresh = queued(store, "refresh", SLOT)
    queued(store, "retrain", SLOT, not_before=MORNING + timedelta(minutes=20))
    assert take(settings, store, MORNING).run_id == refresh


@pytest.mark.parametrize("morning_job", ["refresh", "retrain"])
def test_a_message_waits_for_the_days_refresh(settings, store, toys, morning_job):
    message = queued(store, "purchase_predictions", MONDAY)
    done(store, morning_job, MONDAY - timedelta(days=1))
    assert take(settings, store, MONDAY) is None
    assert row(store, message)["progress"]["waits_for"] == "refresh"
    assert take(settings, store, MONDAY + timedelta(minutes=10)) is None
    done(store, morning_job, MONDAY + timedelta(minutes=11))
    assert take(settings, store, MONDAY + timedelta(minutes=12)).run_id == message


def test_a_message_does_not_wait_for_ever_and_its_failure_is_told(settings, store, toys, ear):
    message = queued(store, "purchase_predictions", MONDAY)
    now = MONDAY
    while row(store, message)["status"] == "queued":
        assert take(settings, store, now) is None
        now += timedelta(minutes=10)
    assert PATIENCE < now - MONDAY < PATIENCE + timedelta(minutes=30)
    assert row(store, message)["error"] == "It waited 4 hours for today's refresh, which was not done; run it again once it is."
    assert ear.heard == [("failed", message, row(store, message)["error"], "")]


def test_a_dry_run_of_the_refresh_is_no_refresh(settings, store, toys):
    queued(store, "purchase_predictions", MONDAY)
    done(store, "refresh", MONDAY - timedelta(hours=2))
    with begin_write(store) as connection:
        connection.execute(sa.update(job_run).where(job_run.c.job == "refresh").values(options={"dry_run": True}))
    assert take(settings, store, MONDAY) is None


def test_what_a_person_asks_for_waits_for_nothing(settings, store, toys):
    asked = runs.queue_run(store, "purchase_predictions", now=datetime(2026, 9, 18, 12), requested_by="ana@example.com")
    assert take(settings, store, datetime(2026, 9, 18, 12)).run_id == asked.run_id


def test_a_message_on_a_holiday_goes_out_on_the_next_open_day_at_its_hour(settings, store, toys):
    friday = datetime(2026, 9, 18, 12, 0)  # Fiestas Patrias, 09:00 in Santiago; 19 is a holiday, 20 a Sunday
    message = queued(store, "churn_alerts", friday)
    assert take(settings, store, friday) is None
    assert row(store, message)["not_before"] == datetime(2026, 9, 21, 12, 0)
    assert row(store, message)["progress"]["waits_for"] == "open_day"
    done(store, "refresh", datetime(2026, 9, 21, 8, 31))
    assert take(settings, store, datetime(2026, 9, 21, 12, 0)).run_id == message


def test_a_message_in_an_announced_closure_waits_for_its_end_unless_it_was_taken_back(settings, store, toys):
    tuesday = datetime(2026, 11, 3, 12, 0)
    closure = events.Event("closure", "Inventory", date(2026, 11, 3), date(2026, 11, 5), date(2026, 10, 20))
    past = events.Event("closure", "Move", date(2026, 10, 6), None, date(2026, 10, 1))
    other = events.Event("promotion", "Two for one", date(2026, 11, 6), None, date(2026, 11, 1))
    with begin_write(store) as connection:
        keys = [events.add(connection, event, now=tuesday, by="ana") for event in (closure, past, other)]
        assert events.announced_closures(connection, tuesday.date()) == [(closure.start, closure.end)]
    message = queued(store, "churn_alerts", tuesday)
    assert take(settings, store, tuesday) is None
    assert row(store, message)["not_before"] == datetime(2026, 11, 6, 12, 0)
    with begin_write(store) as connection:
        events.remove(connection, keys[0], now=tuesday, by="ana")
        connection.execute(sa.update(job_run).where(job_run.c.id == message).values(not_before=None))
    done(store, "refresh", tuesday - timedelta(hours=2))
    assert take(settings, store, tuesday).run_id == message


def test_a_holiday_on_which_the_company_worked_last_year_is_no_closed_day(settings, store, toys):
    holiday = datetime(2026, 7, 16, 13, 0)  # Virgen del Carmen, a Thursday
    all_days = [date(2025, 1, 1) + timedelta(days=step) for step in range(540)]
    days = [day for day in all_days if day.weekday() < 6]
    facts = [
        {"measure": "orders", "entity_type": "company", "entity_id": "all", "day": day, "value": 4.0} for day in days if day.weekday() < 6
    ]
    with begin_write(store) as connection:
        connection.execute(sa.insert(daily_facts), facts)
    message = queued(store, "churn_alerts", holiday)
    done(store, "refresh", holiday - timedelta(hours=2))
    assert take(settings, store, holiday).run_id == message


def test_an_expired_lease_is_the_next_attempt_for_anyone(settings, store, toys, ear):
    run_id = queued(store, "backup", SLOT)
    dead = take(settings, store, SLOT)
    assert reap(settings, store, SLOT + runs.LEASE) == []
    now = SLOT + runs.LEASE + timedelta(seconds=1)
    assert reap(settings, store, now) == [run_id] and reap(settings, store, now) == []
    heir = take(settings, store, now)
    assert (heir.run_id, heir.attempt) == (run_id, 2) and heir.owner != dead.owner
    with pytest.raises(runs.RunLost), begin_write(store) as connection:
        runs.finish(connection, dead, now=now)
    assert [what for what, *_ in ear.heard] == ["started"]


def test_a_run_whose_processes_all_die_has_failed_in_the_end_and_is_told(settings, store, toys, ear):
    run_id = queued(store, "backup", SLOT)
    now = SLOT
    for _ in range(runs.MOST_ATTEMPTS):
        assert take(settings, store, now).run_id == run_id
        now += runs.LEASE + timedelta(seconds=1)
        reap(settings, store, now)
    assert row(store, run_id)["status"] == "failed" and "gave no sign of life since 2026-11-18" in row(store, run_id)["error"]
    assert [what for what, *_ in ear.heard] == ["started", "failed"]


def test_a_lease_from_a_clock_that_was_set_back_two_hours_does_not_hold_for_two_hours(settings, store, toys):
    run_id = queued(store, "backup", SLOT)
    take(settings, store, SLOT + timedelta(hours=2))
    assert reap(settings, store, SLOT) == [run_id]


def test_ten_minutes_back_take_nothing_away_from_a_run_that_lives(settings, store, toys):
    queued(store, "backup", SLOT)
    take(settings, store, SLOT + timedelta(minutes=10))
    assert reap(settings, store, SLOT) == []


def test_a_message_that_cannot_be_written_does_not_cost_the_run(settings, store, toys, monkeypatch, caplog):
    class Broken:
        def started(self, connection, *_args):
            connection.execute(sa.text("SELECT * FROM nowhere"))

    monkeypatch.setattr(telling, "listener", Broken)
    queued(store, "backup", SLOT)
    assert take(settings, store, SLOT) is not None
    assert "No message could be written about run" in caplog.text
