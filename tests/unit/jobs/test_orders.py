"""Retry and cancel: what may be ordered in which state, and its audit row."""

import pytest
import sqlalchemy as sa

from ml import clock
from ml.jobs import JobError, orders
from ml.store import runs
from ml.store.engine import begin_write
from ml.store.run_history import get_run
from ml.store.schema import audit
from tests.unit.jobs.conftest import MORNING, SLOT

ANA = "ana@example.com"


def made(store, status, job="refresh", at=SLOT, **values) -> int:
    with begin_write(store) as connection:
        return runs.insert_run(connection, job=job, scheduled_for=at, origin="cron", status=status, **values)


def row(store, run_id):
    with store.connect() as connection:
        return get_run(connection, run_id)


def audited(store):
    with store.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(audit.c.who, audit.c.action, audit.c.target, audit.c.detail))]


@pytest.mark.parametrize("status", ["failed", "cancelled", "skipped"])
def test_what_is_over_without_success_runs_again_with_all_its_attempts(store, toys, status):
    run_id = made(store, status, attempt=4, error="The disk is full.", finished_at=SLOT)
    orders.retry(store, run_id, by=ANA, now=MORNING)
    again = row(store, run_id)
    assert (again["status"], again["attempt"], again["not_before"], again["finished_at"]) == ("queued", 0, MORNING, None)
    assert audited(store) == [(ANA, "job.retry", "refresh", {"run": run_id})]


@pytest.mark.parametrize("status", ["queued", "running", "done"])
def test_what_lives_or_is_done_is_not_run_again(store, toys, status):
    run_id = made(store, status)
    with pytest.raises(orders.OrderError, match=f"Run {run_id} is {status}; only a failed, cancelled or skipped one"):
        orders.retry(store, run_id, by=ANA, now=MORNING)
    assert audited(store) == []


def test_beside_a_live_run_of_its_job_nothing_is_run_again(store, toys):
    run_id = made(store, "failed")
    made(store, "running", at=MORNING, lease_until=clock.utc_now())
    with pytest.raises(orders.OrderError) as refused:
        orders.retry(store, run_id, by=ANA, now=MORNING)
    assert refused.value.code == "run_busy" and row(store, run_id)["status"] == "failed" and audited(store) == []


def test_a_run_of_an_unknown_job_is_not_run_again(store, toys):
    run_id = made(store, "failed", job="cook")
    with pytest.raises(JobError, match="Unknown job"):
        orders.retry(store, run_id, by=ANA, now=MORNING)


@pytest.mark.parametrize("status", ["queued", "running"])
def test_what_lives_is_cancelled_and_its_worker_writes_nothing(store, toys, status):
    run_id = made(store, status, owner="me", attempt=1)
    assert orders.cancel(store, run_id, by=ANA, now=MORNING) == status
    assert (row(store, run_id)["status"], row(store, run_id)["finished_at"]) == ("cancelled", MORNING)
    assert audited(store) == [(ANA, "job.cancel", "refresh", {"run": run_id})]
    with pytest.raises(runs.RunLost), begin_write(store) as connection:
        runs.finish(connection, runs.Claim(run_id, "refresh", "me", 1), now=MORNING)


@pytest.mark.parametrize("status", ["done", "failed", "skipped", "cancelled"])
def test_what_is_over_cannot_be_cancelled(store, toys, status):
    run_id = made(store, status)
    with pytest.raises(orders.OrderError, match=f"is {status} already"):
        orders.cancel(store, run_id, by=ANA, now=MORNING)
    with pytest.raises(orders.OrderError, match="There is no run 99999"):
        orders.cancel(store, 99999, by=ANA, now=MORNING)
