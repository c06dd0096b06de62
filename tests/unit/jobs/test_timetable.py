"""The calendar becomes rows: each fire time once, by the job's policy, whatever the clock and the scheduler's absence."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from ml import jobs
from ml.jobs import JOBS, JobError, find_job, load_work
from ml.jobs.timetable import materialise, next_slot, schedule_of
from ml.store import runs
from ml.store.engine import begin_write
from ml.store.preferences import Preferences
from ml.store.schema import job_run
from ml.store.schema_ledger import job_schedule
from ml.store.values import set_preference
from tests.unit.jobs.conftest import MORNING, SLOT, ZONE

DAY = timedelta(days=1)


def rows(store, job="refresh"):
    with store.connect() as connection:
        query = sa.select(job_run).where(job_run.c.job == job).order_by(job_run.c.scheduled_for)
        return [dict(row) for row in connection.execute(query).mappings()]


def states(store, job="refresh"):
    return [(row["scheduled_for"], row["status"], row["origin"]) for row in rows(store, job)]


def only(monkeypatch, **changes):
    """One toy job, with these changes."""
    job = replace(next(one for one in jobs.JOBS if one.name == "refresh"), **changes)
    monkeypatch.setattr(jobs, "JOBS", (job,))


def end(store, run_id, status="done", at=MORNING):
    with begin_write(store) as connection:
        connection.execute(sa.update(job_run).where(job_run.c.id == run_id).values(status=status, finished_at=at))


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_every_job_has_its_function_and_its_schedule(job):
    assert callable(load_work(job))
    assert next_slot(job, ZONE, MORNING) > MORNING
    assert job.minutes > 0 and job.megabytes >= 1024
    assert {*job.covered_by, *job.after} <= {other.name for other in JOBS}


def test_only_a_training_is_announced():
    assert [job.name for job in JOBS if job.is_announced] == ["retrain"]


def test_an_unknown_job_is_one_sentence():
    with pytest.raises(JobError, match="Unknown job: there is no job 'cook'; known are retrain, refresh"):
        find_job("cook")


def test_refresh_is_daily_at_half_past_five_and_retrain_on_the_first_at_two_local_time():
    local = [next_slot(find_job(name), ZONE, MORNING).replace(tzinfo=UTC).astimezone(ZoneInfo(ZONE)) for name in ("refresh", "retrain")]
    assert [f"{moment:%d %H:%M}" for moment in local] == ["19 05:30", "01 02:00"]


def test_a_job_seen_for_the_first_time_starts_with_its_next_time(store, toys, monkeypatch):
    only(monkeypatch)
    assert materialise(store, ZONE, MORNING) == 0 and states(store) == []
    assert materialise(store, ZONE, SLOT + DAY - timedelta(seconds=1)) == 0
    assert materialise(store, ZONE, SLOT + DAY + timedelta(seconds=1)) == 1
    assert states(store) == [(SLOT + DAY, "queued", "cron")]
    assert materialise(store, ZONE, SLOT + DAY + timedelta(seconds=2)) == 0


def test_a_ledger_of_an_earlier_version_goes_on_from_its_last_run(store, toys, monkeypatch):
    only(monkeypatch)
    with begin_write(store) as connection:
        runs.insert_run(connection, job="refresh", scheduled_for=SLOT - DAY, origin="cron", status="done")
    materialise(store, ZONE, MORNING)
    assert materialise(store, ZONE, MORNING) == 1
    assert states(store)[1:] == [(SLOT, "queued", "catch_up")]


@pytest.mark.parametrize(("hours", "skipped"), [(1, 0), (40 * 24, 39)])
def test_after_an_absence_the_newest_runs_and_the_older_ones_are_listed_as_skipped(store, toys, monkeypatch, hours, skipped):
    only(monkeypatch)
    materialise(store, ZONE, SLOT - timedelta(minutes=5))
    back = SLOT + timedelta(hours=hours) - timedelta(minutes=5)
    materialise(store, ZONE, back)
    found = states(store)
    assert [status for _, status, _ in found] == ["skipped"] * skipped + ["queued"]
    assert found[-1][0] == SLOT + timedelta(days=skipped) and found[-1][2] == "catch_up"
    assert all(row["error"] and row["finished_at"] == back for row in rows(store)[:-1])
    assert materialise(store, ZONE, back + timedelta(minutes=1)) == 0


def test_every_missed_time_of_a_job_that_runs_all_comes_in_its_order(store, toys, monkeypatch):
    only(monkeypatch, catch_up="all")
    materialise(store, ZONE, SLOT - timedelta(minutes=5))
    for day in range(3):
        assert materialise(store, ZONE, SLOT + 2 * DAY + timedelta(hours=1)) == 1
        assert materialise(store, ZONE, SLOT + 2 * DAY + timedelta(hours=1)) == 0  # one at a time
        assert states(store)[-1][:2] == (SLOT + day * DAY, "queued")
        end(store, rows(store)[-1]["id"])
    assert materialise(store, ZONE, SLOT + 2 * DAY + timedelta(hours=2)) == 0


def test_a_job_that_is_not_caught_up_runs_on_time_only(store, toys, monkeypatch):
    only(monkeypatch, catch_up="none")
    materialise(store, ZONE, SLOT - timedelta(minutes=5))
    materialise(store, ZONE, SLOT + DAY + timedelta(hours=1))
    assert [status for _, status, _ in states(store)] == ["skipped", "skipped"]
    materialise(store, ZONE, SLOT + 2 * DAY + timedelta(seconds=3))
    assert states(store)[-1] == (SLOT + 2 * DAY, "queued", "cron")


def test_a_running_run_is_not_overtaken_and_the_next_time_comes_after_it(store, toys, monkeypatch):
    only(monkeypatch)
    materialise(store, ZONE, SLOT - timedelta(minutes=5))
    started = runs.start_run(store, "refresh", origin="manual", now=SLOT - timedelta(minutes=1))
    materialise(store, ZONE, SLOT + timedelta(seconds=5))
    assert [row["origin"] for row in rows(store)] == ["manual"]
    end(store, started.run_id)
    materialise(store, ZONE, SLOT + timedelta(minutes=9))
    assert states(store)[-1] == (SLOT, "queued", "catch_up")


@pytest.mark.parametrize(("attempt", "status"), [(0, "skipped"), (2, "failed")])
def test_a_queued_run_of_the_clock_gives_way_to_a_newer_one(store, toys, monkeypatch, attempt, status):
    only(monkeypatch)
    materialise(store, ZONE, SLOT - timedelta(minutes=5))
    materialise(store, ZONE, SLOT + timedelta(seconds=1))
    with begin_write(store) as connection:
        connection.execute(sa.update(job_run).values(attempt=attempt, error="The source is away." if attempt else None))
    materialise(store, ZONE, SLOT + DAY + timedelta(seconds=1))
    assert [row["status"] for row in rows(store)] == [status, "queued"]
    assert rows(store)[0]["error"] == (
        "The source is away." if attempt else "It passed while nothing could run; a newer one does its work."
    )


def test_a_clock_set_forward_and_back_fires_nothing_twice(store, toys, monkeypatch):
    only(monkeypatch)
    materialise(store, ZONE, SLOT - timedelta(hours=1))
    for now in (SLOT + timedelta(hours=1), SLOT - timedelta(minutes=59), SLOT - timedelta(minutes=69), SLOT + timedelta(seconds=1)):
        materialise(store, ZONE, now)
        for row in rows(store):
            end(store, row["id"])
    assert [moment for moment, _, _ in states(store)] == [SLOT]
    materialise(store, ZONE, SLOT + DAY + timedelta(seconds=1))
    assert [moment for moment, _, _ in states(store)] == [SLOT, SLOT + DAY]


def test_ten_years_of_ticks_make_each_days_run_once(store, toys, monkeypatch):
    if store.dialect.name == "postgresql":
        return  # the calendar is the same; one database is enough for 3,650 rows
    only(monkeypatch)
    materialise(store, ZONE, datetime(2026, 1, 1))
    materialise(store, ZONE, datetime(2036, 1, 1))
    local = [row["scheduled_for"].replace(tzinfo=UTC).astimezone(ZoneInfo(ZONE)) for row in rows(store)]
    assert {f"{moment:%H:%M}" for moment in local} == {"05:30"}
    assert len({moment.date() for moment in local}) == len(local) == 3652


def test_a_changed_schedule_counts_from_the_change_on_and_loses_nothing_before(store, toys, monkeypatch):
    only(monkeypatch)
    materialise(store, ZONE, SLOT - timedelta(minutes=5))
    with begin_write(store) as connection:
        set_preference(connection, "schedule_refresh", "0 7 * * *", who="ana@example.com", at=SLOT)
    materialise(store, ZONE, SLOT + timedelta(hours=3))  # 05:30 of the old schedule passed, 07:00 of the new one is not made up
    assert [moment for moment, _, _ in states(store)] == [SLOT]
    end(store, rows(store)[0]["id"])
    materialise(store, ZONE, SLOT + DAY + timedelta(hours=3))
    assert [moment for moment, _, _ in states(store)] == [SLOT, SLOT + DAY + timedelta(minutes=90)]


def test_the_schedule_of_a_removed_job_is_kept(store, toys, monkeypatch):
    materialise(store, ZONE, MORNING)
    monkeypatch.setattr(jobs, "JOBS", tuple(job for job in jobs.JOBS if job.name != "backup"))
    materialise(store, ZONE, MORNING + 3 * DAY)
    with store.connect() as connection:
        kept = dict(connection.execute(sa.select(job_schedule.c.job, job_schedule.c.cron)).all())
    assert kept["backup"] == schedule_of(next(job for job in JOBS if job.name == "backup"), Preferences())
    assert not rows(store, "backup")
